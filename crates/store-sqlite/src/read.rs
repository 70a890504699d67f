//! Questions. Each is answered for one connection of one tenant.

use std::collections::{BTreeMap, HashMap};

use sqlx::SqlitePool;
use tieline_core::{EntityName, Error, Key, RawJson, Record, RecordLookup, State, Text};
use tieline_store::{
    Counts, EntityCount, Moment, Passes, Position, Row, StreamId, TargetCount, TargetName, TenantId, Token,
};

use crate::fault::Fault;
use crate::lists;
use crate::scope::Scope;

pub(crate) async fn position(
    pool: &SqlitePool,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<Position, Fault> {
    type Stored = (i64, i64, Option<String>, i64, Option<i64>, Option<i64>);
    let stored: Option<Stored> = sqlx::query_as(
        "SELECT s.id, s.revision, s.state, s.generation, s.full_since, s.keys_since
         FROM tieline_streams s JOIN tieline_connection_numbers c ON c.id = s.connection_id
         WHERE c.tenant = ? AND c.connection = ? AND s.entity = ? AND s.partition IS ?",
    )
    .bind(tenant.as_str())
    .bind(stream.connection.as_str())
    .bind(stream.entity.as_str())
    .bind(stream.partition.as_ref().map(|partition| partition.as_str()))
    .fetch_optional(pool)
    .await?;
    let Some((id, revision, state, generation, full_since, keys_since)) = stored else {
        return Ok(Position::default());
    };
    let state = state.as_deref().map(State::from_text).transpose();
    let state = state.map_err(|error: Error| error.with_context("stream", stream))?;
    let passes = Passes::new(
        generation.cast_unsigned(),
        full_since.map(i64::cast_unsigned),
        keys_since.map(i64::cast_unsigned),
    );
    Ok(Position::new(state, passes, Token::new(id.cast_unsigned(), revision.cast_unsigned())))
}

pub(crate) async fn moment(pool: &SqlitePool, scope: Scope<'_>) -> Result<Moment, Fault> {
    let stored: Option<(i64, i64)> = sqlx::query_as(
        "SELECT id, sequence FROM tieline_connection_numbers WHERE tenant = ? AND connection = ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .fetch_optional(pool)
    .await?;
    Ok(stored
        .map(|(id, sequence)| Moment::new(id.cast_unsigned(), sequence.cast_unsigned()))
        .unwrap_or_default())
}

/// A record as it is selected: key, payload, changed_at, version.
type StoredRecord = (String, String, Option<String>, Option<String>);

fn record((key, payload, changed_at, version): StoredRecord) -> Record {
    let mut record = Record::new(key, RawJson::from_checked(&payload));
    record.changed_at = changed_at.map(Text::from);
    record.version = version.map(Text::from);
    record
}

async fn stored_records(
    pool: &SqlitePool,
    scope: Scope<'_>,
    entity: &EntityName,
    keys: &[Key],
) -> Result<Vec<StoredRecord>, Fault> {
    Ok(sqlx::query_as(
        "SELECT r.key, p.payload, r.changed_at, r.version
         FROM tieline_connection_numbers c
         JOIN tieline_entities e ON e.connection_id = c.id
         JOIN tieline_records r ON r.entity_id = e.id
         JOIN tieline_payloads p ON p.record_id = r.id
         WHERE c.tenant = ? AND c.connection = ? AND e.name = ? AND r.key IN (SELECT value FROM json_each(?))",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(entity.as_str())
    .bind(lists::keys(keys))
    .fetch_all(pool)
    .await?)
}

pub(crate) async fn resolve(
    pool: &SqlitePool,
    scope: Scope<'_>,
    needs: &[RecordLookup],
) -> Result<HashMap<RecordLookup, RawJson>, Fault> {
    let mut wanted: BTreeMap<&EntityName, BTreeMap<&str, Vec<&RecordLookup>>> = BTreeMap::new();
    for need in needs {
        wanted.entry(&need.entity).or_default().entry(need.key.as_str()).or_default().push(need);
    }
    let mut found = HashMap::new();
    for (entity, wanted) in wanted {
        let keys: Vec<Key> = wanted.keys().map(Key::new).collect();
        for chunk in keys.chunks(lists::KEYS) {
            for (key, payload, ..) in stored_records(pool, scope, entity, chunk).await? {
                for need in wanted.get(key.as_str()).into_iter().flatten() {
                    if let Some(value) = tieline_core::json::at(&payload, need.field.as_str())? {
                        found.insert((*need).clone(), RawJson::from_raw(value));
                    }
                }
            }
        }
    }
    Ok(found)
}

pub(crate) async fn load(
    pool: &SqlitePool,
    scope: Scope<'_>,
    entity: &EntityName,
    keys: &[Key],
) -> Result<Vec<Record>, Fault> {
    let mut loaded = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(lists::KEYS) {
        let found: HashMap<Key, Record> = stored_records(pool, scope, entity, chunk)
            .await?
            .into_iter()
            .map(|stored| (Key::from(stored.0.as_str()), record(stored)))
            .collect();
        for key in chunk {
            // A key that is asked for twice is answered twice.
            if let Some(record) = found.get(key) {
                loaded.push(record.clone());
            }
        }
    }
    Ok(loaded)
}

pub(crate) async fn stale(
    pool: &SqlitePool,
    scope: Scope<'_>,
    target: &TargetName,
    limit: u32,
) -> Result<Vec<Key>, Fault> {
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT s.key FROM tieline_stale s
         WHERE s.target_id = (
             SELECT t.id FROM tieline_targets t JOIN tieline_connection_numbers c ON c.id = t.connection_id
             WHERE c.tenant = ? AND c.connection = ? AND t.name = ?
         )
         ORDER BY s.key LIMIT ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(target.as_str())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(keys.into_iter().map(Key::from).collect())
}

pub(crate) async fn rows_of(
    pool: &SqlitePool,
    scope: Scope<'_>,
    target: &TargetName,
    keys: &[Key],
) -> Result<Vec<Row>, Fault> {
    let mut found = Vec::new();
    for chunk in keys.chunks(lists::KEYS) {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT r.key, r.fields FROM tieline_rows r
             WHERE r.target_id = (
                 SELECT t.id FROM tieline_targets t JOIN tieline_connection_numbers c ON c.id = t.connection_id
                 WHERE c.tenant = ?1 AND c.connection = ?2 AND t.name = ?3
             ) AND r.key IN (SELECT value FROM json_each(?4))",
        )
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(target.as_str())
        .bind(lists::keys(chunk))
        .fetch_all(pool)
        .await?;
        found.extend(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))));
    }
    Ok(found)
}

