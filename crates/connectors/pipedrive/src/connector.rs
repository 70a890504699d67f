//! The connector: the trait's methods, and the typed ones.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use tieline_core::http::{HttpClient, HttpResponse};
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Clock, Connector, DiscoverRequest, Error, ErrorKind, Key,
    Lookup, LookupBy, LookupRequest, Lookups, OutcomeStream, PollRequest, ReadRequest, Result, WriteRequest,
};
use tieline_kit::{Call, records_as, refuse_partition, typed};
use url::Url;

use crate::endpoints::Endpoint;
use crate::marker::Markers;
use crate::{
    Activity, Deal, Organization, Person, PipedriveConfig, Pipeline, Stage, action, check, discover, lookup,
    read, search, write,
};

/// A Pipedrive account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pipedrive {
    api: Api,
    company: String,
    markers: Arc<Markers>,
}

/// The way to the account.
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
    pub(crate) fn new(
        config: &PipedriveConfig,
        base: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let markers = Arc::new(Markers::of(&config.markers)?);
        Ok(Self { api: Api { http, base, clock }, company: config.name()?, markers })
    }

    /// A deal, also an archived one. `None` when there is none or it was deleted; `Forbidden` when it may not be seen.
    pub async fn deal(&self, id: u64) -> Result<Option<Deal>> {
        self.one("deals", id).await
    }

    /// A person. Answers as [`deal`](Self::deal) does.
    pub async fn person(&self, id: u64) -> Result<Option<Person>> {
        self.one("persons", id).await
    }

    /// An organization. Answers as [`deal`](Self::deal) does.
    pub async fn organization(&self, id: u64) -> Result<Option<Organization>> {
        self.one("organizations", id).await
    }

    /// An activity. Answers as [`deal`](Self::deal) does.
    pub async fn activity(&self, id: u64) -> Result<Option<Activity>> {
        self.one("activities", id).await
    }

    /// A pipeline. Answers as [`deal`](Self::deal) does.
    pub async fn pipeline(&self, id: u64) -> Result<Option<Pipeline>> {
        self.one("pipelines", id).await
    }

    /// A stage of a pipeline. Answers as [`deal`](Self::deal) does.
    pub async fn stage(&self, id: u64) -> Result<Option<Stage>> {
        self.one("stages", id).await
    }

    /// All records of an entity, each as a `T`: one of this crate's types, or your own with the fields that you need.
    /// Ends at the first record that does not fit `T`, with `Decode`.
    pub fn read_as<T>(&self, entity: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        Ok(records_as(self.read(ReadRequest::full(entity))?, entity))
    }

    async fn one<T: DeserializeOwned>(&self, entity: &'static str, id: u64) -> Result<Option<T>> {
        let key = Key::from(id);
        match lookup::one(&self.api, Endpoint::named(entity)?, &key).await? {
            Lookup::Record(record) => typed(entity, &record).map(Some),
            Lookup::Forbidden(_) => {
                Err(Error::new(ErrorKind::Forbidden, "this Pipedrive user may not see the record")
                    .with_advice("connect with a user who sees everything, such as an admin")
                    .with_context("entity", entity)
                    .with_context("key", key))
            }
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Connector for Pipedrive {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.api, &self.company).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&self.api, &self.markers, &request).await
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        discover::refuse_unreadable(endpoint, &request)?;
        read::read(self.api.clone(), endpoint, &request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        match request.by {
            LookupBy::Keys(keys) => lookup::keys(&self.api, endpoint, keys).await,
            LookupBy::Field { field, value, .. } => {
                search::by_field(&self.api, &self.markers, endpoint, &field, &value).await
            }
            _ => Err(Error::unsupported("this kind of look-up")),
        }
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        write::write(self.api.clone(), Arc::clone(&self.markers), endpoint, request)
    }

    fn poll(&self, request: PollRequest) -> Result<OutcomeStream> {
        action::poll(self.api.clone(), request)
    }
}
