//! Descriptions that are part of a connector's crate.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::{
    BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Result,
};
use url::Url;

use super::connector::RestConnector;
use super::factory::RestFactory;

/// A provider whose description is part of a connector's crate.
pub trait Shipped: Debug + Send + Sync + 'static {
    /// The connector's id, such as `chatwoot`.
    const ID: &'static str;
    /// Its category.
    const CATEGORY: Category;

    /// The factory of the description, with the guide and what else belongs to it.
    ///
    /// # Errors
    /// `Config` that says what is wrong with the file. A test of the crate loads it, so that no user sees this.
    fn description() -> Result<RestFactory>;
}

/// The factory of a connector whose description is part of its crate. Should the file have a mistake, each use of the
/// factory fails with `Internal` that names it.
#[derive(Debug)]
pub struct ShippedFactory<S> {
    spec: ConnectorSpec,
    loaded: Loaded,
    provider: PhantomData<fn() -> S>,
}

impl<S> Clone for ShippedFactory<S> {
    fn clone(&self) -> Self {
        Self { spec: self.spec.clone(), loaded: self.loaded.clone(), provider: PhantomData }
    }
}

type Loaded = std::result::Result<Arc<RestFactory>, String>;

/// The files that were read, by provider: each once a process.
static LOADED: LazyLock<Mutex<HashMap<TypeId, Loaded>>> = LazyLock::new(Mutex::default);

impl<S: Shipped> Default for ShippedFactory<S> {
    fn default() -> Self {
        let all = || LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let provider = TypeId::of::<S>();
        let known = all().get(&provider).cloned();
        let loaded = known.unwrap_or_else(|| {
            let read = S::description().map(Arc::new).map_err(|error| error.to_string());
            all().entry(provider).or_insert(read).clone()
        });
        let spec = match &loaded {
            Ok(factory) => factory.spec().clone(),
            Err(_) => ConnectorSpec::new(S::ID, S::ID, S::CATEGORY),
        };
        Self { spec, loaded, provider: PhantomData }
    }
}

impl<S: Shipped> ShippedFactory<S> {
    /// The factory of the description.
    ///
    /// # Errors
    /// `Internal` when the file has a mistake.
    pub fn loaded(&self) -> Result<&RestFactory> {
        self.loaded.as_deref().map_err(|fault| {
            Error::new(ErrorKind::Internal, format!("the description of {} has a mistake: {fault}", S::ID))
        })
    }

    /// The connector of an account. Sends nothing.
    ///
    /// # Errors
    /// `Config` for settings that name no account.
    pub fn connect(&self, context: BuildContext) -> Result<Arc<RestConnector>> {
        self.loaded()?.connect(context)
    }
}

impl<S: Shipped> ConnectorFactory for ShippedFactory<S> {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        match self.loaded() {
            Ok(factory) => factory.classify(answer),
            Err(error) => Some(error).into(),
        }
    }

    fn configured(&self, config: &Value) -> Result<Option<Arc<dyn ConnectorFactory>>> {
        self.loaded()?.configured(config)
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        self.loaded()?.base_url(config)
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        self.loaded()?.build(context)
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        self.loaded().ok()?.webhooks()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Acme;

    impl Shipped for Acme {
        const ID: &'static str = "acme";
        const CATEGORY: Category = Category::Other;

        fn description() -> Result<RestFactory> {
            RestFactory::from_file(Self::ID, "acme.yaml", "name: Acme", Self::CATEGORY)
        }
    }

    #[test]
    fn a_mistake_in_a_shipped_file_is_an_error_of_each_use() {
        let factory = ShippedFactory::<Acme>::default();
        assert_eq!(factory.spec().id, "acme");
        let error = factory.base_url(&Value::Null).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.to_string().contains("acme.yaml:1:1"), "{error}");
    }
}
