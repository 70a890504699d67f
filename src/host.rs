//! From settings and a secret to a connector.

use std::sync::Arc;

use serde_json::Value;
use tieline_core::{
    BuildContext, Connector, ConnectorConfig, ConnectorFactory, Error, ErrorKind, IntoCredential, Limit,
    Result,
};
use tieline_http::{ClientOptions, HttpStack};
use url::Url;

/// Connects with a host of its own: one line for one account. An application with more than one connection builds a
/// [`Host`] once, so that they share connections and limits.
///
/// Sends nothing; [`Connector::check`](tieline_core::Connector::check) is the connection test.
///
/// ```no_run
/// # #[cfg(feature = "pipedrive")]
/// # async fn example(token: String) -> tieline::Result<()> {
/// use tieline::pipedrive::PipedriveConfig;
/// use tieline::{ApiKey, CheckRequest, Connector};
///
/// let crm = tieline::connect(PipedriveConfig::company("acme"), ApiKey::new(token))?;
/// println!("connected to {}", crm.check(CheckRequest::default()).await?.name);
/// # Ok(())
/// # }
/// ```
pub fn connect<C: ConnectorConfig>(config: C, secret: impl IntoCredential) -> Result<Arc<C::Connector>> {
    Host::new()?.connect(config, secret)
}

/// What all connections of an application share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Host {
    http: HttpStack,
}

impl Host {
    /// A host that reaches public addresses by https.
    pub fn new() -> Result<Self> {
        HttpStack::new().map(Self::from)
    }

    /// The HTTP stack.
    pub fn http(&self) -> &HttpStack {
        &self.http
    }

    /// Connects an account with the defaults.
    pub fn connect<C: ConnectorConfig>(
        &self,
        config: C,
        secret: impl IntoCredential,
    ) -> Result<Arc<C::Connector>> {
        self.connection(config, secret).connect()
    }

    /// Connects an account with options.
    pub fn connection<C, S: IntoCredential>(&self, config: C, secret: S) -> ConnectionBuilder<'_, C, S> {
        ConnectionBuilder {
            host: self,
            config,
            secret,
            base_url: None,
            account: None,
            tenant: None,
            limits: None,
        }
    }
}

impl From<HttpStack> for Host {
    fn from(http: HttpStack) -> Self {
        Self { http }
    }
}

/// A connection with the host's options. They are the host's, never part of a customer's settings.
#[derive(Debug)]
#[must_use]
pub struct ConnectionBuilder<'h, C, S> {
    host: &'h Host,
    config: C,
    secret: S,
    base_url: Option<Url>,
    account: Option<String>,
    tenant: Option<String>,
    limits: Option<Vec<Limit>>,
}

impl<C, S: IntoCredential> ConnectionBuilder<'_, C, S> {
    /// Sends requests here instead of to the provider: a sandbox, a recording proxy.
    pub fn base_url(mut self, url: Url) -> Self {
        self.base_url = Some(url);
        self
    }

    /// Names the holder of the provider's limits: the connection's id. Connectors of the same account share them; without
    /// a name those with the same secret at the same address do.
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }

    /// Names the tenant that the account belongs to, for traces and limits. Names of accounts are a tenant's own.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    /// Replaces the provider's published limits, for a customer on another plan.
    pub fn limits(mut self, limits: Vec<Limit>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The typed connector.
    pub fn connect(self) -> Result<Arc<C::Connector>>
    where
        C: ConnectorConfig,
    {
        let config = serde_json::to_value(&self.config).map_err(|error| {
            Error::new(ErrorKind::Config, "the settings cannot be written as JSON").with_source(error)
        })?;
        let options = Options {
            base_url: self.base_url,
            account: self.account,
            tenant: self.tenant,
            limits: self.limits,
        };
        let factory: Arc<dyn ConnectorFactory> = Arc::new(C::Factory::default());
        let factory = configured(&factory, &config)?;
        let context = self.host.context(factory, config, self.secret, options)?;
        self.config.connect(context.base_url, context.http, context.clock)
    }
}

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) base_url: Option<Url>,
    pub(crate) account: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) limits: Option<Vec<Limit>>,
}

impl Host {
    /// The connector of a factory, for settings and credentials that come from a database.
    pub(crate) fn build(
        &self,
        factory: &Arc<dyn ConnectorFactory>,
        config: Value,
        secret: impl IntoCredential,
        options: Options,
    ) -> Result<Arc<dyn Connector>> {
        let factory = configured(factory, &config)?;
        factory.build(self.context(Arc::clone(&factory), config, secret, options)?)
    }

    fn context(
        &self,
        factory: Arc<dyn ConnectorFactory>,
        config: Value,
        secret: impl IntoCredential,
        options: Options,
    ) -> Result<BuildContext> {
        let credential = secret.into_credential_for(&factory.spec().auth, &config)?;
        // The settings are checked even when the host puts another address in their place.
        let declared = factory.base_url(&config)?;
        let base_url = options.base_url.unwrap_or(declared);
        let mut client = ClientOptions::new(factory, base_url.clone()).with_credential(credential);
        client.account = options.account;
        client.tenant = options.tenant;
        client.limits = options.limits;
        let http = self.http.client(client)?;
        Ok(BuildContext::new(config, base_url, http, self.http.clock()))
    }
}

/// The factory that serves these settings.
pub(crate) fn configured(
    factory: &Arc<dyn ConnectorFactory>,
    config: &Value,
) -> Result<Arc<dyn ConnectorFactory>> {
    Ok(factory.configured(config)?.unwrap_or_else(|| Arc::clone(factory)))
}
