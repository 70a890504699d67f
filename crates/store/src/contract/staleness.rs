//! Rows whose look-ups changed.

use tieline_core::{Change, Deletion, ReadMode};

use super::world::*;
use crate::{Commit, ReadVersion, SyncStore, TargetChange};

async fn now(store: &dyn SyncStore) -> ReadVersion {
    store.read_version(&CONNECTION.into()).await.unwrap()
}

/// Two deals with rows: the first looks up person 7, the second person 8, who is not there.
async fn two_deals(store: &dyn SyncStore) {
    open_target(store).await;
    put(store, changes(&persons(), vec![upsert("7", 1)], 1)).await;
    let commit = changes(&deals(), upserts(1..3, 1), 1);
    put(store, commit.with_target(TARGET, vec![row("0001", 1, &["7"]), row("0002", 1, &["8", "8"])])).await;
    assert!(stale(store).await.is_empty());
}

/// A record that comes, changes or goes makes the rows stale that looked it up, until they are committed again.
pub async fn a_changed_look_up_makes_rows_stale(store: &dyn SyncStore) {
    two_deals(store).await;
    put(store, changes(&persons(), vec![upsert("7", 2), upsert("9", 1)], 2)).await;
    assert_eq!(stale(store).await, ["0001"]);
    put(store, changes(&persons(), vec![upsert("8", 1)], 3)).await;
    assert_eq!(stale(store).await, ["0001", "0002"]);
    let page = async |after: Option<&str>| {
        let after = after.map(tieline_core::Key::from);
        store.stale(&CONNECTION.into(), &TARGET.into(), after.as_ref(), 1).await.unwrap()
    };
    assert_eq!(page(None).await, ["0001"]);
    assert_eq!(page(Some("0001")).await, ["0002"]);
    assert!(page(Some("0002")).await.is_empty());

    let again = Commit::remap(CONNECTION, now(store).await).with_target(TARGET, vec![row("0001", 2, &["8"])]);
    let tally = put(store, again).await;
    assert_eq!((tally.target.updated, tally.revision), (1, None));
    assert_eq!(stale(store).await, ["0002"]);
    let again = changes(&deals(), Vec::new(), 2).with_target(TARGET, vec![row("0002", 1, &["8"])]);
    assert_eq!(put(store, again).await.target.unchanged, 1);
    assert!(stale(store).await.is_empty());

    put(store, changes(&persons(), vec![upsert("7", 3)], 4)).await;
    assert!(stale(store).await.is_empty(), "nobody looks up 7 any more");
    put(store, changes(&persons(), vec![Change::Delete(Deletion::new("8"))], 5)).await;
    assert_eq!(stale(store).await, ["0001", "0002"]);
}

/// A record that the mapping left out for what it looked up is mapped again when that changes.
pub async fn a_record_that_was_left_out_comes_back(store: &dyn SyncStore) {
    two_deals(store).await;
    let out = TargetChange::remove("0001", needs(&["7"]));
    let tally = put(store, Commit::remap(CONNECTION, now(store).await).with_target(TARGET, vec![out])).await;
    assert_eq!(tally.target.deleted, 1);
    assert_eq!(rows(store).await.len(), 1);
    put(store, changes(&persons(), vec![upsert("7", 2)], 2)).await;
    assert_eq!(stale(store).await, ["0001"]);
    let remap = Commit::remap(CONNECTION, now(store).await);
    assert_eq!(put(store, remap.with_target(TARGET, vec![row("0001", 1, &[])])).await.target.created, 1);
    assert!(stale(store).await.is_empty());
}

/// A batch was mapped with what was stored before it.
pub async fn a_look_up_that_changes_in_the_same_commit_makes_rows_stale(store: &dyn SyncStore) {
    open_target(store).await;
    let mut commit = changes(&deals(), upserts(1..3, 1), 1);
    if let Some(stream) = &mut commit.stream {
        let persons = changes(&persons(), vec![upsert("7", 1)], 1);
        stream.groups.extend(persons.stream.into_iter().flat_map(|stream| stream.groups));
    }
    put(store, commit.with_target(TARGET, vec![row("0001", 1, &["7"]), row("0002", 1, &[])])).await;
    assert_eq!(stale(store).await, ["0001"]);
}

