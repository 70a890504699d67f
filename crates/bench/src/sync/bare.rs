//! The same bytes into the same tables, policies and indexes, in equal transactions, as somebody writes it by hand.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, QueryBuilder, Sqlite};
use tieline_store::plan::content_hash;
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_store_sql::testing::{Role, TestDatabase};

use super::{Deal, PER_COMMIT, fresh, ours};
use crate::Result;
use crate::harness::Stopwatch;

const ROWS: usize = 50;

pub(super) async fn sqlite(path: &Path, deals: &[Deal]) -> Result<f64> {
    fresh(path)?;
    let store = SqliteStore::open(path).await?;
    ours::prepare(&store).await?;
    store.close().await;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", "-16384");
    let mut connection = options.connect().await?;
    let watch = Stopwatch::start();
    for (n, chunk) in deals.chunks(PER_COMMIT).enumerate() {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        for rows in chunk.chunks(ROWS) {
            let mut records = QueryBuilder::<Sqlite>::new(
                "INSERT INTO tieline_records (tenant, entity_id, stream_id, generation, key, changed_in, hash) ",
            );
            records.push_values(rows, |mut row, deal| {
                row.push_bind("main").push_bind(1_i64).push_bind(1_i64).push_bind(1_i64);
                row.push_bind(&deal.key)
                    .push_bind(n as i64)
                    .push_bind(content_hash(deal.payload.get()).to_vec());
            });
            records.push(" ON CONFLICT (entity_id, key) DO UPDATE SET changed_in = excluded.changed_in, hash = excluded.hash");
            records.build().execute(&mut *transaction).await?;
            let mut payloads = QueryBuilder::<Sqlite>::new(
                "INSERT INTO tieline_payloads (tenant, entity_id, key, payload) ",
            );
            payloads.push_values(rows, |mut row, deal| {
                row.push_bind("main").push_bind(1_i64).push_bind(&deal.key).push_bind(deal.payload.get());
            });
            payloads.push(" ON CONFLICT (entity_id, key) DO UPDATE SET payload = excluded.payload");
            payloads.build().execute(&mut *transaction).await?;
            let mut mapped = QueryBuilder::<Sqlite>::new(
                "INSERT INTO tieline_rows (tenant, target_id, changed_in, key, hash, fields) ",
            );
            mapped.push_values(rows, |mut row, deal| {
                row.push_bind("main").push_bind(1_i64).push_bind(n as i64).push_bind(&deal.key);
                row.push_bind(content_hash(deal.fields.get()).to_vec()).push_bind(deal.fields.get());
            });
            mapped.push(" ON CONFLICT (target_id, key) DO UPDATE SET hash = excluded.hash, fields = excluded.fields, changed_in = excluded.changed_in");
            mapped.build().execute(&mut *transaction).await?;
            let mut host = QueryBuilder::<Sqlite>::new("INSERT INTO host_deals (crm_id, title, value) ");
            host.push_values(rows, |mut row, deal| {
                row.push_bind(&deal.key).push_bind(&deal.title).push_bind(&deal.value);
            });
            host.push(" ON CONFLICT (crm_id) DO UPDATE SET title = excluded.title, value = excluded.value");
            host.build().execute(&mut *transaction).await?;
        }
        sqlx::query(
            "INSERT INTO tieline_streams (tenant, synced_id, entity, partition, state, revision, generation)
             VALUES ('main', 1, 'deals', '', $1, 1, 1)
             ON CONFLICT (synced_id, entity, partition) DO UPDATE SET state = excluded.state, revision = revision + 1",
        )
        .bind(n.to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
    }
    let seconds = watch.cpu();
    connection.close().await?;
    Ok(seconds)
}

pub(super) async fn postgres(database: &TestDatabase, deals: &[Deal]) -> Result<f64> {
    let store = PostgresStore::connect(&database.url(Role::Owner)).await?;
    ours::prepare(&store).await?;
    store.close().await;
    let mut connection = PgConnection::connect(&database.url(Role::Owner)).await?;
    let watch = Stopwatch::start();
    for (n, chunk) in deals.chunks(PER_COMMIT).enumerate() {
        let mut transaction = connection.begin().await?;
        sqlx::query("SELECT set_config('tieline.tenant', 'main', TRUE)").execute(&mut *transaction).await?;
        let keys: Vec<&str> = chunk.iter().map(|deal| deal.key.as_str()).collect();
        let hashes: Vec<[u8; 16]> = chunk.iter().map(|deal| content_hash(deal.payload.get())).collect();
        let payloads: Vec<&str> = chunk.iter().map(|deal| deal.payload.get()).collect();
        let row_hashes: Vec<[u8; 16]> = chunk.iter().map(|deal| content_hash(deal.fields.get())).collect();
        let fields: Vec<&str> = chunk.iter().map(|deal| deal.fields.get()).collect();
        let titles: Vec<&str> = chunk.iter().map(|deal| deal.title.as_str()).collect();
        let values: Vec<&str> = chunk.iter().map(|deal| deal.value.as_str()).collect();
        sqlx::query(
            "INSERT INTO tieline.records (tenant, entity_id, stream_id, generation, changed_in, key, hash)
             SELECT 'main', 1, 1, 1, $1, u.key, u.hash FROM unnest($2::text[], $3::bytea[]) AS u (key, hash)
             ON CONFLICT (entity_id, key) DO UPDATE SET changed_in = excluded.changed_in, hash = excluded.hash",
        )
        .bind(n as i64)
        .bind(&keys)
        .bind(&hashes)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO tieline.payloads (tenant, entity_id, key, payload)
             SELECT 'main', 1, u.key, u.payload FROM unnest($1::text[], $2::text[]) AS u (key, payload)
             ON CONFLICT (entity_id, key) DO UPDATE SET payload = excluded.payload",
        )
        .bind(&keys)
        .bind(payloads)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO tieline.rows (tenant, target_id, changed_in, key, hash, fields)
             SELECT 'main', 1, $1, u.key, u.hash, u.fields
             FROM unnest($2::text[], $3::bytea[], $4::text[]) AS u (key, hash, fields)
             ON CONFLICT (target_id, key) DO UPDATE SET hash = excluded.hash, fields = excluded.fields,
                 changed_in = excluded.changed_in",
        )
        .bind(n as i64)
        .bind(&keys)
        .bind(row_hashes)
        .bind(fields)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO host_deals (crm_id, title, value)
             SELECT u.key, u.title, CAST(u.value AS numeric)
             FROM unnest($1::text[], $2::text[], $3::text[]) AS u (key, title, value)
             ON CONFLICT (crm_id) DO UPDATE SET title = excluded.title, value = excluded.value",
        )
        .bind(&keys)
        .bind(titles)
        .bind(values)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO tieline.streams AS s (tenant, synced_id, entity, partition, state, revision, generation)
             VALUES ('main', 1, 'deals', '', $1, 1, 1)
             ON CONFLICT (synced_id, entity, partition) DO UPDATE SET state = excluded.state, revision = s.revision + 1",
        )
        .bind(n.to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
    }
    let seconds = watch.wall();
    connection.close().await?;
    Ok(seconds)
}
