//! How fast it is. Not a test: `cargo test --release -p tieline-store-sqlite --test it speed -- --ignored --nocapture`.

use std::time::Instant;

use tieline_core::{Batch, Change, FieldPath, PassEnd, RawJson, ReadMode, Record, RecordLookup, State};
use tieline_store::{Commit, StreamId, SyncStore, TargetChange};
use tieline_store_sqlite::SqliteStore;

const RECORDS: u32 = 100_000;
const PER_COMMIT: u32 = 500;

async fn pass(store: &SqliteStore, what: &str, n: u32, rows: bool, skip: u32) {
    let stream = StreamId::new("acme", "deals");
    let mut commits = Vec::new();
    for start in (0..RECORDS).step_by(PER_COMMIT as usize) {
        let keys = (start..start + PER_COMMIT).filter(|key| skip == 0 || key % skip > 0);
        let payload = |key: u32| {
            let text =
                format!(r#"{{"id":{key},"title":"Ny order","n":{n},"filler":"{}"}}"#, "x".repeat(1_450));
            RawJson::parse(text).unwrap()
        };
        let changes =
            keys.clone().map(|key| Change::Upsert(Record::new(u64::from(key), payload(key)))).collect();
        let mut batch =
            Batch::new("deals", changes, State::new(1, &start).unwrap()).with_pass(ReadMode::Full);
        if start + PER_COMMIT == RECORDS {
            batch = batch.with_end(PassEnd::Complete);
        }
        let mut commit = Commit::batch(stream.clone(), batch);
        if rows {
            let row = |key: u32| {
                let fields = format!(r#"{{"name":"Ny order","n":{n},"filler":"{}"}}"#, "x".repeat(250));
                let need = RecordLookup::new("persons", u64::from(key % 1_000), FieldPath::field("name"));
                TargetChange::put(u64::from(key), RawJson::parse(fields).unwrap(), vec![need])
            };
            commit = commit.with_target("copy", keys.map(row).collect());
        }
        commits.push(commit);
    }
    let start = Instant::now();
    let (mut last, mut slowest) = (None, 0.0_f64);
    for commit in commits {
        let begin = Instant::now();
        last = Some(store.commit(commit).await.unwrap());
        slowest = slowest.max(begin.elapsed().as_secs_f64());
    }
    let seconds = start.elapsed().as_secs_f64();
    let swept = last.map_or(0, |tally| tally.swept);
    println!(
        "{what}: {:.0} records/s ({seconds:.2} s, slowest commit {:.0} ms, swept {swept})",
        f64::from(RECORDS) / seconds,
        slowest * 1e3
    );
}

#[tokio::test]
#[ignore = "measures"]
async fn speed() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("sync.db")).await.unwrap();
    pass(&store, "insert, mirror only", 1, false, 0).await;
    pass(&store, "unchanged, mirror only", 1, false, 0).await;
    pass(&store, "all changed, mirror only", 2, false, 0).await;
    pass(&store, "unchanged, a third swept", 2, false, 3).await;
    store.erase(&"acme".into()).await.unwrap();
    store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "1").await.unwrap();
    pass(&store, "insert, with rows and look-ups", 1, true, 0).await;
    pass(&store, "unchanged, with rows and look-ups", 1, true, 0).await;
    let start = Instant::now();
    let stale = store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "2").await.unwrap();
    println!("new fingerprint: {stale} stale in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    store.erase(&"acme".into()).await.unwrap();
    println!("erase: {:.2} s", start.elapsed().as_secs_f64());
    store.close().await;
}
