use async_trait::async_trait;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Choices, ChoicesRequest, Connector, DiscoverRequest,
    LookupRequest, Lookups, OutcomeStream, Partitions, PartitionsRequest, ReadRequest, Result, Subscriptions,
    SubscriptionsRequest, WriteRequest,
};

use super::client::Client;
use super::{check, choices, discover, lookup, partitions, read, subscriptions, write};

/// An account at a provider that is described as data. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RestConnector {
    client: Client,
}

impl RestConnector {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
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
        lookup::lookup(&self.client.for_run(), request).await
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        write::write(&self.client.for_run(), request)
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
}
