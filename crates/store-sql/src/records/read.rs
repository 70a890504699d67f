//! What is read of the mirror, the rows and the streams. Each is about one connection.

use std::collections::{BTreeMap, HashMap};

use tieline_core::{
    EntityName, Error, Key, MappingContext, RawJson, Record, RecordLookup, Result, State, Text,
};
use tieline_store::plan::stored_fields;
use tieline_store::{
    ConnectionId, Counts, EntityCount, Passes, Position, ReadVersion, Row, StreamId, StreamRevision,
    TargetCount, TargetName,
};

use super::{KEYS, entity, partition_name};
use crate::sql::Sql;
use crate::tx::{Tx, all, args, first};

/// Returns where a stream stands.
///
/// # Errors
///
/// `StateInvalid` when its state cannot be read; otherwise as the database fails.
pub async fn position(tx: &mut dyn Tx, stream: &StreamId) -> Result<Position> {
    static FIND: Sql = Sql::new(
        "SELECT s.id, s.revision, s.state, s.generation, s.full_since, s.keys_since, s.fields
         FROM tieline.streams s JOIN tieline.synced c ON c.id = s.synced_id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased
             AND s.tenant = $1 AND s.entity = $3 AND s.partition = $4",
    );
    type Stored = (u64, u64, Option<String>, u64, Option<u64>, Option<u64>, Option<String>);
    let partition = partition_name(stream.partition.as_ref());
    let key = args![stream.connection.as_str(), stream.entity.as_str(), &partition];
    let stored: Option<Stored> = first(tx, &FIND, key).await?;
    let Some((id, revision, state, generation, full_since, keys_since, fields)) = stored else {
        return Ok(Position::default());
    };
    let state = state.as_deref().map(State::from_text).transpose();
    let state = state.map_err(|error: Error| error.with_context("stream", stream))?;
    let passes = Passes::new(generation, full_since, keys_since);
    let fields = stored_fields(fields.as_deref());
    Ok(Position::new(state, passes, StreamRevision::new(id, revision)).with_fields(fields))
}

/// Returns the version of a connection's records.
///
/// # Errors
///
/// As the database fails.
pub async fn read_version(tx: &mut dyn Tx, connection: &ConnectionId) -> Result<ReadVersion> {
    static FIND: Sql = Sql::new(
        "SELECT id, sequence FROM tieline.synced WHERE tenant = $1 AND connection = $2 AND NOT erased",
    );
    let stored: Option<(u64, u64)> = first(tx, &FIND, args![connection.as_str()]).await?;
    Ok(stored.map(|(id, sequence)| ReadVersion::new(id, sequence)).unwrap_or_default())
}

/// A record as it is selected: key, payload, changed_at, version.
type StoredRecord = (String, String, Option<String>, Option<String>);

fn record((key, payload, changed_at, version): StoredRecord) -> Record {
    let mut record = Record::new(key, RawJson::from_checked(&payload));
    record.changed_at = changed_at.map(Text::from);
    record.version = version.map(Text::from);
    record
}

/// PostgreSQL's text holds every character but this one. So nothing is stored under a name that holds it, and no
/// stored text lies between the part before it and the whole.
fn before_nul(text: &str) -> Option<&str> {
    text.split_once('\0').map(|(before, _)| before)
}

async fn stored_records(tx: &mut dyn Tx, entity_id: i64, keys: &[&str]) -> Result<Vec<StoredRecord>> {
    static LOAD: Sql = Sql::new(
        "SELECT r.key, p.payload, r.changed_at, r.version
         FROM tieline.records r
         JOIN tieline.payloads p ON p.tenant = $1 AND p.entity_id = r.entity_id AND p.key = r.key
         WHERE r.tenant = $1 AND {keys r.entity_id = $2, r.key in $3}",
    );
    let keys: Vec<&str> = keys.iter().copied().filter(|key| before_nul(key).is_none()).collect();
    all(tx, &LOAD, args![entity_id, &keys]).await
}

