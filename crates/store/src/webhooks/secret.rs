//! Secrets of endpoints.

use chrono::{DateTime, Utc};
use tieline_core::Text;
use tieline_vault::Sealed;

/// The name under which secrets of endpoints are sealed; in place of a connection, the context has the endpoint's id.
pub const SEALED_AS: &str = "webhook";

/// The most secrets of an endpoint that are in force at once. An older one ends when one more is added.
pub const SECRETS_IN_FORCE: usize = 5;

/// The purpose of an endpoint's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretPurpose {
    /// The unguessable last segment of its address.
    Path,
    /// What deliveries or notifications are signed with, or what is sent along with them.
    Signing,
}

impl SecretPurpose {
    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Signing => "signing",
        }
    }

    /// Returns the purpose of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Path, Self::Signing].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// A sealed secret of an endpoint that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointSecret {
    /// The number; a later one is newer.
    pub number: u64,
    /// The purpose.
    pub purpose: SecretPurpose,
    /// The sealed value.
    pub sealed: Sealed,
    /// When it ends, during a rotation; by the store's clock.
    pub ends_at: Option<DateTime<Utc>>,
}

impl EndpointSecret {
    /// For whoever writes a store: a secret without an end.
    pub fn new(number: u64, purpose: SecretPurpose, sealed: Sealed) -> Self {
        Self { number, purpose, sealed, ends_at: None }
    }

    /// For whoever writes a store: sets when it ends.
    #[must_use]
    pub fn with_ends_at(mut self, at: Option<DateTime<Utc>>) -> Self {
        self.ends_at = at;
        self
    }
}

/// A secret of an endpoint in a list of all of them, for a change of the vault's key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedSecret {
    /// The number.
    pub number: u64,
    /// The endpoint.
    pub endpoint: Text,
    /// The sealed value.
    pub sealed: Sealed,
}

impl SealedSecret {
    /// For whoever writes a store: a secret of an endpoint.
    pub fn new(number: u64, endpoint: impl Into<Text>, sealed: Sealed) -> Self {
        Self { number, endpoint: endpoint.into(), sealed }
    }
}
