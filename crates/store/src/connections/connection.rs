use chrono::{DateTime, Utc};
use serde_json::Value;
use tieline_core::{Error, ErrorKind};

use super::Actor;
use crate::ConnectionId;

/// One account of a tenant at a provider. Holds no secret.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Connection {
    /// The host's id, which never changes: its secrets are sealed for it.
    pub id: ConnectionId,
    /// The connector's id: `pipedrive`.
    pub provider: String,
    /// What people call it: `Sales, Stockholm`.
    pub name: String,
    /// The public settings.
    pub config: Value,
    /// The account's id at the provider, once it is known. Only a [reconnect](super::ConnectionStore::reconnect) changes it.
    pub account: Option<String>,
    /// Whether it is to be used.
    pub active: bool,
    /// Whether it works.
    pub health: Health,
    /// When something last used it.
    pub last_run: Option<DateTime<Utc>>,
    /// The last error, as a person may read it. Stays when a later run goes well; [`Health`] says what holds now.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: Actor,
    /// When a person or a program last changed it. Runs do not.
    pub updated_at: DateTime<Utc>,
    /// Who.
    pub updated_by: Actor,
}

/// Whether a connection works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// Nothing was tried yet.
    #[default]
    Untried,
    /// The last run went well.
    Healthy,
    /// The last run failed, and a later one may go well by itself.
    Failing,
    /// Only the customer can help: connect again.
    NeedsReconnect,
}

impl Health {
    /// The word that a store keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untried => "untried",
            Self::Healthy => "healthy",
            Self::Failing => "failing",
            Self::NeedsReconnect => "needs_reconnect",
        }
    }

    /// The health of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Untried, Self::Healthy, Self::Failing, Self::NeedsReconnect]
            .into_iter()
            .find(|health| health.as_str() == word)
    }
}

/// A connection to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewConnection {
    /// The host's id for it.
    pub id: ConnectionId,
    /// The connector's id.
    pub provider: String,
    /// What people call it.
    pub name: String,
    /// The public settings.
    pub config: Value,
    /// The account's id at the provider, when it is known.
    pub account: Option<String>,
}

impl NewConnection {
    /// A connection without settings.
    pub fn new(id: impl Into<ConnectionId>, provider: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            provider: provider.into(),
            name: name.into(),
            config: Value::Object(Default::default()),
            account: None,
        }
    }

    /// Sets the account's id at the provider.
    #[must_use]
    pub fn with_account(mut self, account: Option<String>) -> Self {
        self.account = account;
        self
    }

    /// Sets the public settings.
    #[must_use]
    pub fn with_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }
}

/// What to change about a connection. What is `None` stays.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionChange {
    /// What people call it.
    pub name: Option<String>,
    /// The public settings, all of them.
    pub config: Option<Value>,
    /// Whether it is to be used.
    pub active: Option<bool>,
}

/// What a new secret for a connection changes besides.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reconnection {
    /// Settings, name and use from now on.
    pub change: ConnectionChange,
    /// The id of the account at the provider that the secret opens, when it is known.
    pub account: Option<String>,
    /// Whether another account than before may take its place. What sync kept of the one before is erased then: mirrored
    /// records, rows, states and queued operations.
    pub replaces_account: bool,
}

impl Reconnection {
    /// The same account as before, whose id is this.
    pub fn new(change: ConnectionChange, account: Option<String>) -> Self {
        Self { change, account, replaces_account: false }
    }

    /// Lets another account take the place of the one before, whose data is erased then.
    #[must_use]
    pub fn replacing_account(mut self) -> Self {
        self.replaces_account = true;
        self
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunReport {
    /// When.
    pub at: DateTime<Utc>,
    /// The connection's health from now on.
    pub health: Health,
    /// The error, as a person may read it.
    pub error: Option<String>,
    /// The name and generation of the secret that the run used. A report about a secret that was replaced meanwhile says
    /// nothing about the connection as it is now, and changes nothing.
    pub secret: Option<(String, u64)>,
}

impl RunReport {
    /// A run that went well.
    pub fn went_well(at: DateTime<Utc>) -> Self {
        Self { at, health: Health::Healthy, error: None, secret: None }
    }

    /// A run that failed. An error about the credential means that the customer must connect again.
    pub fn failed(at: DateTime<Utc>, error: &Error) -> Self {
        let health = match error.kind() {
            ErrorKind::Unauthenticated => Health::NeedsReconnect,
            _ => Health::Failing,
        };
        Self { at, health, error: Some(error.to_string()), secret: None }
    }

    /// Names the secret that the run used, and its generation.
    #[must_use]
    pub fn with_secret(mut self, name: impl Into<String>, generation: u64) -> Self {
        self.secret = Some((name.into(), generation));
        self
    }
}

/// Which connections.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionFilter {
    /// Only of this provider.
    pub provider: Option<String>,
    /// Only those in use, or only those that are not.
    pub active: Option<bool>,
    /// Only with an id after this one, for the next page.
    pub after: Option<ConnectionId>,
}
