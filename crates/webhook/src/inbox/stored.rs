//! Deliveries find their endpoint in the store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use tieline_core::webhook::WebhookRoute;
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::webhooks::{SecretPurpose, WebhookEndpoint, WebhookStore};
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::Vault;

use super::{Endpoint, FindEndpoints};
use crate::sealing::{open, path_hash};

/// The most connections that one account of a provider leads to.
const CONNECTIONS: u32 = 100;

/// The endpoints that a store keeps, of all tenants, and the host's own apps, whose deliveries lead to the connections
/// that stored the provider's account when they were checked.
#[derive(Clone)]
pub struct StoredEndpoints {
    store: Arc<dyn WebhookStore>,
    directory: Arc<dyn WebhookStore>,
    vault: Vault,
    apps: HashMap<String, Vec<SecretString>>,
}

impl StoredEndpoints {
    /// The endpoints of a store, whose secrets a vault seals.
    pub fn new(store: Arc<dyn WebhookStore>, vault: Vault) -> Self {
        Self { directory: Arc::clone(&store), store, vault, apps: HashMap::new() }
    }

    /// Sets the handle that looks across tenants: in PostgreSQL, one whose role is the dispatcher's.
    #[must_use]
    pub fn with_directory(mut self, dispatcher: Arc<dyn WebhookStore>) -> Self {
        self.directory = dispatcher;
        self
    }

    /// Adds the host's app at a provider that sends the deliveries of all accounts to one address, with the app's secrets
    /// in force, the newest first.
    #[must_use]
    pub fn with_app(mut self, provider: impl Into<String>, secrets: Vec<SecretString>) -> Self {
        self.apps.insert(provider.into(), secrets);
        self
    }

    async fn at_path(&self, provider: &str, token: &str) -> Result<Vec<Endpoint>> {
        let hash = path_hash(token);
        let Some(tenant) = self.directory.tenant_at(&hash).await? else { return Ok(Vec::new()) };
        let store = self.store.webhooks_of(&tenant);
        let Some(stored) = store.endpoint_at(&hash).await? else { return Ok(Vec::new()) };
        if stored.provider != provider {
            return Ok(Vec::new());
        }
        let secrets = (stored.secrets.as_slice(), SecretPurpose::Signing);
        let secrets = open(&self.vault, &tenant, stored.id.as_str(), secrets).await?;
        Ok(vec![endpoint(store, &stored, secrets).await?])
    }

    async fn of_account(&self, provider: &str, account: &str) -> Result<Vec<Endpoint>> {
        let Some(secrets) = self.apps.get(provider) else { return Ok(Vec::new()) };
        let connections = self.directory.connections_of_account(provider, account, CONNECTIONS).await?;
        let mut endpoints = Vec::with_capacity(connections.len());
        for (tenant, connection) in connections {
            let store = self.store.webhooks_of(&tenant);
            endpoints.push(app_endpoint(provider, store, &connection, secrets).await?);
        }
        Ok(endpoints)
    }

    /// The app itself, for handshakes. What else arrives there concerns no connection, and is refused.
    fn of_app(&self, provider: &str) -> Vec<Endpoint> {
        let Some(secrets) = self.apps.get(provider) else { return Vec::new() };
        let store = self.store.webhooks_of(&TenantId::default());
        let endpoint = Endpoint::new(format!("app:{provider}"), ConnectionId::new(""), store);
        vec![endpoint.with_secrets(secrets.clone()).of_app()]
    }
}

async fn endpoint(
    store: Arc<dyn WebhookStore>,
    stored: &WebhookEndpoint,
    secrets: Vec<SecretString>,
) -> Result<Endpoint> {
    let connection = store.connection(&stored.connection).await?;
    let is_active = stored.is_active && connection.as_ref().is_none_or(|connection| connection.active);
    let inbox = store.webhooks_of(store.tenant());
    let mut endpoint = Endpoint::new(stored.id.clone(), stored.connection.clone(), inbox)
        .with_secrets(secrets)
        .with_entities(stored.entities.clone());
    if let Some(connection) = connection {
        endpoint = endpoint.with_config(connection.config);
    }
    Ok(if is_active { endpoint } else { endpoint.paused() })
}

async fn app_endpoint(
    provider: &str,
    store: Arc<dyn WebhookStore>,
    connection: &ConnectionId,
    secrets: &[SecretString],
) -> Result<Endpoint> {
    let stored = store
        .connection(connection)
        .await?
        .ok_or_else(|| Error::new(ErrorKind::Unavailable, "the connection of a webhook is being removed"))?;
    let id = format!("app:{provider}");
    let inbox = store.webhooks_of(store.tenant());
    let endpoint = Endpoint::new(id, connection.clone(), inbox)
        .with_secrets(secrets.to_vec())
        .with_config(stored.config);
    Ok(if stored.active { endpoint } else { endpoint.paused() })
}

impl fmt::Debug for StoredEndpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEndpoints")
            .field("store", &self.store)
            .field("apps", &self.apps.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl FindEndpoints for StoredEndpoints {
    async fn find(&self, provider: &str, route: &WebhookRoute) -> Result<Vec<Endpoint>> {
        match route {
            WebhookRoute::PathToken(token) => self.at_path(provider, token.as_str()).await,
            WebhookRoute::Account(account) => self.of_account(provider, account.as_str()).await,
            WebhookRoute::App => Ok(self.of_app(provider)),
            _ => Ok(Vec::new()),
        }
    }
}
