//! Builds a [`Tieline`] and checks what it is built from.

use std::sync::Arc;

use tieline_auth::{CredentialManager, Environment, StepObserver};
use tieline_core::{Clock, Error, ErrorKind, Result};
use tieline_http::{ClientOptions, HttpStackBuilder, NetworkOptions};
use tieline_vault::Vault;
use url::{Host, Url};

use crate::activity::Activity;
use crate::application::{Shared, Tieline};
use crate::vault_key::VaultKey;
use crate::{ApplicationStore, Observer, Provider, Registry, Tenant};

/// Builds a [`Tieline`]. Everything that is set here is the application's, never part of a customer's settings.
#[derive(Debug, Default)]
#[must_use]
pub struct TielineBuilder {
    store: Option<Arc<dyn ApplicationStore>>,
    vault: Option<Vault>,
    providers: Vec<Provider>,
    http: HttpStackBuilder,
    public_url: Option<Url>,
    environment: Option<Environment>,
    observers: Vec<Arc<dyn Observer>>,
    records_events: bool,
    steps: Option<Arc<dyn StepObserver>>,
}

impl TielineBuilder {
    /// Sets the database that keeps connections, records and outboxes of all tenants. `MemoryStore` is for tests and for
    /// data that need not outlast the process.
    pub fn store(mut self, store: Arc<dyn ApplicationStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the vault that seals the customers' secrets. An application that stores none needs no vault.
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Adds a connector: a factory, or a [`Provider`] with the application's options.
    pub fn provider(mut self, provider: impl Into<Provider>) -> Self {
        self.providers.push(provider.into());
        self
    }

    /// Adds the connectors of a registry.
    pub fn providers(mut self, registry: &Registry) -> Self {
        self.providers.extend(registry.providers().cloned());
        self
    }

    /// Sets proxy, certificates, pool and keep-alive.
    pub fn network(mut self, options: NetworkOptions) -> Self {
        self.http = self.http.network(options);
        self
    }

    /// Allows a network or an address that is not public, and plain http to it: `10.20.0.0/16`, `127.0.0.1/32`.
    pub fn allow_network(mut self, network: impl Into<String>) -> Self {
        self.http = self.http.allow_network(network);
        self
    }

    /// Sets the clock of the application; the machine's by default. A store has its own.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.http = self.http.clock(clock);
        self
    }

    /// Sets the rest of the network: retries, timeouts, user agent, transport, resolver, caps.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tieline::{RetryPolicy, Tieline};
    ///
    /// let builder = Tieline::builder().http(|http| {
    ///     http.user_agent("acme-crm/1.4").retry(RetryPolicy::default().with_max_wait(Duration::from_secs(10)))
    /// });
    /// ```
    pub fn http(mut self, options: impl FnOnce(HttpStackBuilder) -> HttpStackBuilder) -> Self {
        self.http = options(self.http);
        self
    }

    /// Sets the address at which browsers and providers reach the application: `https://app.example.com`. Callbacks of
    /// apps must be under it.
    pub fn public_url(mut self, url: Url) -> Self {
        self.public_url = Some(url);
        self
    }

    /// Looks into the environment for credentials that the store does not have. It is not looked into by default:
    /// variables belong to the process, and so to all tenants.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Adds an observer, which sees the end of every run.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Appends what happens to connections to the store's log of events: `sync.completed`, `sync.failed`,
    /// `connection.needs_reconnect`. Subscribers are notified of them, and pages show them live. Not by default, because
    /// the log grows until it is pruned; a store in memory keeps none.
    pub fn record_events(mut self, record: bool) -> Self {
        self.records_events = record;
        self
    }

    /// Lets somebody see each step of a renewal. For tests.
    #[doc(hidden)]
    pub fn steps(mut self, observer: Arc<dyn StepObserver>) -> Self {
        self.steps = Some(observer);
        self
    }

    /// Checks the settings, builds the application, and verifies the vault's key against the store. Sends no request to
    /// a provider; connects once to a proxy that is set.
    ///
    /// # Errors
    ///
    /// `Config` for settings that are missing or contradict each other: no store, a provider that is added twice, an app
    /// whose callback is not under the public URL or whose provider takes no OAuth, an address that the network policy
    /// refuses, a proxy that cannot be reached, a file without certificates, a vault whose key does not open what the
    /// store keeps, or one that another `Tieline` of this process has. Whatever the store fails with.
    pub async fn build(self) -> Result<Tieline> {
        let key = self.vault.as_ref().map(VaultKey::take).transpose()?;
        let tieline = self.assemble(key)?;
        if tieline.0.credentials.is_some() {
            // A wrong key shows here, not at a customer's first request.
            Tenant::of_store(&tieline, Arc::clone(&tieline.0.store)).verify_keys().await?;
        }
        Ok(tieline)
    }

    /// [`build`](Self::build) as another process would, whose vault has the same key or a wrong one. For tests.
    #[doc(hidden)]
    pub fn build_unverified(self) -> Result<Tieline> {
        self.assemble(None)
    }

    fn assemble(self, key: Option<Arc<VaultKey>>) -> Result<Tieline> {
        let Some(store) = self.store else {
            return Err(Error::new(ErrorKind::Config, "no store is set").with_advice(
                "set SqliteStore or PostgresStore, or MemoryStore for what need not outlast the process",
            ));
        };
        if let Some(url) = &self.public_url {
            check_public_url(url)?;
        }
        let mut http = self.http;
        let mut registry = Registry::new();
        for provider in self.providers {
            let spec = provider.spec();
            if registry.get(&spec.id).is_some() {
                let message = format!("the connector {:?} is added twice", spec.id);
                return Err(Error::new(ErrorKind::Config, message)
                    .with_advice("add each once; a second account is a connection of it"));
            }
            provider.check(self.public_url.as_ref(), self.vault.is_some())?;
            if let Some(options) = &provider.options {
                http = http.provider(spec.id.to_string(), options.clone());
            }
            registry = registry.with(provider);
        }
        let http = http.build()?;
        for provider in registry.providers() {
            for url in provider.base_url.iter().chain(provider.oauth_urls()?.iter().map(|urls| &urls.token)) {
                let options = ClientOptions::new(Arc::clone(&provider.factory), url.clone());
                http.client(options).map_err(|error| error.with_context("provider", &provider.spec().id))?;
            }
        }
        let credentials = self.vault.map(|vault| match self.steps {
            Some(steps) => CredentialManager::observed(vault, http.clock(), steps),
            None => CredentialManager::new(vault, http.clock()),
        });
        Ok(Tieline(Arc::new(Shared {
            store,
            registry,
            http,
            credentials,
            environment: self.environment.unwrap_or_else(Environment::empty),
            public_url: self.public_url,
            observers: self.observers,
            records_events: self.records_events,
            activity: Activity::default(),
            _key: key,
        })))
    }
}

fn check_public_url(url: &Url) -> Result<()> {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let why = if !(url.scheme() == "https" || url.scheme() == "http" && is_local) {
        "the public URL is neither https nor http on this machine"
    } else if url.query().is_some() || url.fragment().is_some() {
        "the public URL has a query or a fragment"
    } else if !url.username().is_empty() || url.password().is_some() {
        "the public URL holds a login"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Config, why).with_advice(
        "give the address at which browsers reach the application, such as https://app.example.com",
    ))
}
