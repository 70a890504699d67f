//! The directory: which tenant and connection something from outside belongs to, and what is due anywhere. It holds no
//! personal data.
//!
//! A tenant writes its own rows only. In PostgreSQL a dispatcher's role of its own may read them across tenants, as the
//! one exception from row-level security; in SQLite the process that has the file may.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::{ConnectionId, TenantId};

use crate::sql::Sql;
use crate::time::{micros, time};
use crate::tx::{Tx, all, args, first};

/// A way from outside to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it leads.
    pub connection: ConnectionId,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Due {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// Whose it is.
    pub tenant: TenantId,
    /// For which connection.
    pub connection: ConnectionId,
    /// What: the word that it was set with.
    pub what: String,
}

/// Leads what has this hash to a connection of the tenant: a webhook's path, an API key, a provider's account.
///
/// # Errors
///
/// `Conflict` when it leads elsewhere already.
pub async fn set_route(
    tx: &mut dyn Tx,
    kind: &str,
    hash: &[u8; 32],
    connection: &ConnectionId,
) -> Result<()> {
    static SET: Sql = Sql::new(
        "INSERT INTO tieline.routes (kind, hash, tenant, connection) VALUES ($2, $3, $1, $4)
         ON CONFLICT (kind, hash) DO NOTHING",
    );
    static MINE: Sql =
        Sql::new("SELECT connection FROM tieline.routes WHERE tenant = $1 AND kind = $2 AND hash = $3");
    let hash = hash.as_slice();
    if tx.run(&SET, args![kind, hash, connection.as_str()]).await? > 0 {
        return Ok(());
    }
    let mine: Option<(String,)> = first(tx, &MINE, args![kind, hash]).await?;
    if mine.is_some_and(|(mine,)| mine == connection.as_str()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "this route leads to another connection already")
        .with_advice("remove it there first, or make a new secret for it")
        .with_context("kind", kind))
}

/// Removes a route of the tenant. Returns whether there was one.
///
/// # Errors
///
/// As the database fails.
pub async fn remove_route(tx: &mut dyn Tx, kind: &str, hash: &[u8; 32]) -> Result<bool> {
    static REMOVE: Sql = Sql::new("DELETE FROM tieline.routes WHERE tenant = $1 AND kind = $2 AND hash = $3");
    Ok(tx.run(&REMOVE, args![kind, hash.as_slice()]).await? > 0)
}

/// Returns where a route leads, whatever the tenant: for a dispatcher.
///
/// # Errors
///
/// As the database fails.
pub async fn route(tx: &mut dyn Tx, kind: &str, hash: &[u8; 32]) -> Result<Option<Route>> {
    static FIND: Sql =
        Sql::new("SELECT tenant, connection FROM tieline.routes WHERE kind = $2 AND hash = $3 AND $1 <> ''");
    let found: Option<(String, String)> = first(tx, &FIND, args![kind, hash.as_slice()]).await?;
    Ok(found.map(|(tenant, connection)| Route { tenant: tenant.into(), connection: connection.into() }))
}

/// Sets when something is due for a connection of the tenant; `None` takes it out.
///
/// # Errors
///
/// As the database fails.
pub async fn set_due(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    what: &str,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    static SET: Sql = Sql::new(
        "INSERT INTO tieline.due (tenant, connection, what, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, connection, what) DO UPDATE SET at = excluded.at",
    );
    static CLEAR: Sql =
        Sql::new("DELETE FROM tieline.due WHERE tenant = $1 AND connection = $2 AND what = $3");
    match at {
        Some(at) => tx.run(&SET, args![connection.as_str(), what, micros(at)]).await,
        None => tx.run(&CLEAR, args![connection.as_str(), what]).await,
    }
    .map(drop)
}

/// Returns what is due by now, whatever the tenant, the earliest first, after one: for a dispatcher.
///
/// # Errors
///
/// As the database fails.
pub async fn due(tx: &mut dyn Tx, after: Option<&Due>, limit: u32) -> Result<Vec<Due>> {
    static PAGE: Sql = Sql::new(
        "SELECT at, tenant, connection, what FROM tieline.due
         WHERE at <= {now} AND (at, tenant, connection, what) > ($2, $3, $4, $5) AND $1 <> ''
         ORDER BY at, tenant, connection, what LIMIT $6",
    );
    let page = args![
        after.map_or(i64::MIN, |after| micros(after.at)),
        after.map_or("", |after| after.tenant.as_str()),
        after.map_or("", |after| after.connection.as_str()),
        after.map_or("", |after| after.what.as_str()),
        limit,
    ];
    let stored: Vec<(i64, String, String, String)> = all(tx, &PAGE, page).await?;
    let due = |(at, tenant, connection, what): (i64, String, String, String)| Due {
        at: time(at),
        tenant: tenant.into(),
        connection: connection.into(),
        what,
    };
    Ok(stored.into_iter().map(due).collect())
}
