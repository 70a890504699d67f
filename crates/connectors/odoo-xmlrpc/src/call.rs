//! One call of a model's method, for both protocols.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method};
use serde::Serialize;
use serde_json::{Map, Value};
use tieline_core::http::{Body, HttpRequest, RequestAuth};
use tieline_core::{Error, ErrorKind, RawJson, Result};
use url::Url;

use crate::factory::SECRET;
use crate::xmlrpc;

const DATABASE: HeaderName = HeaderName::from_static("x-odoo-database");

/// How long a call may take. Odoo ends its workers after 120 s by default; whoever gives up before does not learn
/// what became of a write.
const PATIENCE: Duration = Duration::from_secs(150);

/// A call of a method. Its first arguments go by position over XML-RPC, because their names differ between versions
/// and Odoo looks at the first one itself; JSON-2 takes all by name.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) model: String,
    pub(crate) method: String,
    ids: Option<Vec<i64>>,
    positional: Vec<(&'static str, RawJson)>,
    unnamed: Vec<RawJson>,
    named: Vec<(Cow<'static, str>, RawJson)>,
    context: Map<String, Value>,
    idempotent: bool,
}

/// What keeps Odoo from writing to followers about what an API does.
/// Source: the context that `mail.thread` of Odoo 17 and 19 looks into.
const QUIET: [&str; 6] = [
    "tracking_disable",
    "mail_create_nolog",
    "mail_create_nosubscribe",
    "mail_notrack",
    "mail_auto_subscribe_no_notify",
    "no_reset_password",
];

/// Where a call goes, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Xmlrpc { database: String, uid: i64 },
    Json2 { database: Option<String> },
}

impl Call {
    /// A call that only reads.
    pub(crate) fn reading(model: &str, method: &str) -> Self {
        Self { idempotent: true, ..Self::acting(model, method) }
    }

    /// A call that must not be made twice.
    pub(crate) fn acting(model: &str, method: &str) -> Self {
        Self {
            model: model.to_owned(),
            method: method.to_owned(),
            ids: None,
            positional: Vec::new(),
            unnamed: Vec::new(),
            named: Vec::new(),
            context: Map::new(),
            idempotent: false,
        }
    }

    pub(crate) fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// The records that the method is called on.
    pub(crate) fn ids(mut self, ids: impl IntoIterator<Item = i64>) -> Self {
        self.ids = Some(ids.into_iter().collect());
        self
    }

    /// The next of the first arguments.
    pub(crate) fn arg(mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<Self> {
        self.positional.push((name, RawJson::of(value)?));
        Ok(self)
    }

    /// An argument by name.
    pub(crate) fn named(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self> {
        self.named.push((name.into(), RawJson::of(value)?));
        Ok(self)
    }

    /// The next argument of a method whose names are not known.
    pub(crate) fn unnamed(mut self, value: RawJson) -> Self {
        self.unnamed.push(value);
        self
    }

    /// Adds to the context.
    pub(crate) fn context(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    /// Includes archived records, which Odoo hides otherwise.
    pub(crate) fn with_archived(self) -> Self {
        self.context("active_test", false)
    }

    /// The records that it is called on.
    pub(crate) fn records(&self) -> &[i64] {
        self.ids.as_deref().unwrap_or_default()
    }

    /// Writes no e-mails and no log of changes.
    pub(crate) fn quietly(mut self) -> Self {
        for name in QUIET {
            self.context.entry(name).or_insert(Value::Bool(true));
        }
        self
    }

    /// The request, with the context of the connection under the call's own.
    pub(crate) fn request(&self, base: &Url, via: &Via, context: &Map<String, Value>) -> Result<HttpRequest> {
        let mut merged = context.clone();
        merged.extend(self.context.clone());
        let request = match via {
            Via::Xmlrpc { database, uid } => self.xmlrpc(base, database, *uid, merged)?,
            Via::Json2 { database } => self.json2(base, database.as_deref(), merged)?,
        };
        Ok(request.with_idempotent(self.idempotent).with_timeout(PATIENCE))
    }

    fn xmlrpc(
        &self,
        base: &Url,
        database: &str,
        uid: i64,
        context: Map<String, Value>,
    ) -> Result<HttpRequest> {
        let mut args: Vec<RawJson> = Vec::new();
        if let Some(ids) = &self.ids {
            args.push(RawJson::of(ids)?);
        }
        args.extend(self.positional.iter().map(|(_, value)| value.clone()));
        args.extend(self.unnamed.iter().cloned());
        let mut kwargs = object(self.named.iter().map(|(name, value)| (name.as_ref(), value)));
        if !context.is_empty() {
            kwargs.insert("context".to_owned(), RawJson::of(&context)?);
        }
        let body = xmlrpc::Call::new("execute_kw")
            .param(database)
            .param(&uid)
            .secret(SECRET)
            .param(&self.model)
            .param(&self.method)
            .param(&args)
            .param(&kwargs)
            .build()
            .map_err(|error| error.with_context("method", &self.method))?;
        xmlrpc_request(base, "/xmlrpc/2/object", body)
    }

    fn json2(&self, base: &Url, database: Option<&str>, context: Map<String, Value>) -> Result<HttpRequest> {
        if !self.unnamed.is_empty() {
            return Err(Error::new(ErrorKind::Config, "JSON-2 takes arguments by name only")
                .with_advice("give the input as an object of named arguments")
                .with_context("method", &self.method));
        }
        let positional = self.positional.iter().map(|(name, value)| (*name, value));
        let mut body =
            object(positional.chain(self.named.iter().map(|(name, value)| (name.as_ref(), value))));
        if let Some(ids) = &self.ids {
            body.insert("ids".to_owned(), RawJson::of(ids)?);
        }
        if !context.is_empty() {
            body.insert("context".to_owned(), RawJson::of(&context)?);
        }
        let mut request = tieline_kit::Call::new(Method::POST, "/json/2/{model}/{method}")
            .value(&self.model)
            .value(&self.method)
            .json(RawJson::of(&body)?.get())
            .build(base)?
            .with_auth(RequestAuth::Bearer);
        if let Some(name) = database {
            let name = HeaderValue::from_str(name).map_err(|_| {
                Error::new(
                    ErrorKind::Config,
                    "the database's name holds a character that a header cannot carry",
                )
            })?;
            request = request.with_header(DATABASE, name);
        }
        Ok(request)
    }
}

/// A name that comes twice keeps its last value.
fn object<'a>(members: impl Iterator<Item = (&'a str, &'a RawJson)>) -> BTreeMap<String, RawJson> {
    members.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

/// A request to one of the services of XML-RPC.
pub(crate) fn xmlrpc_request(base: &Url, path: &'static str, body: Body) -> Result<HttpRequest> {
    Ok(tieline_kit::Call::new(Method::POST, path)
        .build(base)?
        .with_header(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"))
        .with_body(body))
}
