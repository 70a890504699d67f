//! Addresses at which providers notify the host.

use tieline_core::{EntityName, Result, Subscription};
use tieline_store::ConnectionId;
use tieline_store::webhooks::{NewEndpoint, SecretPurpose, WebhookEndpoint};

use super::{ROUTE, names, secret, taken, unreadable};
use crate::directory::{remove_route, set_route};
use crate::sql::Sql;
use crate::time::{now, time};
use crate::tx::{Tx, all, args, first};
use crate::value::{FromRow, Row};

struct Stored(WebhookEndpoint, Vec<u8>);

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        let (id, connection, provider): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let (path_hash, entities, subscriptions): (Vec<u8>, String, String) =
            (row.take()?, row.take()?, row.take()?);
        let (active, created_at): (bool, i64) = (row.take()?, row.take()?);
        let mut endpoint = WebhookEndpoint::new(id, connection.into(), provider, time(created_at));
        endpoint.entities = names(&entities)?.into_iter().map(EntityName::from).collect();
        endpoint.subscriptions =
            serde_json::from_str(&subscriptions).map_err(|_| unreadable("a subscription"))?;
        endpoint.is_active = active;
        Ok(Self(endpoint, path_hash))
    }
}

/// Selects whole endpoints.
macro_rules! select {
    ($condition:literal) => {
        Sql::new(concat!(
            "SELECT id, connection, provider, path_hash, entities, subscriptions, active, created_at
             FROM tieline.endpoints
             WHERE tenant = $1 AND ",
            $condition
        ))
    };
}

/// Makes an endpoint: see [`EndpointStore::create_endpoint`](tieline_store::webhooks::EndpointStore::create_endpoint).
///
/// # Errors
///
/// `Conflict` when its id or path is taken, `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn create(tx: &mut dyn Tx, new: &NewEndpoint) -> Result<WebhookEndpoint> {
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.endpoints 
             (tenant, id, connection, provider, path_hash, entities, subscriptions, active, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, '[]', TRUE, $7) ON CONFLICT DO NOTHING",
    );
    new.check()?;
    let now = now(tx).await?;
    let (id, connection) = (new.id.as_str(), new.connection.as_str());
    let entities: Vec<&str> = new.entities.iter().map(EntityName::as_str).collect();
    let entities = serde_json::json!(entities).to_string();
    let path_hash = new.path_hash.as_slice();
    let made = args![id, connection, new.provider.as_str(), path_hash, &entities, now];
    if tx.run(&MAKE, made).await? == 0 {
        return Err(taken("endpoint"));
    }
    set_route(tx, ROUTE, &new.path_hash, &new.connection).await?;
    secret::store(tx, (id, connection), SecretPurpose::Path, &new.path).await?;
    if let Some(sealed) = &new.secret {
        secret::store(tx, (id, connection), SecretPurpose::Signing, sealed).await?;
    }
    let mut endpoint =
        WebhookEndpoint::new(new.id.clone(), new.connection.clone(), new.provider.clone(), time(now));
    endpoint.entities.clone_from(&new.entities);
    endpoint.secrets = secret::in_force(tx, id).await?;
    Ok(endpoint)
}

/// Returns an endpoint: see [`EndpointStore::endpoint`](tieline_store::webhooks::EndpointStore::endpoint).
///
/// # Errors
///
/// As the database fails.
pub async fn endpoint(tx: &mut dyn Tx, id: &str) -> Result<Option<WebhookEndpoint>> {
    static FIND: Sql = select!("id = $2");
    let Some(Stored(mut endpoint, _)) = first(tx, &FIND, args![id]).await? else { return Ok(None) };
    endpoint.secrets = secret::in_force(tx, id).await?;
    Ok(Some(endpoint))
}

/// Returns the endpoint of a path: see [`EndpointStore::endpoint_at`](tieline_store::webhooks::EndpointStore::endpoint_at).
///
/// # Errors
///
/// As the database fails.
pub async fn endpoint_at(tx: &mut dyn Tx, path_hash: &[u8; 32]) -> Result<Option<WebhookEndpoint>> {
    static FIND: Sql = select!("path_hash = $2");
    let found: Option<Stored> = first(tx, &FIND, args![path_hash.as_slice()]).await?;
    let Some(Stored(mut endpoint, _)) = found else { return Ok(None) };
    endpoint.secrets = secret::in_force(tx, endpoint.id.as_str()).await?;
    Ok(Some(endpoint))
}

/// Returns endpoints by id: see [`EndpointStore::endpoints`](tieline_store::webhooks::EndpointStore::endpoints).
///
/// # Errors
///
/// As the database fails.
pub async fn endpoints(
    tx: &mut dyn Tx,
    connection: Option<&ConnectionId>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<WebhookEndpoint>> {
    static PAGE: Sql = select!("(connection = $2 OR $2 = '') AND id > $3 ORDER BY id LIMIT $4");
    let connection = connection.map_or("", |connection| connection.as_str());
    let stored: Vec<Stored> = all(tx, &PAGE, args![connection, after.unwrap_or(""), limit]).await?;
    let mut endpoints = Vec::with_capacity(stored.len());
    for Stored(mut endpoint, _) in stored {
        endpoint.secrets = secret::in_force(tx, endpoint.id.as_str()).await?;
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

/// Pauses an endpoint, or resumes it: see
/// [`EndpointStore::set_endpoint_active`](tieline_store::webhooks::EndpointStore::set_endpoint_active).
///
/// # Errors
///
/// As the database fails.
pub async fn set_active(tx: &mut dyn Tx, id: &str, is_active: bool) -> Result<bool> {
    static SET: Sql = Sql::new("UPDATE tieline.endpoints SET active = $3 WHERE tenant = $1 AND id = $2");
    Ok(tx.run(&SET, args![id, is_active]).await? > 0)
}

/// Keeps the provider's subscriptions of an endpoint: see
/// [`EndpointStore::set_endpoint_subscriptions`](tieline_store::webhooks::EndpointStore::set_endpoint_subscriptions).
///
/// # Errors
///
/// As the database fails.
pub async fn set_subscriptions(tx: &mut dyn Tx, id: &str, subscriptions: &[Subscription]) -> Result<bool> {
    static SET: Sql =
        Sql::new("UPDATE tieline.endpoints SET subscriptions = $3 WHERE tenant = $1 AND id = $2");
    let subscriptions = serde_json::json!(subscriptions).to_string();
    Ok(tx.run(&SET, args![id, &subscriptions]).await? > 0)
}

/// Removes an endpoint: see [`EndpointStore::remove_endpoint`](tieline_store::webhooks::EndpointStore::remove_endpoint).
///
/// # Errors
///
/// As the database fails.
pub async fn remove(tx: &mut dyn Tx, id: &str) -> Result<bool> {
    static FIND: Sql = select!("id = $2 {lock}");
    static REMOVE: Sql = Sql::new("DELETE FROM tieline.endpoints WHERE tenant = $1 AND id = $2");
    let Some(Stored(_, path_hash)) = first(tx, &FIND, args![id]).await? else { return Ok(false) };
    if let Ok(hash) = <[u8; 32]>::try_from(path_hash.as_slice()) {
        remove_route(tx, ROUTE, &hash).await?;
    }
    secret::forget(tx, id).await?;
    tx.run(&REMOVE, args![id]).await?;
    Ok(true)
}
