//! The traits that every connector crate implements.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::http::{Classification, HttpClient, ResponseView};
use crate::webhook::WebhookReceiver;
use crate::{
    Account, BatchStream, Catalog, CheckRequest, Choices, ChoicesRequest, Clock, ConnectorSpec, Content,
    ContentRequest, DiscoverRequest, Error, LookupRequest, Lookups, OutcomeStream, Partitions,
    PartitionsRequest, PollRequest, ReadRequest, Result, Subscriptions, SubscriptionsRequest, WriteRequest,
};

/// A live handle to one account at one provider.
///
/// Each method takes one request struct, and the answers may gain fields, so that this trait is only ever extended.
/// A wrapper forwards every method and names what it wraps with [`inner`](Self::inner).
#[async_trait]
pub trait Connector: Any + Debug + Send + Sync {
    /// The connection test: who am I, which accounts, which scopes, what warns.
    async fn check(&self, request: CheckRequest) -> Result<Account>;

    /// Lists the entities of the account: names only, or with fields and schemas.
    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog>;

    /// A lazy stream of batches, each with the state that is true once it is durable. Fails at once for an unknown
    /// entity or an unreadable state.
    fn read(&self, request: ReadRequest) -> Result<BatchStream>;

    /// Records by their keys, or by a field's value.
    async fn lookup(&self, request: LookupRequest) -> Result<Lookups>;

    /// Carries out operations and yields one outcome for each, in order. Fails only before anything was sent.
    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let _ = request;
        Err(Error::unsupported("writing"))
    }

    /// The parents of a child entity, each read with a state of its own.
    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        let _ = request;
        Err(Error::unsupported("listing partitions"))
    }

    /// The values that a field of a form can take in this account.
    async fn choices(&self, request: ChoicesRequest) -> Result<Choices> {
        let _ = request;
        Err(Error::unsupported("listing choices"))
    }

    /// Makes, renews or removes the provider's notifications.
    async fn subscriptions(&self, request: SubscriptionsRequest) -> Result<Subscriptions> {
        let _ = request;
        Err(Error::unsupported("managing webhooks"))
    }

    /// Asks for a job that the provider accepted.
    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        let _ = request;
        Err(Error::unsupported("polling a job"))
    }

    /// The bytes of a file.
    async fn content(&self, request: ContentRequest) -> Result<Content> {
        let _ = request;
        Err(Error::unsupported("reading file content"))
    }

    /// Returns the connector that a wrapper wraps.
    fn inner(&self) -> Option<&dyn Connector> {
        None
    }
}

impl dyn Connector {
    /// The typed connector behind this handle or behind its wrappers.
    pub fn downcast<T: Connector>(&self) -> Option<&T> {
        let mut current = self;
        loop {
            let any: &dyn Any = current;
            if let Some(found) = any.downcast_ref::<T>() {
                return Some(found);
            }
            current = current.inner()?;
        }
    }
}

/// The part of a connector crate that needs no account: its description, its settings, the meaning of responses.
pub trait ConnectorFactory: Debug + Send + Sync {
    /// The connector's description.
    fn spec(&self) -> &ConnectorSpec;

    /// Returns the meaning of a response of the provider, also of an error inside a 200. The one place that judges responses.
    fn classify(&self, answer: &ResponseView<'_>) -> Classification;

    /// Returns the factory for connections with these settings, where they change what the factory says: its limits,
    /// its origins, the meaning of a response. `None`, the default, when this factory serves them.
    ///
    /// # Errors
    ///
    /// `Config` for settings that no connection can have.
    fn configured(&self, config: &Value) -> Result<Option<Arc<dyn ConnectorFactory>>> {
        let _ = config;
        Ok(None)
    }

    /// Where the connection's requests go, from its settings. The stack lets a credential leave for this origin and
    /// for the spec's origins only. Fails with `Config` for settings that name none.
    fn base_url(&self, config: &Value) -> Result<Url>;

    /// Builds a connector. Sends nothing.
    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>>;

    /// Returns the receiver of the provider's notifications, when it sends any.
    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        None
    }
}

/// The parts that a factory builds a connector from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildContext {
    /// The connection's public settings.
    pub config: Value,
    /// The address of requests: the provider's, or what the host put in its place.
    pub base_url: Url,
    /// The way out.
    pub http: HttpClient,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl BuildContext {
    /// A context.
    pub fn new(config: Value, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { config, base_url, http, clock }
    }
}

/// The typed settings of a connector. Names its factory and its type, so that a connection is one line.
pub trait ConnectorConfig: Serialize + DeserializeOwned + Debug + Send + Sync + 'static {
    /// The connector.
    type Connector: Connector;
    /// Its factory.
    type Factory: ConnectorFactory + Default;

    /// Builds the connector. Sends nothing.
    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<Self::Connector>>;
}
