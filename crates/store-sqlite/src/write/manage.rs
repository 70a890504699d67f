//! Writes that are no commit: streams and targets that begin or end, connections that end.

use sqlx::{Connection, SqliteConnection};
use tieline_core::EntityName;
use tieline_store::plan;
use tieline_store::{StreamId, TargetName, TenantId};

use super::{BEGIN, entity_id, step_connection};
use crate::fault::Fault;
use crate::scope::Scope;

pub(crate) async fn reset(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    stream: &StreamId,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE tieline_streams
         SET state = NULL, full_since = NULL, keys_since = NULL, revision = revision + 1
         WHERE connection_id = (
             SELECT id FROM tieline_connection_numbers WHERE tenant = ? AND connection = ?
         )
             AND entity = ? AND partition IS ?",
    )
    .bind(tenant.as_str())
    .bind(stream.connection.as_str())
    .bind(stream.entity.as_str())
    .bind(stream.partition.as_ref().map(|partition| partition.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn open_target(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    target: &TargetName,
    entity: &EntityName,
    fingerprint: &str,
) -> Result<u64, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let (connection_id, _) = step_connection(&mut transaction, scope, 0).await?;
    let entity_id = entity_id(&mut transaction, connection_id, entity).await?;
    let stored: Option<(i64, String, String)> = sqlx::query_as(
        "SELECT t.id, t.fingerprint, e.name
         FROM tieline_targets t JOIN tieline_entities e ON e.id = t.entity_id
         WHERE t.connection_id = ? AND t.name = ?",
    )
    .bind(connection_id)
    .bind(target.as_str())
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some((_, _, stored)) = &stored
        && entity != stored.as_str()
    {
        return Err(plan::of_another_entity(target, &stored.as_str().into(), entity).into());
    }
    let same = stored.as_ref().is_some_and(|(_, stored, _)| stored == fingerprint);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO tieline_targets (id, connection_id, name, entity_id, fingerprint) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint
         RETURNING id",
    )
    .bind(stored.map(|(id, ..)| id))
    .bind(connection_id)
    .bind(target.as_str())
    .bind(entity_id)
    .bind(fingerprint)
    .fetch_one(&mut *transaction)
    .await?;
    if !same {
        sqlx::query(
            "INSERT OR IGNORE INTO tieline_stale (target_id, key)
             SELECT ?, key FROM tieline_records WHERE entity_id = ?",
        )
        .bind(id)
        .bind(entity_id)
        .execute(&mut *transaction)
        .await?;
    }
    let stale: i64 = sqlx::query_scalar("SELECT count(*) FROM tieline_stale WHERE target_id = ?")
        .bind(id)
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(stale.cast_unsigned())
}

pub(crate) async fn drop_target(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    target: &TargetName,
) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let id: Option<i64> = sqlx::query_scalar(
        "SELECT t.id FROM tieline_targets t JOIN tieline_connection_numbers c ON c.id = t.connection_id
         WHERE c.tenant = ? AND c.connection = ? AND t.name = ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(target.as_str())
    .fetch_optional(&mut *transaction)
    .await?;
    for statement in [
        "DELETE FROM tieline_rows WHERE target_id = ?",
        "DELETE FROM tieline_needs WHERE target_id = ?",
        "DELETE FROM tieline_stale WHERE target_id = ?",
        "DELETE FROM tieline_targets WHERE id = ?",
    ] {
        sqlx::query(statement).bind(id).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(crate) async fn erase(connection: &mut SqliteConnection, scope: Scope<'_>) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    erase_all(&mut transaction, scope).await?;
    transaction.commit().await?;
    Ok(())
}

/// [`erase`], as a part of a transaction.
pub(crate) async fn erase_all(connection: &mut SqliteConnection, scope: Scope<'_>) -> Result<(), Fault> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM tieline_connection_numbers WHERE tenant = ? AND connection = ?")
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    let Some(id) = id else { return Ok(()) };
    for statement in ERASE {
        sqlx::query(*statement).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// What hangs on something goes before it.
const ERASE: &[&str] = &[
    "DELETE FROM tieline_rows WHERE target_id IN (SELECT id FROM tieline_targets WHERE connection_id = ?)",
    "DELETE FROM tieline_needs WHERE target_id IN (SELECT id FROM tieline_targets WHERE connection_id = ?)",
    "DELETE FROM tieline_stale WHERE target_id IN (SELECT id FROM tieline_targets WHERE connection_id = ?)",
    "DELETE FROM tieline_targets WHERE connection_id = ?",
    "DELETE FROM tieline_payloads WHERE record_id IN (
         SELECT r.id FROM tieline_records r JOIN tieline_entities e ON e.id = r.entity_id
         WHERE e.connection_id = ?
     )",
    "DELETE FROM tieline_records
     WHERE entity_id IN (SELECT id FROM tieline_entities WHERE connection_id = ?)",
    "DELETE FROM tieline_entities WHERE connection_id = ?",
    "DELETE FROM tieline_streams WHERE connection_id = ?",
    "DELETE FROM tieline_outbox WHERE connection_id = ?",
    "DELETE FROM tieline_connection_numbers WHERE id = ?",
];
