//! The connector on its real HTTP stack, over a sandbox or over scripted answers, under paused time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use http::StatusCode;
use tieline_auth::ApiKey;
use tieline_core::http::Transport;
use tieline_core::{
    Batch, Change, Clock, Connector, ConnectorConfig, ConnectorFactory, Error, FieldPatch, FieldPath,
    IntoCredential, Key, Operation, OperationOutcome, Outcome, Patch, RawJson, ReadRequest, Result, State,
    WriteOp, WriteRequest,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};
use tieline_pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory};
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive as Model, TOKEN, keys};
use tieline_sandbox::{InProcess, Sandbox};

/// A sandbox without limits, and the connector to it.
pub(crate) fn account() -> (Arc<Sandbox<Model>>, Arc<Pipedrive>) {
    let sandbox = Sandbox::pipedrive();
    sandbox.set_limits(Limits::none());
    (Arc::clone(&sandbox), connected(&sandbox))
}

pub(crate) fn connected(sandbox: &Arc<Sandbox<Model>>) -> Arc<Pipedrive> {
    connected_with(sandbox, PipedriveConfig::company(COMPANY))
}

pub(crate) fn connected_with(sandbox: &Arc<Sandbox<Model>>, config: PipedriveConfig) -> Arc<Pipedrive> {
    let clock = Arc::new(SandboxClock(Arc::clone(sandbox)));
    over(Arc::new(InProcess::new(Arc::clone(sandbox))), clock, config)
}

/// The settings with a marker field for each kind of record that the sandbox has a text field for.
pub(crate) fn marked() -> PipedriveConfig {
    PipedriveConfig::company(COMPANY)
        .with_marker("deals", keys::DEAL_REFERENCE)
        .with_marker("organizations", keys::ORGANIZATION_NUMBER)
        .with_marker("products", keys::PRODUCT_SUPPLIER_NUMBER)
}

#[derive(Debug)]
pub(crate) struct SandboxClock(pub(crate) Arc<Sandbox<Model>>);

