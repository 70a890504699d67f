//! Sealed secrets.

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tieline_store::connections::{
    AuditAction, Fence, Health, Intent, PutSecret, RenewalDue, SecretInfo, StoredSecret,
};
use tieline_store::plan::{Guard, rewrapped, unknown_connection};
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::Sealed;

use super::audit::tell;
use super::{Hand, sealed};
use crate::fault::Fault;
use crate::scope::{Scope, number};
use crate::time::{micros, time};
use crate::write::BEGIN;

pub(super) async fn one(
    pool: &SqlitePool,
    scope: Scope<'_>,
    name: &str,
) -> Result<Option<StoredSecret>, Fault> {
    type Stored = (Vec<u8>, i64, Option<i64>, Option<i64>, Option<i64>);
    let stored: Option<Stored> = sqlx::query_as(
        "SELECT sealed, generation, intent_fence, intent_at, refused_at FROM tieline_secrets
         WHERE tenant = ? AND connection = ? AND name = ? AND sealed IS NOT NULL",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .fetch_optional(pool)
    .await?;
    let Some((bytes, generation, fence, at, refused_at)) = stored else { return Ok(None) };
    let intent = fence.zip(at).map(|(fence, at)| Intent::new(Fence::new(fence.cast_unsigned()), time(at)));
    let stored = StoredSecret::new(sealed(&bytes, scope, name)?, generation.cast_unsigned(), intent);
    Ok(Some(stored.with_refused_at(refused_at.map(time))))
}

pub(super) async fn list(
    pool: &SqlitePool,
    tenant: &TenantId,
    after: Option<(&ConnectionId, &str)>,
    limit: u32,
) -> Result<Vec<SecretInfo>, Fault> {
    type Stored = (String, String, i64, String, i64, Option<i64>);
    // No connection and no name is empty.
    let (connection, name) = after.map_or(("", ""), |(connection, name)| (connection.as_str(), name));
    let stored: Vec<Stored> = sqlx::query_as(
        "SELECT connection, name, generation, key_id, stored_at, renew_by FROM tieline_secrets
         WHERE tenant = ? AND (connection, name) > (?, ?) AND sealed IS NOT NULL
         ORDER BY connection, name LIMIT ?",
    )
    .bind(tenant.as_str())
    .bind(connection)
    .bind(name)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let info = |(connection, name, generation, key_id, stored_at, renew_by): Stored| {
        let (generation, renew_by) = (generation.cast_unsigned(), renew_by.map(time));
        SecretInfo::new(connection.into(), name, generation, key_id, time(stored_at), renew_by)
    };
    Ok(stored.into_iter().map(info).collect())
}

/// The generation of a secret; 0 where there is none.
pub(super) async fn generation(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
) -> Result<u64, Fault> {
    let stored: Option<i64> = sqlx::query_scalar(
        "SELECT generation FROM tieline_secrets
         WHERE tenant = ? AND connection = ? AND name = ? AND sealed IS NOT NULL",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(stored.map_or(0, i64::cast_unsigned))
}

/// Notes a refusal. Returns whether the secret was of this generation.
pub(super) async fn refuse(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    generation: u64,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let refused = sqlx::query(
        "UPDATE tieline_secrets
         SET refused_at = coalesce(refused_at, ?), intent_fence = NULL, intent_at = NULL
         WHERE tenant = ? AND connection = ? AND name = ? AND generation = ? AND sealed IS NOT NULL",
    )
    .bind(micros(now))
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(number(generation))
    .execute(connection)
    .await?;
    Ok(refused.rows_affected() > 0)
}

/// Checks a guard. Answers the last generation that there was.
async fn check(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    guard: Guard,
) -> Result<i64, Fault> {
    let stored: Option<(i64, bool)> = sqlx::query_as(
        "SELECT generation, sealed IS NOT NULL FROM tieline_secrets
         WHERE tenant = ? AND connection = ? AND name = ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .fetch_optional(&mut *connection)
    .await?;
    let latest: Option<i64> = sqlx::query_scalar(
        "SELECT fence FROM tieline_leases WHERE tenant = ? AND connection = ? AND name = ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .fetch_optional(connection)
    .await?;
    let (last, there) = stored.unwrap_or_default();
    let generation = if there { last.cast_unsigned() } else { 0 };
    guard.hold(scope.connection, name, generation, latest.map(|fence| Fence::new(fence.cast_unsigned())))?;
    Ok(last)
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    put: &PutSecret,
    hand: Hand<'_>,
) -> Result<u64, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let there: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM tieline_connections WHERE tenant = ? AND id = ?")
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
    if there.is_none() {
        return Err(unknown_connection(scope.connection).into());
    }
    let generation = put_one(&mut transaction, scope, name, put, hand).await?;
    transaction.commit().await?;
    Ok(generation)
}

/// Stores a secret of a connection that is there, within a transaction.
pub(super) async fn put_one(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    put: &PutSecret,
    hand: Hand<'_>,
) -> Result<u64, Fault> {
    let guard = Guard { generation: put.replaces, fence: put.fence };
    let generation = check(connection, scope, name, guard).await? + 1;
    sqlx::query(
        "INSERT INTO tieline_secrets
             (tenant, connection, name, generation, sealed, key_id, stored_at, renew_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, connection, name) DO UPDATE
         SET generation = excluded.generation, sealed = excluded.sealed, key_id = excluded.key_id,
             stored_at = excluded.stored_at, renew_by = excluded.renew_by, intent_fence = NULL, intent_at = NULL,
             refused_at = NULL",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(generation)
    .bind(put.sealed.to_bytes())
    .bind(put.sealed.key_id().as_str())
    .bind(micros(hand.now))
    .bind(put.renew_by.map(micros))
    .execute(&mut *connection)
    .await?;
    let generation = generation.cast_unsigned();
    tell(connection, scope, hand, put.action, &put.detail(name, generation)).await?;
    if put.reconnects() {
        let answered = sqlx::query(
            "UPDATE tieline_connections SET health = ? WHERE tenant = ? AND id = ? AND health = ?",
        )
        .bind(Health::Untried.as_str())
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(Health::NeedsReconnect.as_str())
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if answered > 0 {
            tell(connection, scope, hand, AuditAction::HealthChanged, Health::Untried.as_str()).await?;
        }
    }
    Ok(generation)
}

pub(super) async fn begin_renewal(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    (generation, fence): (u64, Fence),
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    check(&mut transaction, scope, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    sqlx::query(
        "UPDATE tieline_secrets SET intent_fence = ?, intent_at = ?
         WHERE tenant = ? AND connection = ? AND name = ? AND sealed IS NOT NULL AND intent_fence IS NULL",
    )
    .bind(number(fence.number()))
    .bind(micros(now))
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn cancel_renewal(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    (generation, fence): (u64, Fence),
) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    check(&mut transaction, scope, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    sqlx::query(
        "UPDATE tieline_secrets SET intent_fence = NULL, intent_at = NULL
         WHERE tenant = ? AND connection = ? AND name = ? AND intent_fence = ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(number(fence.number()))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn rewrap(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    generation: u64,
    sealed: &Sealed,
    hand: Hand<'_>,
) -> Result<bool, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let same = sqlx::query(
        "UPDATE tieline_secrets SET sealed = ?, key_id = ?
         WHERE tenant = ? AND connection = ? AND name = ? AND generation = ? AND sealed IS NOT NULL",
    )
    .bind(sealed.to_bytes())
    .bind(sealed.key_id().as_str())
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(number(generation))
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if same > 0 {
        let detail = rewrapped(name, sealed.key_id());
        tell(&mut transaction, scope, hand, AuditAction::SecretRewrapped, &detail).await?;
    }
    transaction.commit().await?;
    Ok(same > 0)
}

pub(super) async fn delete(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    name: &str,
    hand: Hand<'_>,
) -> Result<bool, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let deleted = sqlx::query(
        "UPDATE tieline_secrets
         SET sealed = NULL, key_id = NULL, stored_at = NULL, renew_by = NULL, intent_fence = NULL, intent_at = NULL,
             refused_at = NULL
         WHERE tenant = ? AND connection = ? AND name = ? AND sealed IS NOT NULL",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if deleted > 0 {
        tell(&mut transaction, scope, hand, AuditAction::SecretDeleted, name).await?;
    }
    transaction.commit().await?;
    Ok(deleted > 0)
}

pub(super) async fn renewals_due(
    pool: &SqlitePool,
    tenant: &TenantId,
    before: DateTime<Utc>,
    after: Option<&RenewalDue>,
    limit: u32,
) -> Result<Vec<RenewalDue>, Fault> {
    let (at, connection, name) = after
        .map_or((i64::MIN, "", ""), |due| (micros(due.renew_by), due.connection.as_str(), due.name.as_str()));
    let stored: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT s.connection, s.name, s.renew_by
         FROM tieline_secrets s JOIN tieline_connections c ON c.tenant = s.tenant AND c.id = s.connection
         WHERE s.tenant = ? AND s.renew_by < ? AND (s.renew_by, s.connection, s.name) > (?, ?, ?)
             AND c.active = 1 AND c.health <> ?
         ORDER BY s.renew_by, s.connection, s.name LIMIT ?",
    )
    .bind(tenant.as_str())
    .bind(micros(before))
    .bind(at)
    .bind(connection)
    .bind(name)
    .bind(Health::NeedsReconnect.as_str())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let due = |(connection, name, renew_by): (String, String, i64)| {
        RenewalDue::new(connection.into(), name, time(renew_by))
    };
    Ok(stored.into_iter().map(due).collect())
}

pub(super) async fn key_check(pool: &SqlitePool) -> Result<Option<Sealed>, Fault> {
    let stored: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT sealed FROM tieline_key_check").fetch_optional(pool).await?;
    let read = stored.map(|bytes| Sealed::from_bytes(&bytes)).transpose();
    Ok(read.map_err(|error| error.with_context("value", "key check"))?)
}

pub(super) async fn put_key_check(
    connection: &mut SqliteConnection,
    replaces: Option<&Sealed>,
    key_check: &Sealed,
) -> Result<bool, Fault> {
    let stored = match replaces {
        None => {
            sqlx::query("INSERT INTO tieline_key_check (one, sealed) VALUES (1, ?) ON CONFLICT DO NOTHING")
                .bind(key_check.to_bytes())
        }
        Some(replaces) => sqlx::query("UPDATE tieline_key_check SET sealed = ? WHERE sealed = ?")
            .bind(key_check.to_bytes())
            .bind(replaces.to_bytes()),
    };
    Ok(stored.execute(connection).await?.rows_affected() > 0)
}
