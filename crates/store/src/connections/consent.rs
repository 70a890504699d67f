use chrono::{DateTime, Utc};
use serde_json::Value;
use tieline_vault::Sealed;

use crate::ConnectionId;

/// What finds a consent again: the SHA-256 of the `state` that travels through the browser, so that who reads the
/// database cannot answer a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsentState([u8; 32]);

impl ConsentState {
    /// From the hash.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A person was sent to the provider to consent, and has not come back yet.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Consent {
    /// What finds it again.
    pub state: ConsentState,
    /// The connection that it is for. It need not exist yet.
    pub connection: ConnectionId,
    /// The connector's id.
    pub provider: String,
    /// The SHA-256 of the browser session that it was begun in.
    pub session: [u8; 32],
    /// The PKCE verifier, sealed for the connection.
    pub verifier: Option<Sealed>,
    /// What else the callback needs: no secret.
    pub detail: Value,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Consent {
    /// A consent that was asked for.
    pub fn new(
        state: ConsentState,
        connection: impl Into<ConnectionId>,
        provider: impl Into<String>,
        session: [u8; 32],
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self {
            state,
            connection: connection.into(),
            provider: provider.into(),
            session,
            verifier: None,
            detail: Value::Null,
            expires_at,
        }
    }
}
