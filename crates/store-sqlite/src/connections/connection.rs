//! Connections.

use sqlx::{Connection as _, FromRow, SqliteConnection, SqlitePool};
use tieline_core::{Error, ErrorKind, Result as Told};
use tieline_store::TenantId;
use tieline_store::connections::{
    Actor, AuditAction, Connection, ConnectionChange, ConnectionFilter, Health, NewConnection, PutSecret,
    Reconnection, RunReport,
};
use tieline_store::plan::{taken, unknown_connection, unreadable};

use super::audit::tell;
use super::{Hand, secret};
use crate::fault::Fault;
use crate::scope::Scope;
use crate::time::{micros, time};
use crate::write::{BEGIN, erase_all};

#[derive(FromRow)]
struct Stored {
    id: String,
    provider: String,
    name: String,
    config: String,
    account: Option<String>,
    active: bool,
    health: String,
    last_run: Option<i64>,
    last_error: Option<String>,
    last_error_at: Option<i64>,
    created_at: i64,
    created_by: String,
    updated_at: i64,
    updated_by: String,
}

impl Stored {
    fn connection(self) -> Told<Connection> {
        let config = serde_json::from_str(&self.config).map_err(|error| {
            Error::new(ErrorKind::Internal, "the stored settings of a connection cannot be read")
                .with_advice("find out who changed the row, then restore it")
                .with_context("connection", &self.id)
                .with_source(error)
        })?;
        let new = NewConnection::new(self.id, self.provider, self.name).with_config(config);
        let new = new.with_account(self.account);
        let mut connection = Connection::new(new, &Actor::new(self.created_by), time(self.created_at));
        connection.active = self.active;
        connection.health =
            Health::parse(&self.health).ok_or_else(|| unreadable("health of a connection", &self.health))?;
        connection.last_run = self.last_run.map(time);
        connection.last_error = self.last_error;
        connection.last_error_at = self.last_error_at.map(time);
        connection.updated_at = time(self.updated_at);
        connection.updated_by = Actor::new(self.updated_by);
        Ok(connection)
    }
}

/// Settings as they are stored.
fn config_text(connection: &Connection) -> String {
    connection.config.to_string()
}

pub(super) async fn create(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    new: NewConnection,
    secrets: Vec<(String, PutSecret)>,
    hand: Hand<'_>,
) -> Result<Connection, Fault> {
    let made = Connection::new(new, hand.by, hand.now);
    let scope = Scope { tenant, connection: &made.id };
    let mut transaction = connection.begin_with(BEGIN).await?;
    let inserted = sqlx::query(
        "INSERT INTO tieline_connections
             (tenant, id, provider, name, config, active, health, created_at, created_by, updated_at, updated_by,
              account)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8, ?9, ?10)
         ON CONFLICT (tenant, id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(made.id.as_str())
    .bind(&made.provider)
    .bind(&made.name)
    .bind(config_text(&made))
    .bind(made.active)
    .bind(made.health.as_str())
    .bind(micros(hand.now))
    .bind(hand.by.as_str())
    .bind(made.account.as_deref())
    .execute(&mut *transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(taken(&made.id).into());
    }
    tell(&mut transaction, scope, hand, AuditAction::Created, &made.provider).await?;
    for (name, put) in &secrets {
        secret::put_one(&mut transaction, scope, name, put, hand).await?;
    }
    transaction.commit().await?;
    Ok(made)
}

pub(super) async fn one<'e>(
    executor: impl sqlx::SqliteExecutor<'e>,
    scope: Scope<'_>,
) -> Result<Option<Connection>, Fault> {
    let stored: Option<Stored> =
        sqlx::query_as("SELECT * FROM tieline_connections WHERE tenant = ? AND id = ?")
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .fetch_optional(executor)
            .await?;
    Ok(stored.map(Stored::connection).transpose()?)
}

pub(super) async fn list(
    pool: &SqlitePool,
    tenant: &TenantId,
    filter: &ConnectionFilter,
    limit: u32,
) -> Result<Vec<Connection>, Fault> {
    let stored: Vec<Stored> = sqlx::query_as(
        "SELECT * FROM tieline_connections
         WHERE tenant = ?1 AND id > ?2 AND (?3 IS NULL OR provider = ?3) AND (?4 IS NULL OR active = ?4)
         ORDER BY id LIMIT ?5",
    )
    .bind(tenant.as_str())
    // An id is never empty.
    .bind(filter.after.as_ref().map_or("", |after| after.as_str()))
    .bind(filter.provider.as_deref())
    .bind(filter.active)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(stored.into_iter().map(Stored::connection).collect::<Told<_>>()?)
}

