//! Sealed secrets.

use chrono::{DateTime, Utc};
use tieline_store::ConnectionId;
use tieline_store::connections::{
    Actor, AuditAction, Connection, Fence, Health, Intent, PutSecret, RenewalDue, SecretInfo, StoredSecret,
};
use tieline_store::plan::{Guard, rewrapped, unknown_connection};
use tieline_vault::Sealed;

use super::audit::Lines;
use super::{connection, kept, sealed};
use crate::fault::Fault;
use crate::lists;
use crate::turn::Turn;

pub(super) async fn secret(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
) -> Result<Option<StoredSecret>, Fault> {
    type Stored = (Vec<u8>, i64, Option<i64>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let stored: Option<Stored> = turn
        .rows(
            "SELECT sealed, generation, intent_fence, intent_at, refused_at FROM tieline_secrets
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL",
        )
        .bind(connection.as_str())
        .bind(name)
        .fetch_optional(turn.on())
        .await?;
    let Some((bytes, generation, fence, at, refused_at)) = stored else { return Ok(None) };
    let intent = fence.zip(at).map(|(fence, at)| Intent::new(Fence::new(fence.cast_unsigned()), at));
    let sealed = sealed(&bytes, connection.as_str(), name)?;
    let stored = StoredSecret::new(sealed, generation.cast_unsigned(), intent);
    Ok(Some(stored.with_refused_at(refused_at)))
}

pub(super) async fn secrets(
    turn: &mut Turn,
    after: Option<(&ConnectionId, &str)>,
    limit: u32,
) -> Result<Vec<SecretInfo>, Fault> {
    type Stored = (String, String, i64, String, DateTime<Utc>, Option<DateTime<Utc>>);
    let (connection, name) = after.map(|(connection, name)| (connection.as_str(), name)).unwrap_or_default();
    // No name is empty, so all come after the empty ones.
    let stored: Vec<Stored> = turn
        .rows(
            "SELECT connection, name, generation, key_id, stored_at, renew_by FROM tieline_secrets
             WHERE tenant = $1 AND (connection, name) > ($2, $3) AND sealed IS NOT NULL
             ORDER BY connection, name LIMIT $4",
        )
        .bind(connection)
        .bind(name)
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    let info = |(connection, name, generation, key, stored_at, renew_by): Stored| {
        SecretInfo::new(connection.into(), name, generation.cast_unsigned(), key, stored_at, renew_by)
    };
    Ok(stored.into_iter().map(info).collect())
}

/// Compares what a writer believes with what is stored, and keeps that so until the end of the transaction. Answers the
/// generation, 0 where there is no secret.
async fn guarded(turn: &mut Turn, connection: &ConnectionId, name: &str, guard: Guard) -> Result<u64, Fault> {
    let generation: Option<i64> = turn
        .values(
            "SELECT generation FROM tieline_secrets
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL FOR UPDATE",
        )
        .bind(connection.as_str())
        .bind(name)
        .fetch_optional(turn.on())
        .await?;
    let generation = generation.map_or(0, i64::cast_unsigned);
    let mut latest: Option<i64> = None;
    if guard.fence.is_some() {
        // Who takes the next lease waits for this write, and then reads it.
        latest = turn
            .values(
                "SELECT fence FROM tieline_leases
                 WHERE tenant = $1 AND connection = $2 AND name = $3 FOR SHARE",
            )
            .bind(connection.as_str())
            .bind(name)
            .fetch_optional(turn.on())
            .await?;
    }
    let latest = latest.map(|fence| Fence::new(fence.cast_unsigned()));
    guard.hold(connection, name, generation, latest)?;
    Ok(generation)
}

/// Stores a secret of a connection that is locked. Answers its generation.
pub(super) async fn store(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    put: PutSecret,
    now: DateTime<Utc>,
    lines: &mut Lines<'_>,
) -> Result<u64, Fault> {
    guarded(turn, connection, name, Guard { generation: put.replaces, fence: put.fence }).await?;
    let generation: i64 = turn
        .values(
            "INSERT INTO tieline_secrets AS s
                 (tenant, connection, name, generation, sealed, key_id, stored_at, renew_by)
             VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
             ON CONFLICT (tenant, connection, name) DO UPDATE
             SET generation = s.generation + 1, sealed = excluded.sealed, key_id = excluded.key_id,
                 stored_at = excluded.stored_at, renew_by = excluded.renew_by,
                 intent_fence = NULL, intent_at = NULL, refused_at = NULL
             RETURNING s.generation",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(put.sealed.to_bytes())
        .bind(put.sealed.key_id().as_str())
        .bind(kept(now))
        .bind(put.renew_by.map(kept))
        .fetch_one(turn.on())
        .await?;
    let generation = generation.cast_unsigned();
    lines.tell(put.action, put.detail(name, generation));
    Ok(generation)
}

pub(super) async fn put_secret(
    turn: &mut Turn,
    id: &ConnectionId,
    name: &str,
    put: PutSecret,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    let mut connection = connection::locked(turn, id).await?.ok_or_else(|| unknown_connection(id))?;
    let mut lines = Lines::new(id, by, now);
    let generation = replace(turn, &mut connection, (name, put), now, &mut lines).await?;
    lines.write(turn).await?;
    Ok(generation)
}

/// Stores a secret of a locked connection, which is untried again when it waited for one. Returns its generation.
pub(super) async fn replace(
    turn: &mut Turn,
    connection: &mut Connection,
    (name, put): (&str, PutSecret),
    now: DateTime<Utc>,
    lines: &mut Lines<'_>,
) -> Result<u64, Fault> {
    let id = connection.id.clone();
    let reconnects = put.reconnects() && connection.health == Health::NeedsReconnect;
    let generation = store(turn, &id, name, put, now, lines).await?;
    if reconnects {
        connection.health = Health::Untried;
        turn.query("UPDATE tieline_connections SET health = $3 WHERE tenant = $1 AND id = $2")
            .bind(id.as_str())
            .bind(Health::Untried.as_str())
            .execute(turn.on())
            .await?;
        lines.tell(AuditAction::HealthChanged, Health::Untried.as_str());
    }
    Ok(generation)
}

/// The generation of a secret; 0 where there is none.
pub(super) async fn generation(turn: &mut Turn, connection: &ConnectionId, name: &str) -> Result<u64, Fault> {
    let stored: Option<i64> = turn
        .values(
            "SELECT generation FROM tieline_secrets
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL FOR SHARE",
        )
        .bind(connection.as_str())
        .bind(name)
        .fetch_optional(turn.on())
        .await?;
    Ok(stored.map_or(0, i64::cast_unsigned))
}

/// Notes a refusal. Returns whether the secret was of this generation.
pub(super) async fn refuse_secret(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let refused = turn
        .query(
            "UPDATE tieline_secrets
             SET refused_at = coalesce(refused_at, $5), intent_fence = NULL, intent_at = NULL
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND generation = $4 AND sealed IS NOT NULL",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(lists::number(generation))
        .bind(kept(now))
        .execute(turn.on())
        .await?;
    Ok(refused.rows_affected() > 0)
}

pub(super) async fn begin_renewal(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    fence: Fence,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    guarded(turn, connection, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    turn.query(
        "UPDATE tieline_secrets SET intent_fence = $4, intent_at = $5
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL AND intent_fence IS NULL",
    )
    .bind(connection.as_str())
    .bind(name)
    .bind(lists::number(fence.number()))
    .bind(kept(now))
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(super) async fn cancel_renewal(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    fence: Fence,
) -> Result<(), Fault> {
    guarded(turn, connection, name, Guard { generation: Some(generation), fence: Some(fence) }).await?;
    turn.query(
        "UPDATE tieline_secrets SET intent_fence = NULL, intent_at = NULL
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND intent_fence = $4",
    )
    .bind(connection.as_str())
    .bind(name)
    .bind(lists::number(fence.number()))
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(super) async fn rewrap_secret(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    generation: u64,
    sealed: Sealed,
    (by, now): (&Actor, DateTime<Utc>),
) -> Result<bool, Fault> {
    let rewritten = turn
        .query(
            "UPDATE tieline_secrets SET sealed = $5, key_id = $6
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND generation = $4 AND sealed IS NOT NULL",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(lists::number(generation))
        .bind(sealed.to_bytes())
        .bind(sealed.key_id().as_str())
        .execute(turn.on())
        .await?
        .rows_affected()
        > 0;
    if rewritten {
        let mut lines = Lines::new(connection, by, now);
        lines.tell(AuditAction::SecretRewrapped, rewrapped(name, sealed.key_id()));
        lines.write(turn).await?;
    }
    Ok(rewritten)
}

pub(super) async fn delete_secret(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    by: &Actor,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let deleted = turn
        .query(
            "UPDATE tieline_secrets
             SET sealed = NULL, key_id = NULL, stored_at = NULL, renew_by = NULL, intent_fence = NULL,
                 intent_at = NULL, refused_at = NULL
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND sealed IS NOT NULL",
        )
        .bind(connection.as_str())
        .bind(name)
        .execute(turn.on())
        .await?
        .rows_affected()
        > 0;
    if deleted {
        let mut lines = Lines::new(connection, by, now);
        lines.tell(AuditAction::SecretDeleted, name);
        lines.write(turn).await?;
    }
    Ok(deleted)
}

pub(super) async fn renewals_due(
    turn: &mut Turn,
    before: DateTime<Utc>,
    after: Option<&RenewalDue>,
    limit: u32,
) -> Result<Vec<RenewalDue>, Fault> {
    type Stored = (String, String, DateTime<Utc>);
    let stored: Vec<Stored> = turn
        .rows(
            "SELECT s.connection, s.name, s.renew_by
             FROM tieline_secrets s JOIN tieline_connections c ON c.tenant = $1 AND c.id = s.connection
             WHERE s.tenant = $1 AND s.renew_by < $2 AND s.sealed IS NOT NULL AND c.active AND c.health <> $3
                 AND (s.renew_by, s.connection, s.name) > (coalesce($4, '-infinity'), $5, $6)
             ORDER BY s.renew_by, s.connection, s.name LIMIT $7",
        )
        .bind(before)
        .bind(Health::NeedsReconnect.as_str())
        .bind(after.map(|after| after.renew_by))
        .bind(after.map_or("", |after| after.connection.as_str()))
        .bind(after.map_or("", |after| after.name.as_str()))
        .bind(i64::from(limit))
        .fetch_all(turn.on())
        .await?;
    let due = |(connection, name, renew_by): Stored| RenewalDue::new(connection.into(), name, renew_by);
    Ok(stored.into_iter().map(due).collect())
}

pub(super) async fn key_check(turn: &mut Turn) -> Result<Option<Sealed>, Fault> {
    let stored: Option<Vec<u8>> = turn
        .values("SELECT sealed FROM tieline_key_check WHERE $1::text <> ''")
        .fetch_optional(turn.on())
        .await?;
    Ok(stored.as_deref().map(Sealed::from_bytes).transpose()?)
}

pub(super) async fn put_key_check(
    turn: &mut Turn,
    replaces: Option<&Sealed>,
    key_check: &Sealed,
) -> Result<bool, Fault> {
    let query = match replaces {
        None => turn.query(
            "INSERT INTO tieline_key_check (sealed) SELECT $2 WHERE $1::text <> '' ON CONFLICT DO NOTHING",
        ),
        Some(_) => {
            turn.query("UPDATE tieline_key_check SET sealed = $2 WHERE $1::text <> '' AND sealed = $3")
        }
    };
    let query = query.bind(key_check.to_bytes());
    let query = match replaces {
        None => query,
        Some(replaces) => query.bind(replaces.to_bytes()),
    };
    Ok(query.execute(turn.on()).await?.rows_affected() > 0)
}
