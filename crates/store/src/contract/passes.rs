//! Generations, sweeps and the brake.

use tieline_core::{Batch, Change, PassEnd, ReadMode};

use super::world::*;
use crate::{Commit, DeleteThreshold, StreamId, SweepRefused, SyncStore};

/// What a complete full pass does not see is gone, with its row.
pub async fn a_complete_pass_sweeps_what_it_did_not_see(store: &dyn SyncStore) {
    open_target(store).await;
    let rows_of = (0..10).map(|key| row(&format!("{key:04}"), 1, &[])).collect();
    let tally = put(store, full(&deals(), upserts(0..10, 1), 1).with_target(TARGET, rows_of)).await;
    assert_eq!((tally.swept, tally.sweep_refused), (0, None));

    put(store, pass(&deals(), ReadMode::Full, upserts(0..4, 1), 2, None)).await;
    assert_eq!(keys(store, "deals").await.len(), 10, "nothing goes before the end");
    let tally =
        put(store, pass(&deals(), ReadMode::Full, upserts(4..8, 2), 3, Some(PassEnd::Complete))).await;
    assert_eq!((tally.swept, tally.mirror.deleted, tally.target.deleted), (2, 2, 2));
    assert_eq!(keys(store, "deals").await.len(), 8);
    assert_eq!(rows(store).await.len(), 8);
}

/// A pass over keys sweeps too, and counts the keys that the mirror does not have.
pub async fn a_pass_over_keys_sweeps_and_names_what_is_unknown(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..4, 1), 1)).await;
    let seen = ["0000", "0002", "0003", "unknown"].map(|key| Change::Present(key.into())).to_vec();
    let tally = put(store, pass(&deals(), ReadMode::Keys, seen, 2, Some(PassEnd::Complete))).await;
    assert_eq!((tally.swept, tally.unknown, tally.mirror.unchanged), (1, 1, 0));
    assert_eq!(keys(store, "deals").await, ["0000", "0002", "0003"]);
}

/// A pass that misses most of a stream deletes nothing, unless a person says so.
pub async fn the_brake_stops_a_suspicious_sweep(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..50, 1), 1)).await;
    let before = keys(store, "deals").await;
    let tally = put(store, full(&deals(), upserts(0..24, 1), 2)).await;
    assert_eq!(tally.sweep_refused, Some(SweepRefused::new(26, 50)));
    assert_eq!((tally.swept, tally.mirror.deleted), (0, 0));
    assert_eq!(keys(store, "deals").await, before);
    assert_eq!(store.position(&deals()).await.unwrap().state, Some(state(2)), "the rest is stored");

    let tally = put(store, full(&deals(), upserts(0..24, 1), 3).with_brake(DeleteThreshold::OFF)).await;
    assert_eq!((tally.swept, tally.sweep_refused), (26, None));
    assert_eq!(put(store, full(&deals(), upserts(0..12, 1), 4)).await.swept, 12, "half may go");
    assert_eq!(put(store, full(&deals(), Vec::new(), 5)).await.swept, 12, "a few may go");
    assert!(keys(store, "deals").await.is_empty());
}

/// Neither a partial end nor a read of changes proves that something is gone.
pub async fn only_a_complete_pass_sweeps(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..4, 1), 1)).await;
    for (kind, end) in [
        (ReadMode::Full, PassEnd::Partial),
        (ReadMode::Keys, PassEnd::Partial),
        (ReadMode::Changes, PassEnd::Complete),
    ] {
        let tally = put(store, pass(&deals(), kind, Vec::new(), 2, Some(end))).await;
        assert_eq!((tally.swept, tally.sweep_refused), (0, None));
    }
    assert_eq!(keys(store, "deals").await.len(), 4);
}

/// What a pass saw before it was interrupted, or ended partially, counts at its end.
pub async fn an_interrupted_pass_keeps_what_it_saw(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..6, 1), 1)).await;
    put(store, pass(&deals(), ReadMode::Full, upserts(0..2, 1), 2, None)).await;
    assert!(store.position(&deals()).await.unwrap().pass_open(ReadMode::Full));
    // What changes in between was there after the pass began.
    put(store, changes(&deals(), upserts(2..3, 2), 3)).await;
    put(store, pass(&deals(), ReadMode::Full, upserts(3..4, 1), 4, Some(PassEnd::Partial))).await;
    assert!(store.position(&deals()).await.unwrap().pass_open(ReadMode::Full));
    let tally =
        put(store, pass(&deals(), ReadMode::Full, upserts(5..6, 1), 5, Some(PassEnd::Complete))).await;
    assert_eq!(tally.swept, 1);
    assert_eq!(keys(store, "deals").await, ["0000", "0001", "0002", "0003", "0005"]);
    assert!(!store.position(&deals()).await.unwrap().pass_open(ReadMode::Full));
}

