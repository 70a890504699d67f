//! Connectors by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use tieline_core::{ConnectorFactory, ConnectorSpec, Error, ErrorKind, Result};

use crate::Provider;

/// The connectors that an application offers, by id. A value that the application builds; there is no global one.
///
/// ```
/// # #[cfg(feature = "pipedrive")]
/// # {
/// let registry = tieline::Registry::new().with(tieline::pipedrive::PipedriveFactory::default());
/// for spec in registry.specs() {
///     println!("{}: {}", spec.title, spec.config_schema());
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Registry {
    providers: BTreeMap<String, Provider>,
}

impl Registry {
    /// A registry without connectors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connector, or replaces the one of the same id.
    pub fn with(mut self, provider: impl Into<Provider>) -> Self {
        let provider = provider.into();
        self.providers.insert(provider.spec().id.to_string(), provider);
        self
    }

    /// The descriptions that connectors give of themselves, by id: enough for a page of "Connect" forms.
    pub fn specs(&self) -> impl Iterator<Item = &ConnectorSpec> {
        self.providers.values().map(Provider::spec)
    }

    /// The connectors with the application's options for them, by id.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values()
    }

    /// Returns the connector of an id.
    ///
    /// # Errors
    ///
    /// `Config` that lists the ids.
    pub fn provider(&self, id: &str) -> Result<&Provider> {
        self.providers.get(id).ok_or_else(|| {
            let known: Vec<&str> = self.providers.keys().map(AsRef::as_ref).collect();
            let advice = match known.as_slice() {
                [] => "the registry is empty: add the factories of the connectors that you offer".to_owned(),
                known => format!("the registry has: {}", known.join(", ")),
            };
            Error::new(ErrorKind::Config, format!("there is no connector {id:?}")).with_advice(advice)
        })
    }

    /// Returns the factory of an id.
    ///
    /// # Errors
    ///
    /// As for [`provider`](Self::provider).
    pub fn factory(&self, id: &str) -> Result<&Arc<dyn ConnectorFactory>> {
        self.provider(id).map(Provider::factory)
    }

    /// The connector of an id, where there is one.
    pub(crate) fn get(&self, id: &str) -> Option<&Provider> {
        self.providers.get(id)
    }
}
