//! A provider with codes, wrapped records, details, and hooks before a write.

use std::collections::BTreeMap;

use serde_json::json;
use tieline_core::{
    Account, CheckRequest, Connector, DiscoverRequest, Error, ErrorKind, Key, Lookup, LookupRequest,
    Operation, Outcome, Patch, RawJson, ReadRequest, Result, WriteOp, WriteRequest,
};
use tieline_core::{Deletes, FieldPatch, FieldPath, Filter, PassEnd, ReadMode};
use tieline_rest::{HookContext, HookFuture, Hooks, RestFactory, Selection};

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

/// Selects by rows and records, as a provider does that takes one filter in a request.
#[derive(Debug)]
struct Choosy;

impl Hooks for Choosy {
    fn select(&self, _: &HookContext, request: &ReadRequest) -> Result<Option<Selection>> {
        let mut selection = Selection::new(!request.fields.is_empty());
        for filter in &request.filters {
            let text = filter.value.get().trim_matches('"').to_owned();
            selection.query.push((filter.field.as_str().trim_start_matches('/').to_lowercase(), text));
            selection.records.push((filter.field.clone(), filter.value.clone()));
            selection.listed = false;
        }
        Ok(Some(selection))
    }
}

#[tokio::test]
async fn a_selection_says_whether_details_are_fetched_and_which_records_pass() {
    let provider = provider(Choosy, |seen| match seen.path.strip_prefix("/invoices/") {
        Some(number) => invoice(number),
        None => {
            let rows = [json!({ "Number": "1" }), json!({ "Number": "2" })];
            let from = seen.query("offset").map_or(0, |offset| offset.parse().unwrap());
            ok(json!({ "Invoices": rows[from..] }))
        }
    });
    let connector = provider.connect();
    let listed = ReadRequest::full("invoices").with_fields([FieldPath::field("Number")]);
    assert_eq!(read(&connector, listed).await.unwrap().0, ["1", "2"]);
    assert_eq!(provider.asked(), ["GET /invoices?offset=0&limit=100", "GET /invoices?offset=1&limit=100"]);
    let filter = Filter::equals(FieldPath::field("Order"), RawJson::of("PO-2").unwrap());
    let request = ReadRequest::full("invoices").with_filter(filter);
    let (keys, batches) = read(&connector, request.clone()).await.unwrap();
    assert_eq!(keys, ["2"]);
    assert_eq!(provider.asked()[0], "GET /invoices?offset=0&limit=100&order=PO-2");
    // Who asked for some learns nothing of the others, and goes on with the same filters only.
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Partial));
    let state = crate::provider::state(&batches);
    let other = connector.read(ReadRequest::full("invoices").with_state(state.clone())).err().unwrap();
    assert_eq!(other.kind(), ErrorKind::StateInvalid);
    assert!(connector.read(request.with_state(state)).is_ok());
}

/// An answer to the question for what changed the day after tomorrow, and the passes of three runs.
async fn probed(ahead: Answer) -> (Vec<ReadMode>, usize, usize) {
    let file = FILE.replace("overlap: 5m}", "overlap: 5m, probe: true}");
    let factory =
        RestFactory::from_file("books", "books.yaml", &file, tieline_core::Category::Other).unwrap();
    let provider = Provider::of(factory.with_hooks(Choosy), move |seen| match seen.query("since") {
        Some(time) if time.starts_with("2026-06-03") => ahead.clone(),
        Some(_) => ok(json!({ "Invoices": [] })),
        None => ok(json!({ "Invoices": [{ "Number": "1" }] })),
    });
    let connector = provider.connect();
    let catalog = connector.discover(DiscoverRequest::names()).await.unwrap();
    assert!(!catalog.entity("invoices").unwrap().capabilities.changes);
    let (mut passes, mut remarks, mut state) = (Vec::new(), 0, None);
    for _ in 0..3 {
        let request = ReadRequest::changes("invoices").with_fields([FieldPath::field("Number")]);
        let (_, batches) = read(&connector, request.with_state(state)).await.unwrap();
        passes.push(batches[0].pass);
        remarks += batches.iter().map(|batch| batch.issues.len()).sum::<usize>();
        state = crate::provider::state(&batches);
    }
    let asked = provider.asked();
    (passes, remarks, asked.iter().filter(|line| line.contains("since=2026-06-03")).count())
}

#[tokio::test]
async fn an_undocumented_list_of_changes_is_tried_once() {
    use ReadMode::{Changes, Full};
    let empty = ok(json!({ "Invoices": [] }));
    assert_eq!(probed(empty).await, (vec![Full, Changes, Changes], 0, 1));
    let all = ok(json!({ "Invoices": [{ "Number": "1" }] }));
    assert_eq!(probed(all).await, (vec![Full, Full, Full], 3, 1));
    assert_eq!(probed(refusal(400, 9)).await, (vec![Full, Full, Full], 3, 1));
}

