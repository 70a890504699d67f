//! Writes that are no commit: streams and targets that begin or end, connections that end.

use tieline_core::{EntityName, Result};
use tieline_store::plan;
use tieline_store::{ConnectionId, StreamId, TargetName};

use super::{lock_connection, made_entity, partition_name, step_connection};
use crate::sql::Sql;
use crate::tx::{Tx, args, first, one};

/// Forgets a stream's state, so that the next read is full.
///
/// # Errors
///
/// As the database fails.
pub async fn reset(tx: &mut dyn Tx, stream: &StreamId) -> Result<()> {
    static RESET: Sql = Sql::new(
        "UPDATE tieline.streams
         SET state = NULL, full_since = NULL, keys_since = NULL, revision = revision + 1
         WHERE tenant = $1 AND synced_id = $2 AND entity = $3 AND partition = $4",
    );
    let Some(synced_id) = lock_connection(tx, &stream.connection).await? else { return Ok(()) };
    tx.run(&RESET, args![synced_id, stream.entity.as_str(), &partition_name(stream.partition.as_ref())])
        .await
        .map(drop)
}

/// Opens a target: see [`SyncStore::open_target`](tieline_store::SyncStore::open_target).
///
/// # Errors
///
/// `Config` when the target holds rows of another entity; otherwise as the database fails.
pub async fn open_target(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    target: &TargetName,
    entity: &EntityName,
    fingerprint: &str,
) -> Result<u64> {
    static STORED: Sql = Sql::new(
        "SELECT t.fingerprint, e.name
         FROM tieline.targets t JOIN tieline.entities e ON e.tenant = $1 AND e.id = t.entity_id
         WHERE t.tenant = $1 AND t.synced_id = $2 AND t.name = $3",
    );
    static OPEN: Sql = Sql::new(
        "INSERT INTO tieline.targets (tenant, synced_id, name, entity_id, fingerprint)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (synced_id, name) DO UPDATE SET fingerprint = excluded.fingerprint
         RETURNING id",
    );
    static MARK_ALL: Sql = Sql::new(
        "INSERT INTO tieline.stale (tenant, target_id, key)
         SELECT $1, $2, key FROM tieline.records WHERE tenant = $1 AND entity_id = $3
         ON CONFLICT DO NOTHING",
    );
    static COUNT: Sql = Sql::new("SELECT count(*) FROM tieline.stale WHERE tenant = $1 AND target_id = $2");
    let (synced_id, _) = step_connection(tx, connection, 0).await?;
    let (entity_id, ..) = made_entity(tx, synced_id, entity).await?;
    let stored: Option<(String, String)> = first(tx, &STORED, args![synced_id, target.as_str()]).await?;
    if let Some((_, stored)) = &stored
        && entity != stored.as_str()
    {
        return Err(plan::of_another_entity(target, &stored.as_str().into(), entity));
    }
    let (id,): (i64,) = one(tx, &OPEN, args![synced_id, target.as_str(), entity_id, fingerprint]).await?;
    if stored.is_none_or(|(stored, _)| stored != fingerprint) {
        tx.run(&MARK_ALL, args![id, entity_id]).await?;
    }
    Ok(one::<(u64,)>(tx, &COUNT, args![id]).await?.0)
}

/// Forgets a target and its rows.
///
/// # Errors
///
/// As the database fails.
pub async fn drop_target(tx: &mut dyn Tx, connection: &ConnectionId, target: &TargetName) -> Result<()> {
    static FIND: Sql =
        Sql::new("SELECT id FROM tieline.targets WHERE tenant = $1 AND synced_id = $2 AND name = $3");
    static DROP: [Sql; 4] = [
        Sql::new("DELETE FROM tieline.rows WHERE tenant = $1 AND target_id = $2"),
        Sql::new("DELETE FROM tieline.needs WHERE tenant = $1 AND target_id = $2"),
        Sql::new("DELETE FROM tieline.stale WHERE tenant = $1 AND target_id = $2"),
        Sql::new("DELETE FROM tieline.targets WHERE tenant = $1 AND id = $2"),
    ];
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(()) };
    let Some((id,)) = first::<(i64,)>(tx, &FIND, args![synced_id, target.as_str()]).await? else {
        return Ok(());
    };
    for statement in &DROP {
        tx.run(statement, args![id]).await?;
    }
    Ok(())
}

/// Makes everything of a connection invisible at once. [`erase_batch`](crate::erase::erase_batch) deletes it.
///
/// # Errors
///
/// As the database fails.
pub async fn mark_erased(tx: &mut dyn Tx, connection: &ConnectionId) -> Result<()> {
    static MARK: Sql = Sql::new(
        "UPDATE tieline.synced SET erased = TRUE WHERE tenant = $1 AND connection = $2 AND NOT erased",
    );
    // A pairing keeps what both sides showed, so it goes with either of them.
    static MARK_PAIRINGS: Sql = Sql::new(
        "UPDATE tieline.synced SET erased = TRUE WHERE tenant = $1 AND NOT erased AND id IN (
             SELECT p.synced_id FROM tieline.pairings p WHERE p.tenant = $1 AND p.left_connection = $2
             UNION SELECT p.synced_id FROM tieline.pairings p WHERE p.tenant = $1 AND p.right_connection = $2)",
    );
    tx.run(&MARK_PAIRINGS, args![connection.as_str()]).await?;
    tx.run(&MARK, args![connection.as_str()]).await.map(drop)
}
