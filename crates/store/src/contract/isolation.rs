//! One connection and another.

use tieline_core::{Change, Deletion, ErrorKind, FieldPath, RecordLookup};

use super::world::*;
use crate::{Commit, ConnectionId, Counts, Position, ReadVersion, StreamId, SyncStore, TargetChange};

pub(super) async fn fill(store: &dyn SyncStore, name: &str, n: u32) {
    let (connection, deals, persons) =
        (ConnectionId::from(name), StreamId::new(name, "deals"), StreamId::new(name, "persons"));
    store.open_target(&connection, &TARGET.into(), &"deals".into(), "first").await.unwrap();
    put(store, full(&persons, vec![upsert("7", n)], n)).await;
    let left_out = TargetChange::remove("0003", Vec::new());
    let rows_of = vec![row("0001", n, &["7"]), row("0002", n, &["8"]), left_out];
    put(store, full(&deals, upserts(1..4, n), n).with_target(TARGET, rows_of)).await;
}

/// Nothing that is done to one connection is seen in another, whatever the method.
pub async fn connections_do_not_see_each_other(store: &dyn SyncStore) {
    fill(store, CONNECTION, 1).await;
    fill(store, "other", 2).await;
    let other = ConnectionId::from("other");
    let before = snapshot(store, "other").await;
    let version = store.read_version(&other).await.unwrap();

    let gone = vec![Change::Delete(Deletion::new("0001")), upsert("0002", 5)];
    put(store, changes(&deals(), gone, 9)).await;
    put(store, changes(&persons(), vec![upsert("7", 9), upsert("8", 9)], 9)).await;
    put(store, full(&persons(), Vec::new(), 10)).await;
    store.open_target(&CONNECTION.into(), &TARGET.into(), &"deals".into(), "second").await.unwrap();
    let remap = Commit::remap(CONNECTION, store.read_version(&CONNECTION.into()).await.unwrap());
    put(store, remap.with_target(TARGET, vec![row("0003", 9, &["7"])])).await;
    store.reset(&deals()).await.unwrap();
    assert_eq!(snapshot(store, "other").await, before);
    store.drop_target(&CONNECTION.into(), &TARGET.into()).await.unwrap();
    store.erase(&CONNECTION.into()).await.unwrap();
    assert_eq!(snapshot(store, "other").await, before);
    assert_eq!(store.read_version(&other).await.unwrap(), version);

    let need = RecordLookup::new("persons", "7", FieldPath::field("n"));
    assert_eq!(store.resolve(&other, std::slice::from_ref(&need)).await.unwrap().resolved[&need].get(), "2");
    for stranger in [CONNECTION, "", "OTHER", "other ", "%", "other/deals"] {
        let stranger = ConnectionId::from(stranger);
        let stream = StreamId::new(stranger.clone(), "deals");
        assert_eq!(store.position(&stream).await.unwrap(), Position::default());
        assert_eq!(store.read_version(&stranger).await.unwrap(), ReadVersion::default());
        assert!(store.resolve(&stranger, std::slice::from_ref(&need)).await.unwrap().resolved.is_empty());
        assert!(store.load(&stranger, &"deals".into(), &["0001".into()]).await.unwrap().is_empty());
        assert!(store.stale(&stranger, &TARGET.into(), None, 9).await.unwrap().is_empty());
        assert!(store.rows(&stranger, &TARGET.into(), None, 9).await.unwrap().is_empty());
        assert!(store.records(&stranger, &"deals".into(), None, 9).await.unwrap().is_empty());
        assert_eq!(store.counts(&stranger).await.unwrap(), Counts::default());
        store.reset(&stream).await.unwrap();
        store.drop_target(&stranger, &TARGET.into()).await.unwrap();
        store.erase(&stranger).await.unwrap();
        let version = store.read_version(&other).await.unwrap();
        let remap = Commit::remap(stranger, version).with_target(TARGET, vec![row("0001", 9, &[])]);
        assert_eq!(store.commit(remap).await.unwrap_err().kind(), ErrorKind::Config);
    }
    let mut foreign = changes(&deals(), upserts(1..2, 9), 9);
    foreign.connection = other;
    assert_eq!(store.commit(foreign).await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(snapshot(store, "other").await, before);
}

/// An erased connection is as if it had never been, and a run that was under way cannot bring it back.
pub async fn erasing_leaves_nothing_and_revives_nothing(store: &dyn SyncStore) {
    let empty = snapshot(store, CONNECTION).await;
    fill(store, CONNECTION, 1).await;
    let revision = store.position(&deals()).await.unwrap().revision;
    let version = store.read_version(&CONNECTION.into()).await.unwrap();
    store.erase(&CONNECTION.into()).await.unwrap();
    assert_eq!(snapshot(store, CONNECTION).await, empty);
    let late = store.commit(changes(&deals(), upserts(1..2, 1), 2).expecting(revision)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
    assert_eq!(snapshot(store, CONNECTION).await, empty);

    fill(store, CONNECTION, 2).await;
    let late = store.commit(changes(&deals(), upserts(1..2, 1), 2).expecting(revision)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict, "the same number of commits is not the same position");
    let remap = Commit::remap(CONNECTION, version).with_target(TARGET, vec![row("0001", 1, &[])]);
    assert_eq!(put(store, remap).await.outdated, 1, "it was mapped from a record of the erased connection");
}
