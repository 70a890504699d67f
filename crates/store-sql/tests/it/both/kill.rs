//! A process that is killed at any moment leaves whole commits, erasures that go on, and a schema that is whole or not there.
//!
//! A few kills a run; `cargo test -p tieline-store-sql --test it -- --ignored five_hundred_kills` makes 500 of each kind.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tieline_core::{Batch, Change, Deletion, State};
use tieline_store::{Commit, StreamId, SyncStore, TargetChange, TenantId};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_store_sql::{ColumnType, Database, Sql, SqlSink, SqlStore, Tx};

use super::{changes, json, put, upsert};

/// What the process that is killed does, and where.
const WORK: &str = "TIELINE_TEST_KILLED_WORK";
const PLACE: &str = "TIELINE_TEST_KILLED_PLACE";

const FEW: u64 = 5;
const MANY: u64 = 500;

const KEYS: u32 = 40;
/// More rows than a batch of an erasure deletes, in two commits.
const ERASED: u32 = 300;

fn stream() -> StreamId {
    StreamId::new("acme", "deals")
}

fn sink() -> Arc<SqlSink> {
    Arc::new(SqlSink::new("copy", "host_deals", "crm_id").column("n", ColumnType::Integer))
}

/// The keys that are there after batch `n`, which writes all of them and deletes one.
fn keys_after(n: u32) -> impl Iterator<Item = String> {
    (0..KEYS).filter(move |key| *key != n % KEYS).map(|key| format!("{key:02}"))
}

fn batch(n: u32) -> Commit {
    let payload = json(&format!(r#"{{"n":{n},"filler":"{}"}}"#, "x".repeat(500)));
    let mut changes: Vec<Change> = keys_after(n).map(|key| upsert(&key, payload.get())).collect();
    changes.push(Change::Delete(Deletion::new(format!("{:02}", n % KEYS))));
    let rows = keys_after(n).map(|key| TargetChange::put(key, payload.clone(), Vec::new())).collect();
    let batch = Batch::new("deals", changes, State::new(1, &n).unwrap());
    Commit::batch(stream(), batch).with_target("copy", rows)
}

/// Not a test of its own: the process that is killed, when the variables are set.
#[tokio::test]
async fn worker() {
    let (Ok(work), Ok(place)) = (std::env::var(WORK), std::env::var(PLACE)) else { return };
    if work == "migrate" {
        eprintln!("begun");
    }
    #[cfg(unix)]
    if place.starts_with("postgres:") {
        let store = tieline_store_sql::postgres::PostgresStore::connect(&place).await.unwrap();
        return do_work(&work, store).await;
    }
    do_work(&work, SqliteStore::open(place).await.unwrap()).await;
}

async fn do_work<D: Database>(work: &str, store: SqlStore<D>) {
    eprintln!("begun");
    match work {
        "commit" => {
            let store = store.with_sink(sink());
            let position = store.position(&stream()).await.unwrap();
            let mut revision = position.revision;
            for n in position.state.map_or(0, |state| state.body::<u32>().unwrap() + 1).. {
                revision = store.commit(batch(n).expecting(revision)).await.unwrap().revision.unwrap();
                eprintln!("done {n}");
            }
        }
        "erase" => loop {
            fill(&store).await;
            store.erase(&"acme".into()).await.unwrap();
        },
        _ => eprintln!("done 0"),
    }
}

async fn fill<D: Database>(store: &SqlStore<D>) {
    let (acme, copy) = ("acme".into(), "copy".into());
    store.open_target(&acme, &copy, &"deals".into(), "1").await.unwrap();
    for from in [0, ERASED] {
        let keys: Vec<String> = (from..from + ERASED).map(|key| key.to_string()).collect();
        let rows = keys.iter().map(|key| TargetChange::put(key.as_str(), json("{}"), Vec::new())).collect();
        let records = keys.iter().map(|key| upsert(key, "{}")).collect();
        put(store, changes("deals", records).with_target("copy", rows)).await;
    }
}

/// Kills a process some microseconds after it began. Returns the number of the last thing that it reported as done.
fn run_and_kill(work: &str, place: &str, round: u64) -> Option<u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "both::kill::worker", "--nocapture"])
        .env(WORK, work)
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "begun"), "the process ended by itself");
    // It prints few words, which the pipe holds.
    std::thread::sleep(Duration::from_micros((round * 7_919 * 131) % 80_000));
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(|line| line.strip_prefix("done ")?.parse().ok()).last()
}

async fn texts<D: Database>(store: &SqlStore<D>, sql: &str) -> Vec<String> {
    let mut tx = store.begin().await.unwrap();
    let rows = tx.rows(&Sql::built(sql.to_owned()), &[]).await.unwrap();
    tx.rollback().await;
    rows.into_iter().map(|mut row| row.take().unwrap()).collect()
}

