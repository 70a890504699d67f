//! Leases and consents.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind};
use tieline_store::ConnectionId;
use tieline_store::connections::{Consent, ConsentState, Fence, Lease};
use tieline_store::plan::state_taken;

use super::{kept, sealed};
use crate::fault::Fault;
use crate::lists;
use crate::turn::Turn;

/// A lease of more than a thousand years has no end: PostgreSQL's calendar does.
const ENDLESS: Duration = Duration::from_secs(1_000 * 365 * 86_400);

/// In microseconds; `None` for ever.
fn life_of(life: Duration) -> Option<i64> {
    i64::try_from(life.min(ENDLESS).as_micros()).ok().filter(|_| life < ENDLESS)
}

/// Now is what the server's clock says, unless a test brings a clock.
pub(super) async fn lease(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    life: Duration,
    now: Option<DateTime<Utc>>,
) -> Result<Option<Lease>, Fault> {
    let held: Option<bool> = turn
        .values(
            "SELECT ends > coalesce($4, clock_timestamp()) FROM tieline_leases
             WHERE tenant = $1 AND connection = $2 AND name = $3",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(now)
        .fetch_optional(turn.on())
        .await?;
    match held {
        // Those who wait for a lease ask often, and need no lock for this answer.
        Some(true) => return Ok(None),
        Some(false) => {}
        None => {
            turn.query(
                "INSERT INTO tieline_leases (tenant, connection, name, fence, ends)
                 VALUES ($1, $2, $3, 0, '-infinity') ON CONFLICT DO NOTHING",
            )
            .bind(connection.as_str())
            .bind(name)
            .execute(turn.on())
            .await?;
        }
    }
    // A number is taken only while the row is held or was not taken by another since, so numbers of a name grow.
    let fence: Option<i64> = turn
        .values(
            "UPDATE tieline_leases
             SET fence = nextval('tieline_fences'),
                 ends = coalesce(coalesce($4, clock_timestamp()) + $5 * INTERVAL '1 microsecond', 'infinity')
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND ends <= coalesce($4, clock_timestamp())
             RETURNING fence",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(now)
        .bind(life_of(life))
        .fetch_optional(turn.on())
        .await?;
    Ok(fence.map(|fence| Lease::new(Fence::new(fence.cast_unsigned()))))
}

pub(super) async fn prolong(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    fence: Fence,
    life: Duration,
    now: Option<DateTime<Utc>>,
) -> Result<bool, Fault> {
    let prolonged = turn
        .query(
            "UPDATE tieline_leases
             SET ends = coalesce(coalesce($5, clock_timestamp()) + $6 * INTERVAL '1 microsecond', 'infinity')
             WHERE tenant = $1 AND connection = $2 AND name = $3 AND fence = $4 AND fence > 0",
        )
        .bind(connection.as_str())
        .bind(name)
        .bind(lists::number(fence.number()))
        .bind(now)
        .bind(life_of(life))
        .execute(turn.on())
        .await?;
    Ok(prolonged.rows_affected() > 0)
}

pub(super) async fn release(
    turn: &mut Turn,
    connection: &ConnectionId,
    name: &str,
    fence: Fence,
    now: Option<DateTime<Utc>>,
) -> Result<(), Fault> {
    turn.query(
        "UPDATE tieline_leases SET ends = coalesce($5, clock_timestamp())
         WHERE tenant = $1 AND connection = $2 AND name = $3 AND fence = $4",
    )
    .bind(connection.as_str())
    .bind(name)
    .bind(lists::number(fence.number()))
    .bind(now)
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(super) async fn begin_consent(
    turn: &mut Turn,
    consent: Consent,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    // What another transaction deals with just now is left to it, so that the two do not wait for each other.
    turn.query(
        "DELETE FROM tieline_consents WHERE tenant = $1 AND state IN (
             SELECT state FROM tieline_consents WHERE tenant = $1 AND expires_at <= $2 FOR UPDATE SKIP LOCKED
         )",
    )
    .bind(now)
    .execute(turn.on())
    .await?;
    let inserted = turn
        .query(
            "INSERT INTO tieline_consents
                 (tenant, state, connection, provider, session, verifier, detail, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (tenant, state) DO NOTHING",
        )
        .bind(consent.state.as_bytes().to_vec())
        .bind(consent.connection.as_str())
        .bind(consent.provider.as_str())
        .bind(consent.session.to_vec())
        .bind(consent.verifier.as_ref().map(|verifier| verifier.to_bytes()))
        .bind(consent.detail.to_string())
        .bind(kept(consent.expires_at))
        .execute(turn.on())
        .await?;
    if inserted.rows_affected() == 0 {
        return Err(state_taken().into());
    }
    Ok(())
}

pub(super) async fn consent(turn: &mut Turn, state: &ConsentState) -> Result<Option<Consent>, Fault> {
    let stored: Option<Stored> = turn
        .rows(
            "SELECT connection, provider, session, verifier, detail, expires_at
             FROM tieline_consents WHERE tenant = $1 AND state = $2",
        )
        .bind(state.as_bytes().to_vec())
        .fetch_optional(turn.on())
        .await?;
    stored.map(|stored| read(state, stored)).transpose()
}

pub(super) async fn take_consent(turn: &mut Turn, state: &ConsentState) -> Result<Option<Consent>, Fault> {
    let stored: Option<Stored> = turn
        .rows(
            "DELETE FROM tieline_consents WHERE tenant = $1 AND state = $2
             RETURNING connection, provider, session, verifier, detail, expires_at",
        )
        .bind(state.as_bytes().to_vec())
        .fetch_optional(turn.on())
        .await?;
    stored.map(|stored| read(state, stored)).transpose()
}

type Stored = (String, String, Vec<u8>, Option<Vec<u8>>, String, DateTime<Utc>);

fn read(state: &ConsentState, stored: Stored) -> Result<Consent, Fault> {
    let (connection, provider, session, verifier, detail, expires_at) = stored;
    let unreadable = || {
        Error::new(ErrorKind::Internal, "a stored consent cannot be read")
            .with_advice("send the person to the provider again")
            .with_context("connection", &connection)
    };
    let session: [u8; 32] = session.try_into().map_err(|_| unreadable())?;
    let detail = serde_json::from_str(&detail).map_err(|error| unreadable().with_source(error))?;
    let verifier = verifier.map(|bytes| sealed(&bytes, &connection, "verifier")).transpose()?;
    let mut consent = Consent::new(*state, connection, provider, session, expires_at);
    consent.verifier = verifier;
    consent.detail = detail;
    Ok(consent)
}
