//! Connections.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use tieline_core::{Error, ErrorKind};
use tieline_store::ConnectionId;
use tieline_store::connections::{
    Actor, AuditAction, Connection, ConnectionChange, ConnectionFilter, Health, NewConnection, PutSecret,
    Reconnection, RunReport,
};
use tieline_store::plan::{taken, unknown_connection, unreadable};

use super::audit::Lines;
use super::{kept, secret};
use crate::fault::Fault;
use crate::turn::Turn;
use crate::write;

#[derive(FromRow)]
struct Stored {
    id: String,
    provider: String,
    name: String,
    config: String,
    account: Option<String>,
    active: bool,
    health: String,
    last_run: Option<DateTime<Utc>>,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: String,
    updated_at: DateTime<Utc>,
    updated_by: String,
}

impl Stored {
    fn connection(self) -> Result<Connection, Fault> {
        let config = serde_json::from_str(&self.config).map_err(|error| {
            Error::new(ErrorKind::Internal, "the stored settings of a connection cannot be read")
                .with_advice("restore them from a backup, or store them anew")
                .with_context("connection", &self.id)
                .with_source(error)
        })?;
        let new = NewConnection::new(self.id, self.provider, self.name).with_config(config);
        let new = new.with_account(self.account);
        let mut connection = Connection::new(new, &Actor::new(self.created_by), self.created_at);
        connection.active = self.active;
        connection.health = Health::parse(&self.health).ok_or_else(|| unreadable("health", &self.health))?;
        connection.last_run = self.last_run;
        connection.last_error = self.last_error;
        connection.last_error_at = self.last_error_at;
        connection.updated_at = self.updated_at;
        connection.updated_by = Actor::new(self.updated_by);
        Ok(connection)
    }
}

