use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tieline_core::{PassEnd, ReadRequest};

use crate::provider::{Provider, ok, read, state};

const FILE: &str = "
name: T
url: https://t.example
errors: {message: error}
entities:
  invoices: {list: '/invoices?page=<page>', records: data, changed: at, detail: {call: /invoices/<key>, record: invoice}}
  customers: {base: odata4}
  notes: {base: jsonapi, let: {type: note}}
";

#[tokio::test]
async fn each_record_is_fetched_and_a_refused_one_is_asked_for_again() {
    let refuses = Arc::new(AtomicBool::new(true));
    let refused = Arc::clone(&refuses);
    let provider = Provider::new(FILE, move |seen| match seen.path.as_str() {
        "/invoices" if seen.query("page") == Some("1") => ok(
            json!({ "data": (1..=5).map(|id| json!({ "id": id, "at": "2026-05-01T00:00:00Z" })).collect::<Vec<_>>() }),
        ),
        "/invoices" => ok(json!({ "data": [] })),
        "/invoices/2" if refused.load(Ordering::Relaxed) => {
            (403, Vec::new(), json!({ "error": "Canary" }).to_string())
        }
        "/invoices/4" => (404, Vec::new(), json!({ "error": "gone" }).to_string()),
        path => ok(json!({ "invoice": { "id": path.rsplit('/').next().unwrap(), "rows": [1] } })),
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::full("invoices")).await.unwrap();
    assert_eq!(keys, ["1", "3", "-4", "5"]);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Partial));
    assert!(!format!("{batches:?}").contains("Canary"));
    assert_eq!(batches[0].issues.len(), 1);
    refuses.store(false, Ordering::Relaxed);
    provider.asked();
    let again = ReadRequest::full("invoices").with_state(state(&batches));
    let (keys, batches) = read(&connector, again).await.unwrap();
    assert_eq!(keys[0], "2");
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
}

#[tokio::test]
async fn a_base_of_the_engine_is_an_entity_in_one_line() {
    let provider = Provider::new(FILE, |seen| match seen.query("page") {
        None if seen.path == "/customers" => ok(
            json!({ "value": [{ "id": "a", "lastModifiedDateTime": "2026-05-01T00:00:00Z" }], "@odata.nextLink": "https://t.example/customers?page=2" }),
        ),
        Some(_) => ok(json!({ "value": [{ "id": "b" }] })),
        None => ok(json!({ "data": [], "links": {} })),
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("customers")).await.unwrap();
    assert_eq!(keys, ["a", "b"]);
    provider.asked();
    read(&connector, ReadRequest::changes("customers").with_state(state(&batches))).await.unwrap();
    assert_eq!(provider.asked()[0], "GET /customers?$filter=lastModifiedDateTime gt 2026-04-30T23:59:00Z");
    read(&connector, ReadRequest::full("notes")).await.unwrap();
}
