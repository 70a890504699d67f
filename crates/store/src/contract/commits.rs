//! One commit, and commits one after the other.

use tieline_core::{Change, Deletion, DeletionScope, ErrorKind, FieldPath, Key, Record, RecordLookup};

use super::world::*;
use crate::{StreamId, StreamRevision, SyncStore, TargetChange};

/// State, records and rows of a batch are there after its commit.
pub async fn changes_rows_and_state_are_stored_together(store: &dyn SyncStore) {
    assert_eq!(store.position(&deals()).await.unwrap(), crate::Position::default());
    open_target(store).await;
    let record =
        Record::new("1", json(r#"{"n":1}"#)).with_changed_at("2026-01-10 08:00:00").with_version("7");
    let commit = changes(&deals(), vec![Change::Upsert(record.clone())], 1);
    let tally = put(store, commit.with_target(TARGET, vec![row("1", 1, &[])])).await;
    assert_eq!((tally.mirror.created, tally.target.created), (1, 1));

    let position = store.position(&deals()).await.unwrap();
    assert_eq!(position.state, Some(state(1)));
    assert_eq!(Some(position.revision), tally.revision);
    assert_eq!(store.load(&CONNECTION.into(), &"deals".into(), &["1".into()]).await.unwrap(), [record]);
    assert_eq!(rows(store).await, [("1".to_owned(), r#"{"row":1}"#.to_owned())]);
    let counts = store.counts(&CONNECTION.into()).await.unwrap();
    assert_eq!((counts.records("deals"), counts.rows(TARGET), counts.stale(TARGET)), (1, 1, 0));
}

/// A commit that fails, for whatever reason, leaves no trace.
pub async fn a_failing_commit_changes_nothing(store: &dyn SyncStore) {
    open_target(store).await;
    let first = changes(&deals(), upserts(0..3, 1), 1).with_target(TARGET, vec![row("0001", 1, &["7"])]);
    put(store, first).await;
    let before = snapshot(store, CONNECTION).await;
    let version = store.read_version(&CONNECTION.into()).await.unwrap();

    let change = || vec![upsert("0001", 2), Change::Delete(Deletion::new("0000")), upsert("new", 2)];
    let other_partition = {
        let mut commit = changes(&deals(), change(), 2);
        if let Some(stream) = &mut commit.stream {
            stream.partition = Some("other".into());
        }
        commit
    };
    for (commit, kind) in [
        (changes(&deals(), change(), 2).expecting(StreamRevision::default()), ErrorKind::Conflict),
        (
            changes(&deals(), change(), 2).with_target("unopened", vec![row("0001", 2, &[])]),
            ErrorKind::Config,
        ),
        (changes(&deals(), vec![upsert("0001", 2), upsert("a\0b", 2)], 2), ErrorKind::Rejected),
        (other_partition, ErrorKind::Decode),
    ] {
        assert_eq!(store.commit(commit).await.unwrap_err().kind(), kind);
        assert_eq!(snapshot(store, CONNECTION).await, before, "after a failure of kind {kind}");
        assert_eq!(store.read_version(&CONNECTION.into()).await.unwrap(), version);
    }
}

/// Wherever a run stops, the next one goes on from the last batch and arrives at the same.
pub async fn a_read_resumes_at_any_batch(store: &dyn SyncStore) {
    const BATCHES: u32 = 5;
    let batch = |stream: &StreamId, n: u32| {
        let end = (n + 1 == BATCHES).then_some(tieline_core::PassEnd::Complete);
        pass(stream, tieline_core::ReadMode::Full, upserts(n * 3..n * 3 + 3, 1), n, end)
    };
    for stop in 0..BATCHES {
        let stream = StreamId::new(format!("stopped-at-{stop}"), "deals");
        for n in 0..stop {
            put(store, batch(&stream, n)).await;
        }
        let position = store.position(&stream).await.unwrap();
        let next = position.state.map_or(0, |state| state.body::<u32>().unwrap() + 1);
        assert_eq!(next, stop);
        let mut revision = position.revision;
        for n in next..BATCHES {
            let tally = put(store, batch(&stream, n).expecting(revision)).await;
            assert_eq!((tally.swept, tally.sweep_refused), (0, None));
            revision = tally.revision.unwrap();
        }
        let counts = store.counts(&stream.connection).await.unwrap();
        assert_eq!(counts.records("deals"), u64::from(BATCHES * 3));
    }
}

/// A record that comes again as it was changes nothing but its own mark, time and version.
pub async fn unchanged_records_touch_nothing_downstream(store: &dyn SyncStore) {
    open_target(store).await;
    put(store, changes(&persons(), vec![upsert("7", 1)], 1)).await;
    let left_out = |key| TargetChange::remove(key, Vec::new());
    let rows_of = || vec![row("0001", 1, &["7"]), left_out("0000"), left_out("0002")];
    let commit = || changes(&deals(), upserts(0..3, 1), 1).with_target(TARGET, rows_of());
    put(store, commit()).await;
    let tally = put(store, commit()).await;
    assert_eq!((tally.mirror.unchanged, tally.mirror.updated), (3, 0));
    assert_eq!((tally.target.unchanged, tally.target.updated), (1, 0));

    let again = Record::new("7", json(r#"{"n":1}"#)).with_version("2").with_changed_at("later");
    let tally = put(store, changes(&persons(), vec![Change::Upsert(again.clone())], 2)).await;
    assert_eq!(tally.mirror.unchanged, 1);
    assert!(stale(store).await.is_empty(), "the content is the same");
    assert_eq!(store.load(&CONNECTION.into(), &"persons".into(), &["7".into()]).await.unwrap(), [again]);
}

/// The last change to a key holds, and counts once.
pub async fn several_changes_to_a_key_count_once(store: &dyn SyncStore) {
    open_target(store).await;
    let commit = changes(
        &deals(),
        vec![
            upsert("a", 1),
            upsert("a", 2),
            upsert("b", 1),
            Change::Delete(Deletion::new("b")),
            Change::Delete(Deletion::new("c")),
            upsert("c", 1),
            upsert("d", 1),
            Change::Present("d".into()),
            Change::merged("a", "a"),
        ],
        1,
    );
    let rows_twice =
        vec![row("a", 1, &[]), row("a", 2, &[]), row("c", 1, &[]), TargetChange::remove("c", vec![])];
    let tally = put(store, commit.with_target(TARGET, rows_twice)).await;
    assert_eq!((tally.mirror.created, tally.mirror.updated, tally.mirror.deleted), (3, 0, 0));
    assert_eq!((tally.target.created, tally.target.updated, tally.unknown), (1, 0, 0));
    assert_eq!(keys(store, "deals").await, ["a", "c", "d"]);
    assert_eq!(payload(store, "deals", "a").await.unwrap(), r#"{"n":2}"#);
    assert_eq!(rows(store).await, [("a".to_owned(), r#"{"row":2}"#.to_owned())]);
}

/// A merged key is gone with its row, and what looked it up is mapped again.
pub async fn a_merge_removes_the_key_that_is_gone(store: &dyn SyncStore) {
    open_target(store).await;
    put(store, changes(&persons(), vec![upsert("7", 1), upsert("8", 1)], 1)).await;
    let deal = changes(&deals(), upserts(1..3, 1), 1);
    put(store, deal.with_target(TARGET, vec![row("0001", 1, &["7"]), row("0002", 1, &["8"])])).await;

    let merge = Change::merged("7", "8");
    let tally = put(store, changes(&persons(), vec![merge.clone()], 2)).await;
    assert_eq!(tally.mirror.deleted, 1);
    assert_eq!(keys(store, "persons").await, ["8"]);
    assert_eq!(stale(store).await, ["0001"]);
    assert_eq!(put(store, changes(&persons(), vec![merge], 3)).await.mirror, crate::ChangeCounts::default());

    let merge = Change::merged("0001", "0002");
    let tally = put(store, changes(&deals(), vec![merge], 2)).await;
    assert_eq!((tally.mirror.deleted, tally.target.deleted), (1, 1));
    assert!(stale(store).await.is_empty(), "there is nothing left to map");
}

/// A deletion within a partition leaves a record alone that lives in another by now.
pub async fn deletions_reach_as_far_as_they_say(store: &dyn SyncStore) {
    let folder = |name: &str| StreamId::new(CONNECTION, "files").with_partition(Some(name.into()));
    let gone = |key: &str, scope| Change::Delete(Deletion::new(key).with_scope(scope));
    put(store, changes(&folder("a"), vec![upsert("moved", 1), upsert("stays", 1), upsert("gone", 1)], 1))
        .await;
    put(store, changes(&folder("b"), vec![upsert("moved", 1)], 1)).await;

    let left = ["moved", "gone"].map(|key| gone(key, DeletionScope::Partition)).to_vec();
    let tally = put(store, changes(&folder("a"), left, 2)).await;
    assert_eq!(tally.mirror.deleted, 1);
    assert_eq!(keys(store, "files").await, ["moved", "stays"]);

    let deleted = vec![gone("moved", DeletionScope::Provider), gone("never there", DeletionScope::Provider)];
    assert_eq!(put(store, changes(&folder("a"), deleted, 3)).await.mirror.deleted, 1);
    assert_eq!(keys(store, "files").await, ["stays"]);

    let there_and_gone = vec![upsert("stays", 1), gone("stays", DeletionScope::Partition)];
    assert_eq!(put(store, changes(&folder("b"), there_and_gone, 2)).await.mirror.deleted, 1);
    let whole = store.position(&StreamId::new(CONNECTION, "files")).await.unwrap();
    assert!(whole.state.is_none(), "the whole entity is another stream than its partitions");
}

/// Keys are texts, not SQL, not patterns, not numbers.
pub async fn keys_may_hold_any_character(store: &dyn SyncStore) {
    open_target(store).await;
    let long = "k".repeat(10_000);
    let mut odd = vec![
        "",
        " ",
        "'",
        "\"",
        "';--",
        "%",
        "_",
        "\\",
        "\\u0041",
        "[1,2]",
        "1",
        "01",
        "1.0",
        "é",
        "e\u{301}",
        "\u{1}\n\t\u{7f}",
        "日本",
        "\u{10ffff}",
        "\u{feff}",
        "null",
        "A",
        "a",
        &long,
    ];
    odd.sort_unstable();
    let put_all = || odd.iter().map(|key| upsert(key, 1)).collect::<Vec<_>>();
    let rows_of = odd.iter().map(|key| row(key, 1, &[key])).collect();
    let tally = put(store, changes(&deals(), put_all(), 1).with_target(TARGET, rows_of)).await;
    assert_eq!(tally.mirror.created, odd.len() as u64);
    assert_eq!(tally.target.created, odd.len() as u64);
    assert_eq!(put(store, changes(&deals(), put_all(), 2)).await.mirror.unchanged, odd.len() as u64);
    assert_eq!(keys(store, "deals").await, odd);

    for key in &odd {
        put(store, changes(&persons(), vec![upsert(key, 1)], 1)).await;
        assert_eq!(stale(store).await, [*key]);
        assert_eq!(payload(store, "deals", key).await.as_deref(), Some(r#"{"n":1}"#));
        let need = RecordLookup::new("persons", *key, FieldPath::parse("/n").unwrap());
        let found = store.resolve(&CONNECTION.into(), std::slice::from_ref(&need)).await.unwrap().resolved;
        assert_eq!(found[&need].get(), "1");
        let gone = vec![Change::Delete(Deletion::new(*key))];
        let tally = put(store, changes(&deals(), gone, 3)).await;
        assert_eq!((tally.mirror.deleted, tally.target.deleted), (1, 1), "{key:?}");
    }
}

/// What was written as 1250.10 stays 1250.10.
pub async fn numbers_are_kept_as_they_are_written(store: &dyn SyncStore) {
    open_target(store).await;
    let text = r#"{"value":12345678901234567.890, "tax" : 1e2,"none":null}"#;
    let record = Change::Upsert(Record::new("1", json(text)));
    let row = TargetChange::put("1", json(text), Vec::new());
    put(store, changes(&deals(), vec![record], 1).with_target(TARGET, vec![row])).await;
    assert_eq!(payload(store, "deals", "1").await.unwrap(), text);
    assert_eq!(rows(store).await[0].1, text);

    let need = |key: &str, field: &str| RecordLookup::new("deals", key, FieldPath::parse(field).unwrap());
    let wanted = [
        need("1", "/value"),
        need("1", "/none"),
        need("1", "/tax"),
        need("1", "/absent"),
        need("2", "/value"),
    ];
    let found = store.resolve(&CONNECTION.into(), &wanted).await.unwrap().resolved;
    assert_eq!(found[&wanted[0]].get(), "12345678901234567.890");
    assert_eq!(found[&wanted[1]].get(), "null");
    assert_eq!(found[&wanted[2]].get(), "1e2");
    assert_eq!(found.len(), 3);
}

/// Stores cut large batches into statements; nobody sees where.
pub async fn a_batch_may_be_larger_than_a_statement(store: &dyn SyncStore) {
    const MANY: u32 = 1_301;
    open_target(store).await;
    let rows_of = |n| (0..MANY).map(|key| row(&format!("{key:04}"), n, &[&format!("{key:04}")])).collect();
    let tally = put(store, changes(&deals(), upserts(0..MANY, 1), 1).with_target(TARGET, rows_of(1))).await;
    assert_eq!((tally.mirror.created, tally.target.created), (MANY.into(), MANY.into()));
    let tally = put(store, changes(&deals(), upserts(0..MANY, 2), 2).with_target(TARGET, rows_of(1))).await;
    assert_eq!((tally.mirror.updated, tally.target.unchanged), (MANY.into(), MANY.into()));
    put(store, changes(&persons(), upserts(0..MANY, 1), 1)).await;
    assert_eq!(stale(store).await.len(), MANY as usize);

    let all: Vec<Key> = (0..MANY).rev().map(|key| Key::from(format!("{key:04}"))).collect();
    let loaded = store.load(&CONNECTION.into(), &"deals".into(), &all).await.unwrap();
    assert!(loaded.iter().map(|record| &record.key).eq(&all), "in the order asked");
    let wanted: Vec<_> =
        all.iter().map(|key| RecordLookup::new("persons", key.clone(), FieldPath::field("n"))).collect();
    assert_eq!(store.resolve(&CONNECTION.into(), &wanted).await.unwrap().resolved.len(), MANY as usize);

    let gone = all.into_iter().map(|key| Change::Delete(Deletion::new(key))).collect();
    let tally = put(store, changes(&deals(), gone, 3)).await;
    assert_eq!((tally.mirror.deleted, tally.target.deleted), (MANY.into(), MANY.into()));
    assert!(stale(store).await.is_empty());
}

/// Whoever commits from a position that is no longer the stream's is told so.
pub async fn two_runs_of_a_stream_cannot_interleave(store: &dyn SyncStore) {
    let start = store.position(&deals()).await.unwrap().revision;
    let first = put(store, changes(&deals(), upserts(0..1, 1), 1).expecting(start)).await.revision.unwrap();
    let late = store.commit(changes(&deals(), upserts(0..1, 2), 9).expecting(start)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
    put(store, changes(&deals(), upserts(0..1, 3), 2).expecting(first)).await;
    assert_eq!(store.position(&deals()).await.unwrap().state, Some(state(2)));

    let before = store.position(&deals()).await.unwrap().revision;
    store.reset(&deals()).await.unwrap();
    let late = store.commit(changes(&deals(), Vec::new(), 3).expecting(before)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict, "a reset is a move too");
    let elsewhere = store.position(&persons()).await.unwrap().revision;
    put(store, changes(&persons(), Vec::new(), 1).expecting(elsewhere)).await;
}

/// Pages follow each other by key, whatever is written in between.
pub async fn pages_are_stable(store: &dyn SyncStore) {
    open_target(store).await;
    let rows_of = (0..10).map(|key| row(&format!("{:04}", key * 2), 1, &[])).collect();
    let even = (0..10).map(|key| upsert(&format!("{:04}", key * 2), 1)).collect();
    put(store, changes(&deals(), even, 1).with_target(TARGET, rows_of)).await;
    let (mut after, mut seen, mut seen_rows) = (None::<Key>, Vec::new(), Vec::new());
    loop {
        let page = store.records(&CONNECTION.into(), &"deals".into(), after.as_ref(), 3).await.unwrap();
        let rows = store.rows(&CONNECTION.into(), &TARGET.into(), after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        seen.extend(page.into_iter().map(|record| record.key.to_string()));
        seen_rows.extend(rows.into_iter().map(|row| row.key.to_string()));
        // Behind the page, and where the page ended.
        put(store, changes(&deals(), vec![upsert("0001", 1), Change::Delete(Deletion::new("0004"))], 2))
            .await;
    }
    let expected: Vec<_> = (0..10).map(|key| format!("{:04}", key * 2)).collect();
    assert_eq!(seen, expected);
    assert_eq!(seen_rows, expected);
    assert!(store.records(&CONNECTION.into(), &"deals".into(), None, 0).await.unwrap().is_empty());
}
