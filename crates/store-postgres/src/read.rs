//! Questions. Each is answered for one connection, and sees one state of the database.

use std::collections::{BTreeMap, HashMap};

use tieline_core::{EntityName, Error, Key, RawJson, Record, RecordLookup, State, Text};
use tieline_store::{
    ConnectionId, Counts, EntityCount, Moment, Passes, Position, Row, StreamId, TargetCount, TargetName,
    Token,
};

use crate::fault::Fault;
use crate::lists::{self, before_nul};
use crate::turn::Turn;
use crate::write::partition;

pub(crate) async fn position(turn: &mut Turn, stream: &StreamId) -> Result<Position, Fault> {
    type Stored = (i64, i64, Option<String>, i64, Option<i64>, Option<i64>);
    let stored: Option<Stored> = turn
        .rows(
            "SELECT s.id, s.revision, s.state, s.generation, s.full_since, s.keys_since
             FROM tieline_streams s JOIN tieline_synced c ON c.id = s.synced_id
             WHERE c.tenant = $1 AND c.connection = $2 AND s.tenant = $1 AND s.entity = $3 AND s.partition = $4",
        )
        .bind(stream.connection.as_str())
        .bind(stream.entity.as_str())
        .bind(partition(stream))
        .fetch_optional(turn.on())
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

pub(crate) async fn moment(turn: &mut Turn, connection: &ConnectionId) -> Result<Moment, Fault> {
    let stored: Option<(i64, i64)> = turn
        .rows("SELECT id, sequence FROM tieline_synced WHERE tenant = $1 AND connection = $2")
        .bind(connection.as_str())
        .fetch_optional(turn.on())
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
    turn: &mut Turn,
    connection: &ConnectionId,
    entity: &EntityName,
    keys: &[Key],
) -> Result<Vec<StoredRecord>, Fault> {
    let keys: Vec<&str> = lists::keys(keys).into_iter().filter(|key| before_nul(key).is_none()).collect();
    Ok(turn
        .rows(
            "SELECT r.key, p.payload, r.changed_at, r.version
             FROM tieline_synced c
             JOIN tieline_entities e ON e.synced_id = c.id
             JOIN tieline_records r ON r.entity_id = e.id
             JOIN tieline_payloads p ON p.record_id = r.id
             WHERE c.tenant = $1 AND c.connection = $2 AND e.tenant = $1 AND e.name = $3
                 AND r.tenant = $1 AND r.key = ANY ($4) AND p.tenant = $1",
        )
        .bind(connection.as_str())
        .bind(entity.as_str())
        .bind(keys)
        .fetch_all(turn.on())
        .await?)
}

pub(crate) async fn resolve(
    turn: &mut Turn,
    connection: &ConnectionId,
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
            for (key, payload, ..) in stored_records(turn, connection, entity, chunk).await? {
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
    turn: &mut Turn,
    connection: &ConnectionId,
    entity: &EntityName,
    keys: &[Key],
) -> Result<Vec<Record>, Fault> {
    let mut loaded = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(lists::KEYS) {
        let found: HashMap<Key, Record> = stored_records(turn, connection, entity, chunk)
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
    turn: &mut Turn,
    connection: &ConnectionId,
    target: &TargetName,
    limit: u32,
) -> Result<Vec<Key>, Fault> {
    let keys: Vec<String> = turn
        .values(
            "SELECT s.key FROM tieline_stale s
             WHERE s.tenant = $1 AND s.target_id = (
                 SELECT t.id FROM tieline_targets t JOIN tieline_synced c ON c.id = t.synced_id
                 WHERE c.tenant = $1 AND c.connection = $2 AND t.tenant = $1 AND t.name = $3
             )
             ORDER BY s.key LIMIT $4",
        )
        .bind(connection.as_str())
        .bind(target.as_str())
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    Ok(keys.into_iter().map(Key::from).collect())
}

/// Where a page begins: from this key on, without this one. An empty key is a key too, so the first page begins at it.
fn page(after: Option<&Key>) -> (&str, Option<&str>) {
    let after = after.map(|key| before_nul(key.as_str()).unwrap_or(key.as_str()));
    (after.unwrap_or(""), after)
}

pub(crate) async fn rows_of(
    turn: &mut Turn,
    connection: &ConnectionId,
    target: &TargetName,
    keys: &[Key],
) -> Result<Vec<Row>, Fault> {
    let mut found = Vec::new();
    for chunk in keys.chunks(lists::KEYS) {
        let keys: Vec<&str> =
            lists::keys(chunk).into_iter().filter(|key| before_nul(key).is_none()).collect();
        let rows: Vec<(String, String)> = turn
            .rows(
                "SELECT r.key, r.fields FROM tieline_rows r
                 WHERE r.tenant = $1 AND r.target_id = (
                     SELECT t.id FROM tieline_targets t JOIN tieline_synced c ON c.id = t.synced_id
                     WHERE c.tenant = $1 AND c.connection = $2 AND t.tenant = $1 AND t.name = $3
                 ) AND r.key = ANY ($4)",
            )
            .bind(connection.as_str())
            .bind(target.as_str())
            .bind(keys)
            .fetch_all(turn.on())
            .await?;
        found.extend(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))));
    }
    Ok(found)
}

