//! The store as the keeper of endpoints, subscribers, notifications and events.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Result, Subscription};
use tieline_store::events::{EventStore, EventWaiter, EventsPage, NewEvent};
use tieline_store::webhooks::{
    Attempt, EndpointStore, NewAttempt, NewEndpoint, NewSubscriber, Notification, NotificationEnd,
    NotificationRevision, NotificationStatus, NotificationStore, SealedSecret, Subscriber, WebhookEndpoint,
    WebhookStore,
};
use tieline_store::{ConnectionId, SyncStore as _, TenantId};
use tieline_vault::Sealed;

use super::{SqlStore, transact};
use crate::engine::Database;
use crate::wake::RowWaiter;
use crate::webhooks::{self as concern, ROUTE};
use crate::{directory, events};

#[async_trait]
impl<D: Database> EventStore for SqlStore<D> {
    async fn append_events(&self, connection: &ConnectionId, new: Vec<NewEvent>) -> Result<()> {
        transact!(self, Write, "appending events", |tx| events::append(tx, connection, &new))?;
        self.announce().await
    }

    async fn events_since(&self, after: Option<u64>, limit: u32) -> Result<EventsPage> {
        transact!(self, Read, "following events", |tx| events::since(tx, after, limit))
    }

    async fn event_waiter(&self) -> Result<Box<dyn EventWaiter>> {
        Ok(Box::new(self.row_waiter().await?))
    }
}

#[async_trait]
impl EventWaiter for RowWaiter {
    async fn wait(&mut self, at_most: Duration) -> Result<bool> {
        RowWaiter::wait(self, at_most).await
    }
}

impl<D: Database> WebhookStore for SqlStore<D> {
    fn webhooks_of(&self, tenant: &TenantId) -> Arc<dyn WebhookStore> {
        Arc::new(self.for_tenant(tenant.clone()))
    }
}

#[async_trait]
impl<D: Database> EndpointStore for SqlStore<D> {
    async fn create_endpoint(&self, new: NewEndpoint) -> Result<WebhookEndpoint> {
        transact!(self, Durable, "making an endpoint", |tx| concern::create_endpoint(tx, &new))
    }

    async fn endpoint(&self, id: &str) -> Result<Option<WebhookEndpoint>> {
        transact!(self, Read, "reading an endpoint", |tx| concern::endpoint(tx, id))
    }

    async fn endpoints(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<WebhookEndpoint>> {
        transact!(self, Read, "listing endpoints", |tx| concern::endpoints(tx, connection, after, limit))
    }

    async fn endpoint_at(&self, path_hash: &[u8; 32]) -> Result<Option<WebhookEndpoint>> {
        transact!(self, Read, "finding an endpoint", |tx| concern::endpoint_at(tx, path_hash))
    }

    async fn tenant_at(&self, path_hash: &[u8; 32]) -> Result<Option<TenantId>> {
        let route =
            transact!(self, Read, "finding an endpoint", |tx| { directory::route(tx, ROUTE, path_hash) })?;
        Ok(route.map(|route| route.tenant))
    }

    async fn connections_of_account(
        &self,
        provider: &str,
        account: &str,
        limit: u32,
    ) -> Result<Vec<(TenantId, ConnectionId)>> {
        let routes = transact!(self, Read, "finding the connections of an account", |tx| {
            directory::connections_of_account(tx, provider, account, limit)
        })?;
        Ok(routes.into_iter().map(|route| (route.tenant, route.connection)).collect())
    }

    async fn set_endpoint_active(&self, id: &str, is_active: bool) -> Result<bool> {
        transact!(self, Write, "pausing an endpoint", |tx| concern::set_endpoint_active(tx, id, is_active))
    }

    async fn set_endpoint_subscriptions(&self, id: &str, subscriptions: &[Subscription]) -> Result<bool> {
        transact!(self, Write, "noting subscriptions", |tx| {
            concern::set_subscriptions(tx, id, subscriptions)
        })
    }

    async fn remove_endpoint(&self, id: &str) -> Result<bool> {
        transact!(self, Durable, "removing an endpoint", |tx| concern::remove_endpoint(tx, id))
    }

    async fn add_endpoint_secret(&self, id: &str, sealed: Sealed, overlap: Duration) -> Result<()> {
        transact!(self, Durable, "storing a secret of an endpoint", |tx| {
            concern::add_secret(tx, id, &sealed, overlap)
        })
    }

    async fn endpoint_secrets(&self, after: Option<u64>, limit: u32) -> Result<Vec<SealedSecret>> {
        transact!(self, Read, "listing secrets of endpoints", |tx| concern::secrets(tx, after, limit))
    }

    async fn rewrap_endpoint_secret(&self, from: &SealedSecret, to: Sealed) -> Result<bool> {
        transact!(self, Durable, "rewrapping a secret of an endpoint", |tx| concern::rewrap(tx, from, &to))
    }
}

#[async_trait]
impl<D: Database> NotificationStore for SqlStore<D> {
    async fn create_subscriber(&self, new: NewSubscriber) -> Result<Subscriber> {
        transact!(self, Durable, "making a subscriber", |tx| concern::create_subscriber(tx, &new))
    }

    async fn subscriber(&self, id: &str) -> Result<Option<Subscriber>> {
        transact!(self, Read, "reading a subscriber", |tx| concern::subscriber(tx, id))
    }

    async fn subscribers(&self, after: Option<&str>, limit: u32) -> Result<Vec<Subscriber>> {
        transact!(self, Read, "listing subscribers", |tx| concern::subscribers(tx, after, limit))
    }

    async fn set_subscriber_active(&self, id: &str, is_active: bool) -> Result<bool> {
        transact!(self, Write, "pausing a subscriber", |tx| {
            concern::set_subscriber_active(tx, id, is_active)
        })
    }

    async fn remove_subscriber(&self, id: &str) -> Result<bool> {
        transact!(self, Durable, "removing a subscriber", |tx| concern::remove_subscriber(tx, id))
    }

    async fn follow_events(&self, id: &str, limit: u32, most_waiting: u64) -> Result<u64> {
        transact!(self, Write, "making notifications", |tx| concern::follow(tx, id, limit, most_waiting))
    }

    async fn claim_notifications(&self, id: &str, limit: u32, lease: Duration) -> Result<Vec<Notification>> {
        transact!(self, Write, "claiming notifications", |tx| concern::claim(tx, id, limit, lease))
    }

    async fn settle_notification(
        &self,
        from: NotificationRevision,
        end: NotificationEnd,
        attempt: Option<NewAttempt>,
    ) -> Result<bool> {
        transact!(self, Write, "settling a notification", |tx| {
            concern::settle(tx, from, end, attempt.as_ref())
        })
    }

    async fn notifications(
        &self,
        id: &str,
        status: Option<NotificationStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Notification>> {
        transact!(self, Read, "listing notifications", |tx| {
            concern::notifications(tx, id, status, after, limit)
        })
    }

    async fn attempts(&self, id: &str, after: Option<u64>, limit: u32) -> Result<Vec<Attempt>> {
        transact!(self, Read, "listing attempts", |tx| concern::attempts(tx, id, after, limit))
    }

    async fn replay_notifications(
        &self,
        id: &str,
        number: Option<u64>,
        since: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<u64> {
        transact!(self, Write, "replaying notifications", |tx| {
            concern::replay(tx, id, number, since, limit)
        })
    }

    async fn prune_notifications(&self, at_rest_for: Duration) -> Result<u64> {
        transact!(self, Write, "pruning notifications", |tx| concern::prune_notifications(tx, at_rest_for))
    }
}
