//! Files of older versions.

use chrono::DateTime;
use sqlx::sqlite::SqliteConnectOptions;
use tieline_core::{Batch, State};
use tieline_store::outbox::{OutboxStore, Stage};
use tieline_store::{Commit, ConnectionStore, StreamId, SyncStore, TenantId};
use tieline_store_sqlite::SqliteStore;

use crate::outbox::{claim, creates, pool};

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
    assert_eq!(versions, [1, 2, 3, 4]);
}

/// What the second one added.
const SECOND: &str = r#"
    INSERT INTO tieline_schema (version) VALUES (2);
    INSERT INTO tieline_outbox (connection_id, operation, entity, op, stage, open, due, revision, attempts,
                                enqueued_at, changed_at)
        VALUES (3, 'order-1', 'deals', '{"delete":{"key":"42"}}', 'pending', 1, 0, 0, 0, 0, 0);
    -- A connection that was erased.
    UPDATE sqlite_sequence SET seq = 7 WHERE name = 'tieline_connections';
"#;

#[tokio::test]
async fn a_file_of_the_second_version_is_the_main_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let old = pool(SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await;
    for script in
        [include_str!("../../src/schema/1.sql"), FIRST, include_str!("../../src/schema/2.sql"), SECOND]
    {
        sqlx::raw_sql(script).execute(&old).await.unwrap();
    }
    old.close().await;

    let store = SqliteStore::open(&path).await.unwrap();
    let (acme, stream) = ("acme".into(), StreamId::new("acme", "deals"));
    assert_eq!(store.tenant(), &TenantId::default());
    let before = store.moment(&acme).await.unwrap();
    let position = store.position(&stream).await.unwrap();
    let batch = || Batch::new("deals", Vec::new(), State::new(1, "later").unwrap());
    store.commit(Commit::batch(stream.clone(), batch()).expecting(position.token)).await.unwrap();
    assert_ne!(store.moment(&acme).await.unwrap(), before);
    assert_eq!(store.counts(&acme).await.unwrap().records("deals"), 1);
    let waiting = store.entries(&acme, Some(Stage::Pending), None, 9).await.unwrap();
    assert_eq!(waiting[0].operation.id.as_str(), "order-1");
    assert_eq!(store.claim(&acme, &claim(9)).await.unwrap().len(), 1);
    assert_eq!(store.connection(&acme).await.unwrap(), None, "what sync knows is no connection of the host");

    let other = store.for_tenant(TenantId::new("globex"));
    assert!(other.entries(&acme, None, None, 9).await.unwrap().is_empty());
    assert!(other.position(&stream).await.unwrap().state.is_none());
    other.commit(Commit::batch(stream.clone(), batch())).await.unwrap();
    store.close().await;
    let new = pool(SqliteConnectOptions::new().filename(&path)).await;
    let numbers: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, tenant FROM tieline_connection_numbers ORDER BY id")
            .fetch_all(&new)
            .await
            .unwrap();
    assert_eq!(numbers.iter().map(|(_, tenant)| tenant.as_str()).collect::<Vec<_>>(), ["main", "globex"]);
    assert!(numbers[0].0 == 3 && numbers[1].0 > 7, "no number is given twice: {numbers:?}");
}

#[tokio::test]
async fn numbers_go_on_where_everything_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let old = pool(SqliteConnectOptions::new().filename(&path).create_if_missing(true)).await;
    sqlx::raw_sql(include_str!("../../src/schema/1.sql")).execute(&old).await.unwrap();
    sqlx::raw_sql(FIRST).execute(&old).await.unwrap();
    sqlx::raw_sql("DELETE FROM tieline_connections").execute(&old).await.unwrap();
    old.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    store.enqueue(&"acme".into(), &"deals".into(), &creates(0..1), DateTime::UNIX_EPOCH).await.unwrap();
    store.close().await;
    let new = pool(SqliteConnectOptions::new().filename(&path)).await;
    let number: i64 =
        sqlx::query_scalar("SELECT id FROM tieline_connection_numbers").fetch_one(&new).await.unwrap();
    assert_eq!(number, 4);
}
