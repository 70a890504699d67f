//! A process that dies at any moment leaves whole commits.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tieline_core::{Batch, Change, Deletion, RawJson, ReadMode, Record, State};
use tieline_store::{Commit, StreamId, SyncStore, TargetChange};
use tieline_store_sql::sqlite::SqliteStore;

const FILE: &str = "TIELINE_TEST_KILLED_WRITER";
const PER_BATCH: u32 = 40;

fn stream() -> StreamId {
    StreamId::new("acme", "deals")
}

/// Batch `n` makes records, says its number in the record `latest`, and deletes the first record of the batch before.
fn batch(n: u32) -> Commit {
    let payload = RawJson::parse(format!(r#"{{"n":{n},"filler":"{}"}}"#, "x".repeat(1_000))).unwrap();
    let key = |i: u32| format!("{n:06}-{i:02}");
    let mut changes: Vec<_> =
        (0..PER_BATCH).map(|i| Change::Upsert(Record::new(key(i), payload.clone()))).collect();
    changes.push(Change::Upsert(Record::new("latest", payload.clone())));
    if n > 0 {
        changes.push(Change::Delete(Deletion::new(format!("{:06}-00", n - 1))));
    }
    let rows = (0..PER_BATCH).map(|i| TargetChange::put(key(i), payload.clone(), Vec::new())).collect();
    let batch = Batch::new("deals", changes, State::new(1, &n).unwrap()).with_pass(ReadMode::Full);
    Commit::batch(stream(), batch).with_target("copy", rows)
}

/// Not a test of its own: the process that is killed, when the variable is set.
#[tokio::test]
async fn writer() {
    let Ok(path) = std::env::var(FILE) else { return };
    let store = SqliteStore::open(path).await.unwrap();
    store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "1").await.unwrap();
    let position = store.position(&stream()).await.unwrap();
    let mut revision = position.revision;
    for n in position.state.map_or(0, |state| state.body::<u32>().unwrap() + 1).. {
        revision = store.commit(batch(n).expecting(revision)).await.unwrap().revision.unwrap();
        eprintln!("committed {n}");
    }
}

/// Kills a writer after a while. Answers the last batch whose commit it reported.
fn run_and_kill(path: &Path, after: Duration) -> Option<u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::kill::writer", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stderr.take().unwrap());
    // The writer prints only a word per batch, which the pipe holds.
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = output.lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("committed ")?.parse().ok()).last()
}

#[tokio::test]
async fn a_killed_writer_leaves_whole_commits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let mut reported = None;
    for round in 0..8_u64 {
        // On a busy machine a writer needs longer until its first commit.
        let longer = if reported.is_none() { 1 << round } else { 1 };
        let after = Duration::from_millis(60 + (round * 7_919) % 240) * longer;
        reported = run_and_kill(&path, after).or(reported);
        let store = SqliteStore::open(&path).await.unwrap();
        let state = store.position(&stream()).await.unwrap().state;
        let last = state.map(|state| state.body::<u32>().unwrap());
        assert!(last >= reported, "batch {reported:?} was answered, the state says {last:?}");

        let expected: Vec<String> = (0..last.map_or(0, |last| last + 1))
            .flat_map(|n| (u32::from(Some(n) != last)..PER_BATCH).map(move |i| format!("{n:06}-{i:02}")))
            .chain(last.map(|_| "latest".to_owned()))
            .collect();
        let records = store.records(&"acme".into(), &"deals".into(), None, u32::MAX).await.unwrap();
        assert!(records.iter().map(|record| record.key.as_str()).eq(expected.iter().map(String::as_str)));
        let rows = store.rows(&"acme".into(), &"copy".into(), None, u32::MAX).await.unwrap();
        let with_row = expected.iter().filter(|key| *key != "latest");
        assert!(rows.iter().map(|row| row.key.as_str()).eq(with_row.map(String::as_str)));
        if let Some(last) = last {
            let latest = records.last().unwrap().payload.at("/n").unwrap().unwrap().get().to_owned();
            assert_eq!(latest, last.to_string());
        }
        store.close().await;
    }
    assert!(reported.is_some(), "no writer lived long enough to commit");
}