pub(crate) async fn rows(
    turn: &mut Turn,
    connection: &ConnectionId,
    target: &TargetName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Row>, Fault> {
    let (from, without) = page(after);
    let rows: Vec<(String, String)> = turn
        .rows(
            "SELECT r.key, r.fields FROM tieline_rows r
             WHERE r.tenant = $1 AND r.target_id = (
                 SELECT t.id FROM tieline_targets t JOIN tieline_synced c ON c.id = t.synced_id
                 WHERE c.tenant = $1 AND c.connection = $2 AND t.tenant = $1 AND t.name = $3
             ) AND r.key >= $4 AND r.key IS DISTINCT FROM $5
             ORDER BY r.key LIMIT $6",
        )
        .bind(connection.as_str())
        .bind(target.as_str())
        .bind(from)
        .bind(without)
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    Ok(rows.into_iter().map(|(key, fields)| Row::new(key, RawJson::from_checked(&fields))).collect())
}

pub(crate) async fn records(
    turn: &mut Turn,
    connection: &ConnectionId,
    entity: &EntityName,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<Record>, Fault> {
    let (from, without) = page(after);
    let stored: Vec<StoredRecord> = turn
        .rows(
            "SELECT r.key, p.payload, r.changed_at, r.version
             FROM tieline_records r JOIN tieline_payloads p ON p.record_id = r.id
             WHERE r.tenant = $1 AND p.tenant = $1 AND r.entity_id = (
                 SELECT e.id FROM tieline_entities e JOIN tieline_synced c ON c.id = e.synced_id
                 WHERE c.tenant = $1 AND c.connection = $2 AND e.tenant = $1 AND e.name = $3
             ) AND r.key >= $4 AND r.key IS DISTINCT FROM $5
             ORDER BY r.key LIMIT $6",
        )
        .bind(connection.as_str())
        .bind(entity.as_str())
        .bind(from)
        .bind(without)
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    Ok(stored.into_iter().map(record).collect())
}

pub(crate) async fn counts(turn: &mut Turn, connection: &ConnectionId) -> Result<Counts, Fault> {
    let entities: Vec<(String, i64)> = turn
        .rows(
            "SELECT e.name, count(*)
             FROM tieline_synced c
             JOIN tieline_entities e ON e.synced_id = c.id
             JOIN tieline_records r ON r.entity_id = e.id
             WHERE c.tenant = $1 AND c.connection = $2 AND e.tenant = $1 AND r.tenant = $1
             GROUP BY e.name ORDER BY e.name",
        )
        .bind(connection.as_str())
        .fetch_all(turn.on())
        .await?;
    let targets: Vec<(String, i64, i64)> = turn
        .rows(
            "SELECT t.name,
                 (SELECT count(*) FROM tieline_rows r WHERE r.tenant = $1 AND r.target_id = t.id),
                 (SELECT count(*) FROM tieline_stale s WHERE s.tenant = $1 AND s.target_id = t.id)
             FROM tieline_targets t JOIN tieline_synced c ON c.id = t.synced_id
             WHERE c.tenant = $1 AND c.connection = $2 AND t.tenant = $1 ORDER BY t.name",
        )
        .bind(connection.as_str())
        .fetch_all(turn.on())
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
