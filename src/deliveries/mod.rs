//! Webhooks of an application: endpoints that providers call, subscribers to events, and what a delivery does.

mod handler;
mod subscriptions;

use std::sync::Arc;

use tieline_core::http::Transport;
use tieline_core::{ConnectorFactory, Error, ErrorKind, Result};
use tieline_store::WebhookStore;
use tieline_sync::OneWaySync;
use tieline_webhook::inbox::{Endpoints, InboxWorker, StoredEndpoints, WebhookInbox, WorkReport};
use tieline_webhook::{NotificationSender, SendReport, Subscribers};
use url::Url;

pub use subscriptions::SubscriptionCheck;

use crate::{ConnectionHandle, Tenant, Tieline};

impl Tieline {
    /// Returns the inbox of all tenants: give it deliveries by
    /// [`receive`](WebhookInbox::receive), or by the router of `tieline_webhook::axum`.
    ///
    /// # Errors
    ///
    /// `Config` without a vault, and for a store that keeps no webhooks, such as `MemoryStore`.
    pub fn webhook_inbox(&self) -> Result<WebhookInbox> {
        let endpoints = self.stored_endpoints()?;
        Ok(WebhookInbox::new(Arc::new(endpoints)).with_clock(self.http().clock()))
    }

    /// Returns the endpoints of all tenants as deliveries find them, for an inbox with options of its own: the host's
    /// apps, a dispatcher's handle.
    ///
    /// # Errors
    ///
    /// As for [`webhook_inbox`](Self::webhook_inbox).
    pub fn stored_endpoints(&self) -> Result<StoredEndpoints> {
        let store = self.0.store.webhooks().ok_or_else(no_webhooks)?;
        Ok(StoredEndpoints::new(store, self.credentials()?.vault().clone()))
    }

    /// Returns the address below which a provider's deliveries are taken: `/webhooks/PROVIDER` of the public URL.
    ///
    /// # Errors
    ///
    /// `Config` when no public URL is set.
    pub fn webhook_base(&self, provider: &str) -> Result<Url> {
        let url = self.public_url().ok_or_else(|| {
            Error::new(ErrorKind::Config, "no public URL is set, so no provider can call the application")
                .with_advice("set it: Tieline::builder().public_url(…)")
        })?;
        let mut base = url.clone();
        if let Ok(mut path) = base.path_segments_mut() {
            path.pop_if_empty().extend(["webhooks", provider]);
        }
        Ok(base)
    }

    /// Returns the connector whose deliveries come to [`webhook_base`](Self::webhook_base), for a router.
    ///
    /// # Errors
    ///
    /// `Config` for an unknown connector.
    pub fn webhook_factory(&self, provider: &str) -> Result<Arc<dyn ConnectorFactory>> {
        self.registry().factory(provider).cloned()
    }
}

impl Tenant {
    /// Returns the endpoints that providers call: made, rotated, paused, removed.
    ///
    /// # Errors
    ///
    /// As for [`Tieline::webhook_inbox`].
    pub fn endpoints(&self) -> Result<Endpoints> {
        Ok(Endpoints::new(self.webhooks()?, self.credentials()?.vault().clone()))
    }

    /// Returns the subscribers to the tenant's events: made, rotated, paused, replayed, removed.
    ///
    /// # Errors
    ///
    /// As for [`Tieline::webhook_inbox`].
    pub fn subscribers(&self) -> Result<Subscribers> {
        Ok(Subscribers::new(self.webhooks()?, self.credentials()?.vault().clone()))
    }

    /// Sends what is due to the tenant's subscribers through a transport, which decides which addresses may be reached:
    /// `ReqwestTransport` with `NetworkPolicy::public_only()`. Call it after runs, and every few seconds.
    ///
    /// # Errors
    ///
    /// As for [`Tieline::webhook_inbox`], and as the vault and the store fail.
    pub async fn notify(&self, transport: Arc<dyn Transport>) -> Result<SendReport> {
        let vault = self.credentials()?.vault().clone();
        let sender = NotificationSender::new(self.webhooks()?, vault, transport);
        sender.with_clock(self.tieline().http().clock()).run().await
    }

    pub(crate) fn webhooks(&self) -> Result<Arc<dyn WebhookStore>> {
        self.store().webhooks().ok_or_else(no_webhooks)
    }
}

impl ConnectionHandle {
    /// Handles the deliveries of the connection that are due: hints are looked up and committed, each record once; signed
    /// records are committed as they came; after missed deliveries, what changed is read; the end of the account's consent
    /// switches the connection off. `configure` adds the streams, as for [`sync`](Self::sync); it is called for each run.
    /// What fails is tried again later, and is dead after 15 attempts.
    ///
    /// # Errors
    ///
    /// `Config` for a store that keeps no webhooks; otherwise as the store fails.
    pub async fn handle_deliveries(
        &self,
        configure: impl Fn(OneWaySync) -> OneWaySync + Send + Sync + 'static,
    ) -> Result<WorkReport> {
        let store = self.tenant().webhooks()?;
        let handler = handler::SyncHandler::new(self.clone(), Arc::new(configure));
        InboxWorker::new(store, Arc::new(handler)).run(self.id()).await
    }
}

fn no_webhooks() -> Error {
    Error::new(ErrorKind::Config, "the store keeps no webhooks and no events")
        .with_advice("set SqliteStore or PostgresStore")
}
