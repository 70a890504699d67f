use chrono::{DateTime, Utc};

use crate::ConnectionId;

/// Who does something: a user's id, or a program's name. The host's word, kept in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor(String);

impl Actor {
    /// A user or a program, as the host names it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Actor {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// What was done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditAction {
    /// It was made. The detail is its provider.
    Created,
    /// Its name, settings or use changed. The detail names the fields, never their values.
    Changed,
    /// A secret was stored for the first time, or replaced by a person. The detail is its name.
    SecretStored,
    /// A secret was renewed at the provider. The detail is its name and generation.
    SecretRenewed,
    /// A secret was wrapped by another key. The detail is its name and the key's id.
    SecretRewrapped,
    /// A secret was deleted. The detail is its name.
    SecretDeleted,
    /// Its health changed. The detail is the new one.
    HealthChanged,
    /// It was connected to another account at the provider, and what sync kept of the one before was erased.
    AccountReplaced,
    /// It was removed, with its secrets.
    Removed,
}

impl AuditAction {
    const ALL: [Self; 9] = [
        Self::Created,
        Self::Changed,
        Self::SecretStored,
        Self::SecretRenewed,
        Self::SecretRewrapped,
        Self::SecretDeleted,
        Self::HealthChanged,
        Self::AccountReplaced,
        Self::Removed,
    ];

    /// The word that a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::SecretStored => "secret_stored",
            Self::SecretRenewed => "secret_renewed",
            Self::SecretRewrapped => "secret_rewrapped",
            Self::SecretDeleted => "secret_deleted",
            Self::HealthChanged => "health_changed",
            Self::AccountReplaced => "account_replaced",
            Self::Removed => "removed",
        }
    }

    /// The action of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// A line of the audit log. It is written in the transaction of what it tells, outlives its connection, and never holds
/// a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number, ascending.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// To which connection.
    pub connection: ConnectionId,
    /// What.
    pub action: AuditAction,
    /// More about it.
    pub detail: String,
}

impl AuditEntry {
    /// For stores: a line.
    pub fn new(
        number: u64,
        at: DateTime<Utc>,
        actor: Actor,
        connection: ConnectionId,
        action: AuditAction,
        detail: String,
    ) -> Self {
        Self { number, at, actor, connection, action, detail }
    }
}
