//! A small world for the laws: one connection, `deals` that look up `persons`, one target.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tieline_core::{Batch, Change, FieldPath, Key, PassEnd, RawJson, ReadMode, Record, RecordLookup, State};

use crate::{Commit, CommitStats, Counts, Position, Row, StreamId, SyncStore, TargetChange};

pub(super) const CONNECTION: &str = "acme";
pub(super) const TARGET: &str = "opportunities";

pub(super) fn deals() -> StreamId {
    StreamId::new(CONNECTION, "deals")
}

pub(super) fn persons() -> StreamId {
    StreamId::new(CONNECTION, "persons")
}

pub(super) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

pub(super) fn state(n: u32) -> State {
    State::new(1, &n).unwrap()
}

/// A record whose payload says `n`.
pub(super) fn upsert(key: &str, n: u32) -> Change {
    Change::Upsert(Record::new(key, json(&format!(r#"{{"n":{n}}}"#))))
}

pub(super) fn upserts(keys: std::ops::Range<u32>, n: u32) -> Vec<Change> {
    keys.map(|key| upsert(&format!("{key:04}"), n)).collect()
}

/// A row that says `n` and looked up these persons.
pub(super) fn row(key: &str, n: u32, persons: &[&str]) -> TargetChange {
    TargetChange::put(key, json(&format!(r#"{{"row":{n}}}"#)), needs(persons))
}

pub(super) fn needs(persons: &[&str]) -> Vec<RecordLookup> {
    persons.iter().map(|key| RecordLookup::new("persons", *key, FieldPath::parse("/n").unwrap())).collect()
}

pub(super) fn changes(stream: &StreamId, changes: Vec<Change>, n: u32) -> Commit {
    let batch = Batch::new(stream.entity.clone(), changes, state(n)).with_partition(stream.partition.clone());
    Commit::batch(stream.clone(), batch)
}

/// A batch of a pass over everything.
pub(super) fn pass(
    stream: &StreamId,
    pass: ReadMode,
    changes: Vec<Change>,
    n: u32,
    end: Option<PassEnd>,
) -> Commit {
    let mut batch = Batch::new(stream.entity.clone(), changes, state(n))
        .with_partition(stream.partition.clone())
        .with_pass(pass);
    batch.end = end;
    Commit::batch(stream.clone(), batch)
}

/// A whole pass in one batch.
pub(super) fn full(stream: &StreamId, changes: Vec<Change>, n: u32) -> Commit {
    pass(stream, ReadMode::Full, changes, n, Some(PassEnd::Complete))
}

pub(super) async fn put(store: &dyn SyncStore, commit: Commit) -> CommitStats {
    store.commit(commit).await.unwrap()
}

pub(super) async fn open_target(store: &dyn SyncStore) -> u64 {
    store.open_target(&CONNECTION.into(), &TARGET.into(), &"deals".into(), "first").await.unwrap()
}

pub(super) async fn keys(store: &dyn SyncStore, entity: &str) -> Vec<String> {
    let records = store.records(&CONNECTION.into(), &entity.into(), None, 10_000).await.unwrap();
    records.into_iter().map(|record| record.key.to_string()).collect()
}

pub(super) async fn payload(store: &dyn SyncStore, entity: &str, key: &str) -> Option<String> {
    let records = store.load(&CONNECTION.into(), &entity.into(), &[key.into()]).await.unwrap();
    records.first().map(|record| record.payload.to_string())
}

pub(super) async fn rows(store: &dyn SyncStore) -> Vec<(String, String)> {
    let rows = store.rows(&CONNECTION.into(), &TARGET.into(), None, 10_000).await.unwrap();
    rows.into_iter().map(|row| (row.key.to_string(), row.fields.to_string())).collect()
}

pub(super) async fn stale(store: &dyn SyncStore) -> Vec<String> {
    let keys = store.stale(&CONNECTION.into(), &TARGET.into(), None, 10_000).await.unwrap();
    keys.iter().map(Key::to_string).collect()
}

/// Everything of the world of one connection.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    deals: Vec<Record>,
    persons: Vec<Record>,
    rows: Vec<Row>,
    stale: Vec<Key>,
    counts: Counts,
    positions: Vec<Position>,
}

pub(super) async fn snapshot(store: &dyn SyncStore, name: &str) -> Snapshot {
    let (connection, target) = (name.into(), TARGET.into());
    let mut positions = Vec::new();
    for entity in ["deals", "persons"] {
        positions.push(store.position(&StreamId::new(name, entity)).await.unwrap());
    }
    Snapshot {
        deals: store.records(&connection, &"deals".into(), None, 10_000).await.unwrap(),
        persons: store.records(&connection, &"persons".into(), None, 10_000).await.unwrap(),
        rows: store.rows(&connection, &target, None, 10_000).await.unwrap(),
        stale: store.stale(&connection, &target, None, 10_000).await.unwrap(),
        counts: store.counts(&connection).await.unwrap(),
        positions,
    }
}

/// A question or change that can wait beside others.
pub(super) type Task<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// What they answer when all of them are under way before one is done.
pub(super) async fn all_at_once<T>(mut tasks: Vec<Task<'_, T>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = tasks.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (task, answer) in tasks.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(done) = task.as_mut().poll(context)
            {
                *answer = Some(done);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
