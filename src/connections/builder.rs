use std::collections::BTreeMap;
use std::sync::Arc;

use tieline_auth::{CredentialManager, CredentialStore, Environment, OAuthApp, OAuthUrls};
use tieline_vault::Vault;
use url::Url;

use super::{Connections, Shared};
use crate::Registry;

/// Builds [`Connections`]. What is set here is the host's, never part of a customer's settings.
#[derive(Debug)]
#[must_use]
pub struct ConnectionsBuilder {
    registry: Registry,
    vault: Vault,
    keeper: Option<CredentialManager>,
    environment: Environment,
    apps: BTreeMap<String, OAuthApp>,
    oauth_urls: BTreeMap<String, OAuthUrls>,
    base_urls: BTreeMap<String, Url>,
}

impl Connections {
    /// With what the host offers, and what seals its secrets.
    pub fn builder(registry: Registry, vault: Vault) -> ConnectionsBuilder {
        ConnectionsBuilder {
            registry,
            vault,
            keeper: None,
            environment: Environment::empty(),
            apps: BTreeMap::new(),
            oauth_urls: BTreeMap::new(),
            base_urls: BTreeMap::new(),
        }
    }
}

impl ConnectionsBuilder {
    /// Sets the host's app at a provider, by the connector's id.
    pub fn app(mut self, provider: impl Into<String>, app: OAuthApp) -> Self {
        self.apps.insert(provider.into(), app);
        self
    }

    /// Looks into the environment for credentials that the store does not have. It is not looked into by default:
    /// variables belong to the process, and so to all tenants.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Sends a provider's requests elsewhere: to a sandbox, to a recording proxy.
    pub fn base_url(mut self, provider: impl Into<String>, url: Url) -> Self {
        self.base_urls.insert(provider.into(), url);
        self
    }

    /// Sends a provider's consents and token requests elsewhere.
    pub fn oauth_urls(mut self, provider: impl Into<String>, urls: OAuthUrls) -> Self {
        self.oauth_urls.insert(provider.into(), urls);
        self
    }

    /// Takes a keeper that was made before, in place of one with this vault and the host's clock. For tests.
    #[doc(hidden)]
    pub fn keeper(mut self, keeper: CredentialManager) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// For the tenant of this store.
    pub fn build(self, store: Arc<dyn CredentialStore>) -> Connections {
        let clock = self.registry.host().http().clock();
        let keeper = self.keeper.unwrap_or_else(|| CredentialManager::new(self.vault, clock));
        let shared = Shared {
            registry: self.registry,
            keeper,
            environment: self.environment,
            apps: self.apps,
            oauth_urls: self.oauth_urls,
            base_urls: self.base_urls,
        };
        Connections { shared: Arc::new(shared), store }
    }
}