impl Clock for SandboxClock {
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

pub(crate) fn over(
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    config: PipedriveConfig,
) -> Arc<Pipedrive> {
    let factory = Arc::new(PipedriveFactory::default());
    let base = config.base_url().unwrap();
    let credential = ApiKey::new(TOKEN.to_owned()).into_credential(&factory.spec().auth).unwrap();
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let options =
        ClientOptions::new(factory, base.clone()).with_credential(credential).with_limits(Vec::new());
    let http = host.client(options).unwrap();
    config.connect(base, http, clock).unwrap()
}

/// The connector over answers from a function of path and query.
pub(crate) fn answering(
    reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<Pipedrive>) {
    answering_with(PipedriveConfig::company("acme"), reply)
}

pub(crate) fn answering_with(
    config: PipedriveConfig,
    reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<Pipedrive>) {
    let transport = MemoryTransport::new(move |request| {
        let (status, body) = reply(request.uri().path_and_query().unwrap().as_str());
        let headers = [("content-type", "application/json"), ("date", "Tue, 03 Nov 2026 08:00:00 GMT")];
        Ok(answer(StatusCode::from_u16(status).unwrap(), &headers, body))
    });
    let clock = Arc::new(At("2026-11-03T07:00:00Z".parse().unwrap()));
    (transport.clone(), over(Arc::new(transport), clock, config))
}

/// What was asked for, as paths with queries.
pub(crate) fn asked(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(|request| request.uri().path_and_query().unwrap().to_string()).collect()
}

/// What was sent, with bodies.
pub(crate) fn sent(transport: &MemoryTransport) -> String {
    let lines: Vec<String> = transport
        .requests()
        .iter()
        .map(|request| {
            let path = request.uri().path_and_query().unwrap();
            let line = format!("{} {path} {}", request.method(), String::from_utf8_lossy(request.body()));
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

pub(crate) fn create(fields: &str) -> WriteOp {
    WriteOp::create(json(fields))
}

pub(crate) fn marked_create(fields: &str, marker: &str) -> WriteOp {
    WriteOp::create(json(fields)).with_marker(Some(marker.into()))
}

pub(crate) fn update(key: &str, changes: &[(&str, FieldPatch)]) -> WriteOp {
    let changes = changes.iter().map(|(path, change)| (FieldPath::parse(path).unwrap(), change.clone()));
    WriteOp::update(Key::from(key), Patch(changes.collect()))
}

pub(crate) fn delete(key: &str) -> WriteOp {
    WriteOp::delete(Key::from(key))
}

pub(crate) fn invoke(action: &str, key: &str, input: &str) -> WriteOp {
    WriteOp::invoke(action, json(input)).with_key(Some(Key::from(key)))
}

pub(crate) fn set(text: &str) -> FieldPatch {
    FieldPatch::Set(json(text))
}

/// The outcomes, in order; that they are the operations' own is checked.
pub(crate) async fn written(crm: &dyn Connector, entity: &str, operations: Vec<WriteOp>) -> Vec<Outcome> {
    let count = operations.len();
    let operations =
        operations.into_iter().enumerate().map(|(at, op)| Operation::new(format!("op-{at}"), op)).collect();
    let stream = crm.write(WriteRequest::new(entity, operations)).unwrap();
    let outcomes: Vec<OperationOutcome> = stream.collect().await;
    assert_eq!(outcomes.len(), count);
    for (at, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.id.as_str(), format!("op-{at}"));
    }
    outcomes.into_iter().map(|outcome| outcome.outcome).collect()
}

pub(crate) async fn one(crm: &dyn Connector, entity: &str, op: WriteOp) -> Outcome {
    written(crm, entity, vec![op]).await.remove(0)
}

/// An outcome in words.
pub(crate) fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { key: Some(key), .. } => format!("applied {key}"),
        Outcome::Applied { key: None, .. } => "applied".to_owned(),
        Outcome::Unchanged => "unchanged".to_owned(),
        Outcome::Conflict { .. } => "conflict".to_owned(),
        Outcome::Accepted { ticket, .. } => format!("accepted {ticket}"),
        Outcome::Rejected(error) => format!("rejected: {error}"),
        Outcome::Deferred(error) => format!("deferred: {error}"),
        Outcome::Unknown(error) => format!("unknown: {error}"),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn applied(outcome: &Outcome) -> &Key {
    match outcome {
        Outcome::Applied { key: Some(key), .. } => key,
        other => panic!("{}", word(other)),
    }
}

/// The record's text after a write.
pub(crate) fn after(outcome: &Outcome) -> &RawJson {
    match outcome {
        Outcome::Applied { record: Some(record), .. } => &record.payload,
        other => panic!("{}", word(other)),
    }
}

pub(crate) fn at<'r>(record: &'r RawJson, pointer: &str) -> &'r str {
    record.at(pointer).unwrap().map_or("absent", |value| value.get())
}

pub(crate) async fn batches(crm: &Pipedrive, request: ReadRequest) -> Result<Vec<Batch>> {
    let stream = crm.read(request)?;
    let batches: Vec<Result<Batch>> = stream.collect().await;
    batches.into_iter().collect()
}

/// The error in the place of a batch.
pub(crate) async fn broken(crm: &Pipedrive, request: ReadRequest) -> Error {
    batches(crm, request).await.unwrap_err()
}

/// A store of one entity, as a host would keep it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<String, String>,
    pub(crate) state: Option<State>,
    pub(crate) upserts: usize,
    pub(crate) deletes: usize,
}

impl Store {
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Upsert(record) => {
                    self.upserts += 1;
                    self.rows.insert(record.key.to_string(), record.payload.get().to_owned());
                }
                Change::Delete(deletion) => {
                    self.deletes += 1;
                    self.rows.remove(deletion.key.as_str());
                }
                other => panic!("{other:?}"),
            }
        }
        // The state goes through text, as in a database.
        self.state = Some(State::from_text(&batch.state.to_text().unwrap()).unwrap());
    }

    pub(crate) async fn pull(&mut self, crm: &Pipedrive, request: ReadRequest) -> Vec<Batch> {
        (self.upserts, self.deletes) = (0, 0);
        let batches = batches(crm, request.with_state(self.state.clone())).await.unwrap();
        for batch in &batches {
            self.apply(batch);
        }
        batches
    }
}