/// After a reset, or a run that says that it is fresh, what an abandoned pass saw counts no more.
pub async fn a_run_that_starts_over_counts_anew(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..6, 1), 1)).await;
    put(store, pass(&deals(), ReadMode::Full, upserts(0..1, 1), 2, None)).await;
    store.reset(&deals()).await.unwrap();
    let position = store.position(&deals()).await.unwrap();
    assert_eq!((position.state.clone(), position.pass_open(ReadMode::Full)), (None, false));
    assert_eq!(keys(store, "deals").await.len(), 6, "a reset deletes nothing");
    assert_eq!(put(store, full(&deals(), upserts(1..6, 1), 3)).await.swept, 1);

    put(store, pass(&deals(), ReadMode::Full, upserts(1..2, 1), 4, None)).await;
    put(store, pass(&deals(), ReadMode::Full, upserts(2..3, 1), 5, None).fresh()).await;
    assert_eq!(put(store, full(&deals(), upserts(3..6, 1), 6)).await.swept, 1);
    assert_eq!(keys(store, "deals").await, ["0002", "0003", "0004", "0005"]);
}

/// A pass over keys in the middle of a full pass does not make the second half look like all.
pub async fn passes_over_keys_and_records_do_not_disturb_each_other(store: &dyn SyncStore) {
    put(store, full(&deals(), upserts(0..6, 1), 1)).await;
    put(store, pass(&deals(), ReadMode::Full, upserts(0..3, 1), 2, None)).await;
    let present = (0..5).map(|key| Change::Present(format!("{key:04}").into())).collect();
    assert_eq!(
        put(store, pass(&deals(), ReadMode::Keys, present, 3, Some(PassEnd::Complete))).await.swept,
        1
    );
    let tally =
        put(store, pass(&deals(), ReadMode::Full, upserts(3..5, 1), 4, Some(PassEnd::Complete))).await;
    assert_eq!(tally.swept, 0);
    assert_eq!(keys(store, "deals").await.len(), 5);
}

/// A stream of several entities sweeps them all, and no stream sweeps another's.
pub async fn entities_that_share_a_state_are_swept_together(store: &dyn SyncStore) {
    let group = StreamId::new(CONNECTION, "everything");
    let batch = |deals: Vec<Change>, notes: Vec<Change>| {
        let batch = Batch::new("deals", deals, state(1)).with_group("notes", notes).with_pass(ReadMode::Full);
        Commit::batch(group.clone(), batch.with_end(PassEnd::Complete))
    };
    put(store, full(&persons(), upserts(0..2, 1), 1)).await;
    put(store, batch(upserts(0..3, 1), upserts(0..3, 1))).await;
    let tally = put(store, batch(upserts(0..2, 1), upserts(1..3, 1))).await;
    assert_eq!(tally.swept, 2);
    assert_eq!(keys(store, "deals").await, ["0000", "0001"]);
    assert_eq!(keys(store, "notes").await, ["0001", "0002"]);
    assert_eq!(keys(store, "persons").await.len(), 2);
}

/// A complete pass over one partition says nothing about another.
pub async fn a_sweep_stays_within_its_partition(store: &dyn SyncStore) {
    let folder = |name: &str| StreamId::new(CONNECTION, "files").with_partition(Some(name.into()));
    put(store, full(&folder("a"), upserts(0..4, 1), 1)).await;
    put(store, full(&folder("b"), upserts(4..6, 1), 1)).await;
    // 0003 moves to b.
    put(store, changes(&folder("b"), upserts(3..4, 1), 2)).await;
    assert_eq!(put(store, full(&folder("a"), upserts(0..2, 1), 2)).await.swept, 1);
    assert_eq!(keys(store, "files").await, ["0000", "0001", "0003", "0004", "0005"]);
    // The empty name is a partition, not the whole.
    put(store, full(&folder(""), upserts(9..10, 1), 1)).await;
    put(store, full(&StreamId::new(CONNECTION, "files"), Vec::new(), 1)).await;
    assert_eq!(keys(store, "files").await.len(), 6);
}
