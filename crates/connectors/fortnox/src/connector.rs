//! The connector: the trait's methods, and the typed ones.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::de::DeserializeOwned;
use tieline_core::http::{HttpClient, HttpResponse};
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Clock, Connector, Content, ContentRequest, DiscoverRequest,
    Error, Key, Lookup, LookupBy, LookupRequest, Lookups, OutcomeStream, ReadRequest, Result, WriteRequest,
};
use tieline_kit::{Call, records_as, refuse_partition, typed};
use url::Url;

use crate::endpoints::Endpoint;
use crate::{
    Article, Customer, FortnoxConfig, Invoice, Supplier, Voucher, check, content, discover, lookup, read,
    write,
};

/// A company's Fortnox. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fortnox {
    api: Api,
    tenant: Option<String>,
}

/// The way to the company.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: HttpClient,
    base: Url,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Api {
    /// Fortnox answers with XML, or refuses, when it is not told what to answer with.
    /// Source: <https://www.fortnox.se/developer/guides-and-good-to-know/formats-and-encoding>.
    pub(crate) async fn send(&self, call: Call) -> Result<HttpResponse> {
        let json = HeaderValue::from_static("application/json");
        let mut request = call.build(&self.base)?.with_header(ACCEPT, json.clone());
        if request.method() != Method::GET && !request.headers().contains_key(CONTENT_TYPE) {
            request = request.with_header(CONTENT_TYPE, json);
        }
        self.http.send(request).await
    }

    /// Sends for a file of at most so many bytes, whatever its type.
    pub(crate) async fn send_file(&self, call: Call, most: usize) -> Result<HttpResponse> {
        let request = call.build(&self.base)?.with_header(ACCEPT, HeaderValue::from_static("*/*"));
        self.http.send(request.with_body_limit(most)).await
    }
}

impl Fortnox {
    pub(crate) fn new(config: &FortnoxConfig, base: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { api: Api { http, base, clock }, tenant: config.tenant().map(str::to_owned) }
    }

    /// An invoice with its rows, by its document number. `None` when there is none.
    pub async fn invoice(&self, number: impl Display + Send) -> Result<Option<Invoice>> {
        self.one("invoices", Key::new(number.to_string())).await
    }

    /// A customer, by its number. `None` when there is none.
    pub async fn customer(&self, number: impl Display + Send) -> Result<Option<Customer>> {
        self.one("customers", Key::new(number.to_string())).await
    }

    /// A supplier, by its number. `None` when there is none.
    pub async fn supplier(&self, number: impl Display + Send) -> Result<Option<Supplier>> {
        self.one("suppliers", Key::new(number.to_string())).await
    }

    /// An article, by its number. `None` when there is none.
    pub async fn article(&self, number: impl Display + Send) -> Result<Option<Article>> {
        self.one("articles", Key::new(number.to_string())).await
    }

    /// A voucher with its rows, by series, number, and the id of its financial year. `None` when there is none.
    pub async fn voucher(&self, series: &str, number: u64, year: u64) -> Result<Option<Voucher>> {
        self.one("vouchers", Key::new(format!("{series}/{number}/{year}"))).await
    }

    /// All records of an entity with all their fields, each as a `T`: one of this crate's types, or your own with the
    /// fields that you need. Ends at the first record that does not fit `T`, with `Decode`.
    pub fn read_as<T>(&self, entity: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        Ok(records_as(self.read(ReadRequest::full(entity))?, entity))
    }

    async fn one<T: DeserializeOwned>(&self, entity: &'static str, key: Key) -> Result<Option<T>> {
        let about = |error: Error| error.with_context("entity", entity);
        match lookup::one(&self.api, Endpoint::named(entity)?, &key).await.map_err(about)? {
            Lookup::Record(record) => typed(entity, &record).map(Some),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Connector for Fortnox {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.api, self.tenant.as_deref()).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&request)
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        read::read(self.api.clone(), endpoint, &request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        match request.by {
            LookupBy::Keys(keys) => lookup::keys(&self.api, endpoint, keys).await,
            LookupBy::Field { field, value, .. } => {
                lookup::by_field(&self.api, endpoint, &field, &value).await
            }
            _ => Err(Error::unsupported("this kind of look-up")),
        }
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let endpoint = Endpoint::named(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        write::write(self.api.clone(), endpoint, request)
    }

    async fn content(&self, request: ContentRequest) -> Result<Content> {
        content::content(&self.api, &request).await
    }
}