pub(crate) async fn rows(
    pool: &SqlitePool,
    scope: Scope<'_>,
    target: &TargetName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Row>, Fault> {
    // An empty key is a key too, so the first page begins at it.
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT r.key, r.fields FROM tieline_rows r
         WHERE r.target_id = (
             SELECT t.id FROM tieline_targets t JOIN tieline_connection_numbers c ON c.id = t.connection_id
             WHERE c.tenant = ?1 AND c.connection = ?2 AND t.name = ?3
         ) AND r.key >= ?4 AND r.key IS NOT ?5
         ORDER BY r.key LIMIT ?6",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(target.as_str())
    .bind(after.map_or("", Key::as_str))
    .bind(after.map(Key::as_str))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))).collect())
}

pub(crate) async fn records(
    pool: &SqlitePool,
    scope: Scope<'_>,
    entity: &EntityName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Record>, Fault> {
    let stored: Vec<StoredRecord> = sqlx::query_as(
        "SELECT r.key, p.payload, r.changed_at, r.version
         FROM tieline_records r JOIN tieline_payloads p ON p.record_id = r.id
         WHERE r.entity_id = (
             SELECT e.id FROM tieline_entities e JOIN tieline_connection_numbers c ON c.id = e.connection_id
             WHERE c.tenant = ?1 AND c.connection = ?2 AND e.name = ?3
         ) AND r.key >= ?4 AND r.key IS NOT ?5
         ORDER BY r.key LIMIT ?6",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(entity.as_str())
    .bind(after.map_or("", Key::as_str))
    .bind(after.map(Key::as_str))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(stored.into_iter().map(record).collect())
}

pub(crate) async fn counts(pool: &SqlitePool, scope: Scope<'_>) -> Result<Counts, Fault> {
    let entities: Vec<(String, i64)> = sqlx::query_as(
        "SELECT e.name, (SELECT count(*) FROM tieline_records r WHERE r.entity_id = e.id) AS records
         FROM tieline_entities e JOIN tieline_connection_numbers c ON c.id = e.connection_id
         WHERE c.tenant = ? AND c.connection = ? AND records > 0 ORDER BY e.name",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .fetch_all(pool)
    .await?;
    let targets: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT t.name,
             (SELECT count(*) FROM tieline_rows r WHERE r.target_id = t.id),
             (SELECT count(*) FROM tieline_stale s WHERE s.target_id = t.id)
         FROM tieline_targets t JOIN tieline_connection_numbers c ON c.id = t.connection_id
         WHERE c.tenant = ? AND c.connection = ? ORDER BY t.name",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .fetch_all(pool)
    .await?;
    Ok(Counts::new(
        entities
            .into_iter()
            .map(|(entity, records)| EntityCount::new(entity.into(), records.cast_unsigned()))
            .collect(),
        targets
            .into_iter()
            .map(|(target, rows, stale)| {
                TargetCount::new(target.into(), rows.cast_unsigned(), stale.cast_unsigned())
            })
            .collect(),
    ))
}