/// Returns the fields of mirrored records that a mapping wants; those found by another field than the key need its
/// index.
///
/// # Errors
///
/// As the database fails.
pub async fn resolve(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    needs: &[RecordLookup],
) -> Result<MappingContext> {
    let mut wanted: BTreeMap<&EntityName, Vec<&RecordLookup>> = BTreeMap::new();
    for need in needs {
        wanted.entry(&need.entity).or_default().push(need);
    }
    let mut found = MappingContext::default();
    for (name, needs) in wanted {
        let Some(entity_id) = entity(tx, connection, name).await? else { continue };
        let mut by_key: BTreeMap<String, Vec<&RecordLookup>> = BTreeMap::new();
        let mut by_field: BTreeMap<&str, BTreeMap<&str, Vec<&RecordLookup>>> = BTreeMap::new();
        for need in needs {
            match &need.by {
                None => by_key.entry(need.key.as_str().to_owned()).or_default().push(need),
                Some(by) => {
                    by_field.entry(by.as_str()).or_default().entry(need.key.as_str()).or_default().push(need);
                }
            }
        }
        for (field, values) in by_field {
            for (value, key, count) in matches(tx, entity_id, field, values.keys().copied()).await? {
                let needs = values.get(value.as_str()).into_iter().flatten().copied();
                if count == 1 {
                    by_key.entry(key).or_default().extend(needs);
                } else {
                    // Which of them is meant is not known.
                    found.ambiguous.extend(needs.cloned());
                }
            }
        }
        let keys: Vec<&str> = by_key.keys().map(String::as_str).collect();
        for chunk in keys.chunks(KEYS) {
            for (key, payload, ..) in stored_records(tx, entity_id, chunk).await? {
                for need in by_key.get(key.as_str()).into_iter().flatten() {
                    let value = tieline_core::json::at(&payload, need.field.as_str())?;
                    let value = match (value, &need.by) {
                        (Some(value), _) => RawJson::from_raw(value),
                        (None, Some(_)) => RawJson::from_checked("null"),
                        (None, None) => continue,
                    };
                    found.resolved.insert((*need).clone(), value);
                }
            }
        }
    }
    Ok(found)
}

/// The values that records have in a field, each with the first of their keys and their number.
async fn matches<'v>(
    tx: &mut dyn Tx,
    entity_id: i64,
    field: &str,
    values: impl Iterator<Item = &'v str>,
) -> Result<Vec<(String, String, i64)>> {
    static MATCHES: Sql = Sql::new(
        "SELECT value, min(key), count(*) FROM tieline.index_entries
         WHERE tenant = $1 AND {keys entity_id = $2, field = $3, value in $4} GROUP BY value",
    );
    let values: Vec<&str> = values.filter(|value| before_nul(value).is_none()).collect();
    let mut matches = Vec::new();
    for chunk in values.chunks(KEYS) {
        matches.extend(all::<(String, String, i64)>(tx, &MATCHES, args![entity_id, field, chunk]).await?);
    }
    Ok(matches)
}

/// Returns mirrored records by their keys, in the order asked, without those that are not there.
///
/// # Errors
///
/// As the database fails.
pub async fn load(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &EntityName,
    keys: &[Key],
) -> Result<Vec<Record>> {
    let Some(entity_id) = entity(tx, connection, name).await? else { return Ok(Vec::new()) };
    let mut loaded = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(KEYS) {
        let texts: Vec<&str> = chunk.iter().map(Key::as_str).collect();
        let found: HashMap<Key, Record> = stored_records(tx, entity_id, &texts)
            .await?
            .into_iter()
            .map(|stored| (Key::from(stored.0.as_str()), record(stored)))
            .collect();
        // A key that is asked for twice is returned twice.
        loaded.extend(chunk.iter().filter_map(|key| found.get(key)).cloned());
    }
    Ok(loaded)
}

pub(super) async fn target(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
) -> Result<Option<i64>> {
    static FIND: Sql = Sql::new(
        "SELECT t.id FROM tieline.targets t JOIN tieline.synced c ON c.id = t.synced_id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND t.tenant = $1 AND t.name = $3",
    );
    Ok(first::<(i64,)>(tx, &FIND, args![connection.as_str(), name.as_str()]).await?.map(|(id,)| id))
}

