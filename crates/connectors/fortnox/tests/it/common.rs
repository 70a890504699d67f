//! The connector on its real HTTP stack, over scripted answers, under paused time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use http::{Request, StatusCode};
use tieline_auth::Bearer;
use tieline_core::http::Transport;
use tieline_core::{
    Batch, Change, Clock, Connector, ConnectorConfig, ConnectorFactory, Error, FieldPatch, FieldPath,
    IntoCredential, Key, Operation, OperationOutcome, Outcome, Patch, RawJson, ReadRequest, Result, WriteOp,
    WriteRequest,
};
use tieline_fortnox::{FortnoxConfig, FortnoxFactory, RestConnector};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};

/// Fortnox's clock in scripted answers; ours is an hour slow.
pub(crate) const DATE: &str = "Tue, 03 Nov 2026 08:00:00 GMT";

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
    config: FortnoxConfig,
) -> Arc<RestConnector> {
    let factory = Arc::new(FortnoxFactory::default());
    let base = factory.base_url(&serde_json::to_value(&config).unwrap()).unwrap();
    let credential = Bearer::new("eyJ0ZXN0IjoxfQ".to_owned()).into_credential(&factory.spec().auth).unwrap();
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let options =
        ClientOptions::new(factory, base.clone()).with_credential(credential).with_limits(Vec::new());
    let http = host.client(options).unwrap();
    config.connect(base, http, clock).unwrap()
}

/// The connector over answers from a function of method and path with query.
pub(crate) fn answering(
    reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<RestConnector>) {
    let transport = MemoryTransport::new(move |request| {
        let (status, body) = reply(&line(&request));
        let headers = [("content-type", "application/json"), ("date", DATE), ("x-uid", "0a1b2c3d")];
        Ok(answer(StatusCode::from_u16(status).unwrap(), &headers, body))
    });
    let clock = Arc::new(At("2026-11-03T07:00:00Z".parse().unwrap()));
    (transport.clone(), over(Arc::new(transport), clock, FortnoxConfig::new()))
}

fn line<B>(request: &Request<B>) -> String {
    let path = request.uri().path_and_query().unwrap();
    format!("{} {path}", request.method())
}

/// What was asked for.
pub(crate) fn asked(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(line).collect()
}

