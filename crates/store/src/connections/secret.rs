use chrono::{DateTime, Utc};
use tieline_vault::Sealed;

use super::{AuditAction, Fence};
use crate::ConnectionId;

/// The name of a connection's secret: `oauth2`, `api_key`. The vault's context binds it.
pub type SecretName = str;

/// A secret as it is kept: sealed, so a store cannot hold one in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSecret {
    /// The sealed value.
    pub sealed: Sealed,
    /// Counts the values of this secret, from 1, and goes on counting after its end and its connection's, so that a
    /// writer that was slow is told from its successor. Rewrapping does not change it.
    pub generation: u64,
    /// A renewal that was begun with this generation and whose end was never stored.
    pub intent: Option<Intent>,
    /// When the provider refused this generation for good. It is not tried again: somebody has to store another.
    pub refused_at: Option<DateTime<Utc>>,
}

impl StoredSecret {
    /// For stores: a secret.
    pub const fn new(sealed: Sealed, generation: u64, intent: Option<Intent>) -> Self {
        Self { sealed, generation, intent, refused_at: None }
    }

    /// For stores: sets when the provider refused it.
    #[must_use]
    pub const fn with_refused_at(mut self, at: Option<DateTime<Utc>>) -> Self {
        self.refused_at = at;
        self
    }
}

/// That somebody was about to renew a secret: written before the request leaves, so that a successor knows that the
/// provider may have used the old one up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intent {
    /// The lease under which it was begun.
    pub fence: Fence,
    /// When.
    pub at: DateTime<Utc>,
}

impl Intent {
    /// For stores: an intent.
    pub const fn new(fence: Fence, at: DateTime<Utc>) -> Self {
        Self { fence, at }
    }
}

/// A secret to be stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PutSecret {
    /// The sealed value.
    pub sealed: Sealed,
    /// The generation that it replaces; 0 where there is none. `None` replaces whatever is there, as a person's new
    /// secret does.
    pub replaces: Option<u64>,
    /// The lease under which it was made; it must be the latest of its name.
    pub fence: Option<Fence>,
    /// When it must be renewed even if nobody uses it.
    pub renew_by: Option<DateTime<Utc>>,
    /// What the audit log calls it: stored, or renewed.
    pub action: AuditAction,
}

impl PutSecret {
    /// A secret that a person gave.
    pub const fn new(sealed: Sealed) -> Self {
        Self { sealed, replaces: None, fence: None, renew_by: None, action: AuditAction::SecretStored }
    }

    /// A secret that the provider gave in place of another, under a lease.
    #[must_use]
    pub const fn renewal(sealed: Sealed, replaces: u64, fence: Fence) -> Self {
        Self {
            sealed,
            replaces: Some(replaces),
            fence: Some(fence),
            renew_by: None,
            action: AuditAction::SecretRenewed,
        }
    }

    /// Sets when it must be renewed even if nobody uses it.
    #[must_use]
    pub const fn with_renew_by(mut self, at: Option<DateTime<Utc>>) -> Self {
        self.renew_by = at;
        self
    }
}

/// What can be told of a secret without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretInfo {
    /// Its connection.
    pub connection: ConnectionId,
    /// Its name.
    pub name: String,
    /// Its generation.
    pub generation: u64,
    /// The key that wraps it.
    pub key_id: String,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// When it must be renewed even if nobody uses it.
    pub renew_by: Option<DateTime<Utc>>,
}

impl SecretInfo {
    /// For stores: what is kept beside a secret.
    pub const fn new(
        connection: ConnectionId,
        name: String,
        generation: u64,
        key_id: String,
        stored_at: DateTime<Utc>,
        renew_by: Option<DateTime<Utc>>,
    ) -> Self {
        Self { connection, name, generation, key_id, stored_at, renew_by }
    }
}

/// A secret that dies soon unless it is renewed. They are ordered by time, then connection, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct RenewalDue {
    /// When it must be renewed.
    pub renew_by: DateTime<Utc>,
    /// Its connection.
    pub connection: ConnectionId,
    /// Its name.
    pub name: String,
}

impl RenewalDue {
    /// For stores: a secret that is due.
    pub const fn new(connection: ConnectionId, name: String, renew_by: DateTime<Utc>) -> Self {
        Self { renew_by, connection, name }
    }
}
