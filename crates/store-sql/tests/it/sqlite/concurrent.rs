//! Many tasks on one file.

use tieline_core::{Batch, Change, RawJson, Record, State};
use tieline_store::{Commit, StreamId, SyncStore};
use tieline_store_sql::sqlite::SqliteStore;

fn commit(stream: &StreamId, n: u32) -> Commit {
    let records = (0..20)
        .map(|i| {
            Change::Upsert(Record::new(format!("{}-{n}-{i}", stream.entity), RawJson::parse("1").unwrap()))
        })
        .collect();
    Commit::batch(stream.clone(), Batch::new(stream.entity.clone(), records, State::new(1, &n).unwrap()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_many_streams_and_two_stores_on_one_file_wait_for_each_other() {
    const BATCHES: u32 = 10;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    // Two stores stand for two processes: they share nothing but the file.
    let (here, there) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let (here, there) = (here.unwrap(), there.unwrap());
    let mut tasks = Vec::new();
    for entity in 0..6 {
        let store = if entity % 2 == 0 { here.clone() } else { there.clone() };
        tasks.push(tokio::spawn(async move {
            let stream = StreamId::new("acme", format!("entity-{entity}"));
            let mut revision = store.position(&stream).await.unwrap().revision;
            for n in 0..BATCHES {
                revision =
                    store.commit(commit(&stream, n).expecting(revision)).await.unwrap().revision.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counts = there.counts(&"acme".into()).await.unwrap();
    assert_eq!(counts.entities.iter().map(|count| count.records).sum::<u64>(), 6 * u64::from(BATCHES) * 20);
}

#[tokio::test]
async fn a_commit_that_is_abandoned_leaves_nothing_and_blocks_nobody() {
    let store = SqliteStore::in_memory().await.unwrap();
    let stream = StreamId::new("acme", "deals");
    let mut abandoned = 0;
    for micros in [0, 50, 200, 500, 1_000, 2_000] {
        let patience = std::time::Duration::from_micros(micros);
        abandoned +=
            u32::from(tokio::time::timeout(patience, store.commit(commit(&stream, 1))).await.is_err());
        let stored = store.counts(&"acme".into()).await.unwrap().records("deals");
        let state = store.position(&stream).await.unwrap().state;
        assert_eq!(stored, if state.is_some() { 20 } else { 0 });
    }
    assert!(abandoned > 0);
    store.commit(commit(&stream, 2)).await.unwrap();
}
