//! Connections.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::{
    Actor, AuditAction, Connection, ConnectionChange, ConnectionFilter, Health, NewConnection, PutSecret,
    Reconnection, RunReport,
};
use tieline_store::plan::{taken, unknown_connection, unreadable};

use super::audit::Lines;
use super::secret;
use crate::directory::set_account;
use crate::records::mark_erased;
use crate::sql::Sql;
use crate::time::{kept, micros, time};
use crate::tx::{Tx, all, args, first};
use crate::value::{FromRow, Row};

struct Stored(Connection);

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        let (id, provider, name, config): (String, String, String, String) =
            (row.take()?, row.take()?, row.take()?, row.take()?);
        let config = serde_json::from_str(&config).map_err(|_| {
            Error::new(ErrorKind::Internal, "the stored settings of a connection cannot be read")
                .with_advice("restore them from a backup, or store them anew")
                .with_context("connection", &id)
        })?;
        let (account, active, health): (Option<String>, bool, String) =
            (row.take()?, row.take()?, row.take()?);
        let (last_run, last_error, last_error_at): (Option<i64>, Option<String>, Option<i64>) =
            (row.take()?, row.take()?, row.take()?);
        let (created_at, created_by): (i64, String) = (row.take()?, row.take()?);
        let new = NewConnection::new(id, provider, name).with_config(config);
        let mut connection = Connection::new(new, &Actor::new(created_by), time(created_at));
        connection.account = account;
        connection.active = active;
        connection.health = Health::parse(&health).ok_or_else(|| unreadable("health", &health))?;
        connection.last_run = last_run.map(time);
        connection.last_error = last_error;
        connection.last_error_at = last_error_at.map(time);
        connection.updated_at = time(row.take()?);
        connection.updated_by = Actor::new(row.take::<String>()?);
        Ok(Self(connection))
    }
}

/// Selects whole connections.
macro_rules! select {
    ($condition:literal) => {
        Sql::new(concat!(
            "SELECT id, provider, name, config, account, active, health, last_run, last_error, last_error_at,
                 created_at, created_by, updated_at, updated_by
             FROM tieline.connections WHERE tenant = $1 AND ",
            $condition
        ))
    };
}

/// Makes a connection and its first secrets.
///
/// # Errors
///
/// `Conflict` when the id is taken; otherwise as the database fails.
pub async fn create(
    tx: &mut dyn Tx,
    new: NewConnection,
    secrets: Vec<(String, PutSecret)>,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection> {
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.connections
             (tenant, id, provider, name, config, active, health, created_at, created_by, updated_at, updated_by,
              account)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $9, $10)
         ON CONFLICT (tenant, id) DO NOTHING",
    );
    by.check()?;
    new.check(&secrets)?;
    let connection = Connection::new(new, by, kept(now));
    let config = connection.config.to_string();
    let made = args![
        connection.id.as_str(),
        &connection.provider,
        &connection.name,
        &config,
        connection.active,
        connection.health.as_str(),
        micros(now),
        by.as_str(),
        connection.account.as_deref(),
    ];
    if tx.run(&MAKE, made).await? == 0 {
        return Err(taken(&connection.id));
    }
    set_account(tx, &connection).await?;
    let mut lines = Lines::new(&connection.id, by, now);
    lines.tell(AuditAction::Created, connection.provider.clone());
    for (name, put) in secrets {
        secret::store(tx, &connection.id, &name, put, now, &mut lines).await?;
    }
    lines.write(tx).await?;
    Ok(connection)
}

/// Returns one connection.
///
/// # Errors
///
/// As the database fails.
pub async fn connection(tx: &mut dyn Tx, id: &ConnectionId) -> Result<Option<Connection>> {
    static FIND: Sql = select!("id = $2");
    Ok(first::<Stored>(tx, &FIND, args![id.as_str()]).await?.map(|stored| stored.0))
}

/// A connection that nobody else changes until the end of the transaction.
pub(super) async fn locked(tx: &mut dyn Tx, id: &ConnectionId) -> Result<Option<Connection>> {
    static LOCK: Sql = select!("id = $2 {lock}");
    Ok(first::<Stored>(tx, &LOCK, args![id.as_str()]).await?.map(|stored| stored.0))
}

/// Returns connections by id.
///
/// # Errors
///
/// As the database fails.
pub async fn connections(tx: &mut dyn Tx, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
    static PAGE: Sql = select!(
        "id > $2 AND (CAST($3 AS TEXT) IS NULL OR provider = $3) AND ($4 IS NULL OR active = $4)
         ORDER BY id LIMIT $5"
    );
    // No id is empty, so all come after the empty one.
    let page = args![
        filter.after.as_ref().map_or("", |after| after.as_str()),
        filter.provider.as_deref(),
        filter.active,
        limit
    ];
    Ok(all::<Stored>(tx, &PAGE, page).await?.into_iter().map(|stored| stored.0).collect())
}

