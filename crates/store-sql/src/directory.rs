//! The directory: which tenant and connection something from outside belongs to, and what is due anywhere. It holds no
//! personal data.
//!
//! A tenant writes its own rows only. In PostgreSQL a dispatcher's role of its own may read them across tenants, as the
//! one exception from row-level security; in SQLite the process that has the file may.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::Connection;
use tieline_store::plan::content_hash;
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

/// Leads a provider's account to a connection that stored it when it was checked, and no other account to it.
pub(crate) async fn set_account(tx: &mut dyn Tx, connection: &Connection) -> Result<()> {
    static CLEAR: Sql =
        Sql::new("DELETE FROM tieline.accounts WHERE tenant = $1 AND connection = $2 AND hash <> $3");
    static SET: Sql = Sql::new(
        "INSERT INTO tieline.accounts (hash, tenant, connection) VALUES ($3, $1, $2) ON CONFLICT DO NOTHING",
    );
    // The hash of no account is the one that nothing is stored under.
    let account = connection.account.as_deref().unwrap_or_default();
    let hash = account_hash(&connection.provider, account);
    let route = args![connection.id.as_str(), hash.as_slice()];
    tx.run(&CLEAR, route).await?;
    if !account.is_empty() {
        tx.run(&SET, route).await?;
    }
    Ok(())
}

/// Returns the connections that stored an account of a provider when they were checked, whatever the tenant: for a
/// dispatcher.
///
/// # Errors
///
/// As the database fails.
pub async fn connections_of_account(
    tx: &mut dyn Tx,
    provider: &str,
    account: &str,
    limit: u32,
) -> Result<Vec<Route>> {
    static FIND: Sql = Sql::new(
        "SELECT tenant, connection FROM tieline.accounts WHERE hash = $2 AND $1 <> ''
         ORDER BY tenant, connection LIMIT $3",
    );
    if account.is_empty() {
        return Ok(Vec::new());
    }
    let hash = account_hash(provider, account);
    let found: Vec<(String, String)> = all(tx, &FIND, args![hash.as_slice(), limit]).await?;
    Ok(found
        .into_iter()
        .map(|(tenant, connection)| Route { tenant: tenant.into(), connection: connection.into() })
        .collect())
}

fn account_hash(provider: &str, account: &str) -> [u8; 16] {
    content_hash(&format!("{provider}\0{account}"))
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
