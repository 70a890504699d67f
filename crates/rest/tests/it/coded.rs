//! A provider with codes, wrapped records, details, and hooks before a write.

use std::collections::BTreeMap;

use serde_json::json;
use tieline_core::{
    Account, CheckRequest, Connector, DiscoverRequest, Error, ErrorKind, Key, Lookup, LookupRequest,
    Operation, Outcome, Patch, RawJson, ReadRequest, Result, WriteOp, WriteRequest,
};
use tieline_core::{Deletes, FieldPatch, FieldPath};
use tieline_rest::{HookContext, HookFuture, Hooks, RestFactory};

use crate::provider::{Answer, Provider, ok, read};

const FILE: &str = "
name: Books
url: https://t.example
zone: Europe/Stockholm
settings:
  mark: {title: Mark, default: Ref1, values: {Ref1: Ref1, Ref2: Ref2, none: ''}}
check: {call: /company, name: /Company/Name}
errors:
  message: /Info/message
  code: [/Info/code, /Info/Code]
  request: header X-Uid
  when:
    - {code: [7, 8], for: one, error: not_found}
    - {code: 7, error: rejected, advice: create it first}
    - {status: 200, at: /Info, error: rejected}
entities:
  invoices:
    list: {call: '/invoices?offset=<offset>&limit=<page_size>', page_size: 100}
    changes: {call: '/invoices?since=<since:local(%Y-%m-%d %H:%M:%S)>&offset=<offset>&limit=<page_size>', page_size: 100, overlap: 5m}
    records: Invoices
    key: Number
    changed: none
    detail: {call: /invoices/<key>, record: Invoice, tag: one}
    lookup: {call: /invoices/<key>, record: Invoice, tag: one}
    find: {call: '/invoices?<field.name:lower>=<value>', only: [Ref1, Ref2, Order]}
    create: {call: 'POST /invoices?year=<input.Year?>', body: {Invoice: <record>}, record: Invoice}
    update: {call: PUT /invoices/<key>, body: {Invoice: <record>}, record: Invoice}
    marker: <mark>
    search_delay: 10s
  company: {list: /company, records: Company, single: true, key: Id}
";

fn provider(
    hooks: impl Hooks,
    handler: impl Fn(&crate::provider::Seen) -> Answer + Send + Sync + 'static,
) -> Provider {
    let factory = RestFactory::from_file("books", "books.yaml", FILE, tieline_core::Category::Other).unwrap();
    Provider::of(factory.with_hooks(hooks), handler)
}

fn invoice(number: &str) -> Answer {
    ok(json!({ "Invoice": { "Number": number, "Ref1": "op-1", "Order": format!("PO-{number}") } }))
}

fn refusal(status: u16, code: u32) -> Answer {
    (
        status,
        vec![("x-uid", "u1".to_owned())],
        json!({ "Info": { "message": "Hej Anna", "Code": code } }).to_string(),
    )
}

async fn found(connector: &dyn Connector, field: &str, value: &str) -> Vec<String> {
    let value = RawJson::of(value).unwrap();
    let request = LookupRequest::field("invoices", FieldPath::field(field), value);
    let answers = connector.lookup(request).await.unwrap().answers;
    let key = |answer: &Lookup| match answer {
        Lookup::Record(record) => format!("{} {}", record.key, record.payload.get().contains("Order")),
        other => panic!("{other:?}"),
    };
    answers.iter().map(key).collect()
}