/// What was sent, with bodies.
pub(crate) fn sent(transport: &MemoryTransport) -> String {
    let lines: Vec<String> = transport
        .requests()
        .iter()
        .map(|request| {
            let line = format!("{} {}", line(request), String::from_utf8_lossy(request.body()));
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A query parameter of a request's line.
pub(crate) fn param<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.split(['?', '&']).skip(1).find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The page of a list that a request asks for, with what Fortnox says beside it.
pub(crate) fn page(line: &str, name: &str, rows: &[String]) -> (u16, String) {
    let number = |name: &str, default: usize| param(line, name).map_or(default, |text| text.parse().unwrap());
    let (offset, limit) = (number("offset", 0), number("limit", 100));
    let shown: Vec<String> = rows.iter().skip(offset).take(limit).cloned().collect();
    let pages = rows.len().div_ceil(limit);
    let meta = format!(
        r#"{{"@TotalResources":{},"@TotalPages":{pages},"@CurrentPage":{}}}"#,
        rows.len(),
        offset / limit + 1
    );
    (200, format!(r#"{{"MetaInformation":{meta},"{name}":[{}]}}"#, shown.join(",")))
}

/// Fortnox's word for an error.
pub(crate) fn error(status: u16, code: &str, message: &str) -> (u16, String) {
    (status, format!(r#"{{"ErrorInformation":{{"error":1,"message":"{message}","code":{code}}}}}"#))
}

pub(crate) fn invoice_row(number: usize) -> String {
    format!(
        r#"{{"@url":"https:\/\/api.fortnox.se\/3\/invoices\/{number}","Balance":0,"Booked":true,"Cancelled":false,"CustomerName":"Ada Demo AB","CustomerNumber":"1001","DocumentNumber":"{number}","InvoiceDate":"2026-01-10","Total":561.5}}"#
    )
}

pub(crate) fn invoice(number: &str) -> String {
    format!(
        r#"{{"@url":"https:\/\/api.fortnox.se\/3\/invoices\/{number}","Balance":0,"Booked":true,"Credit":"false","CustomerNumber":"1001","DocumentNumber":"{number}","InvoiceDate":"2026-01-10","InvoiceRows":[{{"DeliveredQuantity":"3","Price":149.50}}],"Total":12345678901234567.89}}"#
    )
}

/// A company with so many invoices.
pub(crate) fn with_invoices(count: usize) -> (MemoryTransport, Arc<RestConnector>) {
    let rows: Vec<String> = (1..=count).map(invoice_row).collect();
    answering(move |line| match line.strip_prefix("GET /3/invoices/") {
        Some(number) => (200, format!(r#"{{"Invoice":{}}}"#, invoice(number))),
        None => page(line, "Invoices", &rows),
    })
}

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

pub(crate) fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

pub(crate) async fn batches(books: &RestConnector, request: ReadRequest) -> Result<Vec<Batch>> {
    let stream = books.read(request)?;
    let batches: Vec<Result<Batch>> = stream.collect().await;
    batches.into_iter().collect()
}

/// The changes of all batches, in words.
pub(crate) fn words(batches: &[Batch]) -> Vec<String> {
    let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    changes
        .map(|change| match change {
            Change::Upsert(record) => format!("+{}", record.key),
            Change::Delete(deletion) => format!("-{}", deletion.key),
            Change::Present(key) => format!("={key}"),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The records of all batches.
pub(crate) fn records(batches: &[Batch]) -> BTreeMap<String, String> {
    let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    changes
        .filter_map(|change| match change {
            Change::Upsert(record) => Some((record.key.to_string(), record.payload.get().to_owned())),
            _ => None,
        })
        .collect()
}

pub(crate) fn create(fields: &str) -> WriteOp {
    WriteOp::create(json(fields))
}

pub(crate) fn marked_create(fields: &str, marker: &str) -> WriteOp {
    WriteOp::create(json(fields)).with_marker(Some(marker.into()))
}

pub(crate) fn update(key: &str, changes: &[(&str, FieldPatch)]) -> WriteOp {
    let changes = changes.iter().map(|(field, change)| (path(field), change.clone()));
    WriteOp::update(Key::from(key), Patch(changes.collect()))
}

pub(crate) fn delete(key: &str) -> WriteOp {
    WriteOp::delete(Key::from(key))
}

pub(crate) fn invoke(action: &str, key: &str) -> WriteOp {
    WriteOp::invoke(action, json("{}")).with_key(Some(Key::from(key)))
}

pub(crate) fn set(text: &str) -> FieldPatch {
    FieldPatch::Set(json(text))
}

/// The outcomes, in order; that they are the operations' own is checked.
pub(crate) async fn written(
    books: &RestConnector,
    entity: &str,
    operations: Vec<WriteOp>,
) -> Vec<OperationOutcome> {
    let count = operations.len();
    let operations =
        operations.into_iter().enumerate().map(|(at, op)| Operation::new(format!("op-{at}"), op)).collect();
    let stream = books.write(WriteRequest::new(entity, operations)).unwrap();
    let outcomes: Vec<OperationOutcome> = stream.collect().await;
    assert_eq!(outcomes.len(), count);
    for (at, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.id.as_str(), format!("op-{at}"));
    }
    outcomes
}

pub(crate) async fn one(books: &RestConnector, entity: &str, op: WriteOp) -> Outcome {
    written(books, entity, vec![op]).await.remove(0).outcome
}

/// An outcome in words.
pub(crate) fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { key: Some(key), .. } => format!("applied {key}"),
        Outcome::Applied { key: None, .. } => "applied".to_owned(),
        Outcome::Unchanged => "unchanged".to_owned(),
        Outcome::Rejected(error) => format!("rejected: {error}"),
        Outcome::Deferred(error) => format!("deferred: {error}"),
        Outcome::Unknown(error) => format!("unknown: {error}"),
        other => panic!("{other:?}"),
    }
}

/// The error in the place of a batch.
pub(crate) async fn broken(books: &RestConnector, request: ReadRequest) -> Error {
    batches(books, request).await.unwrap_err()
}
