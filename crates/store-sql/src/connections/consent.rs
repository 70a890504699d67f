//! Consents that are waited for.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;
use tieline_store::connections::{Consent, ConsentState};
use tieline_store::plan::state_taken;

use super::sealed;
use crate::sql::Sql;
use crate::time::{micros, time};
use crate::tx::{Tx, args, first};

/// Keeps a consent, and forgets those that ended.
///
/// # Errors
///
/// `Conflict` when the state is taken, `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn begin_consent(tx: &mut dyn Tx, consent: Consent, now: DateTime<Utc>) -> Result<()> {
    // What another transaction deals with just now is left to it, so that the two do not wait for each other.
    static FORGET: Sql = Sql::new(
        "DELETE FROM tieline.consents WHERE tenant = $1 AND state IN (
             SELECT state FROM tieline.consents WHERE tenant = $1 AND expires_at <= $2 {skip}
         )",
    );
    static KEEP: Sql = Sql::new(
        "INSERT INTO tieline.consents
             (tenant, state, connection, provider, session, verifier, detail, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant, state) DO NOTHING",
    );
    consent.check()?;
    tx.run(&FORGET, args![micros(now)]).await?;
    let verifier = consent.verifier.as_ref().map(|verifier| verifier.to_bytes());
    let detail = consent.detail.to_string();
    let keep = args![
        consent.state.as_bytes().as_slice(),
        consent.connection.as_str(),
        &consent.provider,
        consent.session.as_slice(),
        verifier.as_deref(),
        &detail,
        micros(consent.expires_at),
    ];
    if tx.run(&KEEP, keep).await? == 0 {
        return Err(state_taken());
    }
    Ok(())
}

/// Takes a consent: whoever asks first gets it, once.
///
/// # Errors
///
/// `Internal` for one that cannot be read; otherwise as the database fails.
pub async fn take_consent(tx: &mut dyn Tx, state: &ConsentState) -> Result<Option<Consent>> {
    static TAKE: Sql = Sql::new(
        "DELETE FROM tieline.consents WHERE tenant = $1 AND state = $2
         RETURNING connection, provider, session, verifier, detail, expires_at",
    );
    let stored: Option<Stored> = first(tx, &TAKE, args![state.as_bytes().as_slice()]).await?;
    stored.map(|stored| read(tx.tenant(), state, stored)).transpose()
}

/// Returns a consent, which stays.
///
/// # Errors
///
/// As [`take_consent`].
pub async fn consent(tx: &mut dyn Tx, state: &ConsentState) -> Result<Option<Consent>> {
    static FIND: Sql = Sql::new(
        "SELECT connection, provider, session, verifier, detail, expires_at
         FROM tieline.consents WHERE tenant = $1 AND state = $2",
    );
    let stored: Option<Stored> = first(tx, &FIND, args![state.as_bytes().as_slice()]).await?;
    stored.map(|stored| read(tx.tenant(), state, stored)).transpose()
}

type Stored = (String, String, Vec<u8>, Option<Vec<u8>>, String, i64);

fn read(tenant: &TenantId, state: &ConsentState, stored: Stored) -> Result<Consent> {
    let (connection, provider, session, verifier, detail, expires_at) = stored;
    let unreadable = || {
        Error::new(ErrorKind::Internal, "a stored consent cannot be read")
            .with_advice("send the person to the provider again")
            .with_context("connection", &connection)
    };
    let session: [u8; 32] = session.try_into().map_err(|_| unreadable())?;
    let detail = serde_json::from_str(&detail).map_err(|_| unreadable())?;
    let verifier = verifier.map(|bytes| sealed(&bytes, tenant, &connection, "verifier")).transpose()?;
    let mut consent = Consent::new(*state, connection, provider, session, time(expires_at));
    consent.verifier = verifier;
    consent.detail = detail;
    Ok(consent)
}