/// Returns keys whose row must be mapped again, by key.
///
/// # Errors
///
/// As the database fails.
pub async fn stale(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Key>> {
    static PAGE: Sql = Sql::new(
        "SELECT key FROM tieline.stale
         WHERE tenant = $1 AND target_id = $2 AND key >= $3 AND (CAST($4 AS TEXT) IS NULL OR key <> $4)
         ORDER BY key LIMIT $5",
    );
    let Some(target) = target(tx, connection, name).await? else { return Ok(Vec::new()) };
    let (from, without) = page(after);
    let keys: Vec<(String,)> = all(tx, &PAGE, args![target, from, without, limit]).await?;
    Ok(keys.into_iter().map(|(key,)| Key::from(key)).collect())
}

/// Where a page begins: from this key on, without this one. An empty key is a key too, so the first page begins at it.
fn page(after: Option<&Key>) -> (&str, Option<&str>) {
    let after = after.map(|key| before_nul(key.as_str()).unwrap_or(key.as_str()));
    (after.unwrap_or(""), after)
}

/// Returns mapped rows by their keys, in no order, without those that are not there.
///
/// # Errors
///
/// As the database fails.
pub async fn rows_of(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
    keys: &[Key],
) -> Result<Vec<Row>> {
    static LOAD: Sql = Sql::new(
        "SELECT key, fields FROM tieline.rows
         WHERE tenant = $1 AND {keys target_id = $2, key in $3} AND fields IS NOT NULL",
    );
    let Some(target) = target(tx, connection, name).await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for chunk in keys.chunks(KEYS) {
        let keys: Vec<&str> = chunk.iter().map(Key::as_str).filter(|key| before_nul(key).is_none()).collect();
        let rows: Vec<(String, String)> = all(tx, &LOAD, args![target, &keys]).await?;
        found.extend(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))));
    }
    Ok(found)
}

/// Returns mapped rows by key, after a key.
///
/// # Errors
///
/// As the database fails.
pub async fn rows(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Row>> {
    static PAGE: Sql = Sql::new(
        "SELECT key, fields FROM tieline.rows
         WHERE tenant = $1 AND target_id = $2 AND fields IS NOT NULL AND key >= $3
             AND (CAST($4 AS TEXT) IS NULL OR key <> $4)
         ORDER BY key LIMIT $5",
    );
    let Some(target) = target(tx, connection, name).await? else { return Ok(Vec::new()) };
    let (from, without) = page(after);
    let rows: Vec<(String, String)> = all(tx, &PAGE, args![target, from, without, limit]).await?;
    Ok(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))).collect())
}

/// Returns mirrored records by key, after a key.
///
/// # Errors
///
/// As the database fails.
pub async fn records(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &EntityName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Record>> {
    static PAGE: Sql = Sql::new(
        "SELECT r.key, p.payload, r.changed_at, r.version
         FROM tieline.records r
         JOIN tieline.payloads p ON p.tenant = $1 AND p.entity_id = r.entity_id AND p.key = r.key
         WHERE r.tenant = $1 AND r.entity_id = $2 AND r.key >= $3 AND (CAST($4 AS TEXT) IS NULL OR r.key <> $4)
         ORDER BY r.key LIMIT $5",
    );
    let Some(entity_id) = entity(tx, connection, name).await? else { return Ok(Vec::new()) };
    let (from, without) = page(after);
    let stored: Vec<StoredRecord> = all(tx, &PAGE, args![entity_id, from, without, limit]).await?;
    Ok(stored.into_iter().map(record).collect())
}

/// Returns how much is stored of a connection.
///
/// # Errors
///
/// As the database fails.
pub async fn counts(tx: &mut dyn Tx, connection: &ConnectionId) -> Result<Counts> {
    static ENTITIES: Sql = Sql::new(
        "SELECT e.name, count(*)
         FROM tieline.synced c
         JOIN tieline.entities e ON e.tenant = $1 AND e.synced_id = c.id
         JOIN tieline.records r ON r.tenant = $1 AND r.entity_id = e.id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased
         GROUP BY e.name ORDER BY e.name",
    );
    static TARGETS: Sql = Sql::new(
        "SELECT t.name,
             (SELECT count(*) FROM tieline.rows r
              WHERE r.tenant = $1 AND r.target_id = t.id AND r.fields IS NOT NULL),
             (SELECT count(*) FROM tieline.stale s WHERE s.tenant = $1 AND s.target_id = t.id)
         FROM tieline.targets t JOIN tieline.synced c ON c.id = t.synced_id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND t.tenant = $1 ORDER BY t.name",
    );
    let entities: Vec<(String, u64)> = all(tx, &ENTITIES, args![connection.as_str()]).await?;
    let targets: Vec<(String, u64, u64)> = all(tx, &TARGETS, args![connection.as_str()]).await?;
    let entity = |(entity, records): (String, u64)| EntityCount::new(entity.into(), records);
    let target = |(target, rows, stale): (String, u64, u64)| TargetCount::new(target.into(), rows, stale);
    Ok(Counts::new(entities.into_iter().map(entity).collect(), targets.into_iter().map(target).collect()))
}
