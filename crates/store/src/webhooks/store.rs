//! The storage contract of endpoints and notifications.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Result, Subscription};
use tieline_vault::Sealed;

use super::{
    Attempt, NewAttempt, NewEndpoint, NewSubscriber, Notification, NotificationEnd, NotificationRevision,
    NotificationStatus, SealedSecret, Subscriber, WebhookEndpoint,
};
use crate::events::EventStore;
use crate::{ConnectionId, ConnectionStore, InboxStore, TenantId};

/// Where endpoints of webhooks are kept, with their connections, their inbox, the events that go out, and the notifications of them.
pub trait WebhookStore:
    ConnectionStore + EndpointStore + NotificationStore + EventStore + InboxStore
{
    /// Returns the handle of another tenant of the same database.
    fn webhooks_of(&self, tenant: &TenantId) -> Arc<dyn WebhookStore>;
}

/// Where addresses are kept at which providers notify the host. Times are the store's.
#[async_trait]
pub trait EndpointStore: Debug + Send + Sync {
    /// Makes an endpoint.
    ///
    /// # Errors
    ///
    /// `Conflict` when its id or path is taken, `Rejected` for what cannot be kept; otherwise as the store fails.
    async fn create_endpoint(&self, new: NewEndpoint) -> Result<WebhookEndpoint>;

    /// Returns an endpoint with its secrets in force.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn endpoint(&self, id: &str) -> Result<Option<WebhookEndpoint>>;

    /// Returns endpoints by id, after one; those of a connection, or all of the tenant.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn endpoints(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<WebhookEndpoint>>;

    /// Returns the tenant's endpoint with this hash of its path.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn endpoint_at(&self, path_hash: &[u8; 32]) -> Result<Option<WebhookEndpoint>>;

    /// Returns whose endpoint has this hash of its path, whatever the tenant: for a dispatcher.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn tenant_at(&self, path_hash: &[u8; 32]) -> Result<Option<TenantId>>;

    /// Returns the connections, whatever their tenant, that stored this account of a provider when they were checked, at
    /// most `limit`: for a dispatcher.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn connections_of_account(
        &self,
        provider: &str,
        account: &str,
        limit: u32,
    ) -> Result<Vec<(TenantId, ConnectionId)>>;

    /// Pauses an endpoint, or resumes it. Returns whether there is one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn set_endpoint_active(&self, id: &str, is_active: bool) -> Result<bool>;

    /// Keeps the provider's subscriptions that call an endpoint, so that a lost one is noticed. Returns whether there is
    /// such an endpoint.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn set_endpoint_subscriptions(&self, id: &str, subscriptions: &[Subscription]) -> Result<bool>;

    /// Removes an endpoint. What its inbox holds stays. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn remove_endpoint(&self, id: &str) -> Result<bool>;

    /// Adds a secret to an endpoint or a subscriber. Those that it has end after the overlap.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    async fn add_endpoint_secret(&self, id: &str, sealed: Sealed, overlap: Duration) -> Result<()>;

    /// Returns the sealed secrets of all endpoints and subscribers of the tenant, after a number.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn endpoint_secrets(&self, after: Option<u64>, limit: u32) -> Result<Vec<SealedSecret>>;

    /// Puts the same secret under another key. Returns whether it was still as it was read.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn rewrap_endpoint_secret(&self, from: &SealedSecret, to: Sealed) -> Result<bool>;
}

/// Where subscribers are kept, and what is sent to them. Times are the store's.
#[async_trait]
pub trait NotificationStore: Debug + Send + Sync {
    /// Makes a subscriber, which is notified of events from now on.
    ///
    /// # Errors
    ///
    /// `Conflict` when its id is taken, `Rejected` for what cannot be kept; otherwise as the store fails.
    async fn create_subscriber(&self, new: NewSubscriber) -> Result<Subscriber>;

    /// Returns a subscriber with its secrets in force.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn subscriber(&self, id: &str) -> Result<Option<Subscriber>>;

    /// Returns subscribers by id, after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn subscribers(&self, after: Option<&str>, limit: u32) -> Result<Vec<Subscriber>>;

    /// Pauses a subscriber, or resumes it. What waits for a paused one waits until it is resumed, and is due then.
    /// Returns whether there is one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn set_subscriber_active(&self, id: &str, is_active: bool) -> Result<bool>;

    /// Removes a subscriber, with what waits for it and its log. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn remove_subscriber(&self, id: &str) -> Result<bool>;

    /// Makes notifications of the next `limit` events that a subscriber has not followed, unless `most_waiting` wait for
    /// it. Returns how many events it followed.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn follow_events(&self, id: &str, limit: u32, most_waiting: u64) -> Result<u64>;

    /// Takes notifications of an active subscriber that are due, the oldest first, and those whose sender's lease ended.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn claim_notifications(&self, id: &str, limit: u32, lease: Duration) -> Result<Vec<Notification>>;

    /// Ends an attempt at a notification that is still as it was taken, and notes it in the log. One that is given up
    /// pauses its subscriber and appends an event `webhook.paused`, all in one transaction. Returns whether it was as it
    /// was taken.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn settle_notification(
        &self,
        from: NotificationRevision,
        end: NotificationEnd,
        attempt: Option<NewAttempt>,
    ) -> Result<bool>;

    /// Returns notifications of a subscriber by number, after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn notifications(
        &self,
        id: &str,
        status: Option<NotificationStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Notification>>;

    /// Returns the delivery log of a subscriber by number, after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn attempts(&self, id: &str, after: Option<u64>, limit: u32) -> Result<Vec<Attempt>>;

    /// Makes notifications that are at rest due again: one by its number, or all that were made since a time, at most
    /// `limit`. Their ids stay. Returns how many.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn replay_notifications(
        &self,
        id: &str,
        number: Option<u64>,
        since: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<u64>;

    /// Removes notifications that are at rest for so long, with their attempts. Returns how many.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn prune_notifications(&self, at_rest_for: Duration) -> Result<u64>;
}