#[tokio::test]
async fn a_list_of_changes_that_is_refused_is_read_in_full() {
    let provider = provider(Choosy, |seen| match seen.query("since") {
        Some(_) => refusal(400, 9),
        None => ok(json!({ "Invoices": [{ "Number": "1" }] })),
    });
    let connector = provider.connect();
    let request = || ReadRequest::changes("invoices").with_fields([FieldPath::field("Number")]);
    let (_, first) = read(&connector, request()).await.unwrap();
    let again = request().with_state(crate::provider::state(&first));
    let (keys, batches) = read(&connector, again).await.unwrap();
    assert_eq!((keys, batches[0].pass, batches[0].issues.len()), (vec!["1".to_owned()], ReadMode::Full, 1));
}

/// The keys of seven records, three a page; the second page may come empty at first.
async fn seven(comes_empty: bool) -> Vec<String> {
    let file = FILE.replace("page_size: 100}", "page_size: 3, total: /Meta/Total}");
    let factory =
        RestFactory::from_file("books", "books.yaml", &file, tieline_core::Category::Other).unwrap();
    let empty = std::sync::atomic::AtomicBool::new(comes_empty);
    let provider = Provider::of(factory.with_hooks(Choosy), move |seen| {
        let number = |name: &str| seen.query(name).unwrap().parse::<usize>().unwrap();
        let rows = (1..=7).map(|n| json!({ "Number": n.to_string() }));
        let mut rows: Vec<_> = rows.skip(number("offset")).take(number("limit")).collect();
        if number("offset") > 0 && empty.swap(false, std::sync::atomic::Ordering::Relaxed) {
            rows.clear();
        }
        ok(json!({ "Meta": { "Total": 7 }, "Invoices": rows }))
    });
    let request = ReadRequest::full("invoices").with_fields([FieldPath::field("Number")]);
    let (keys, batches) = read(&provider.connect(), request).await.unwrap();
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    keys
}

#[tokio::test]
async fn pages_overlap_by_a_record_that_comes_once_and_an_empty_page_is_no_end() {
    let all = ["1", "2", "3", "4", "5", "6", "7"];
    assert_eq!(seven(false).await, all);
    let found: std::collections::BTreeSet<String> = seven(true).await.into_iter().collect();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), all);
}

/// A provider that does not know the parameter of the page gives the first one for ever.
#[tokio::test]
async fn a_page_that_comes_again_and_again_is_an_error() {
    for (by, total) in [("offset=<offset>", ""), ("offset=<offset>", ", total: /Total"), ("page=<page>", "")]
    {
        let file =
            FILE.replace("offset=<offset>", by).replace("page_size: 100}", &format!("page_size: 3{total}}}"));
        let factory =
            RestFactory::from_file("books", "books.yaml", &file, tieline_core::Category::Other).unwrap();
        let provider = Provider::of(factory.with_hooks(Choosy), |_| {
            ok(json!({ "Total": 9, "Invoices": [{ "Number": "1" }, { "Number": "2" }, { "Number": "3" }] }))
        });
        let request = ReadRequest::full("invoices").with_fields([FieldPath::field("Number")]);
        let error = read(&provider.connect(), request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{by} {total}");
        assert!(provider.asked().len() < 10);
    }
}

/// A bounded run stops within a page, and a record before its end goes before the next run.
#[tokio::test]
async fn a_run_goes_on_behind_its_last_record_whatever_goes_before_it() {
    let gone = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_gone = std::sync::Arc::clone(&gone);
    let provider = provider(Choosy, move |seen| {
        let from: usize = seen.query("offset").unwrap().parse().unwrap();
        let first = if is_gone.load(std::sync::atomic::Ordering::Relaxed) { 2 } else { 1 };
        let rows: Vec<_> =
            (first..=5).map(|number| json!({ "Number": number.to_string() })).skip(from).collect();
        ok(json!({ "Invoices": rows }))
    });
    let connector = provider.connect();
    let request = || ReadRequest::full("invoices").with_fields([FieldPath::field("Number")]);
    let (mut keys, batches) = read(&connector, request().with_max_records(2)).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    gone.store(true, std::sync::atomic::Ordering::Relaxed);
    let (rest, batches) =
        read(&connector, request().with_state(crate::provider::state(&batches))).await.unwrap();
    keys.extend(rest);
    keys.sort();
    keys.dedup();
    assert_eq!(keys, ["1", "2", "3", "4", "5"]);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
}
