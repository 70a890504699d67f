//! Connectors by id, for hosts whose connections come from a database.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tieline_core::{Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, IntoCredential, Result};
use url::Url;

use crate::Host;
use crate::host::Options;

/// The connectors that a host offers, by id. A value that the host builds; there is no global one.
///
/// ```
/// # #[cfg(feature = "pipedrive")]
/// # fn main() -> tieline::Result<()> {
/// use tieline::{ApiKey, Host, Registry};
///
/// let registry = Registry::new(Host::new()?).with(tieline::pipedrive::PipedriveFactory::default());
/// for spec in registry.specs() {
///     println!("{}: {}", spec.title, spec.config_schema());
/// }
/// let settings = serde_json::json!({ "company": "acme" });
/// let crm = registry.connect("pipedrive", &settings, ApiKey::new("0123456789abcdef"))?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "pipedrive"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    host: Host,
    factories: BTreeMap<Cow<'static, str>, Arc<dyn ConnectorFactory>>,
}

impl Registry {
    /// A registry without connectors.
    pub fn new(host: Host) -> Self {
        Self { host, factories: BTreeMap::new() }
    }

    /// Adds a connector, or replaces the one of the same id.
    #[must_use]
    pub fn with(mut self, factory: impl ConnectorFactory + 'static) -> Self {
        self.factories.insert(factory.spec().id.clone(), Arc::new(factory));
        self
    }

    /// What its connectors share.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What each connector says about itself, by id: enough for a page of "Connect" forms.
    pub fn specs(&self) -> impl Iterator<Item = &ConnectorSpec> {
        self.factories.values().map(|factory| factory.spec())
    }

    /// The factory of an id. Fails with `Config` that lists the ids.
    pub fn factory(&self, id: &str) -> Result<&Arc<dyn ConnectorFactory>> {
        self.factories.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.factories.keys().map(AsRef::as_ref).collect();
            let advice = match known.as_slice() {
                [] => "the registry is empty: add the factories of the connectors that you offer".to_owned(),
                known => format!("the registry has: {}", known.join(", ")),
            };
            Error::new(ErrorKind::Config, format!("there is no connector {id:?}")).with_advice(advice)
        })
    }

    /// A connector for settings and a credential that come from a database. Sends nothing.
    pub fn connect(
        &self,
        id: &str,
        config: &Value,
        secret: impl IntoCredential,
    ) -> Result<Arc<dyn Connector>> {
        self.host.build(self.factory(id)?, config.clone(), secret, Options::default())
    }

    /// The same with requests sent elsewhere: to a sandbox, to a recording proxy.
    pub fn connect_at(
        &self,
        base_url: Url,
        id: &str,
        config: &Value,
        secret: impl IntoCredential,
    ) -> Result<Arc<dyn Connector>> {
        let options = Options { base_url: Some(base_url), ..Options::default() };
        self.host.build(self.factory(id)?, config.clone(), secret, options)
    }
}