#[tokio::test]
async fn a_search_yields_whole_records_that_have_the_value() {
    let provider = provider(tieline_rest::NoHooks, |seen| match seen.path.strip_prefix("/invoices/") {
        Some(number) => invoice(number),
        // A search by parts of a text; the order number is in the record alone.
        None if seen.query("order").is_some() => {
            ok(json!({ "Invoices": [{ "Number": "1" }, { "Number": "2" }] }))
        }
        None => {
            ok(json!({ "Invoices": [{ "Number": "1", "Ref1": "op-1" }, { "Number": "2", "Ref1": "op-12" }] }))
        }
    });
    let connector = provider.connect();
    assert_eq!(found(&*connector, "Ref1", "op-1").await, ["1 true"]);
    assert_eq!(provider.asked(), ["GET /invoices?ref1=op-1", "GET /invoices/1"]);
    assert_eq!(found(&*connector, "Order", "PO-2").await, ["2 true"]);
    let other = LookupRequest::field("invoices", FieldPath::field("Total"), RawJson::of(&1).unwrap());
    assert_eq!(connector.lookup(other).await.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_search_never_hides_a_record_that_is_not_shown() {
    let provider = provider(tieline_rest::NoHooks, |seen| match seen.path.as_str() {
        "/invoices" => ok(json!({ "Invoices": [{ "Number": "1", "Ref1": "op-1" }] })),
        _ => refusal(400, 9),
    });
    let request = LookupRequest::field("invoices", FieldPath::field("Ref1"), RawJson::of("op-1").unwrap());
    let error = provider.connect().lookup(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn the_providers_code_decides_by_endpoint() {
    let provider = provider(tieline_rest::NoHooks, |seen| match seen.path.as_str() {
        "/invoices/7" => refusal(400, 7),
        "/company" => (200, Vec::new(), json!({ "Info": { "code": "9" } }).to_string()),
        _ => refusal(400, 7),
    });
    let connector = provider.connect();
    let answers =
        connector.lookup(LookupRequest::keys("invoices", ["7", "..", ""].map(Key::from))).await.unwrap();
    assert!(answers.answers.iter().all(|answer| matches!(answer, Lookup::Missing(_))), "{answers:?}");
    assert_eq!(provider.asked(), ["GET /invoices/7"]);
    let error = read(&connector, ReadRequest::full("invoices")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.advice()),
        (ErrorKind::Rejected, Some("7"), Some("create it first"))
    );
    assert_eq!((error.request_id(), error.provider_text()), (Some("u1"), Some("Hej Anna")));
    assert!(!format!("{error} {error:?}").contains("Anna"));
    let error = connector.check(CheckRequest::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some("9")));
}

#[tokio::test]
async fn an_increment_is_asked_for_in_local_time() {
    let provider = provider(tieline_rest::NoHooks, |_| ok(json!({ "Invoices": [] })));
    let connector = provider.connect();
    let (_, batches) = read(&connector, ReadRequest::changes("invoices")).await.unwrap();
    provider.asked();
    let again = ReadRequest::changes("invoices").with_state(crate::provider::state(&batches));
    read(&connector, again).await.unwrap();
    assert_eq!(provider.asked(), ["GET /invoices?since=2026-06-01 13:55:00&offset=0&limit=100"]);
}

#[tokio::test]
async fn one_record_is_a_list_of_one() {
    let provider =
        provider(tieline_rest::NoHooks, |_| ok(json!({ "Company": { "Id": 7, "Name": "Ada AB" } })));
    let connector = provider.connect();
    assert_eq!(read(&connector, ReadRequest::full("company")).await.unwrap().0, ["7"]);
    let catalog = connector.discover(DiscoverRequest::names()).await.unwrap();
    assert_eq!(catalog.entity("company").unwrap().deletes, Deletes::Never);
}

/// Refuses one field, counts requests before an update, and explains an account.
#[derive(Debug)]
struct Careful;

impl Hooks for Careful {
    fn account(&self, settings: &BTreeMap<String, String>, found: Result<Account>) -> Result<Account> {
        found.or_else(|error| match error.code() {
            Some("9") => Ok(Account::new(settings["mark"].clone())),
            _ => Err(error),
        })
    }

    fn validate(&self, _: &HookContext, op: &WriteOp) -> Result<()> {
        match op {
            WriteOp::Create { fields, .. } if fields.get().contains("Total") => {
                Err(Error::new(ErrorKind::Rejected, "the provider sets the total"))
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, at: &HookContext, _: &WriteOp, body: &RawJson) -> Option<HookFuture<RawJson>> {
        let (http, url, body) = (at.http.clone(), at.base_url.join("/prepare").ok()?, body.clone());
        Some(Box::pin(async move {
            http.send(tieline_core::http::HttpRequest::new(http::Method::GET, url)).await?;
            RawJson::parse(body.get().replace("old", "new"))
        }))
    }
}

async fn outcome(connector: &dyn Connector, op: WriteOp) -> Outcome {
    use futures_util::StreamExt as _;
    let request = WriteRequest::new("invoices", vec![Operation::new("op", op)]);
    connector.write(request).unwrap().next().await.unwrap().outcome
}

#[tokio::test]
async fn hooks_stand_before_what_is_sent() {
    let provider = provider(Careful, |seen| match seen.path.as_str() {
        "/prepare" => ok(json!({})),
        "/company" => refusal(403, 9),
        _ => invoice("7"),
    });
    let connector = provider.connect();
    let refused = outcome(&*connector, WriteOp::create(RawJson::parse(r#"{"Total":1}"#).unwrap())).await;
    assert!(matches!(refused, Outcome::Rejected(_)), "{refused:?}");
    assert!(provider.asked().is_empty());
    let patch = Patch(vec![(FieldPath::field("Text"), FieldPatch::Set(RawJson::of("old").unwrap()))]);
    outcome(&*connector, WriteOp::update("7", patch)).await;
    assert_eq!(provider.asked(), ["GET /prepare", r#"PUT /invoices/7 {"Invoice":{"Text":"new"}}"#]);
    assert_eq!(connector.check(CheckRequest::default()).await.unwrap().name, "Ref1");
}

#[tokio::test]
async fn a_connection_chooses_the_member_of_its_marker() {
    let create =
        || WriteOp::create(RawJson::parse(r#"{"Year":5}"#).unwrap()).with_marker(Some("op-9".into()));
    for (mark, body, marked) in [
        (json!({}), r#"{"Ref1":"op-9","Year":5}"#, Some("/Ref1")),
        (json!({ "mark": "Ref2" }), r#"{"Ref2":"op-9","Year":5}"#, Some("/Ref2")),
        (json!({ "mark": "none" }), r#"{"Year":5}"#, None),
    ] {
        let provider = provider(tieline_rest::NoHooks, |_| invoice("7"));
        let connector = provider.connect_with(mark);
        outcome(&*connector, create()).await;
        assert_eq!(provider.asked(), [format!(r#"POST /invoices?year=5 {{"Invoice":{body}}}"#)]);
        let catalog = connector.discover(DiscoverRequest::names()).await.unwrap();
        let marker = catalog.entity("invoices").unwrap().marker.clone();
        assert_eq!(marker.map(|marker| marker.field.to_string()).as_deref(), marked);
    }
}
