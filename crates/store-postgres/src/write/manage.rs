//! Writes that are no commit: streams and targets that begin or end, connections that end.

use tieline_core::EntityName;
use tieline_store::plan;
use tieline_store::{ConnectionId, StreamId, TargetName};

use super::{entity_id, lock_connection, partition, step_connection};
use crate::fault::Fault;
use crate::turn::Turn;

pub(crate) async fn reset(turn: &mut Turn, stream: &StreamId) -> Result<(), Fault> {
    let Some(synced_id) = lock_connection(turn, &stream.connection).await? else { return Ok(()) };
    turn.query(
        "UPDATE tieline_streams
         SET state = NULL, full_since = NULL, keys_since = NULL, revision = revision + 1
         WHERE tenant = $1 AND synced_id = $2 AND entity = $3 AND partition = $4",
    )
    .bind(synced_id)
    .bind(stream.entity.as_str())
    .bind(partition(stream))
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(crate) async fn open_target(
    turn: &mut Turn,
    connection: &ConnectionId,
    target: &TargetName,
    entity: &EntityName,
    fingerprint: &str,
) -> Result<u64, Fault> {
    let (synced_id, _) = step_connection(turn, connection, 0).await?;
    let entity_id = entity_id(turn, synced_id, entity).await?;
    let stored: Option<(String, String)> = turn
        .rows(
            "SELECT t.fingerprint, e.name
             FROM tieline_targets t JOIN tieline_entities e ON e.id = t.entity_id
             WHERE t.tenant = $1 AND e.tenant = $1 AND t.synced_id = $2 AND t.name = $3",
        )
        .bind(synced_id)
        .bind(target.as_str())
        .fetch_optional(turn.on())
        .await?;
    if let Some((_, stored)) = &stored
        && entity != stored.as_str()
    {
        return Err(plan::of_another_entity(target, &stored.as_str().into(), entity).into());
    }
    let id: i64 = turn
        .values(
            "INSERT INTO tieline_targets (tenant, synced_id, name, entity_id, fingerprint)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (synced_id, name) DO UPDATE SET fingerprint = excluded.fingerprint
             RETURNING id",
        )
        .bind(synced_id)
        .bind(target.as_str())
        .bind(entity_id)
        .bind(fingerprint)
        .fetch_one(turn.on())
        .await?;
    if stored.is_none_or(|(stored, _)| stored != fingerprint) {
        turn.query(
            "INSERT INTO tieline_stale (tenant, target_id, key)
             SELECT $1, $2, key FROM tieline_records WHERE tenant = $1 AND entity_id = $3
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(entity_id)
        .execute(turn.on())
        .await?;
    }
    let stale: i64 = turn
        .values("SELECT count(*) FROM tieline_stale WHERE tenant = $1 AND target_id = $2")
        .bind(id)
        .fetch_one(turn.on())
        .await?;
    Ok(stale.cast_unsigned())
}

pub(crate) async fn drop_target(
    turn: &mut Turn,
    connection: &ConnectionId,
    target: &TargetName,
) -> Result<(), Fault> {
    let Some(synced_id) = lock_connection(turn, connection).await? else { return Ok(()) };
    let id: Option<i64> = turn
        .values("SELECT id FROM tieline_targets WHERE tenant = $1 AND synced_id = $2 AND name = $3")
        .bind(synced_id)
        .bind(target.as_str())
        .fetch_optional(turn.on())
        .await?;
    for statement in [
        "DELETE FROM tieline_rows WHERE tenant = $1 AND target_id = $2",
        "DELETE FROM tieline_needs WHERE tenant = $1 AND target_id = $2",
        "DELETE FROM tieline_stale WHERE tenant = $1 AND target_id = $2",
        "DELETE FROM tieline_targets WHERE tenant = $1 AND id = $2",
    ] {
        turn.query(statement).bind(id).execute(turn.on()).await?;
    }
    Ok(())
}

pub(crate) async fn erase(turn: &mut Turn, connection: &ConnectionId) -> Result<(), Fault> {
    let Some(synced_id) = lock_connection(turn, connection).await? else { return Ok(()) };
    for statement in ERASE {
        turn.query(statement).bind(synced_id).execute(turn.on()).await?;
    }
    Ok(())
}

/// What hangs on something goes before it.
const ERASE: &[&str] = &[
    "DELETE FROM tieline_rows WHERE tenant = $1
         AND target_id IN (SELECT id FROM tieline_targets WHERE tenant = $1 AND synced_id = $2)",
    "DELETE FROM tieline_needs WHERE tenant = $1
         AND target_id IN (SELECT id FROM tieline_targets WHERE tenant = $1 AND synced_id = $2)",
    "DELETE FROM tieline_stale WHERE tenant = $1
         AND target_id IN (SELECT id FROM tieline_targets WHERE tenant = $1 AND synced_id = $2)",
    "DELETE FROM tieline_targets WHERE tenant = $1 AND synced_id = $2",
    "DELETE FROM tieline_payloads WHERE tenant = $1 AND record_id IN (
         SELECT r.id FROM tieline_records r JOIN tieline_entities e ON e.id = r.entity_id
         WHERE r.tenant = $1 AND e.tenant = $1 AND e.synced_id = $2
     )",
    "DELETE FROM tieline_records WHERE tenant = $1
         AND entity_id IN (SELECT id FROM tieline_entities WHERE tenant = $1 AND synced_id = $2)",
    "DELETE FROM tieline_entities WHERE tenant = $1 AND synced_id = $2",
    "DELETE FROM tieline_streams WHERE tenant = $1 AND synced_id = $2",
    "DELETE FROM tieline_outbox WHERE tenant = $1 AND synced_id = $2",
    "DELETE FROM tieline_synced WHERE tenant = $1 AND id = $2",
];
