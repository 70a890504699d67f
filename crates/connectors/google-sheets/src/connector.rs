//! The connector: the trait's methods, and reading as types.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use tieline_core::http::HttpClient;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Choices, ChoicesRequest, Clock, Connector, DiscoverRequest,
    Error, LookupBy, LookupRequest, Lookups, OutcomeStream, ReadRequest, Result, WriteRequest,
};
use tieline_kit::{on_entity, records_as, refuse_partition};
use url::Url;

use crate::client::Client;
use crate::{GoogleSheetsConfig, TabTexts, check, discover, lookup, read, texts, write};

/// A spreadsheet of Google Sheets, as an account sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GoogleSheets {
    client: Client,
}

impl GoogleSheets {
    pub(crate) fn new(
        config: GoogleSheetsConfig,
        base: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self { client: Client::new(config, base, http, clock)? })
    }

    /// Reads all rows of a table, each as a `T` with the columns as its fields.
    ///
    /// # Errors
    ///
    /// Those of [`Connector::read`]. The stream ends with `Decode` at the first row that does not fit `T`.
    pub fn read_as<T>(&self, table: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        Ok(records_as(self.read(ReadRequest::full(table))?, table))
    }
}

impl GoogleSheets {
    /// Reads a tab as a grid of texts, or the first one: at most 2,000 rows and 200 columns.
    ///
    /// # Errors
    ///
    /// `NotFound` when there is no such tab, with the tabs that there are; else those of any call.
    pub async fn texts(&self, tab: Option<&str>) -> Result<TabTexts> {
        texts::texts(&self.client, tab).await
    }
}

#[async_trait]
impl Connector for GoogleSheets {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.client).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&self.client, &request).await
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        read::read(self.client.clone(), request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        refuse_partition(&request.entity, request.partition.as_ref())?;
        let found = match request.by {
            LookupBy::Keys(keys) => lookup::keys(&self.client, &request.entity, keys).await,
            LookupBy::Field { field, value, .. } => {
                lookup::field(&self.client, &request.entity, &field, &value).await
            }
            _ => Err(Error::unsupported("this kind of lookup")),
        };
        found.map_err(|error| on_entity(error, request.entity.as_str()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        refuse_partition(&request.entity, request.partition.as_ref())?;
        Ok(write::write(self.client.clone(), request))
    }

    async fn choices(&self, request: ChoicesRequest) -> Result<Choices> {
        check::choices(&self.client, &request).await
    }
}
