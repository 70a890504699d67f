//! Sealed secrets.

use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_store::ConnectionId;
use tieline_store::connections::{
    Actor, AuditAction, Connection, Fence, Health, Intent, PutSecret, RenewalDue, SecretInfo, StoredSecret,
};
use tieline_store::plan::{Guard, rewrapped, unknown_connection};
use tieline_vault::Sealed;

use super::audit::Lines;
use super::{connection, sealed};
use crate::sql::Sql;
use crate::time::{micros, time};
use crate::tx::{Tx, all, args, first, one};

/// Returns a secret.
///
/// # Errors
///
/// As the database fails.
pub async fn secret(tx: &mut dyn Tx, connection: &ConnectionId, name: &str) -> Result<Option<StoredSecret>> {
    static FIND: Sql = Sql::new(
        "SELECT sealed, generation, intent_fence, intent_at, refused_at FROM tieline.secrets
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL",
    );
    type Stored = (Vec<u8>, u64, Option<u64>, Option<i64>, Option<i64>);
    let stored: Option<Stored> = first(tx, &FIND, args![connection.as_str(), name]).await?;
    let Some((bytes, generation, fence, at, refused_at)) = stored else { return Ok(None) };
    let intent = fence.zip(at).map(|(fence, at)| Intent::new(Fence::new(fence), time(at)));
    let stored =
        StoredSecret::new(sealed(&bytes, tx.tenant(), connection.as_str(), name)?, generation, intent);
    Ok(Some(stored.with_refused_at(refused_at.map(time))))
}

/// Returns secrets by connection and name, after one; of all connections.
///
/// # Errors
///
/// As the database fails.
pub async fn secrets(
    tx: &mut dyn Tx,
    after: Option<(&ConnectionId, &str)>,
    limit: u32,
) -> Result<Vec<SecretInfo>> {
    static PAGE: Sql = Sql::new(
        "SELECT connection, name, generation, key_id, stored_at, renew_by FROM tieline.secrets
         WHERE tenant = $1 AND (connection, name) > ($2, $3) AND sealed IS NOT NULL
         ORDER BY connection, name LIMIT $4",
    );
    type Stored = (String, String, u64, String, i64, Option<i64>);
    // No name is empty, so all come after the empty ones.
    let (connection, name) = after.map(|(connection, name)| (connection.as_str(), name)).unwrap_or_default();
    let stored: Vec<Stored> = all(tx, &PAGE, args![connection, name, limit]).await?;
    let info = |(connection, name, generation, key, stored_at, renew_by): Stored| {
        SecretInfo::new(connection.into(), name, generation, key, time(stored_at), renew_by.map(time))
    };
    Ok(stored.into_iter().map(info).collect())
}

/// Compares what a writer believes with what is stored, and keeps that so until the end of the transaction.
async fn guarded(tx: &mut dyn Tx, connection: &ConnectionId, name: &str, guard: Guard) -> Result<()> {
    static GENERATION: Sql = Sql::new(
        "SELECT generation FROM tieline.secrets
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL {lock}",
    );
    // Who takes the next lease waits for this write, and then reads it.
    static FENCE: Sql = Sql::new(
        "SELECT fence FROM tieline.leases
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND fence > 0 {share}",
    );
    let key = args![connection.as_str(), name];
    let generation = first::<(u64,)>(tx, &GENERATION, key).await?.map_or(0, |(generation,)| generation);
    let latest = match guard.fence {
        Some(_) => first::<(u64,)>(tx, &FENCE, key).await?.map(|(fence,)| Fence::new(fence)),
        None => None,
    };
    guard.hold(connection, name, generation, latest)
}

/// Stores a secret of a connection that is locked. Returns its generation.
pub(super) async fn store(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    put: PutSecret,
    now: DateTime<Utc>,
    lines: &mut Lines<'_>,
) -> Result<u64> {
    static PUT: Sql = Sql::new(
        "INSERT INTO tieline.secrets AS s
             (tenant, connection, name, generation, sealed, key_id, stored_at, renew_by)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
         ON CONFLICT (tenant, connection, name) DO UPDATE
         SET generation = s.generation + 1, sealed = excluded.sealed, key_id = excluded.key_id,
             stored_at = excluded.stored_at, renew_by = excluded.renew_by,
             intent_fence = NULL, intent_at = NULL, refused_at = NULL
         RETURNING generation",
    );
    guarded(tx, connection, name, Guard { generation: put.replaces, fence: put.fence }).await?;
    let bytes = put.sealed.to_bytes();
    let values = args![
        connection.as_str(),
        name,
        &bytes,
        put.sealed.key_id().as_str(),
        micros(now),
        put.renew_by.map(micros),
    ];
    let (generation,): (u64,) = one(tx, &PUT, values).await?;
    lines.tell(put.action, put.detail(name, generation));
    Ok(generation)
}

