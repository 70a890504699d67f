//! The connector on its real HTTP stack, over a sandbox or over scripted answers, under paused time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use http::StatusCode;
use serde_json::Value;
use tieline_auth::ApiKey;
use tieline_core::http::{RequestBody, Transport};
use tieline_core::{
    Batch, Change, Clock, Connector, ConnectorConfig, ConnectorFactory, Error, IntoCredential, Operation,
    OperationOutcome, RawJson, ReadRequest, Result, State, WriteOp, WriteRequest,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};
use tieline_odoo_xmlrpc::{Odoo, OdooConfig, OdooFactory, Protocol};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Odoo as Model, Version};
use tieline_sandbox::{InProcess, Sandbox};

pub(crate) type Server = Arc<Sandbox<Model>>;

/// Every way to a server that there is: what holds for one must hold for all.
pub(crate) const WAYS: [(Version, Protocol); 3] =
    [(Version::V17, Protocol::Auto), (Version::V19, Protocol::Xmlrpc), (Version::V19, Protocol::Auto)];

pub(crate) fn config() -> OdooConfig {
    OdooConfig::new("https://erp.example.test", LOGIN).with_database(DATABASE)
}

/// A server, and the connector to it.
pub(crate) fn account((version, protocol): (Version, Protocol)) -> (Server, Arc<Odoo>) {
    let server = Sandbox::<Model>::odoo(version);
    let odoo = connected(&server, config().with_protocol(protocol), ApiKey::new(API_KEY));
    (server, odoo)
}

pub(crate) fn connected(server: &Server, config: OdooConfig, secret: impl IntoCredential) -> Arc<Odoo> {
    let clock = Arc::new(ServerClock(Arc::clone(server)));
    over(Arc::new(InProcess::new(Arc::clone(server))), clock, config, secret)
}

/// The same with a record of what is sent.
pub(crate) fn recorded(server: &Server, config: OdooConfig) -> (MemoryTransport, Arc<Odoo>) {
    let inner = InProcess::new(Arc::clone(server));
    let transport = MemoryTransport::new_async(move |request| {
        let inner = inner.clone();
        async move { inner.send(request.map(RequestBody::from)).await }
    });
    let clock = Arc::new(ServerClock(Arc::clone(server)));
    (transport.clone(), over(Arc::new(transport), clock, config, ApiKey::new(API_KEY)))
}

/// The bodies that were sent.
pub(crate) fn bodies(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(|request| String::from_utf8_lossy(request.body()).into_owned()).collect()
}

#[derive(Debug)]
struct ServerClock(Server);

impl Clock for ServerClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

#[derive(Debug)]
struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn over(
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    config: OdooConfig,
    secret: impl IntoCredential,
) -> Arc<Odoo> {
    let factory = Arc::new(OdooFactory::default());
    let base_url = config.base_url().unwrap();
    let credential = secret.into_credential(&factory.spec().auth).unwrap();
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let client =
        host.client(ClientOptions::new(factory, base_url.clone()).with_credential(credential)).unwrap();
    config.connect(base_url, client, clock).unwrap()
}

/// A connector whose server answers with this function of path and body, at a fixed time.
pub(crate) fn answering(
    config: OdooConfig,
    reply: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<Odoo>) {
    let transport = MemoryTransport::new(move |request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let (status, body) = reply(request.uri().path(), &body);
        let headers =
            [("content-type", "text/xml; charset=utf-8"), ("date", "Mon, 02 Nov 2026 08:00:00 GMT")];
        Ok(answer(StatusCode::from_u16(status).unwrap(), &headers, body))
    });
    let clock = Arc::new(At("2026-11-02T08:00:00Z".parse().unwrap()));
    (transport.clone(), over(Arc::new(transport), clock, config, ApiKey::new("k3y")))
}

/// A connector whose server answers with this function of the whole request, at a fixed time.
pub(crate) fn answering_requests(
    config: OdooConfig,
    reply: impl Fn(&http::Request<bytes::Bytes>) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<Odoo>) {
    let transport = MemoryTransport::new(move |request| {
        let (status, body) = reply(&request);
        let headers = [("content-type", "text/xml"), ("date", "Mon, 02 Nov 2026 08:00:00 GMT")];
        Ok(answer(StatusCode::from_u16(status).unwrap(), &headers, body))
    });
    let clock = Arc::new(At("2026-11-02T08:00:00Z".parse().unwrap()));
    (transport.clone(), over(Arc::new(transport), clock, config, ApiKey::new("k3y")))
}

/// An answer of XML-RPC with this value.
pub(crate) fn returned(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n</methodResponse>\n"
    )
}

/// A fault of XML-RPC.
pub(crate) fn fault(code: u32, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>{code}</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>{text}</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
    )
}

/// What Odoo 17 answers to the questions before the first call, and `None` to others.
pub(crate) fn greeting(path: &str, body: &str) -> Option<String> {
    if path == "/xmlrpc/2/common" && body.contains("<methodName>version<") {
        return Some(returned(
            "<struct><member><name>server_serie</name><value><string>17.0</string></value></member></struct>",
        ));
    }
    (path == "/xmlrpc/2/common").then(|| returned("<int>99</int>"))
}

/// The fields of a small model, as `fields_get` answers.
pub(crate) fn fields(of: &[(&str, &str)]) -> String {
    let member =
        |name: &str, value: &str| format!("<member><name>{name}</name><value>{value}</value></member>");
    let mut all = String::new();
    for (name, kind) in of {
        let told =
            member("type", &format!("<string>{kind}</string>")) + &member("store", "<boolean>1</boolean>");
        all += &member(name, &format!("<struct>{told}</struct>"));
    }
    returned(&format!("<struct>{all}</struct>"))
}

pub(crate) async fn batches(odoo: &Odoo, request: ReadRequest) -> Result<Vec<Batch>> {
    let stream = odoo.read(request)?;
    let batches: Vec<Result<Batch>> = stream.collect().await;
    batches.into_iter().collect()
}

/// The error in the place of a batch.
pub(crate) async fn broken(odoo: &Odoo, request: ReadRequest) -> Error {
    batches(odoo, request).await.unwrap_err()
}

pub(crate) fn json(value: Value) -> RawJson {
    RawJson::of(&value).unwrap()
}

/// Carries out operations on one entity.
pub(crate) async fn write(odoo: &Odoo, entity: &str, ops: Vec<WriteOp>) -> Vec<OperationOutcome> {
    let operations =
        ops.into_iter().enumerate().map(|(i, op)| Operation::new(format!("op-{i}"), op)).collect();
    odoo.write(WriteRequest::new(entity, operations)).unwrap().collect().await
}

/// A store of one entity, as a host would keep it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<i64, Value>,
    pub(crate) state: Option<State>,
    pub(crate) upserts: usize,
}

impl Store {
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Upsert(record) => {
                    self.upserts += 1;
                    self.rows.insert(record.key.as_str().parse().unwrap(), record.payload.view().unwrap());
                }
                other => panic!("{other:?}"),
            }
        }
        // The state goes through text, as in a database.
        self.state = Some(State::from_text(&batch.state.to_text().unwrap()).unwrap());
    }

    pub(crate) async fn pull(&mut self, odoo: &Odoo, request: ReadRequest) -> Vec<Batch> {
        self.upserts = 0;
        let batches = batches(odoo, request.with_state(self.state.clone())).await.unwrap();
        for batch in &batches {
            self.apply(batch);
        }
        batches
    }
}
