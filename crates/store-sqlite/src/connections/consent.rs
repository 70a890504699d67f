//! Consents.

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tieline_core::{Error, ErrorKind, Result as Told};
use tieline_store::TenantId;
use tieline_store::connections::{Consent, ConsentState};
use tieline_store::plan::state_taken;

use super::sealed;
use crate::fault::Fault;
use crate::scope::Scope;
use crate::time::{micros, time};
use crate::write::BEGIN;

pub(super) async fn begin(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    consent: &Consent,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    sqlx::query("DELETE FROM tieline_consents WHERE tenant = ? AND expires_at <= ?")
        .bind(tenant.as_str())
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
    let inserted = sqlx::query(
        "INSERT INTO tieline_consents
             (tenant, state, connection, provider, session, verifier, detail, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, state) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(consent.state.as_bytes().as_slice())
    .bind(consent.connection.as_str())
    .bind(&consent.provider)
    .bind(consent.session.as_slice())
    .bind(consent.verifier.as_ref().map(|verifier| verifier.to_bytes()))
    .bind(consent.detail.to_string())
    .bind(micros(consent.expires_at))
    .execute(&mut *transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(state_taken().into());
    }
    transaction.commit().await?;
    Ok(())
}

type Stored = (String, String, Vec<u8>, Option<Vec<u8>>, String, i64);

pub(super) async fn one(
    pool: &SqlitePool,
    tenant: &TenantId,
    state: &ConsentState,
) -> Result<Option<Consent>, Fault> {
    let stored: Option<Stored> = sqlx::query_as(
        "SELECT connection, provider, session, verifier, detail, expires_at
         FROM tieline_consents WHERE tenant = ? AND state = ?",
    )
    .bind(tenant.as_str())
    .bind(state.as_bytes().as_slice())
    .fetch_optional(pool)
    .await?;
    Ok(stored.map(|stored| consent(tenant, *state, stored)).transpose()?)
}

pub(super) async fn take(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    state: &ConsentState,
) -> Result<Option<Consent>, Fault> {
    let taken: Option<Stored> = sqlx::query_as(
        "DELETE FROM tieline_consents WHERE tenant = ? AND state = ?
         RETURNING connection, provider, session, verifier, detail, expires_at",
    )
    .bind(tenant.as_str())
    .bind(state.as_bytes().as_slice())
    .fetch_optional(connection)
    .await?;
    Ok(taken.map(|taken| consent(tenant, *state, taken)).transpose()?)
}

fn consent(tenant: &TenantId, state: ConsentState, stored: Stored) -> Told<Consent> {
    let (connection, provider, session, verifier, detail, expires_at) = stored;
    let unreadable = || {
        Error::new(ErrorKind::Internal, "a stored consent cannot be read")
            .with_advice("find out who changed the row; the customer can connect again")
            .with_context("connection", &connection)
    };
    let session = <[u8; 32]>::try_from(session).map_err(|_| unreadable())?;
    let detail = serde_json::from_str(&detail).map_err(|error| unreadable().with_source(error))?;
    let mut consent = Consent::new(state, connection, provider, session, time(expires_at));
    if let Some(verifier) = verifier {
        let scope = Scope { tenant, connection: &consent.connection };
        consent.verifier = Some(sealed(&verifier, scope, "verifier")?);
    }
    consent.detail = detail;
    Ok(consent)
}
