//! Undecided records: refused ones, and deletions that are held.

use tieline_core::{Change, Deletion, DeletionScope, FieldPath, PassEnd, ReadMode};

use super::world::*;
use crate::{
    Commit, DeleteThreshold, PendingCounts, PendingKind, PendingRecord, StreamId, SweepRefused, SyncStore,
};

fn deletions(keys: std::ops::Range<u32>) -> Vec<Change> {
    keys.map(|key| Change::Delete(Deletion::new(format!("{key:04}")))).collect()
}

fn refused(keys: &[&str], n: u32) -> Commit {
    let refused = keys.iter().map(|key| ("deals".into(), (*key).into(), "code 2000".to_owned()));
    changes(&deals(), Vec::new(), n).with_refused(refused)
}

async fn pending(store: &dyn SyncStore) -> Vec<(String, PendingKind, u32)> {
    let pending = store.pending(&deals(), 10_000).await.unwrap();
    pending.into_iter().map(|PendingRecord { key, kind, tries, .. }| (key.to_string(), kind, tries)).collect()
}

/// A record that was refused is listed, with its reason and the time of the first refusal, until it comes.
pub async fn a_refused_record_is_pending_until_it_comes(store: &dyn SyncStore) {
    assert!(store.pending(&deals(), 9).await.unwrap().is_empty());
    put(store, refused(&["a", "b"], 1)).await;
    let first = store.pending(&deals(), 9).await.unwrap().remove(0);
    assert_eq!((first.entity.as_str(), first.why.as_str()), ("deals", "code 2000"));
    put(store, refused(&["a"], 2)).await;
    assert_eq!(
        pending(store).await,
        [("b".to_owned(), PendingKind::Refused, 1), ("a".to_owned(), PendingKind::Refused, 2)],
        "those that were tried least come first"
    );
    let again = store.pending(&deals(), 9).await.unwrap().remove(1);
    assert_eq!(again.first_at, first.first_at);
    assert_eq!(store.pending(&deals(), 1).await.unwrap().len(), 1);
    assert_eq!(store.pending_counts(&deals()).await.unwrap(), PendingCounts::new(2, 0));

    put(store, changes(&deals(), vec![upsert("b", 1)], 3)).await;
    put(store, changes(&deals(), vec![Change::Delete(Deletion::new("a"))], 4).holding_deletions()).await;
    assert!(pending(store).await.is_empty(), "what was never stored has no deletion to be held");
    // Within one commit, what came is not refused.
    let both = changes(&deals(), vec![upsert("c", 1)], 5);
    put(store, both.with_refused([("deals".into(), "c".into(), String::new())])).await;
    assert!(pending(store).await.is_empty());
}

/// A deletion that is held leaves the record and its row, until held deletions are made.
pub async fn a_held_deletion_keeps_the_record_and_its_row(store: &dyn SyncStore) {
    open_target(store).await;
    let put_rows = (0..4).map(|key| row(&format!("{key:04}"), 1, &[])).collect();
    put(store, full(&deals(), upserts(0..4, 1), 1).with_target(TARGET, put_rows)).await;
    let tally = put(store, changes(&deals(), deletions(1..3), 2).holding_deletions()).await;
    assert_eq!((tally.held_deletions, tally.mirror.deleted, tally.target.deleted), (2, 0, 0));
    assert_eq!((keys(store, "deals").await.len(), rows(store).await.len()), (4, 4));
    let gone = |key: &str| (key.to_owned(), PendingKind::Gone, 1);
    assert_eq!(pending(store).await, [gone("0001"), gone("0002")]);
    assert_eq!(store.pending_counts(&deals()).await.unwrap(), PendingCounts::new(0, 2));

    let tally = put(store, changes(&deals(), deletions(3..4), 3).holding_deletions().making_held_deletions());
    let tally = tally.await;
    assert_eq!((tally.mirror.deleted, tally.target.deleted, tally.held_deletions), (3, 3, 1));
    assert_eq!((keys(store, "deals").await, rows(store).await.len()), (vec!["0000".to_owned()], 1));
    assert!(pending(store).await.is_empty());
    let tally = put(store, changes(&deals(), Vec::new(), 4).making_held_deletions()).await;
    assert_eq!(tally.mirror.deleted, 0, "they are made once");
}

/// Held deletions that are suspiciously many are not made, not even some of them, unless a person says so.
pub async fn held_deletions_are_all_made_or_none(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..50, 1), 1)).await;
    put(store, changes(&deals(), deletions(0..20), 2).holding_deletions()).await;
    put(store, changes(&deals(), deletions(20..26), 3).holding_deletions()).await;
    let tally = put(store, changes(&deals(), Vec::new(), 4).making_held_deletions()).await;
    assert_eq!(tally.deletions_refused, Some(SweepRefused::new(26, 50)));
    assert_eq!((tally.mirror.deleted, keys(store, "deals").await.len()), (0, 50));
    let allowed = changes(&deals(), Vec::new(), 5).making_held_deletions().with_brake(DeleteThreshold::OFF);
    let tally = put(store, allowed).await;
    assert_eq!((tally.mirror.deleted, tally.deletions_refused), (26, None));
    assert_eq!(keys(store, "deals").await.len(), 24);
}

