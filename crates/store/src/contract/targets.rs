//! Targets and their rows.

use tieline_core::{Change, Deletion, ErrorKind};

use super::world::*;
use crate::{Commit, SyncStore, TargetChange};

/// A row lives as long as its record.
pub async fn rows_go_with_their_records(store: &dyn SyncStore) {
    open_target(store).await;
    store.open_target(&CONNECTION.into(), &"copy".into(), &"deals".into(), "first").await.unwrap();
    let commit = changes(&deals(), upserts(1..3, 1), 1);
    let both = || vec![row("0001", 1, &[]), row("0002", 1, &[])];
    put(store, commit.with_target(TARGET, both()).with_target("copy", both())).await;

    let tally = put(store, changes(&deals(), vec![Change::Delete(Deletion::new("0001"))], 2)).await;
    assert_eq!((tally.mirror.deleted, tally.target.deleted), (1, 2));
    let removed = vec![TargetChange::remove("0002", Vec::new()), TargetChange::remove("0001", Vec::new())];
    let tally = put(store, changes(&deals(), Vec::new(), 3).with_target(TARGET, removed)).await;
    assert_eq!((tally.target.deleted, tally.outdated), (1, 0));
    let counts = store.counts(&CONNECTION.into()).await.unwrap();
    assert_eq!((counts.rows(TARGET), counts.rows("copy"), counts.records("deals")), (0, 1, 1));
}

/// Another fingerprint means that every record is mapped again.
pub async fn a_changed_mapping_makes_all_rows_stale(store: &dyn SyncStore) {
    assert_eq!(open_target(store).await, 0);
    let left_out = ["0001", "0002"].map(|key| TargetChange::remove(key, Vec::new()));
    let rows_of = [row("0000", 1, &[])].into_iter().chain(left_out).collect();
    put(store, changes(&deals(), upserts(0..3, 1), 1).with_target(TARGET, rows_of)).await;
    put(store, changes(&persons(), upserts(0..3, 1), 1)).await;
    assert_eq!(open_target(store).await, 0, "the mapping is the same");

    let (connection, target) = (CONNECTION.into(), TARGET.into());
    assert_eq!(store.open_target(&connection, &target, &"deals".into(), "second").await.unwrap(), 3);
    assert_eq!(stale(store).await, ["0000", "0001", "0002"], "also what it left out before");
    let version = store.read_version(&connection).await.unwrap();
    put(store, Commit::remap(CONNECTION, version).with_target(TARGET, vec![row("0001", 2, &[])])).await;
    let left = store.open_target(&connection, &target, &"deals".into(), "second").await.unwrap();
    assert_eq!(left, 2, "what is left is still to be done");
    assert_eq!(store.open_target(&connection, &"late".into(), &"deals".into(), "x").await.unwrap(), 3);
}

/// A target does not silently mix entities.
pub async fn a_target_holds_rows_of_one_entity(store: &dyn SyncStore) {
    open_target(store).await;
    put(store, changes(&deals(), upserts(1..3, 1), 1).with_target(TARGET, vec![row("0001", 1, &["7"])]))
        .await;
    let before = snapshot(store, CONNECTION).await;
    let (connection, target) = (CONNECTION.into(), TARGET.into());
    let error = store.open_target(&connection, &target, &"persons".into(), "first").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(snapshot(store, CONNECTION).await, before);

    store.drop_target(&connection, &target).await.unwrap();
    assert!(rows(store).await.is_empty());
    assert_eq!(keys(store, "deals").await.len(), 2);
    assert_eq!(store.open_target(&connection, &target, &"persons".into(), "first").await.unwrap(), 0);
    put(store, changes(&persons(), vec![upsert("7", 1)], 1)).await;
    assert_eq!(stale(store).await, ["7"], "the lookups went with the target");
}

/// A row without target is a mistake; a row without record has been overtaken.
pub async fn rows_need_an_open_target_and_a_record(store: &dyn SyncStore) {
    let commit = || {
        changes(&deals(), upserts(1..2, 1), 1)
            .with_target(TARGET, vec![row("0001", 1, &[]), row("x", 1, &[])])
    };
    assert_eq!(store.commit(commit()).await.unwrap_err().kind(), ErrorKind::Config);
    let version = store.read_version(&CONNECTION.into()).await.unwrap();
    let remap = Commit::remap(CONNECTION, version).with_target(TARGET, Vec::new());
    assert_eq!(store.commit(remap).await.unwrap_err().kind(), ErrorKind::Config);
    open_target(store).await;
    let tally = put(store, commit()).await;
    assert_eq!((tally.target.created, tally.outdated), (1, 1));
    assert_eq!(rows(store).await.len(), 1);
}
