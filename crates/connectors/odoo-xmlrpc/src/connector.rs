//! The connector: the trait's methods, and the typed ones.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::Stream;
use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use tieline_core::http::HttpClient;
use tieline_core::{
    Account, BatchStream, Catalog, CheckRequest, Clock, Connector, Content, ContentRequest, DiscoverRequest,
    Error, ErrorKind, Key, Lookup, LookupBy, LookupRequest, Lookups, OutcomeStream, RawJson, ReadRequest,
    Result, WriteRequest,
};
use tieline_kit::{on_entity, records_as, refuse_partition, typed};
use url::Url;

use crate::client::Client;
use crate::session::Sessions;
use crate::{
    Department, Employee, Lead, OdooConfig, OrgChart, Partner, check, content, discover, faults, invoke,
    lookup, read, write,
};

/// An Odoo database, as one of its users sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Odoo {
    client: Client,
    config: OdooConfig,
}

/// The name of a model as a request gives it.
pub(crate) fn model_name(entity: &str) -> Result<&str> {
    let fits = !entity.is_empty()
        && entity.len() <= 128
        && entity.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
        && !entity.starts_with('.')
        && !entity.ends_with('.');
    if fits { Ok(entity) } else { Err(faults::no_model(entity)) }
}

impl Odoo {
    pub(crate) fn new(
        config: &OdooConfig,
        base: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let sessions = Sessions::new(config, base, http, clock)?;
        Ok(Self { client: Client::new(sessions), config: config.clone() })
    }

    /// The server's version as it writes it, such as `17.0`. `None` when it does not tell.
    pub async fn version(&self) -> Result<Option<String>> {
        Ok(self.client.session().await?.version.as_ref().map(|version| version.text.clone()))
    }

    /// Calls any public method of a model and gives what it returns, as JSON.
    ///
    /// `ids` are the records that it is called on; none for a method of the model itself. `input` is an object of
    /// named arguments, `context` among them; over XML-RPC it may also be a list of arguments. The call counts as one
    /// that must not be made twice. Fails as [`Connector::write`] describes; a method that returns nothing over XML-RPC,
    /// which is a fault there although it was carried out, gives `null`.
    ///
    /// ```no_run
    /// # async fn example(odoo: &tieline_odoo_xmlrpc::Odoo) -> tieline_core::Result<()> {
    /// let input = tieline_core::RawJson::of(&serde_json::json!({ "name": "Ada", "limit": 5 }))?;
    /// let found: Vec<(i64, String)> = odoo.call("res.partner", "name_search", &[], &input).await?.view()?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call(&self, model: &str, method: &str, ids: &[i64], input: &RawJson) -> Result<RawJson> {
        let ids = (!ids.is_empty()).then(|| ids.to_vec());
        invoke::call(&self.client, model_name(model)?, method, ids, input).await
    }

    /// An employee. `None` when there is none; `Forbidden` when it may not be seen.
    ///
    /// Only users with rights in Odoo's Employees app may read employees.
    pub async fn employee(&self, id: u32) -> Result<Option<Employee>> {
        self.one("hr.employee", id).await
    }

    /// A department. Answers as [`employee`](Self::employee) does.
    pub async fn department(&self, id: u32) -> Result<Option<Department>> {
        self.one("hr.department", id).await
    }

    /// A contact: a person, a company or an address. Answers as [`employee`](Self::employee) does.
    pub async fn partner(&self, id: u32) -> Result<Option<Partner>> {
        self.one("res.partner", id).await
    }

    /// A lead or an opportunity. Answers as [`employee`](Self::employee) does.
    pub async fn lead(&self, id: u32) -> Result<Option<Lead>> {
        self.one("crm.lead", id).await
    }

    /// The departments and who works in them, archived ones left out. Fails with `Rejected` that names the members when
    /// departments or managers go round in a circle.
    pub async fn org_chart(&self) -> Result<OrgChart> {
        let departments: Vec<Department> = self.read_as("hr.department")?.try_collect().await?;
        let employees: Vec<Employee> = self.read_as("hr.employee")?.try_collect().await?;
        OrgChart::new(
            departments.into_iter().filter(|department| department.active),
            employees.into_iter().filter(|employee| employee.active),
        )
    }

    /// All records of a model, archived ones too, each as a `T`: one of this crate's types, or your own with the
    /// fields that you need. Ends at the first record that does not fit `T`, with `Decode`.
    pub fn read_as<T>(&self, model: &str) -> Result<Pin<Box<dyn Stream<Item = Result<T>> + Send>>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        Ok(records_as(self.read(ReadRequest::full(model))?, model))
    }

    async fn one<T: DeserializeOwned>(&self, entity: &'static str, id: u32) -> Result<Option<T>> {
        let key = Key::from(u64::from(id));
        let answers = lookup::keys(&self.client, entity, vec![key.clone()]).await?.answers;
        match answers.into_iter().next() {
            Some(Lookup::Record(record)) => typed(entity, &record).map(Some),
            Some(Lookup::Forbidden(_)) => {
                Err(Error::new(ErrorKind::Forbidden, "this Odoo user may not see the record")
                    .with_advice("connect with a user who may")
                    .with_context("entity", entity)
                    .with_context("key", key))
            }
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Connector for Odoo {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        check::check(&self.client, &self.config).await
    }

    async fn discover(&self, request: DiscoverRequest) -> Result<Catalog> {
        discover::discover(&self.client, &request).await
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        model_name(request.entity.as_str())?;
        read::read(self.client.clone(), request)
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let entity = model_name(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        let found = match request.by {
            LookupBy::Keys(keys) => lookup::keys(&self.client, entity, keys).await,
            LookupBy::Field { field, value, .. } => lookup::field(&self.client, entity, &field, &value).await,
            _ => Err(Error::unsupported("this kind of look-up")),
        };
        found.map_err(|error| on_entity(error, entity))
    }

    async fn content(&self, request: ContentRequest) -> Result<Content> {
        let entity = model_name(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        content::content(&self.client, &request).await.map_err(|error| on_entity(error, entity))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        model_name(request.entity.as_str())?;
        refuse_partition(&request.entity, request.partition.as_ref())?;
        Ok(write::write(self.client.clone(), request))
    }
}