/// Records, rows, the host's table and the state say the same.
async fn check_commits<D: Database>(store: &SqlStore<D>, reported: Option<u32>) {
    let (acme, copy) = ("acme".into(), "copy".into());
    let state = store.position(&stream()).await.unwrap().state;
    let last = state.map(|state| state.body::<u32>().unwrap());
    assert!(last >= reported, "batch {reported:?} was answered, the state says {last:?}");
    let expected: Vec<String> = last.into_iter().flat_map(keys_after).collect();
    let of_last = |fields: &tieline_core::RawJson| {
        fields.at("/n").unwrap().unwrap().get() == last.map(|last| last.to_string()).unwrap_or_default()
    };
    let records = store.records(&acme, &"deals".into(), None, u32::MAX).await.unwrap();
    assert!(records.iter().map(|record| record.key.as_str()).eq(expected.iter().map(String::as_str)));
    assert!(records.iter().all(|record| of_last(&record.payload)));
    let rows = store.rows(&acme, &copy, None, u32::MAX).await.unwrap();
    assert!(rows.iter().map(|row| row.key.as_str()).eq(expected.iter().map(String::as_str)));
    assert!(rows.iter().all(|row| of_last(&row.fields)));
    let host = "SELECT crm_id || ' ' || CAST(n AS TEXT) FROM host_deals WHERE $1 <> '' ORDER BY crm_id";
    let expected = last.into_iter().flat_map(|n| keys_after(n).map(move |key| format!("{key} {n}")));
    assert!(texts(store, host).await.into_iter().eq(expected));
}

/// What is visible is whole, others are untouched, and the next erasure leaves nothing of what was erased.
async fn check_erasures<D: Database>(store: &SqlStore<D>, other: &SqlStore<D>) {
    let counts = store.counts(&"acme".into()).await.unwrap();
    let (records, rows) = (counts.records("deals"), counts.rows("copy"));
    assert!(rows == records && records % u64::from(ERASED) == 0, "{records} records, {rows} rows");
    store.finish_erasures().await.unwrap();
    for table in ["records", "payloads", "rows"] {
        let count = format!("SELECT CAST(count(*) AS TEXT) FROM tieline.{table} WHERE tenant = $1");
        assert_eq!(texts(store, &count).await, [records.to_string()], "{table}");
    }
    assert_eq!(other.counts(&"acme".into()).await.unwrap().records("deals"), 2 * u64::from(ERASED));
}

async fn prepare<D: Database>(store: &SqlStore<D>) -> SqlStore<D> {
    let mut tx = store.begin().await.unwrap();
    sink().prepare(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "1").await.unwrap();
    let other = store.for_tenant(TenantId::new("globex"));
    fill(&other).await;
    other
}

async fn works<D: Database>(store: &SqlStore<D>) {
    fill(store).await;
    assert_eq!(store.counts(&"acme".into()).await.unwrap().records("deals"), 2 * u64::from(ERASED));
}

async fn in_sqlite(kills: u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kills.db");
    let place = path.to_str().unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let other = prepare(&store).await;
    let mut reported = None;
    for round in 0..kills {
        reported = run_and_kill("commit", place, round).or(reported);
        check_commits(&store, reported).await;
    }
    for round in 0..kills {
        run_and_kill("erase", place, round);
        if round == 0 {
            // What the commits left was erased first of all, or is whole.
            store.erase(&"acme".into()).await.unwrap();
        }
        check_erasures(&store, &other).await;
    }
    for round in 0..kills {
        let fresh = folder.path().join(format!("{round}.db"));
        run_and_kill("migrate", fresh.to_str().unwrap(), round);
        let store = SqliteStore::open(&fresh).await.unwrap();
        works(&store).await;
        store.close().await;
        std::fs::remove_file(&fresh).unwrap();
    }
}

#[cfg(unix)]
mod postgres {
    use tieline_store_sql::postgres::PostgresStore;
    use tieline_store_sql::testing::{Role, TestDatabase};

    use super::*;
    use crate::postgres::world::{World, empty_database};

    fn place(database: &TestDatabase, role: Role) -> String {
        database.url(role) + "&application_name=killed"
    }

    /// The server may still be committing what it had got when the process died.
    async fn wait_until_forgotten(database: &TestDatabase) {
        let pool = database.pool(Role::Superuser, 1);
        let left = "SELECT count(*) FROM pg_stat_activity
                    WHERE application_name = 'killed' AND datname = current_database()";
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        pool.close().await;
    }

    pub(super) async fn kill(kills: u64) {
        let world = World::new().await;
        let store = world.store().await;
        let other = prepare(&store).await;
        let place_of_app = place(&world.database, Role::App);
        let mut reported = None;
        for round in 0..kills {
            reported = run_and_kill("commit", &place_of_app, round).or(reported);
            wait_until_forgotten(&world.database).await;
            check_commits(&store, reported).await;
        }
        for round in 0..kills {
            run_and_kill("erase", &place_of_app, round);
            wait_until_forgotten(&world.database).await;
            if round == 0 {
                store.erase(&"acme".into()).await.unwrap();
            }
            check_erasures(&store, &other).await;
        }
        for round in 0..kills {
            let fresh = empty_database().await;
            run_and_kill("migrate", &place(&fresh, Role::Owner), round);
            wait_until_forgotten(&fresh).await;
            let store = PostgresStore::connect(&fresh.url(Role::Owner)).await.unwrap();
            works(&store).await;
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_killed_process_leaves_sqlite_whole() {
    in_sqlite(FEW).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_killed_process_leaves_postgres_whole() {
    postgres::kill(FEW).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn five_hundred_kills_leave_sqlite_whole() {
    in_sqlite(MANY).await;
}

#[cfg(unix)]
#[tokio::test]
#[ignore = "takes minutes"]
async fn five_hundred_kills_leave_postgres_whole() {
    postgres::kill(MANY).await;
}
