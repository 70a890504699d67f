//! The outbox as only a database can have it: beside older tables, and shared by processes.

use std::collections::HashSet;

use chrono::DateTime;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tieline_core::{ErrorKind, Operation, RawJson, State, WriteOp};
use tieline_store::outbox::{Claim, OutboxStore, Stage, Status};
use tieline_store::{StreamId, SyncStore};
use tieline_store_sqlite::SqliteStore;

fn creates(ids: std::ops::Range<u32>) -> Vec<Operation> {
    let fields = RawJson::parse("{}").unwrap();
    ids.map(|id| Operation::new(id.to_string(), WriteOp::Create { fields: fields.clone(), marker: None }))
        .collect()
}

fn claim(limit: u32) -> Claim {
    let now = DateTime::UNIX_EPOCH;
    Claim::new(now, now + chrono::TimeDelta::seconds(60), limit)
}

async fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

/// What the first version of the crate left behind.
const FIRST: &str = r#"
    CREATE TABLE tieline_schema (version INTEGER PRIMARY KEY) STRICT;
    INSERT INTO tieline_schema (version) VALUES (1);
    INSERT INTO tieline_connections (id, name, sequence) VALUES (3, 'acme', 5);
    INSERT INTO tieline_entities (id, connection_id, name) VALUES (4, 3, 'deals');
    INSERT INTO tieline_streams (id, connection_id, entity, state, revision, generation)
        VALUES (6, 3, 'deals', '{"v":1,"body":"2026-01-10"}', 5, 1);
    INSERT INTO tieline_records (id, entity_id, key, stream_id, generation, changed_in, hash)
        VALUES (7, 4, '42', 6, 1, 5, x'00');
    INSERT INTO tieline_payloads (record_id, payload) VALUES (7, '{"value":1250.10}');
    INSERT INTO tieline_targets (id, connection_id, name, entity_id, fingerprint) VALUES (8, 3, 'crm', 4, 'f');
    INSERT INTO tieline_rows (target_id, key, hash, fields) VALUES (8, '42', x'00', '{"amount":"1250.10"}');
"#;

#[tokio::test]
async fn a_file_of_the_first_version_keeps_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let old = pool(SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await;
    sqlx::raw_sql(include_str!("../../src/schema/1.sql")).execute(&old).await.unwrap();
    sqlx::raw_sql(FIRST).execute(&old).await.unwrap();
    old.close().await;

    for opening in 0..2 {
        let store = SqliteStore::open(&path).await.unwrap();
        let (connection, stream) = ("acme".into(), StreamId::new("acme", "deals"));
        assert_eq!(store.position(&stream).await.unwrap().state, Some(State::new(1, "2026-01-10").unwrap()));
        let records = store.records(&connection, &"deals".into(), None, 9).await.unwrap();
        assert_eq!(records[0].payload.get(), r#"{"value":1250.10}"#);
        let rows = store.rows(&connection, &"crm".into(), None, 9).await.unwrap();
        assert_eq!(rows[0].fields.get(), r#"{"amount":"1250.10"}"#);
        let new = store.enqueue(&connection, &"deals".into(), &creates(0..1), DateTime::UNIX_EPOCH).await;
        assert_eq!(new.unwrap(), u64::from(opening == 0), "the outbox keeps what the first opening stored");
        store.close().await;
    }
    let new = pool(SqliteConnectOptions::new().filename(&path)).await;
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM tieline_schema ORDER BY version")
        .fetch_all(&new)
        .await
        .unwrap();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_never_claim_the_same() {
    const OPERATIONS: u32 = 300;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let (here, there) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let (here, there) = (here.unwrap(), there.unwrap());
    here.enqueue(&"acme".into(), &"deals".into(), &creates(0..OPERATIONS), DateTime::UNIX_EPOCH)
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for worker in 0..4 {
        let store = if worker % 2 == 0 { here.clone() } else { there.clone() };
        tasks.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let claimed = store.claim(&"acme".into(), &claim(7)).await.unwrap();
                if claimed.is_empty() {
                    return taken;
                }
                taken.extend(claimed.into_iter().map(|entry| entry.number));
            }
        }));
    }
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    assert_eq!(taken.len(), OPERATIONS as usize);
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), taken.len());
}

#[tokio::test]
async fn a_claim_waits_for_the_disk_and_other_writes_do_not() {
    let options = SqliteConnectOptions::new().in_memory(true);
    for (level, word) in [(0, "OFF"), (1, "NORMAL"), (3, "EXTRA")] {
        let pool = pool(options.clone().pragma("synchronous", word)).await;
        let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
        // The level of a statement shows where it is run: a trigger keeps it.
        sqlx::raw_sql(
            "CREATE TEMP TABLE seen (stage TEXT, level INTEGER);
             CREATE TEMP TRIGGER keep AFTER UPDATE ON main.tieline_outbox BEGIN
                 INSERT INTO seen SELECT new.stage, synchronous FROM pragma_synchronous;
             END;",
        )
        .execute(&pool)
        .await
        .unwrap();
        store.enqueue(&"acme".into(), &"deals".into(), &creates(0..1), DateTime::UNIX_EPOCH).await.unwrap();
        let claimed = store.claim(&"acme".into(), &claim(9)).await.unwrap();
        let done = Status::Applied { key: None };
        store.advance(&"acme".into(), claimed[0].mark(), done, None, DateTime::UNIX_EPOCH).await.unwrap();
        let seen: Vec<(String, i64)> = sqlx::query_as("SELECT * FROM seen").fetch_all(&pool).await.unwrap();
        let raised = 2.max(level);
        assert_eq!(seen, [("sending".to_owned(), raised), ("applied".to_owned(), level)]);
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_is_an_error_and_not_a_guess() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true)).await;
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    store.enqueue(&"acme".into(), &"deals".into(), &creates(0..1), DateTime::UNIX_EPOCH).await.unwrap();
    sqlx::query("UPDATE tieline_outbox SET stage = 'later'").execute(&pool).await.unwrap();
    let status = store.entry(&"acme".into(), &"0".into()).await.unwrap_err();
    assert!(store.claim(&"acme".into(), &claim(9)).await.unwrap().is_empty());
    sqlx::query("UPDATE tieline_outbox SET stage = 'pending', op = '{\"undo\":{}}'")
        .execute(&pool)
        .await
        .unwrap();
    let operation = store.claim(&"acme".into(), &claim(9)).await.unwrap_err();
    assert_eq!((status.kind(), operation.kind()), (ErrorKind::Internal, ErrorKind::Internal));
    insta::assert_snapshot!(format!("{status}\n{operation}"), @r"
    the status of a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=0, status=later)
    a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=0)
    ");
    assert!(store.entries(&"acme".into(), Some(Stage::Sending), None, 9).await.unwrap().is_empty());
}