/// Writes what can change of a connection.
async fn save(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    changed: &Connection,
) -> Result<(), Fault> {
    sqlx::query(
        "UPDATE tieline_connections
         SET name = ?, config = ?, account = ?, active = ?, health = ?, last_run = ?, last_error = ?, last_error_at = ?,
             updated_at = ?, updated_by = ?
         WHERE tenant = ? AND id = ?",
    )
    .bind(&changed.name)
    .bind(config_text(changed))
    .bind(changed.account.as_deref())
    .bind(changed.active)
    .bind(changed.health.as_str())
    .bind(changed.last_run.map(micros))
    .bind(changed.last_error.as_deref())
    .bind(changed.last_error_at.map(micros))
    .bind(micros(changed.updated_at))
    .bind(changed.updated_by.as_str())
    .bind(tenant.as_str())
    .bind(changed.id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn change(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    change: ConnectionChange,
    hand: Hand<'_>,
) -> Result<Connection, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let stored = one(&mut *transaction, scope).await?;
    let mut changed = stored.ok_or_else(|| unknown_connection(scope.connection))?;
    if let Some(detail) = changed.apply(change, hand.by, hand.now)? {
        save(&mut transaction, scope.tenant, &changed).await?;
        tell(&mut transaction, scope, hand, AuditAction::Changed, &detail).await?;
    }
    transaction.commit().await?;
    Ok(changed)
}

pub(super) async fn reconnect(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    (name, put): (&str, &PutSecret),
    reconnection: Reconnection,
    hand: Hand<'_>,
) -> Result<Connection, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let stored = one(&mut *transaction, scope).await?;
    let mut changed = stored.ok_or_else(|| unknown_connection(scope.connection))?;
    let reconnected = changed.reconnect(reconnection, hand.by, hand.now)?;
    if reconnected.erases {
        erase_all(&mut transaction, scope).await?;
        tell(&mut transaction, scope, hand, AuditAction::AccountReplaced, "").await?;
    }
    if let Some(detail) = reconnected.detail {
        save(&mut transaction, scope.tenant, &changed).await?;
        tell(&mut transaction, scope, hand, AuditAction::Changed, &detail).await?;
    }
    secret::put_one(&mut transaction, scope, name, put, hand).await?;
    let stored = one(&mut *transaction, scope).await?;
    transaction.commit().await?;
    Ok(stored.ok_or_else(|| unknown_connection(scope.connection))?)
}

pub(super) async fn report(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    report: RunReport,
    by: &Actor,
) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let Some(mut noted) = one(&mut *transaction, scope).await? else { return Ok(()) };
    if let Some((name, generation)) = &report.secret
        && secret::generation(&mut transaction, scope, name).await? != *generation
    {
        return Ok(());
    }
    let hand = Hand { by, now: report.at };
    let health = noted.note(report);
    save(&mut transaction, scope.tenant, &noted).await?;
    if let Some(health) = health {
        tell(&mut transaction, scope, hand, AuditAction::HealthChanged, health.as_str()).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn remove(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    hand: Hand<'_>,
) -> Result<bool, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    for statement in [
        "UPDATE tieline_secrets
         SET sealed = NULL, key_id = NULL, stored_at = NULL, renew_by = NULL, intent_fence = NULL, intent_at = NULL,
             refused_at = NULL
         WHERE tenant = ? AND connection = ?",
        "DELETE FROM tieline_leases WHERE tenant = ? AND connection = ?",
        "DELETE FROM tieline_consents WHERE tenant = ? AND connection = ?",
    ] {
        sqlx::query(statement)
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .execute(&mut *transaction)
            .await?;
    }
    erase_all(&mut transaction, scope).await?;
    let removed = sqlx::query("DELETE FROM tieline_connections WHERE tenant = ? AND id = ?")
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    if removed > 0 {
        tell(&mut transaction, scope, hand, AuditAction::Removed, "").await?;
    }
    transaction.commit().await?;
    Ok(removed > 0)
}
