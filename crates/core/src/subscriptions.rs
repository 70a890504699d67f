//! Subscriptions: what makes a provider notify a host of changes.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{EntityName, Text};

/// For [`Connector::subscriptions`](crate::Connector::subscriptions).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SubscriptionsRequest {
    /// Make sure that the provider notifies an address of changes to these entities.
    #[non_exhaustive]
    Ensure {
        /// The host's address.
        callback: Url,
        /// The entities.
        entities: Vec<EntityName>,
        /// The secret that the provider signs its notifications with, or sends along, where it takes one from us.
        secret: Option<SecretString>,
    },
    /// Renew what would end before a time.
    #[non_exhaustive]
    Renew {
        /// The time.
        before: DateTime<Utc>,
        /// Only subscriptions that call this address; all of the connection when `None`.
        callback: Option<Url>,
    },
    /// Remove all subscriptions that call an address.
    #[non_exhaustive]
    Remove {
        /// The host's address.
        callback: Url,
    },
}

impl SubscriptionsRequest {
    /// Asks that the provider notify an address of changes to these entities.
    pub fn ensure(callback: Url, entities: impl IntoIterator<Item = EntityName>) -> Self {
        Self::Ensure { callback, entities: entities.into_iter().collect(), secret: None }
    }

    /// Asks to renew what would end before a time.
    pub fn renew(before: DateTime<Utc>) -> Self {
        Self::Renew { before, callback: None }
    }

    /// Asks to remove all subscriptions that call an address.
    pub fn remove(callback: Url) -> Self {
        Self::Remove { callback }
    }

    /// Sets the secret of an [`Ensure`](Self::Ensure); no effect on the others.
    #[must_use]
    pub fn with_secret(mut self, chosen: SecretString) -> Self {
        if let Self::Ensure { secret, .. } = &mut self {
            *secret = Some(chosen);
        }
        self
    }

    /// Renews only what calls this address; no effect on the others.
    #[must_use]
    pub fn with_callback(mut self, address: Url) -> Self {
        if let Self::Renew { callback, .. } = &mut self {
            *callback = Some(address);
        }
        self
    }
}

/// The subscriptions that are active afterwards.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Subscriptions {
    /// Each subscription.
    pub active: Vec<Subscription>,
    /// Secrets that the provider made for new subscriptions, each with the subscription's id. Shown once; store them
    /// sealed.
    pub secrets: Vec<(Text, SecretString)>,
}

impl Subscriptions {
    /// These subscriptions.
    pub fn new(active: Vec<Subscription>) -> Self {
        Self { active, secrets: Vec::new() }
    }

    /// Adds the secret that the provider made for a subscription.
    #[must_use]
    pub fn with_secret(mut self, id: impl Into<Text>, secret: SecretString) -> Self {
        self.secrets.push((id.into(), secret));
        self
    }
}

/// One subscription at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// The provider's id of it.
    pub id: Text,
    /// The entity that it is about; `None` for all.
    pub entity: Option<EntityName>,
    /// When it ends unless renewed; `None` for never.
    pub ends_at: Option<DateTime<Utc>>,
}

impl Subscription {
    /// A subscription to everything that does not end.
    pub fn new(id: impl Into<Text>) -> Self {
        Self { id: id.into(), entity: None, ends_at: None }
    }

    /// Sets the entity.
    #[must_use]
    pub fn with_entity(mut self, entity: impl Into<EntityName>) -> Self {
        self.entity = Some(entity.into());
        self
    }

    /// Sets when it ends.
    #[must_use]
    pub fn with_ends_at(mut self, ends_at: DateTime<Utc>) -> Self {
        self.ends_at = Some(ends_at);
        self
    }
}
