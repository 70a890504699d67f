//! The connector: the description's, and beside it what data cannot say.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use tieline_core::http::{HttpClient, HttpResponse};
use tieline_core::{
    Account, BatchStream, BuildContext, Catalog, CheckRequest, Clock, Connector, Content, ContentRequest,
    DiscoverRequest, LookupBy, LookupRequest, Lookups, OutcomeStream, Partitions, PartitionsRequest,
    PollRequest, ReadRequest, Result, Subscriptions, SubscriptionsRequest, WriteRequest,
};
use tieline_kit::{Call, refuse_partition};
use tieline_rest::RestConnector;
use url::Url;

use crate::marker::Markers;
use crate::{
    Activity, Deal, Organization, Person, PipedriveConfig, Pipeline, Stage, check, discover, factory, job,
    search,
};

/// A Pipedrive account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipedrive {
    rest: Arc<RestConnector>,
    api: Api,
    company: String,
    markers: Arc<Markers>,
}

/// The way to the account for requests that no description holds.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: HttpClient,
    base: Url,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Api {
    pub(crate) async fn send(&self, call: Call) -> Result<HttpResponse> {
        self.http.send(call.build(&self.base)?).await
    }
}

impl Pipedrive {
    pub(crate) fn new(config: &PipedriveConfig, context: BuildContext) -> Result<Self> {
        let markers = Arc::new(Markers::of(&config.markers)?);
        let api = Api {
            http: context.http.clone(),
            base: context.base_url.clone(),
            clock: Arc::clone(&context.clock),
        };
        let rest = factory::described(&markers, context)?;
        Ok(Self { rest, api, company: config.name()?, markers })
    }

    /// A deal, also an archived one. `None` when there is none or it was deleted; `Forbidden` when it may not be seen.
    pub async fn deal(&self, id: u64) -> Result<Option<Deal>> {
        self.rest.record_as("deals", id).await
    }

    /// A person. Answers as [`deal`](Self::deal) does.
    pub async fn person(&self, id: u64) -> Result<Option<Person>> {
        self.rest.record_as("persons", id).await
    }

    /// An organization. Answers as [`deal`](Self::deal) does.
    pub async fn organization(&self, id: u64) -> Result<Option<Organization>> {
        self.rest.record_as("organizations", id).await
    }

    /// An activity. Answers as [`deal`](Self::deal) does.
    pub async fn activity(&self, id: u64) -> Result<Option<Activity>> {
        self.rest.record_as("activities", id).await
    }

    /// A pipeline. Answers as [`deal`](Self::deal) does.
    pub async fn pipeline(&self, id: u64) -> Result<Option<Pipeline>> {
        self.rest.record_as("pipelines", id).await
    }

    /// A stage of a pipeline. Answers as [`deal`](Self::deal) does.
    pub async fn stage(&self, id: u64) -> Result<Option<Stage>> {
        self.rest.record_as("stages", id).await
    }

    /// All records of an entity, each as a `T`: one of this crate's types, or your own with the fields that you need.
    /// Ends at the first record that does not fit `T`, with `Decode`.
    pub fn read_as<T>(&self, entity: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        self.rest.read_as(entity)
    }
}

#[async_trait]
impl Connector for Pipedrive {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.api, &self.company).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        let mut names = request.clone();
        names.schemas = false;
        let catalog = self.rest.discover(names).await?;
        if request.schemas { discover::described(&self.api, catalog).await } else { Ok(catalog) }
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        discover::refuse_unknown(&request)?;
        self.rest.read(request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        refuse_partition(&request.entity, request.partition.as_ref())?;
        match &request.by {
            LookupBy::Field { field, value, .. } => {
                search::by_field(&self.api, &self.rest, &self.markers, &request.entity, field, value).await
            }
            _ => self.rest.lookup(request).await,
        }
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        self.rest.write(request)
    }

    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        job::poll(self.api.clone(), request)
    }

    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        self.rest.partitions(request).await
    }

    async fn content(&self, request: ContentRequest) -> Result<Content> {
        self.rest.content(request).await
    }

    async fn subscriptions(&self, request: SubscriptionsRequest) -> Result<Subscriptions> {
        self.rest.subscriptions(request).await
    }
}
