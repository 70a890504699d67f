//! Sealed secrets of endpoints and subscribers.

use std::time::Duration;

use tieline_core::{Error, ErrorKind, Result};
use tieline_store::webhooks::{EndpointSecret, SECRETS_IN_FORCE, SealedSecret, SecretPurpose};
use tieline_vault::Sealed;

use super::unreadable;
use crate::sql::Sql;
use crate::time::{after, now, time};
use crate::tx::{Tx, all, args, first};

/// Stores a secret of an endpoint that is made.
pub(super) async fn store(
    tx: &mut dyn Tx,
    (endpoint, connection): (&str, &str),
    purpose: SecretPurpose,
    sealed: &Sealed,
) -> Result<()> {
    static STORE: Sql = Sql::new(
        "INSERT INTO tieline.endpoint_secrets (tenant, connection, endpoint, purpose, sealed, ends_at)
         VALUES ($1, $2, $3, $4, $5, NULL)",
    );
    let bytes = sealed.to_bytes();
    tx.run(&STORE, args![connection, endpoint, purpose.as_str(), &bytes]).await.map(drop)
}

/// Returns the secrets of an endpoint that are in force, the newest first.
pub(super) async fn in_force(tx: &mut dyn Tx, endpoint: &str) -> Result<Vec<EndpointSecret>> {
    static LOAD: Sql = Sql::new(
        "SELECT id, purpose, sealed, ends_at FROM tieline.endpoint_secrets
         WHERE tenant = $1 AND endpoint = $2 AND (ends_at IS NULL OR ends_at > {now}) ORDER BY id DESC",
    );
    let stored: Vec<(u64, String, Vec<u8>, Option<i64>)> = all(tx, &LOAD, args![endpoint]).await?;
    let secret = |(number, purpose, sealed, ends_at): (u64, String, Vec<u8>, Option<i64>)| {
        let purpose = SecretPurpose::parse(&purpose).ok_or_else(|| unreadable("the purpose of a secret"))?;
        let secret = EndpointSecret::new(number, purpose, Sealed::from_bytes(&sealed)?);
        Ok(secret.with_ends_at(ends_at.map(time)))
    };
    stored.into_iter().map(secret).collect()
}

/// Forgets the secrets of an endpoint.
pub(super) async fn forget(tx: &mut dyn Tx, endpoint: &str) -> Result<()> {
    static FORGET: Sql = Sql::new("DELETE FROM tieline.endpoint_secrets WHERE tenant = $1 AND endpoint = $2");
    tx.run(&FORGET, args![endpoint]).await.map(drop)
}

/// Adds a secret: see
/// [`EndpointStore::add_endpoint_secret`](tieline_store::webhooks::EndpointStore::add_endpoint_secret).
///
/// # Errors
///
/// `NotFound`; otherwise as the database fails.
pub async fn add(tx: &mut dyn Tx, endpoint: &str, sealed: &Sealed, overlap: Duration) -> Result<()> {
    static LOCK: [Sql; 2] = [
        Sql::new("SELECT connection FROM tieline.endpoints WHERE tenant = $1 AND id = $2 {lock}"),
        Sql::new("SELECT connection FROM tieline.subscribers WHERE tenant = $1 AND id = $2 {lock}"),
    ];
    static END: Sql = Sql::new(
        "UPDATE tieline.endpoint_secrets SET ends_at = $3
         WHERE tenant = $1 AND endpoint = $2 AND purpose = 'signing' AND (ends_at IS NULL OR ends_at > $3)",
    );
    static CLEAR: Sql = Sql::new(
        "DELETE FROM tieline.endpoint_secrets
         WHERE tenant = $1 AND endpoint = $2 AND purpose = 'signing' AND (ends_at <= $3 OR id NOT IN (
             SELECT id FROM tieline.endpoint_secrets
             WHERE tenant = $1 AND endpoint = $2 AND purpose = 'signing' ORDER BY id DESC LIMIT $4
         ))",
    );
    let mut connection = None;
    for lock in &LOCK {
        connection = connection.or(first::<(String,)>(tx, lock, args![endpoint]).await?);
    }
    let Some((connection,)) = connection else {
        return Err(Error::new(ErrorKind::NotFound, "there is no endpoint with this id"));
    };
    let now = now(tx).await?;
    tx.run(&END, args![endpoint, after(now, overlap)]).await?;
    // With the new one, no more than are kept.
    let others = u32::try_from(SECRETS_IN_FORCE).unwrap_or(u32::MAX).saturating_sub(1);
    tx.run(&CLEAR, args![endpoint, now, others]).await?;
    store(tx, (endpoint, &connection), SecretPurpose::Signing, sealed).await
}

/// Returns sealed secrets: see
/// [`EndpointStore::endpoint_secrets`](tieline_store::webhooks::EndpointStore::endpoint_secrets).
///
/// # Errors
///
/// As the database fails.
pub async fn list(tx: &mut dyn Tx, after: Option<u64>, limit: u32) -> Result<Vec<SealedSecret>> {
    static PAGE: Sql = Sql::new(
        "SELECT id, endpoint, sealed FROM tieline.endpoint_secrets
         WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
    );
    let stored: Vec<(u64, String, Vec<u8>)> = all(tx, &PAGE, args![after.unwrap_or(0), limit]).await?;
    let secret = |(number, endpoint, sealed): (u64, String, Vec<u8>)| {
        Ok(SealedSecret::new(number, endpoint, Sealed::from_bytes(&sealed)?))
    };
    stored.into_iter().map(secret).collect()
}

/// Puts a secret under another key: see
/// [`EndpointStore::rewrap_endpoint_secret`](tieline_store::webhooks::EndpointStore::rewrap_endpoint_secret).
///
/// # Errors
///
/// As the database fails.
pub async fn rewrap(tx: &mut dyn Tx, from: &SealedSecret, to: &Sealed) -> Result<bool> {
    static REWRAP: Sql = Sql::new(
        "UPDATE tieline.endpoint_secrets SET sealed = $4 WHERE tenant = $1 AND id = $2 AND sealed = $3",
    );
    let (before, bytes) = (from.sealed.to_bytes(), to.to_bytes());
    Ok(tx.run(&REWRAP, args![from.number, &before, &bytes]).await? > 0)
}