/// A record that comes again after its deletion was held, or is seen, is not deleted.
pub async fn a_record_that_comes_back_is_not_deleted(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..4, 1), 1)).await;
    put(store, changes(&deals(), deletions(0..3), 2).holding_deletions()).await;
    put(store, changes(&deals(), vec![upsert("0000", 1)], 3)).await;
    let seen = vec![Change::Present("0001".into())];
    put(store, pass(&deals(), ReadMode::Keys, seen, 4, None)).await;
    put(store, changes(&deals(), Vec::new(), 5).making_held_deletions()).await;
    assert_eq!(keys(store, "deals").await, ["0000", "0001", "0003"]);
    // In one commit, the last word counts.
    let twice = vec![Change::Delete(Deletion::new("0000")), upsert("0000", 2)];
    put(store, changes(&deals(), twice, 6).holding_deletions().making_held_deletions()).await;
    assert_eq!(payload(store, "deals", "0000").await.as_deref(), Some(r#"{"n":2}"#));
}

/// Merges, moves to another partition and sweeps delete at once, and what they delete is no longer pending.
pub async fn other_deletions_are_not_held(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..6, 1), 1)).await;
    let moved = Change::Delete(Deletion::new("0001").with_scope(DeletionScope::Partition));
    let commit = changes(&deals(), vec![Change::merged("0000", "0002"), moved], 2).holding_deletions();
    assert_eq!(put(store, commit).await.mirror.deleted, 2);
    put(store, changes(&deals(), deletions(2..3), 3).holding_deletions()).await;
    let swept = pass(&deals(), ReadMode::Full, upserts(3..6, 1), 4, Some(PassEnd::Complete));
    assert_eq!(put(store, swept).await.swept, 1);
    assert!(pending(store).await.is_empty());
}

/// Undecided records are of their stream, whatever the entity, and go with the connection.
pub async fn pending_records_belong_to_their_stream(store: &dyn SyncStore) {
    let folder = StreamId::new(CONNECTION, "deals").with_partition(Some("a".into()));
    put(store, refused(&["x"], 1)).await;
    let of_folder =
        [("deals".into(), "y".into(), String::new()), ("notes".into(), "y".into(), String::new())];
    put(store, changes(&folder, Vec::new(), 1).with_refused(of_folder)).await;
    assert_eq!(pending(store).await.len(), 1);
    assert_eq!(store.pending_counts(&folder).await.unwrap(), PendingCounts::new(2, 0));
    assert!(store.pending(&StreamId::new("other", "deals"), 9).await.unwrap().is_empty());
    put(store, changes(&deals(), vec![upsert("y", 1)], 2)).await;
    assert_eq!(store.pending_counts(&folder).await.unwrap().refused, 1, "it came by another stream");
    store.erase(&CONNECTION.into()).await.unwrap();
    put(store, changes(&deals(), Vec::new(), 1)).await;
    assert!(pending(store).await.is_empty());
}

/// The fields on request that a stream is read with are kept until a commit names others.
pub async fn the_fields_on_request_of_a_stream_are_kept(store: &dyn SyncStore) {
    let fields = |names: &[&str]| names.iter().map(|name| FieldPath::field(name)).collect::<Vec<_>>();
    assert!(store.position(&deals()).await.unwrap().fields.is_empty());
    put(store, changes(&deals(), Vec::new(), 1).with_fields(fields(&["tz", "barcode"]))).await;
    put(store, changes(&deals(), Vec::new(), 2)).await;
    store.reset(&deals()).await.unwrap();
    assert_eq!(store.position(&deals()).await.unwrap().fields, fields(&["barcode", "tz"]));
    put(store, changes(&deals(), Vec::new(), 3).with_fields([])).await;
    assert!(store.position(&deals()).await.unwrap().fields.is_empty());
}

/// Rows are found by their keys: each once, those that are there, whatever the order and number of the keys.
pub async fn rows_are_found_by_their_keys(store: &dyn SyncStore) {
    let find = async |keys: Vec<String>| {
        let keys: Vec<tieline_core::Key> = keys.into_iter().map(Into::into).collect();
        let rows = store.rows_of(&CONNECTION.into(), &TARGET.into(), &keys).await.unwrap();
        let mut rows: Vec<_> =
            rows.into_iter().map(|row| (row.key.to_string(), row.fields.to_string())).collect();
        rows.sort();
        rows
    };
    assert!(find(vec!["0001".to_owned()]).await.is_empty(), "no target");
    open_target(store).await;
    let mapped = (0..1_500).map(|key| row(&format!("{key:04}"), key, &[])).collect();
    put(store, full(&deals(), upserts(0..1_500, 1), 1).with_target(TARGET, mapped)).await;
    let version = store.read_version(&CONNECTION.into()).await.unwrap();
    let gone = crate::TargetChange::remove("0003", Vec::new());
    put(store, Commit::remap(CONNECTION, version).with_target(TARGET, vec![gone])).await;

    let asked = ["0002", "0003", "none", "a\0b", "0001"].map(str::to_owned).to_vec();
    let row = |key: &str, n: u32| (key.to_owned(), format!(r#"{{"row":{n}}}"#));
    assert_eq!(find(asked).await, [row("0001", 1), row("0002", 2)]);
    assert_eq!(find((0..1_500).rev().map(|key| format!("{key:04}")).collect()).await.len(), 1_499);
    assert!(find(Vec::new()).await.is_empty());
}