pub(super) async fn create(
    turn: &mut Turn,
    new: NewConnection,
    secrets: Vec<(String, PutSecret)>,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection, Fault> {
    let connection = Connection::new(new, by, kept(now));
    let inserted = turn
        .query(
            "INSERT INTO tieline_connections
                 (tenant, id, provider, name, config, active, health, created_at, created_by, updated_at, updated_by,
                  account)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $9, $10)
             ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(connection.id.as_str())
        .bind(connection.provider.as_str())
        .bind(connection.name.as_str())
        .bind(connection.config.to_string())
        .bind(connection.active)
        .bind(connection.health.as_str())
        .bind(connection.created_at)
        .bind(by.as_str())
        .bind(connection.account.as_deref())
        .execute(turn.on())
        .await?;
    if inserted.rows_affected() == 0 {
        return Err(taken(&connection.id).into());
    }
    let mut lines = Lines::new(&connection.id, by, now);
    lines.tell(AuditAction::Created, connection.provider.clone());
    for (name, put) in secrets {
        secret::store(turn, &connection.id, &name, put, now, &mut lines).await?;
    }
    lines.write(turn).await?;
    Ok(connection)
}

pub(super) async fn connection(turn: &mut Turn, id: &ConnectionId) -> Result<Option<Connection>, Fault> {
    let stored: Option<Stored> = turn
        .rows("SELECT * FROM tieline_connections WHERE tenant = $1 AND id = $2")
        .bind(id.as_str())
        .fetch_optional(turn.on())
        .await?;
    stored.map(Stored::connection).transpose()
}

/// A connection that nobody else changes until the end of the transaction.
pub(super) async fn locked(turn: &mut Turn, id: &ConnectionId) -> Result<Option<Connection>, Fault> {
    let stored: Option<Stored> = turn
        .rows("SELECT * FROM tieline_connections WHERE tenant = $1 AND id = $2 FOR UPDATE")
        .bind(id.as_str())
        .fetch_optional(turn.on())
        .await?;
    stored.map(Stored::connection).transpose()
}

pub(super) async fn connections(
    turn: &mut Turn,
    filter: &ConnectionFilter,
    limit: u32,
) -> Result<Vec<Connection>, Fault> {
    let stored: Vec<Stored> = turn
        .rows(
            "SELECT * FROM tieline_connections
             WHERE tenant = $1 AND ($2::text IS NULL OR id > $2) AND ($3::text IS NULL OR provider = $3)
                 AND ($4::boolean IS NULL OR active = $4)
             ORDER BY id LIMIT $5",
        )
        .bind(filter.after.as_ref().map(ConnectionId::as_str))
        .bind(filter.provider.as_deref())
        .bind(filter.active)
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    stored.into_iter().map(Stored::connection).collect()
}

pub(super) async fn change(
    turn: &mut Turn,
    id: &ConnectionId,
    change: ConnectionChange,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection, Fault> {
    let mut connection = locked(turn, id).await?.ok_or_else(|| unknown_connection(id))?;
    let Some(detail) = connection.apply(change, by, kept(now))? else { return Ok(connection) };
    save(turn, &connection).await?;
    let mut lines = Lines::new(id, by, now);
    lines.tell(AuditAction::Changed, detail);
    lines.write(turn).await?;
    Ok(connection)
}

/// Writes what a change changes.
async fn save(turn: &mut Turn, connection: &Connection) -> Result<(), Fault> {
    turn.query(
        "UPDATE tieline_connections
         SET name = $3, config = $4, active = $5, updated_at = $6, updated_by = $7, account = $8
         WHERE tenant = $1 AND id = $2",
    )
    .bind(connection.id.as_str())
    .bind(connection.name.as_str())
    .bind(connection.config.to_string())
    .bind(connection.active)
    .bind(connection.updated_at)
    .bind(connection.updated_by.as_str())
    .bind(connection.account.as_deref())
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(super) async fn reconnect(
    turn: &mut Turn,
    id: &ConnectionId,
    (name, put): (&str, PutSecret),
    reconnection: Reconnection,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection, Fault> {
    let mut connection = locked(turn, id).await?.ok_or_else(|| unknown_connection(id))?;
    let reconnected = connection.reconnect(reconnection, by, kept(now))?;
    let mut lines = Lines::new(id, by, now);
    if reconnected.erases {
        write::erase(turn, id).await?;
        lines.tell(AuditAction::AccountReplaced, "");
    }
    if let Some(detail) = reconnected.detail {
        save(turn, &connection).await?;
        lines.tell(AuditAction::Changed, detail);
    }
    secret::replace(turn, &mut connection, (name, put), now, &mut lines).await?;
    lines.write(turn).await?;
    Ok(connection)
}

pub(super) async fn report(
    turn: &mut Turn,
    id: &ConnectionId,
    report: RunReport,
    by: &Actor,
) -> Result<(), Fault> {
    let Some(mut connection) = locked(turn, id).await? else { return Ok(()) };
    if let Some((name, generation)) = &report.secret
        && secret::generation(turn, id, name).await? != *generation
    {
        return Ok(());
    }
    let mut lines = Lines::new(id, by, report.at);
    if let Some(health) = connection.note(report) {
        lines.tell(AuditAction::HealthChanged, health.as_str());
    }
    turn.query(
        "UPDATE tieline_connections SET health = $3, last_run = $4, last_error = $5, last_error_at = $6
         WHERE tenant = $1 AND id = $2",
    )
    .bind(id.as_str())
    .bind(connection.health.as_str())
    .bind(connection.last_run)
    .bind(connection.last_error)
    .bind(connection.last_error_at)
    .execute(turn.on())
    .await?;
    lines.write(turn).await
}

pub(super) async fn remove(
    turn: &mut Turn,
    id: &ConnectionId,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let removed = turn
        .query("DELETE FROM tieline_connections WHERE tenant = $1 AND id = $2")
        .bind(id.as_str())
        .execute(turn.on())
        .await?
        .rows_affected()
        > 0;
    if removed {
        // Without its connection, a secret has no value.
        turn.query(
            "UPDATE tieline_secrets
             SET sealed = NULL, key_id = NULL, stored_at = NULL, renew_by = NULL, intent_fence = NULL,
                 intent_at = NULL, refused_at = NULL
             WHERE tenant = $1 AND connection = $2",
        )
        .bind(id.as_str())
        .execute(turn.on())
        .await?;
    }
    for statement in [
        "DELETE FROM tieline_leases WHERE tenant = $1 AND connection = $2",
        "DELETE FROM tieline_consents WHERE tenant = $1 AND connection = $2",
    ] {
        turn.query(statement).bind(id.as_str()).execute(turn.on()).await?;
    }
    write::erase(turn, id).await?;
    if removed {
        let mut lines = Lines::new(id, by, now);
        lines.tell(AuditAction::Removed, "");
        lines.write(turn).await?;
    }
    Ok(removed)
}
