//! Lists that begin anew behind a cap, tokens with a beginning of their own, and answers that are no JSON.

use serde_json::{Value, json};
use tieline_core::{ErrorKind, LookupRequest, PassEnd, ReadRequest};

use crate::provider::{Answer, Provider, ok, read, state};

fn xml(body: impl ToString) -> Answer {
    (200, vec![("content-type", "application/xml".to_owned())], body.to_string())
}

fn file(entities: &str) -> String {
    format!("name: T\nurl: https://t.example\nentities:\n{entities}")
}

/// Rows 1 to 9, of which each two share a minute; pages of two, and no row behind the fourth of a list.
fn capped(same: bool) -> Provider {
    let entities = "  rows: {list: '/rows?after=<next>&since=<since>', records: data, key: id, next: next, changed: at, cap: 4, stable_cursor: true}";
    Provider::new(&file(entities), move |seen| {
        let minute = |id: u64| if same { 10 } else { 10 + id / 2 };
        let since: u64 = seen.query("since").map_or(0, |since| since.get(14..16).unwrap().parse().unwrap());
        let after: usize = seen.query("after").map_or(0, |after| after.parse().unwrap());
        let rows: Vec<Value> = (1..10)
            .filter(|id| minute(*id) >= since)
            .skip(after)
            .take(2)
            .map(|id| json!({ "id": id, "at": format!("2026-05-01T10:{}:00Z", minute(id)) }))
            .collect();
        let next = (rows.len() == 2).then(|| (after + 2).to_string());
        ok(json!({ "data": rows, "next": next }))
    })
}

#[tokio::test]
async fn a_list_longer_than_its_cap_begins_anew_from_the_last_time() {
    let provider = capped(false);
    let (mut keys, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    keys.sort();
    keys.dedup();
    assert_eq!(keys, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    let asked = provider.asked();
    assert_eq!(asked[2], "GET /rows?since=2026-05-01T10:12:00Z");
}

#[tokio::test]
async fn more_records_of_one_time_than_the_cap_are_an_error() {
    let error = read(&capped(true).connect(), ReadRequest::full("rows")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.message(),
        "more records share one time of change than the provider lets a list be paged"
    );
}

#[tokio::test]
async fn the_first_token_is_asked_for_before_everything_is_read() {
    let entities = "  files:
    list: '/files?page=<next>'
    records: files
    key: id
    next: next
    changes: {call: '/changes?page=<next|token>', records: changes, payload: file, key: fileId, token: newStart}
    token_from: {call: /changes/start, token: startPageToken}
    deleted_if: {removed: true}";
    let provider = Provider::new(&file(entities), |seen| match seen.path.as_str() {
        "/changes/start" => ok(json!({ "startPageToken": "t1" })),
        "/files" => ok(json!({ "files": [{ "id": "a" }] })),
        _ if seen.query("page") == Some("t1") => {
            ok(json!({ "changes": [{ "fileId": "b", "file": { "id": "b" } }], "next": "t1b" }))
        }
        _ => ok(json!({ "changes": [{ "fileId": "a", "removed": true }], "newStart": "t2" })),
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("files")).await.unwrap();
    assert_eq!(keys, ["a"]);
    assert_eq!(provider.asked(), ["GET /changes/start", "GET /files"]);
    let (keys, batches) =
        read(&connector, ReadRequest::changes("files").with_state(state(&batches))).await.unwrap();
    assert_eq!(keys, ["b", "-a"]);
    assert_eq!(provider.asked(), ["GET /changes?page=t1", "GET /changes?page=t1b"]);
    read(&connector, ReadRequest::changes("files").with_state(state(&batches))).await.unwrap();
    assert_eq!(provider.asked()[0], "GET /changes?page=t2");
}

#[tokio::test]
async fn a_next_address_gets_the_parameters_that_it_lacks() {
    let entities = "  rows: {list: '/rows?limit=<page_size>&kind=open', records: data, key: id, next: next, page_size: 5, resend: true}";
    let provider = Provider::new(&file(entities), |seen| match seen.query("cursor") {
        None => ok(json!({ "data": [{ "id": 1 }], "next": "/rows?cursor=b&limit=7" })),
        Some(_) => ok(json!({ "data": [{ "id": 2 }] })),
    });
    read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    assert_eq!(provider.asked()[1], "GET /rows?cursor=b&limit=7&kind=open");
}

#[tokio::test]
async fn a_clock_of_the_providers_own_is_asked_once_a_run() {
    let text = "name: T\nurl: https://t.example\nclock: {call: /time, at: now}\nentities:\n  rows: {list: '/rows?until=<until:seconds>', records: data, key: id}";
    let provider = Provider::new(text, |seen| match seen.path.as_str() {
        "/time" => ok(json!({ "now": 1_780_000_000 })),
        _ => ok(json!({ "data": [] })),
    });
    read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    assert_eq!(provider.asked(), ["GET /time", "GET /rows?until=1780000000"]);
}

#[tokio::test]
async fn rows_of_csv_and_elements_of_xml_are_records() {
    let entities = "  rows: {list: /rows.csv, decode: csv, key: Id, changed: Modified}
  invoices: {list: '/invoices.xml?page=<page>', decode: xml, records: /Invoices/Invoice, total_pages: '/Invoices/@TotalPages', key: '@number', lists: [Row], lookup: {call: '/invoices/<key>.xml', record: ''}}";
    let provider = Provider::new(&file(entities), |seen| match seen.path.as_str() {
        "/rows.csv" => ok("Id,Modified\n007,2026-01-01T00:00:00Z\n8\n"),
        "/invoices/2.xml" => xml("<Invoice number='2'><Total>10.50</Total></Invoice>"),
        _ => xml(format!(
            "<Invoices TotalPages='2'><Invoice number='{}'><Row>1</Row></Invoice></Invoices>",
            seen.query("page").unwrap()
        )),
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::full("rows")).await.unwrap();
    assert_eq!(keys, ["007"]);
    let last = batches.last().unwrap();
    assert_eq!(last.issues[0].message, "row 2 has 1 fields, and the header 2");
    assert_eq!(last.end, Some(PassEnd::Partial));
    let (keys, batches) = read(&connector, ReadRequest::full("invoices")).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    let tieline_core::Change::Upsert(record) = &batches[0].groups[0].changes[0] else { panic!() };
    assert_eq!(record.payload.get(), r#"{"@number":"1","Row":["1"]}"#);
    let found = connector.lookup(LookupRequest::keys("invoices", vec!["2".into()])).await.unwrap();
    let tieline_core::Lookup::Record(record) = &found.answers[0] else { panic!("{found:?}") };
    assert_eq!(record.payload.get(), r#"{"@number":"2","Total":"10.50"}"#);
}
