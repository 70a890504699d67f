use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;
use serde::de::DeserializeOwned;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Choices, ChoicesRequest, Connector, Content, ContentRequest,
    DiscoverRequest, Key, Lookup, LookupRequest, Lookups, OutcomeStream, Partitions, PartitionsRequest,
    PollRequest, ReadRequest, Result, Subscriptions, SubscriptionsRequest, WriteRequest,
};
use tieline_kit::{on_entity, records_as, typed};

use super::client::Client;
use super::guess::Guess;
use super::{
    accepted, check, choices, content, discover, guess, lookup, partitions, read, subscriptions, write,
};

/// An account at a provider that is described as data. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RestConnector {
    client: Client,
}

impl RestConnector {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The settings that the first page of an entity's list shows, for its description.
    ///
    /// # Errors
    /// As a read of its first page, and `Config` where the records cannot be seen.
    pub async fn guess(&self, entity: &str) -> Result<Guess> {
        guess::guess(&self.client, entity).await
    }

    /// All records of an entity, each as a `T`: a type with the fields that you need. Ends at the first record that does
    /// not fit `T`, with `Decode`.
    ///
    /// # Errors
    /// As a full read of the entity; an entity with a parent is read by `read` and a partition.
    pub fn read_as<T>(&self, entity: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        Ok(records_as(self.read(ReadRequest::full(entity))?, entity))
    }

    /// The record of a key as a `T`. `None` when it is not there.
    ///
    /// # Errors
    /// As a look-up of the entity; `Forbidden` when the credential may not see it, `Decode` when it does not fit `T`.
    pub async fn record_as<T: DeserializeOwned>(
        &self,
        entity: &str,
        key: impl Into<Key>,
    ) -> Result<Option<T>> {
        let answers = self.lookup(LookupRequest::keys(entity, vec![key.into()])).await?.answers;
        match answers.into_iter().next() {
            Some(Lookup::Record(record)) => typed(entity, &record).map(Some),
            Some(Lookup::Forbidden(key)) => Err(lookup::forbidden(entity, &key)),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Connector for RestConnector {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.client.for_run()).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&self.client.for_run(), request).await
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        read::read(&self.client.for_run(), request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let entity = request.entity.clone();
        let found = lookup::lookup(&self.client.for_run(), request).await;
        found.map_err(|error| on_entity(error, entity.as_str()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        write::write(&self.client.for_run(), request)
    }

    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        accepted::poll(&self.client.for_run(), request)
    }

    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        partitions::partitions(&self.client.for_run(), request).await
    }

    async fn choices(&self, request: ChoicesRequest) -> Result<Choices> {
        choices::choices(&self.client.for_run(), request).await
    }

    async fn subscriptions(&self, request: SubscriptionsRequest) -> Result<Subscriptions> {
        subscriptions::subscriptions(&self.client.for_run(), request).await
    }

    async fn content(&self, request: ContentRequest) -> Result<Content> {
        content::content(&self.client.for_run(), request).await
    }
}
