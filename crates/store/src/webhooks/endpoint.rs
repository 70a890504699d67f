//! Endpoints as they are stored.

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Result, Subscription, Text};
use tieline_vault::Sealed;

use super::EndpointSecret;
use crate::ConnectionId;
use crate::plan::check_text;

/// An address at which a provider notifies the host of changes of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebhookEndpoint {
    /// The id.
    pub id: Text,
    /// The connection.
    pub connection: ConnectionId,
    /// The provider, by the id of its connector.
    pub provider: Text,
    /// The entities whose changes are taken; all when empty.
    pub entities: Vec<EntityName>,
    /// The provider's subscriptions that call it, as they were last seen.
    pub subscriptions: Vec<Subscription>,
    /// Whether it takes deliveries.
    pub is_active: bool,
    /// When it was made, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// The secrets in force, the newest first.
    pub secrets: Vec<EndpointSecret>,
}

impl WebhookEndpoint {
    /// For whoever writes a store: an active endpoint without secrets.
    pub fn new(
        id: impl Into<Text>,
        connection: ConnectionId,
        provider: impl Into<Text>,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id: id.into(),
            connection,
            provider: provider.into(),
            entities: Vec::new(),
            subscriptions: Vec::new(),
            is_active: true,
            created_at,
            secrets: Vec::new(),
        }
    }
}

/// An endpoint to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewEndpoint {
    /// The id: random, and unique among all endpoints.
    pub id: Text,
    /// The connection.
    pub connection: ConnectionId,
    /// The provider, by the id of its connector.
    pub provider: Text,
    /// The SHA-256 of the unguessable part of its path, by which deliveries find it.
    pub path_hash: [u8; 32],
    /// The unguessable part of its path, sealed.
    pub path: Sealed,
    /// The first secret, sealed; `None` where the provider has none.
    pub secret: Option<Sealed>,
    /// The entities whose changes are taken; all when empty.
    pub entities: Vec<EntityName>,
}

impl NewEndpoint {
    /// An endpoint of a connection, for all entities.
    pub fn new(
        id: impl Into<Text>,
        connection: ConnectionId,
        provider: impl Into<Text>,
        (path_hash, path): ([u8; 32], Sealed),
    ) -> Self {
        let (id, provider) = (id.into(), provider.into());
        Self { id, connection, provider, path_hash, path, secret: None, entities: Vec::new() }
    }

    /// Sets the first secret.
    #[must_use]
    pub fn with_secret(mut self, secret: Option<Sealed>) -> Self {
        self.secret = secret;
        self
    }

    /// Sets the entities whose changes are taken.
    #[must_use]
    pub fn with_entities(mut self, entities: Vec<EntityName>) -> Self {
        self.entities = entities;
        self
    }

    /// For whoever writes a store: checks that it can be kept.
    ///
    /// # Errors
    ///
    /// `Rejected` for a NUL character.
    pub fn check(&self) -> Result<()> {
        check_text("id of an endpoint", self.id.as_str())?;
        check_text("connection", self.connection.as_str())?;
        self.entities.iter().try_for_each(|entity| check_text("entity", entity.as_str()))
    }
}

/// An address that is notified of a tenant's events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Subscriber {
    /// The id.
    pub id: Text,
    /// The address. It may hold a secret in its path, so that it is shown to its owner only.
    pub url: String,
    /// The kinds of events, such as `sync.completed`, or `sync.*`; all when empty.
    pub kinds: Vec<String>,
    /// The one connection whose events are sent; those of all connections when absent.
    pub connection: Option<ConnectionId>,
    /// Whether it is notified.
    pub is_active: bool,
    /// The reason of a pause that nobody asked for.
    pub pause: Option<String>,
    /// The number of the last event that became a notification, or was passed over.
    pub followed: u64,
    /// When it was made, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// The secrets in force, the newest first.
    pub secrets: Vec<EndpointSecret>,
}

impl Subscriber {
    /// For whoever writes a store: an active subscriber to everything, without secrets.
    pub fn new(id: impl Into<Text>, url: impl Into<String>, created_at: DateTime<Utc>) -> Self {
        Self {
            id: id.into(),
            url: url.into(),
            kinds: Vec::new(),
            connection: None,
            is_active: true,
            pause: None,
            followed: 0,
            created_at,
            secrets: Vec::new(),
        }
    }

    /// Whether an event of this kind and connection is sent to it.
    pub fn takes(&self, kind: &str, connection: &ConnectionId) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix(".*") {
            Some(family) => kind.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
            None => pattern == kind,
        };
        self.connection.as_ref().is_none_or(|own| own == connection)
            && (self.kinds.is_empty() || self.kinds.iter().any(fits))
    }
}

/// A subscriber to be made. It is notified of events that come later.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewSubscriber {
    /// The id: random, visible ASCII without dots, and unique among all endpoints.
    pub id: Text,
    /// The address.
    pub url: String,
    /// The first secret, sealed.
    pub secret: Sealed,
    /// The kinds of events; all when empty.
    pub kinds: Vec<String>,
    /// The one connection whose events are sent; those of all connections when absent.
    pub connection: Option<ConnectionId>,
}

impl NewSubscriber {
    /// A subscriber to everything.
    pub fn new(id: impl Into<Text>, url: impl Into<String>, secret: Sealed) -> Self {
        Self { id: id.into(), url: url.into(), secret, kinds: Vec::new(), connection: None }
    }

    /// Sets the kinds of events.
    #[must_use]
    pub fn with_kinds(mut self, kinds: Vec<String>) -> Self {
        self.kinds = kinds;
        self
    }

    /// Sets the one connection whose events are sent.
    #[must_use]
    pub fn with_connection(mut self, connection: Option<ConnectionId>) -> Self {
        self.connection = connection;
        self
    }

    /// For whoever writes a store: checks that it can be kept.
    ///
    /// # Errors
    ///
    /// `Rejected` for a NUL character.
    pub fn check(&self) -> Result<()> {
        check_text("id of a subscriber", self.id.as_str())?;
        check_text("address of a subscriber", &self.url)?;
        self.kinds.iter().try_for_each(|kind| check_text("kind of an event", kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_or_of_a_family() {
        let mut subscriber = Subscriber::new("s", "https://example.test", DateTime::UNIX_EPOCH);
        let crm: ConnectionId = "crm".into();
        assert!(subscriber.takes("sync.failed", &crm));
        subscriber.kinds = vec!["sync.*".to_owned(), "rows.changed".to_owned()];
        for (kind, takes) in [
            ("sync.failed", true),
            ("rows.changed", true),
            ("sync", false),
            ("syncs.x", false),
            ("rows.changed.x", false),
        ] {
            assert_eq!(subscriber.takes(kind, &crm), takes, "{kind}");
        }
        subscriber.connection = Some("other".into());
        assert!(!subscriber.takes("sync.failed", &crm));
    }
}