/// Another run changes what was looked up, between the look-up and the commit.
pub async fn a_look_up_that_changes_meanwhile_makes_rows_stale(store: &dyn SyncStore) {
    two_deals(store).await;
    put(store, changes(&persons(), vec![upsert("6", 1), upsert("9", 1)], 2)).await;
    let looked_up_at = now(store).await;
    let meanwhile = vec![upsert("7", 2), upsert("8", 1), Change::Delete(Deletion::new("9"))];
    put(store, changes(&persons(), meanwhile, 3)).await;

    let rows_of = vec![row("1", 1, &["7"]), row("2", 1, &["8"]), row("3", 1, &["9"]), row("4", 1, &["6"])];
    let records = ["1", "2", "3", "4"].map(|key| upsert(key, 1)).to_vec();
    let commit = changes(&deals(), records, 2).with_target(TARGET, rows_of);
    let tally = put(store, commit.mapped_at(looked_up_at)).await;
    assert_eq!((tally.target.created, tally.outdated), (4, 0));
    assert_eq!(stale(store).await, ["0001", "0002", "1", "2", "3"]);
}

/// A row that was mapped from a record as it was does not replace the row of the record as it is.
pub async fn a_row_of_an_older_record_is_not_written(store: &dyn SyncStore) {
    two_deals(store).await;
    let loaded_at = now(store).await;
    let changed = changes(&deals(), vec![upsert("0001", 2), Change::Delete(Deletion::new("0002"))], 2);
    put(store, changed.with_target(TARGET, vec![row("0001", 2, &[])])).await;

    let late = vec![row("0001", 1, &["7"]), row("0002", 1, &[])];
    let tally = put(store, Commit::remap(CONNECTION, loaded_at).with_target(TARGET, late)).await;
    assert_eq!((tally.outdated, tally.target), (2, crate::ChangeCounts::default()));
    assert_eq!(rows(store).await, [("0001".to_owned(), r#"{"row":2}"#.to_owned())]);
    assert_eq!(stale(store).await, ["0001"], "it is mapped again, for good measure");
}

/// What a sweep deletes was looked up too.
pub async fn a_sweep_makes_rows_stale(store: &dyn SyncStore) {
    two_deals(store).await;
    let looked_up_at = now(store).await;
    assert_eq!(put(store, full(&persons(), vec![upsert("8", 1)], 2)).await.swept, 1);
    assert_eq!(stale(store).await, ["0001", "0002"]);

    let remap = Commit::remap(CONNECTION, looked_up_at).with_target(TARGET, vec![row("0001", 1, &["7"])]);
    put(store, remap).await;
    assert_eq!(stale(store).await, ["0001", "0002"], "it was looked up before the sweep");

    put(store, pass(&deals(), ReadMode::Full, upserts(2..3, 1), 2, Some(tieline_core::PassEnd::Complete)))
        .await;
    assert_eq!(stale(store).await, ["0002"], "a row that is gone is not stale");
}

/// What a mapping would take out of a target stays until the caller is sure.
pub async fn a_held_removal_keeps_the_row_as_a_stale_one(store: &dyn SyncStore) {
    two_deals(store).await;
    let out = || vec![TargetChange::remove("0001", needs(&["9"])), row("0002", 2, &[])];
    let before = rows(store).await;

    let batch = changes(&deals(), vec![upsert("0001", 2), upsert("0003", 1)], 2);
    let mut all = out();
    all.push(TargetChange::remove("0003", Vec::new()));
    let tally = put(store, batch.with_target(TARGET, all).holding_removals()).await;
    assert_eq!((tally.held, tally.target.deleted, tally.target.updated), (1, 0, 1));
    assert_eq!(rows(store).await[0], before[0]);
    assert_eq!(stale(store).await, ["0001"], "0003 had no row, so nothing is held of it");

    // Its look-ups are those of the row that stays.
    put(store, changes(&persons(), vec![upsert("9", 1)], 2)).await;
    let remap = Commit::remap(CONNECTION, now(store).await).with_target(TARGET, out());
    let tally = put(store, remap.clone().holding_removals()).await;
    assert_eq!((tally.held, tally.target.deleted), (1, 0));
    assert_eq!(put(store, remap).await.target.deleted, 1);
    assert!(stale(store).await.is_empty());
    assert_eq!(rows(store).await.len(), 1);

    // A record that is gone takes its row with it, whatever is held.
    let gone = changes(&deals(), vec![Change::Delete(Deletion::new("0002"))], 3);
    let gone = gone.with_target(TARGET, vec![TargetChange::remove("0002", Vec::new())]);
    let tally = put(store, gone.holding_removals()).await;
    assert_eq!((tally.held, tally.target.deleted), (0, 1));
    assert!(rows(store).await.is_empty() && stale(store).await.is_empty());
}
