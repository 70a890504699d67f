//! Subscribers of a tenant, kept in the store.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::webhooks::{Attempt, NewSubscriber, Subscriber, WebhookStore};
use tieline_vault::Vault;
use url::Url;

use super::new_secret;
use crate::sealing::{new_id, seal};

/// Addresses that are notified of a tenant's events: made, rotated, paused, replayed, removed.
#[derive(Clone, Debug)]
pub struct Subscribers {
    store: Arc<dyn WebhookStore>,
    vault: Vault,
}

/// A subscriber that was just made. Its secret is shown this once.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedSubscriber {
    /// The subscriber.
    pub subscriber: Subscriber,
    /// The secret that it verifies notifications by: `whsec_…`.
    pub secret: SecretString,
}

impl Subscribers {
    /// The subscribers that a store keeps, whose secrets a vault seals.
    pub fn new(store: Arc<dyn WebhookStore>, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Makes a subscriber to kinds of events, such as `sync.completed` or `sync.*`; to all when there are none. It is
    /// notified of what happens from now on. `connection` limits it to the events of one.
    ///
    /// # Errors
    ///
    /// `Config` for an address with a login or a scheme other than http and https; otherwise as the vault and the store
    /// fail. Whether the address may be reached is judged when it is.
    pub async fn create(
        &self,
        url: &Url,
        kinds: impl IntoIterator<Item = impl Into<String>>,
        connection: Option<ConnectionId>,
    ) -> Result<CreatedSubscriber> {
        check_url(url)?;
        let (id, secret) = (new_id("ws")?, new_secret()?);
        let sealed = seal(&self.vault, self.store.tenant(), &id, &secret).await?;
        let kinds = kinds.into_iter().map(Into::into).collect();
        let new = NewSubscriber::new(id, url.as_str(), sealed).with_kinds(kinds).with_connection(connection);
        let subscriber = self.store.create_subscriber(new).await?;
        Ok(CreatedSubscriber { subscriber, secret })
    }

    /// Makes a new secret. Notifications are signed by it and by the others until those end after the overlap. Returns
    /// it, to be shown once.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the vault and the store fail.
    pub async fn rotate(&self, id: &str, overlap: Duration) -> Result<SecretString> {
        let secret = new_secret()?;
        let sealed = seal(&self.vault, self.store.tenant(), id, &secret).await?;
        self.store.add_endpoint_secret(id, sealed, overlap).await?;
        Ok(secret)
    }

    /// Pauses a subscriber. Events wait in the log until it is resumed, for as long as the log keeps them.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn pause(&self, id: &str) -> Result<()> {
        found(self.store.set_subscriber_active(id, false).await?)
    }

    /// Resumes a subscriber: what waits for it is sent, and it follows the events that it missed. What was given up is
    /// sent by [`replay_since`](Self::replay_since).
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn resume(&self, id: &str) -> Result<()> {
        found(self.store.set_subscriber_active(id, true).await?)
    }

    /// Returns subscribers by id, after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<Subscriber>> {
        self.store.subscribers(after, limit).await
    }

    /// Removes a subscriber, with what waits for it and its log.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn remove(&self, id: &str) -> Result<()> {
        found(self.store.remove_subscriber(id).await?)
    }

    /// Returns the delivery log of a subscriber, after a number.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn attempts(&self, id: &str, after: Option<u64>, limit: u32) -> Result<Vec<Attempt>> {
        self.store.attempts(id, after, limit).await
    }

    /// Sends one notification again, by its number. Returns whether it was at rest.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn replay(&self, id: &str, number: u64) -> Result<bool> {
        Ok(self.store.replay_notifications(id, Some(number), None, 1).await? > 0)
    }

    /// Sends again what was made since a time and is at rest, delivered or given up, at most `limit`, with the ids of the
    /// first attempts. Returns how many.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn replay_since(&self, id: &str, since: DateTime<Utc>, limit: u32) -> Result<u64> {
        self.store.replay_notifications(id, None, Some(since), limit).await
    }
}

fn check_url(url: &Url) -> Result<()> {
    let is_plain = url.username().is_empty() && url.password().is_none();
    if is_plain && matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, "this is no address that notifications can be sent to")
        .with_advice("give an https address without a login"))
}

fn found(there: bool) -> Result<()> {
    if there { Ok(()) } else { Err(Error::new(ErrorKind::NotFound, "there is no subscriber with this id")) }
}
