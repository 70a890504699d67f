//! The provider's subscriptions of a connection's endpoints: made, renewed, found again when they are lost, removed.

use std::time::Duration;

use chrono::TimeDelta;
use tieline_core::webhook::{Missed, WebhookEvent};
use tieline_core::{EntityName, ErrorKind, Result, Subscriptions, SubscriptionsRequest};
use tieline_store::inbox::{NewDelivery, encode_event};
use tieline_store::webhooks::WebhookEndpoint;
use url::Url;

use crate::ConnectionHandle;

/// The time for which an older secret is in force beside one that the provider made: longer than it sends again.
const OVERLAP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// The most endpoints of a connection.
const ENDPOINTS: u32 = 100;

/// What a check of a connection's subscriptions did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionCheck {
    /// Endpoints whose subscriptions are as they were, or renewed.
    pub kept: u32,
    /// Endpoints whose subscriptions were lost at the provider and made again. What changed meanwhile is read by the next
    /// [`handle_deliveries`](ConnectionHandle::handle_deliveries).
    pub lost: u32,
}

impl ConnectionHandle {
    /// Has the provider notify an endpoint of changes to its entities, or to these where it takes all. A secret that the
    /// provider makes is put in force. Doing it again changes nothing.
    ///
    /// # Errors
    ///
    /// `Unsupported` where the provider's webhooks are made by hand; `NotFound` for an unknown endpoint; otherwise as the
    /// provider, the vault and the store fail.
    pub async fn subscribe(&self, endpoint: &str, entities: &[EntityName]) -> Result<Subscriptions> {
        let endpoints = self.tenant().endpoints()?;
        let stored = self.tenant().webhooks()?.endpoint(endpoint).await?;
        let stored = stored.filter(|stored| stored.connection == *self.id()).ok_or_else(|| {
            tieline_core::Error::new(ErrorKind::NotFound, "the connection has no endpoint with this id")
        })?;
        let wanted = if stored.entities.is_empty() { entities } else { &stored.entities };
        let callback = self.callback(&stored).await?;
        let mut request = SubscriptionsRequest::ensure(callback, wanted.iter().cloned());
        if let Some(secret) = endpoints.secrets(endpoint).await?.into_iter().next() {
            request = request.with_secret(secret);
        }
        let made = self.connect().await?.subscriptions(request).await?;
        for (_, secret) in &made.secrets {
            endpoints.rotate(endpoint, Some(secret.clone()), OVERLAP).await?;
        }
        self.tenant().webhooks()?.set_endpoint_subscriptions(endpoint, &made.active).await?;
        Ok(made)
    }

    /// Renews the subscriptions that would end within a while, and makes those again that are gone at the provider, for
    /// each active endpoint that was [subscribed](Self::subscribe). Call it once a day, or more often than the shortest
    /// subscription lives.
    ///
    /// # Errors
    ///
    /// As for `subscribe`.
    pub async fn check_subscriptions(&self, within: Duration) -> Result<SubscriptionCheck> {
        let mut check = SubscriptionCheck::default();
        for endpoint in self.subscribed().await? {
            if !endpoint.is_active {
                continue;
            }
            let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::days(1));
            let before = self.tenant().now().checked_add_signed(within).unwrap_or(self.tenant().now());
            let renew = SubscriptionsRequest::renew(before).with_callback(self.callback(&endpoint).await?);
            match self.connect().await?.subscriptions(renew).await {
                Err(error) if error.kind() != ErrorKind::Unsupported => return Err(error),
                _ => {}
            }
            let entities: Vec<EntityName> = endpoint
                .subscriptions
                .iter()
                .filter_map(|subscription| subscription.entity.clone())
                .collect();
            let active = self.subscribe(endpoint.id.as_str(), &entities).await?.active;
            let is_there = |id| active.iter().any(|subscription| subscription.id == id);
            if endpoint.subscriptions.iter().all(|before| is_there(before.id.clone())) {
                check.kept += 1;
                continue;
            }
            check.lost += 1;
            if let Some((kind, event)) = encode_event(&WebhookEvent::Missed(Missed::new(None)))? {
                let missed = NewDelivery::new(endpoint.id.clone(), kind, event);
                self.tenant().webhooks()?.receive(self.id(), missed).await?;
            }
        }
        Ok(check)
    }

    /// Removes the provider's subscriptions of all endpoints of the connection. [`disconnect`](Self::disconnect) does so
    /// while the connection still works. Returns how many endpoints had some.
    ///
    /// # Errors
    ///
    /// As for `subscribe`; those that were removed before stay so.
    pub async fn unsubscribe(&self) -> Result<u32> {
        let mut removed = 0;
        for endpoint in self.subscribed().await? {
            let request = SubscriptionsRequest::remove(self.callback(&endpoint).await?);
            self.connect().await?.subscriptions(request).await?;
            self.tenant().webhooks()?.set_endpoint_subscriptions(endpoint.id.as_str(), &[]).await?;
            removed += 1;
        }
        Ok(removed)
    }

    async fn subscribed(&self) -> Result<Vec<WebhookEndpoint>> {
        let mut endpoints = self.tenant().webhooks()?.endpoints(Some(self.id()), None, ENDPOINTS).await?;
        endpoints.retain(|endpoint| !endpoint.subscriptions.is_empty());
        Ok(endpoints)
    }

    async fn callback(&self, endpoint: &WebhookEndpoint) -> Result<Url> {
        let base = self.tenant().tieline().webhook_base(endpoint.provider.as_str())?;
        self.tenant().endpoints()?.address(endpoint.id.as_str(), &base).await
    }
}
