use async_trait::async_trait;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Connector, DiscoverRequest, LookupRequest, Lookups,
    OutcomeStream, Partitions, PartitionsRequest, ReadRequest, Result, WriteRequest,
};

use super::client::Client;
use super::{check, discover, lookup, partitions, read, write};

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
        check::check(&self.client).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&self.client, request).await
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        read::read(&self.client, request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        lookup::lookup(&self.client, request).await
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        write::write(&self.client, request)
    }

    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        partitions::partitions(&self.client, request).await
    }
}
