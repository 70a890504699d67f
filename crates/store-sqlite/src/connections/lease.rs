//! Leases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection, SqliteExecutor};
use tieline_core::Clock;
use tieline_store::connections::{Fence, Lease};
use tieline_store::plan::lease_end;

use crate::fault::Fault;
use crate::scope::{Scope, number};
use crate::time::micros;
use crate::write::BEGIN;

/// Whether somebody holds it.
pub(super) async fn is_held<'e>(
    executor: impl SqliteExecutor<'e>,
    now: DateTime<Utc>,
    scope: Scope<'_>,
    name: &str,
) -> Result<bool, Fault> {
    let held: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM tieline_leases WHERE tenant = ? AND connection = ? AND name = ? AND ends > ?",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(micros(now))
    .fetch_optional(executor)
    .await?;
    Ok(held.is_some())
}

pub(super) async fn take(
    connection: &mut SqliteConnection,
    clock: &dyn Clock,
    scope: Scope<'_>,
    name: &str,
    life: Duration,
) -> Result<Option<Lease>, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    // After whoever wrote before, however long that took.
    let now = clock.now();
    if is_held(&mut *transaction, now, scope, name).await? {
        return Ok(None);
    }
    // Another row has another number.
    sqlx::query("DELETE FROM tieline_leases WHERE tenant = ? AND connection = ? AND name = ?")
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(name)
        .execute(&mut *transaction)
        .await?;
    let fence: i64 = sqlx::query_scalar(
        "INSERT INTO tieline_leases (tenant, connection, name, ends) VALUES (?, ?, ?, ?) RETURNING fence",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(micros(lease_end(now, life)))
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some(Lease::new(Fence::new(fence.cast_unsigned()))))
}

/// Sets the end of a lease, to be some time from now. Answers whether it is the latest of its name.
pub(super) async fn set_end(
    connection: &mut SqliteConnection,
    clock: &dyn Clock,
    scope: Scope<'_>,
    name: &str,
    fence: Fence,
    life: Duration,
) -> Result<bool, Fault> {
    let set = sqlx::query(
        "UPDATE tieline_leases SET ends = ? WHERE tenant = ? AND connection = ? AND name = ? AND fence = ?",
    )
    .bind(micros(lease_end(clock.now(), life)))
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(name)
    .bind(number(fence.number()))
    .execute(connection)
    .await?;
    Ok(set.rows_affected() > 0)
}