/// Changes a connection.
///
/// # Errors
///
/// `NotFound`; `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn change(
    tx: &mut dyn Tx,
    id: &ConnectionId,
    change: ConnectionChange,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection> {
    by.check()?;
    let mut connection = locked(tx, id).await?.ok_or_else(|| unknown_connection(id))?;
    let Some(detail) = connection.apply(change, by, kept(now))? else { return Ok(connection) };
    save(tx, &connection).await?;
    let mut lines = Lines::new(id, by, now);
    lines.tell(AuditAction::Changed, detail);
    lines.write(tx).await?;
    Ok(connection)
}

/// Writes what a change changes.
async fn save(tx: &mut dyn Tx, connection: &Connection) -> Result<()> {
    static SAVE: Sql = Sql::new(
        "UPDATE tieline.connections
         SET name = $3, config = $4, active = $5, updated_at = $6, updated_by = $7, account = $8
         WHERE tenant = $1 AND id = $2",
    );
    let config = connection.config.to_string();
    let changed = args![
        connection.id.as_str(),
        &connection.name,
        &config,
        connection.active,
        micros(connection.updated_at),
        connection.updated_by.as_str(),
        connection.account.as_deref(),
    ];
    tx.run(&SAVE, changed).await?;
    set_account(tx, connection).await
}

/// Puts a new secret and changes the connection for it: see
/// [`ConnectionStore::reconnect`](tieline_store::ConnectionStore::reconnect). What sync kept of another account is marked
/// as erased.
///
/// # Errors
///
/// `NotFound`; `Conflict` for another account that may not replace the stored one, and when somebody was quicker;
/// `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn reconnect(
    tx: &mut dyn Tx,
    id: &ConnectionId,
    (name, put): (&str, PutSecret),
    reconnection: Reconnection,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<Connection> {
    by.check()?;
    put.check(name)?;
    let mut connection = locked(tx, id).await?.ok_or_else(|| unknown_connection(id))?;
    let reconnected = connection.reconnect(reconnection, by, kept(now))?;
    let mut lines = Lines::new(id, by, now);
    if reconnected.erases {
        mark_erased(tx, id).await?;
        lines.tell(AuditAction::AccountReplaced, "");
    }
    if let Some(detail) = reconnected.detail {
        save(tx, &connection).await?;
        lines.tell(AuditAction::Changed, detail);
    }
    secret::replace(tx, &mut connection, (name, put), now, &mut lines).await?;
    lines.write(tx).await?;
    Ok(connection)
}

/// Notes how a run ended.
///
/// # Errors
///
/// As the database fails.
pub async fn report(tx: &mut dyn Tx, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
    static REPORT: Sql = Sql::new(
        "UPDATE tieline.connections SET health = $3, last_run = $4, last_error = $5, last_error_at = $6
         WHERE tenant = $1 AND id = $2",
    );
    by.check()?;
    let Some(mut connection) = locked(tx, id).await? else { return Ok(()) };
    if let Some((name, generation)) = &report.secret
        && secret::generation(tx, id, name).await? != *generation
    {
        return Ok(());
    }
    let mut lines = Lines::new(id, by, report.at);
    if let Some(health) = connection.note(report) {
        lines.tell(AuditAction::HealthChanged, health.as_str());
    }
    let noted = args![
        id.as_str(),
        connection.health.as_str(),
        connection.last_run.map(micros),
        connection.last_error.as_deref(),
        connection.last_error_at.map(micros),
    ];
    tx.run(&REPORT, noted).await?;
    lines.write(tx).await
}

/// Removes a connection, and marks what sync keeps of it as erased. Returns whether there was one.
///
/// # Errors
///
/// As the database fails.
pub async fn remove(tx: &mut dyn Tx, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
    static REMOVE: Sql = Sql::new("DELETE FROM tieline.connections WHERE tenant = $1 AND id = $2");
    static FORGET: [Sql; 8] = [
        // Nobody holds one any more, and one that is taken later still has a greater number.
        Sql::new(
            "UPDATE tieline.leases SET ends = 0, fence = fence + 1 WHERE tenant = $1 AND connection = $2",
        ),
        Sql::new("DELETE FROM tieline.consents WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.routes WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.due WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.accounts WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.endpoint_secrets WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.endpoints WHERE tenant = $1 AND connection = $2"),
        Sql::new("DELETE FROM tieline.subscribers WHERE tenant = $1 AND connection = $2"),
    ];
    by.check()?;
    let removed = tx.run(&REMOVE, args![id.as_str()]).await? > 0;
    if removed {
        secret::forget_all(tx, id).await?;
    }
    for statement in &FORGET {
        tx.run(statement, args![id.as_str()]).await?;
    }
    mark_erased(tx, id).await?;
    if removed {
        let mut lines = Lines::new(id, by, now);
        lines.tell(AuditAction::Removed, "");
        lines.write(tx).await?;
    }
    Ok(removed)
}