/// Stores a secret: see [`SecretStore::put_secret`](tieline_store::SecretStore::put_secret).
///
/// # Errors
///
/// `NotFound` without such a connection, `Conflict` when somebody was quicker; otherwise as the database fails.
pub async fn put_secret(
    tx: &mut dyn Tx,
    id: &ConnectionId,
    name: &str,
    put: PutSecret,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<u64> {
    by.check()?;
    put.check(name)?;
    let mut connection = connection::locked(tx, id).await?.ok_or_else(|| unknown_connection(id))?;
    let mut lines = Lines::new(id, by, now);
    let generation = replace(tx, &mut connection, (name, put), now, &mut lines).await?;
    lines.write(tx).await?;
    Ok(generation)
}

/// Stores a secret of a locked connection, which is untried again when it waited for one. Returns its generation.
pub(super) async fn replace(
    tx: &mut dyn Tx,
    connection: &mut Connection,
    (name, put): (&str, PutSecret),
    now: DateTime<Utc>,
    lines: &mut Lines<'_>,
) -> Result<u64> {
    static HEALTH: Sql = Sql::new("UPDATE tieline.connections SET health = $3 WHERE tenant = $1 AND id = $2");
    let reconnects = put.reconnects() && connection.health == Health::NeedsReconnect;
    let generation = store(tx, &connection.id, name, put, now, lines).await?;
    if reconnects {
        connection.health = Health::Untried;
        let untried = Health::Untried.as_str();
        tx.run(&HEALTH, args![connection.id.as_str(), untried]).await?;
        lines.tell(AuditAction::HealthChanged, untried);
    }
    Ok(generation)
}

/// The generation of a secret; 0 where there is none.
pub(super) async fn generation(tx: &mut dyn Tx, connection: &ConnectionId, name: &str) -> Result<u64> {
    static FIND: Sql = Sql::new(
        "SELECT generation FROM tieline.secrets
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL {share}",
    );
    let stored: Option<(u64,)> = first(tx, &FIND, args![connection.as_str(), name]).await?;
    Ok(stored.map_or(0, |(generation,)| generation))
}

/// Notes that the provider refused a secret for good. Returns whether its generation was still this one.
///
/// # Errors
///
/// As the database fails.
pub async fn refuse_secret(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    now: DateTime<Utc>,
) -> Result<bool> {
    static REFUSE: Sql = Sql::new(
        "UPDATE tieline.secrets
         SET refused_at = coalesce(refused_at, $5), intent_fence = NULL, intent_at = NULL
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND generation = $4 AND sealed IS NOT NULL",
    );
    let refused = args![connection.as_str(), name, generation, micros(now)];
    Ok(tx.run(&REFUSE, refused).await? > 0)
}

/// Writes that a secret is about to be renewed.
///
/// # Errors
///
/// `Conflict` when somebody was quicker; otherwise as the database fails.
pub async fn begin_renewal(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    fence: Fence,
    now: DateTime<Utc>,
) -> Result<()> {
    static BEGIN: Sql = Sql::new(
        "UPDATE tieline.secrets SET intent_fence = $4, intent_at = $5
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL AND intent_fence IS NULL",
    );
    guarded(tx, connection, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    tx.run(&BEGIN, args![connection.as_str(), name, fence.number(), micros(now)]).await.map(drop)
}

/// Takes an intent back.
///
/// # Errors
///
/// `Conflict` when somebody was quicker; otherwise as the database fails.
pub async fn cancel_renewal(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    fence: Fence,
) -> Result<()> {
    static CANCEL: Sql = Sql::new(
        "UPDATE tieline.secrets SET intent_fence = NULL, intent_at = NULL
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND intent_fence = $4",
    );
    guarded(tx, connection, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    tx.run(&CANCEL, args![connection.as_str(), name, fence.number()]).await.map(drop)
}

/// Puts the same secret under another key. Returns whether its generation was still this one.
///
/// # Errors
///
/// As the database fails.
pub async fn rewrap_secret(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    sealed: Sealed,
    (by, now): (&Actor, DateTime<Utc>),
) -> Result<bool> {
    static REWRAP: Sql = Sql::new(
        "UPDATE tieline.secrets SET sealed = $5, key_id = $6
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND generation = $4 AND sealed IS NOT NULL",
    );
    by.check()?;
    let bytes = sealed.to_bytes();
    let rewrapping = args![connection.as_str(), name, generation, &bytes, sealed.key_id().as_str()];
    if tx.run(&REWRAP, rewrapping).await? == 0 {
        return Ok(false);
    }
    let mut lines = Lines::new(connection, by, now);
    lines.tell(AuditAction::SecretRewrapped, rewrapped(name, sealed.key_id()));
    lines.write(tx).await?;
    Ok(true)
}

/// What is left of a secret without its value.
macro_rules! forget {
    ($condition:literal) => {
        Sql::new(concat!(
            "UPDATE tieline.secrets
             SET sealed = NULL, key_id = NULL, stored_at = NULL, renew_by = NULL, intent_fence = NULL,
                 intent_at = NULL, refused_at = NULL
             WHERE tenant = $1 AND connection = $2",
            $condition
        ))
    };
}

/// Deletes the secrets of a connection.
pub(super) async fn forget_all(tx: &mut dyn Tx, connection: &ConnectionId) -> Result<()> {
    static FORGET: Sql = forget!("");
    tx.run(&FORGET, args![connection.as_str()]).await.map(drop)
}

/// Deletes a secret. Returns whether there was one.
///
/// # Errors
///
/// As the database fails.
pub async fn delete_secret(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &str,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<bool> {
    static FORGET: Sql = forget!(" AND name = $3 AND sealed IS NOT NULL");
    by.check()?;
    if tx.run(&FORGET, args![connection.as_str(), name]).await? == 0 {
        return Ok(false);
    }
    let mut lines = Lines::new(connection, by, now);
    lines.tell(AuditAction::SecretDeleted, name);
    lines.write(tx).await?;
    Ok(true)
}

/// Returns secrets that must be renewed before a time: see
/// [`SecretStore::renewals_due`](tieline_store::SecretStore::renewals_due).
///
/// # Errors
///
/// As the database fails.
pub async fn renewals_due(
    tx: &mut dyn Tx,
    before: DateTime<Utc>,
    after: Option<&RenewalDue>,
    limit: u32,
) -> Result<Vec<RenewalDue>> {
    static PAGE: Sql = Sql::new(
        "SELECT s.connection, s.name, s.renew_by
         FROM tieline.secrets s JOIN tieline.connections c ON c.tenant = $1 AND c.id = s.connection
         WHERE s.tenant = $1 AND s.renew_by < $2 AND s.sealed IS NOT NULL AND c.active AND c.health <> $3
             AND (s.renew_by, s.connection, s.name) > ($4, $5, $6)
         ORDER BY s.renew_by, s.connection, s.name LIMIT $7",
    );
    let page = args![
        micros(before),
        Health::NeedsReconnect.as_str(),
        after.map_or(i64::MIN, |after| micros(after.renew_by)),
        after.map_or("", |after| after.connection.as_str()),
        after.map_or("", |after| after.name.as_str()),
        limit,
    ];
    let stored: Vec<(String, String, i64)> = all(tx, &PAGE, page).await?;
    let due =
        |(connection, name, at): (String, String, i64)| RenewalDue::new(connection.into(), name, time(at));
    Ok(stored.into_iter().map(due).collect())
}

/// Returns what the vault's keys are checked with.
///
/// # Errors
///
/// As the database fails.
pub async fn key_check(tx: &mut dyn Tx) -> Result<Option<Sealed>> {
    static FIND: Sql = Sql::new("SELECT sealed FROM tieline.key_check WHERE $1 <> ''");
    let stored: Option<(Vec<u8>,)> = first(tx, &FIND, args![]).await?;
    stored.map(|(bytes,)| Sealed::from_bytes(&bytes)).transpose()
}

/// Stores it in place of one that is still as it was read. Returns whether it was.
///
/// # Errors
///
/// As the database fails.
pub async fn put_key_check(tx: &mut dyn Tx, replaces: Option<&Sealed>, key_check: &Sealed) -> Result<bool> {
    static FIRST: Sql = Sql::new(
        "INSERT INTO tieline.key_check (one, sealed) SELECT 1, $2 WHERE $1 <> '' ON CONFLICT DO NOTHING",
    );
    static REPLACE: Sql = Sql::new("UPDATE tieline.key_check SET sealed = $2 WHERE $1 <> '' AND sealed = $3");
    let bytes = key_check.to_bytes();
    let stored = match replaces {
        None => tx.run(&FIRST, args![&bytes]).await?,
        Some(replaces) => {
            let replaced = replaces.to_bytes();
            tx.run(&REPLACE, args![&bytes, &replaced]).await?
        }
    };
    Ok(stored > 0)
}
