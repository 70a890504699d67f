//! From settings and a secret to a connector.

use std::sync::Arc;

use serde_json::Value;
use tieline_core::{
    BuildContext, ConnectorConfig, ConnectorFactory, Error, ErrorKind, IntoCredential, Limit, Result,
};
use tieline_http::{ClientOptions, HttpStack};
use url::Url;

/// Connects one account with a network of its own: one line for a script or a test.
///
/// Two connectors from two calls share nothing: neither sockets nor the provider's limits, which they may exceed
/// together. An application with more than one connection, or one that connects more than once, builds a
/// [`Tieline`](crate::Tieline), through which all of them share both.
///
/// Sends nothing; [`Connector::check`](tieline_core::Connector::check) is the connection test.
///
/// # Errors
///
/// `Config` for settings or a secret that the connector does not take.
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
    typed(&HttpStack::new()?, config, secret, Options::default())
}

/// Options of one connection's client.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) base_url: Option<Url>,
    pub(crate) account: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) limits: Option<Vec<Limit>>,
}

/// The connector of typed settings.
pub(crate) fn typed<C: ConnectorConfig>(
    http: &HttpStack,
    config: C,
    secret: impl IntoCredential,
    options: Options,
) -> Result<Arc<C::Connector>> {
    let settings = serde_json::to_value(&config).map_err(|error| {
        Error::new(ErrorKind::Config, "the settings cannot be written as JSON").with_source(error)
    })?;
    let factory: Arc<dyn ConnectorFactory> = Arc::new(C::Factory::default());
    let factory = configured(&factory, &settings)?;
    let context = context(http, factory, settings, secret, options)?;
    config.connect(context.base_url, context.http, context.clock)
}

/// The parts of a connector, for settings and credentials that come from a database.
pub(crate) fn context(
    http: &HttpStack,
    factory: Arc<dyn ConnectorFactory>,
    config: Value,
    secret: impl IntoCredential,
    options: Options,
) -> Result<BuildContext> {
    let credential = secret.into_credential_for(&factory.spec().auth, &config)?;
    // The settings are checked even when the application puts another address in their place.
    let declared = factory.base_url(&config)?;
    let base_url = options.base_url.unwrap_or(declared);
    let mut client = ClientOptions::new(factory, base_url.clone()).with_credential(credential);
    client.account = options.account;
    client.tenant = options.tenant;
    client.limits = options.limits;
    Ok(BuildContext::new(config, base_url, http.client(client)?, http.clock()))
}

/// The factory that serves these settings.
pub(crate) fn configured(
    factory: &Arc<dyn ConnectorFactory>,
    config: &Value,
) -> Result<Arc<dyn ConnectorFactory>> {
    Ok(factory.configured(config)?.unwrap_or_else(|| Arc::clone(factory)))
}
