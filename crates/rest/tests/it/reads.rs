use chrono::{TimeZone as _, Utc};
use serde_json::{Value, json};
use tieline_core::{ErrorKind, PassEnd, ReadMode, ReadRequest};

use crate::provider::{Provider, Seen, ok, read, state};

/// The four lines that people know, and one entity.
const BOOKINGS: &str = "
name: Booking system
url: https://api.booking.example/v1
auth: bearer
headers: {X-Tenant: acme}
entities:
  bookings: /bookings?page=<page>&updated_since=<since>
";

fn rows(from: u64, to: u64) -> Vec<Value> {
    (from..to)
        .map(|id| json!({ "id": id, "updated_at": format!("2026-05-{:02}T10:00:00Z", 1 + id % 28) }))
        .collect()
}

fn number(seen: &Seen, name: &str) -> u64 {
    seen.query(name).map_or(0, |text| text.parse().unwrap())
}

#[tokio::test]
async fn one_line_is_a_paged_and_incremental_entity() {
    let provider = Provider::new(BOOKINGS, |seen| {
        assert_eq!(seen.headers["x-tenant"], "acme");
        let page = number(seen, "page");
        let all = if seen.query("updated_since").is_some() { rows(4, 5) } else { rows(0, 5) };
        let page: Vec<Value> = all.into_iter().skip(2 * (page as usize - 1)).take(2).collect();
        ok(json!({ "data": page, "meta": { "x": 1 } }))
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("bookings")).await.unwrap();
    assert_eq!(keys, ["0", "1", "2", "3", "4"]);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    assert!(batches.iter().all(|batch| batch.pass == ReadMode::Full));
    assert_eq!(
        provider.asked(),
        [
            "GET /v1/bookings?page=1",
            "GET /v1/bookings?page=2",
            "GET /v1/bookings?page=3",
            "GET /v1/bookings?page=4"
        ]
    );

    // The next run asks from the run's start on, a minute earlier.
    provider.at(Utc.with_ymd_and_hms(2026, 6, 2, 12, 0, 0).unwrap());
    let request = ReadRequest::changes("bookings").with_state(state(&batches));
    let (keys, batches) = read(&connector, request).await.unwrap();
    assert_eq!(keys, ["4"]);
    assert_eq!(batches.last().unwrap().pass, ReadMode::Changes);
    assert_eq!(
        provider.asked(),
        [
            "GET /v1/bookings?page=1&updated_since=2026-06-01T11:59:00Z",
            "GET /v1/bookings?page=2&updated_since=2026-06-01T11:59:00Z",
        ]
    );
}

#[tokio::test]
async fn a_pass_that_was_interrupted_goes_on_where_it_stopped() {
    let provider = Provider::new(BOOKINGS, |seen| {
        let page = number(seen, "page");
        ok(json!({ "data": if page < 4 { rows(2 * page, 2 * page + 2) } else { Vec::new() } }))
    });
    let connector = provider.connect();
    let (_, batches) = read(&connector, ReadRequest::full("bookings")).await.unwrap();
    assert_eq!(batches.len(), 4);
    provider.asked();
    let stored = state(&batches[..2]);
    let (keys, rest) = read(&connector, ReadRequest::full("bookings").with_state(stored)).await.unwrap();
    assert_eq!(keys, ["6", "7"]);
    assert_eq!(rest.last().unwrap().end, Some(PassEnd::Complete));
    assert_eq!(provider.asked(), ["GET /v1/bookings?page=3", "GET /v1/bookings?page=4"]);
}

/// A provider that ignores the page is an error, not a list without an end.
#[tokio::test]
async fn a_repeated_page_and_a_repeated_token_are_errors() {
    let provider = Provider::new(BOOKINGS, |_| ok(json!(rows(0, 2))));
    let error = read(&provider.connect(), ReadRequest::full("bookings")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.message(), "the provider repeated a page");

    let file = "
name: T
url: https://t.example
entities:
  rows: {list: '/rows?after=<next>', records: data, next: /paging/next}
";
    let provider = Provider::new(file, |_| ok(json!({ "data": rows(0, 1), "paging": { "next": "same" } })));
    let error = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn tokens_addresses_links_and_headers_lead_on() {
    let file = r#"
name: T
url: https://t.example/api
entities:
  token: {list: "/token?limit=<page_size>&after=<next>", records: results, next: /paging/next/after, page_size: 2}
  address: {list: /address, records: value, next: "@odata.nextLink"}
  link: {list: /link, records: "", next: header Link}
  header: {list: /header, next: header X-Pagination /nextPageLink}
"#;
    let provider = Provider::new(file, |seen| {
        let page = number(seen, "after").max(number(seen, "p"));
        let last = page == 2;
        let mut headers = Vec::new();
        let data = rows(2 * page, 2 * page + 2);
        let body = match seen.path.as_str() {
            "/api/token" if last => json!({ "results": data }),
            "/api/token" => {
                json!({ "results": data, "paging": { "next": { "after": (page + 1).to_string() } } })
            }
            "/api/address" if last => json!({ "value": data, "@odata.nextLink": null }),
            "/api/address" => {
                json!({ "@odata.nextLink": format!("https://t.example/api/address?p={}", page + 1), "value": data })
            }
            "/api/link" => {
                if !last {
                    headers.push(("link", format!("</api/link?p={}>; rel=\"next\"", page + 1)));
                }
                json!(data)
            }
            _ => {
                let next = if last { Value::Null } else { json!(format!("/api/header?p={}", page + 1)) };
                headers.push(("x-pagination", json!({ "nextPageLink": next }).to_string()));
                json!(data)
            }
        };
        (200, headers, body.to_string())
    });
    let connector = provider.connect();
    for entity in ["token", "address", "link", "header"] {
        let (keys, batches) = read(&connector, ReadRequest::full(entity)).await.unwrap();
        assert_eq!(keys, ["0", "1", "2", "3", "4", "5"], "{entity}");
        assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete), "{entity}");
    }
    assert_eq!(provider.asked()[..2], ["GET /api/token?limit=2", "GET /api/token?limit=2&after=1"]);
}

#[tokio::test]
async fn a_next_address_at_another_host_is_not_followed() {
    let file =
        "{name: T, url: https://t.example, entities: {rows: {list: /rows, records: value, next: next}}}";
    let provider =
        Provider::new(file, |_| ok(json!({ "value": rows(0, 1), "next": "https://evil.example/rows" })));
    let error = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(provider.asked().len(), 1);
}

/// Nothing is truncated in silence.
#[tokio::test]
async fn signs_of_more_pages_make_the_pass_partial_and_name_the_line_to_write() {
    let file = "{name: T, url: https://t.example, entities: {rows: /rows}}";
    for (body, expected) in [
        (
            json!({ "data": rows(0, 2), "meta": { "total": 123 } }),
            "`/meta/total` is 123, 2 came: ask for pages, for instance `?page=<page>`",
        ),
        (
            json!({ "data": rows(0, 2), "has_more": true }),
            "`/has_more` is true: ask for pages, for instance `?page=<page>`",
        ),
        (
            json!({ "data": rows(0, 2), "links": { "next": "https://t.example/rows?page=2" } }),
            "`/links/next` is an address: say `next: /links/next`",
        ),
    ] {
        let provider = Provider::new(file, move |_| ok(&body));
        let (_, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
        let last = batches.last().unwrap();
        assert_eq!(last.end, Some(PassEnd::Partial));
        assert_eq!(last.issues[0].message, format!("there are more records than were read: {expected}"));
    }
    let provider = Provider::new(file, |_| ok(json!({ "data": rows(0, 2), "meta": { "total": 2 } })));
    let (_, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
}

#[tokio::test]
async fn a_seek_by_the_last_record_reads_all_and_increments_seek_by_time() {
    let file = "
name: T
url: https://t.example
entities:
  contacts:
    list: {call: POST /search, body: {after: <last.id|0>, limit: <page_size>}}
    changes: {call: POST /search, body: {since: '<last.changed:ms|since:ms>', limit: <page_size>}}
    records: results
    page_size: 2
    changed: /properties/modified
";
    let row = |id: u64| json!({ "id": id.to_string(), "properties": { "modified": format!("2026-05-0{id}T00:00:00Z") } });
    let provider = Provider::new(file, move |seen| {
        assert!(seen.idempotent, "a list by POST may be sent twice");
        let from = match seen.body.get("after") {
            Some(Value::String(id)) => id.parse::<u64>().unwrap() + 1,
            Some(_) => 1,
            None => {
                let since: i64 = seen.body["since"].as_i64().unwrap();
                (1..=5)
                    .find(|day| {
                        Utc.with_ymd_and_hms(2026, 5, *day, 0, 0, 0).unwrap().timestamp_millis() >= since
                    })
                    .map_or(9, u64::from)
            }
        };
        ok(json!({ "results": (from..=5).take(2).map(row).collect::<Vec<_>>() }))
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("contacts")).await.unwrap();
    assert_eq!(keys, ["1", "2", "3", "4", "5"]);
    assert_eq!(
        provider.asked(),
        [
            r#"POST /search {"after":0,"limit":2}"#,
            r#"POST /search {"after":"2","limit":2}"#,
            r#"POST /search {"after":"4","limit":2}"#,
            r#"POST /search {"after":"5","limit":2}"#,
        ]
    );
    let request = ReadRequest::changes("contacts").with_state(state(&batches));
    let (keys, batches) = read(&connector, request).await.unwrap();
    assert_eq!(keys.last().map(String::as_str), Some("5"));
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
}

#[tokio::test]
async fn newest_first_ends_at_the_mark() {
    let file = "
name: T
url: https://t.example
entities:
  rows:
    list: /rows?sort=id&page=<page>
    changes: {call: '/rows?sort=-changed&page=<page>', newest_first: true}
    records: data
    changed: changed
    overlap: 0s
";
    let provider = Provider::new(file, |seen| {
        let page = number(seen, "page");
        let row = |n: u64| json!({ "id": n, "changed": 1_780_000_000 + n });
        let newest = seen.query("sort") == Some("-changed");
        let all: Vec<Value> =
            if newest { (0..10).rev().map(row).collect() } else { (0..6).map(row).collect() };
        ok(json!({ "data": all.into_iter().skip(2 * (page as usize - 1)).take(2).collect::<Vec<_>>() }))
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("rows")).await.unwrap();
    assert_eq!(keys.len(), 6);
    provider.asked();
    let request = ReadRequest::changes("rows").with_state(state(&batches));
    let (keys, _) = read(&connector, request).await.unwrap();
    // The mark itself comes again: another record may have its time.
    assert_eq!(keys, ["9", "8", "7", "6", "5"]);
    assert_eq!(provider.asked().len(), 3);
}

#[tokio::test]
async fn a_delta_link_is_the_state_and_removed_items_are_tombstones() {
    let file = r#"
name: T
url: https://t.example
entities:
  users: {list: /users/delta, records: value, next: "@odata.nextLink", token: "@odata.deltaLink", deleted_if: {/@removed/reason: [deleted, changed]}}
"#;
    let provider = Provider::new(file, |seen| match seen.query("delta") {
        None => {
            ok(json!({ "value": rows(0, 2), "@odata.deltaLink": "https://t.example/users/delta?delta=a" }))
        }
        Some("a") => ok(json!({
            "value": [{ "id": 1, "@removed": { "reason": "deleted" } }, { "id": 7 }],
            "@odata.deltaLink": "https://t.example/users/delta?delta=b",
        })),
        Some(_) => ok(json!({ "value": [], "@odata.deltaLink": "https://t.example/users/delta?delta=b" })),
    });
    let connector = provider.connect();
    let (keys, first) = read(&connector, ReadRequest::changes("users")).await.unwrap();
    assert_eq!(keys, ["0", "1"]);
    let (keys, second) =
        read(&connector, ReadRequest::changes("users").with_state(state(&first))).await.unwrap();
    assert_eq!(keys, ["-1", "7"]);
    let (keys, _) = read(&connector, ReadRequest::changes("users").with_state(state(&second))).await.unwrap();
    assert!(keys.is_empty());
}

#[tokio::test]
async fn a_period_is_walked_in_windows() {
    let file = "
name: T
url: https://t.example
entities:
  invoices: {list: '/invoices?from=<since:date>&to=<until:date>', records: values, start: 40d, window: 15d}
";
    let provider = Provider::new(file, |_| ok(json!({ "values": [] })));
    let (_, batches) = read(&provider.connect(), ReadRequest::full("invoices")).await.unwrap();
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    assert_eq!(
        provider.asked(),
        [
            "GET /invoices?from=2026-04-22&to=2026-05-07",
            "GET /invoices?from=2026-05-07&to=2026-05-22",
            "GET /invoices?from=2026-05-22&to=2026-06-01",
        ]
    );
}

/// One bad record never stops a page; the pass is partial and says so.
#[tokio::test]
async fn a_bad_record_is_an_issue() {
    let file = "{name: T, url: https://t.example, entities: {rows: {list: /rows, records: data}}}";
    let provider = Provider::new(file, |_| ok(r#"{"data":[{"id":1},{"id":NaN},{"name":"no id"},{"id":2}]}"#));
    let (keys, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    let last = batches.last().unwrap();
    assert_eq!((last.issues.len(), last.end), (2, Some(PassEnd::Partial)));
}

#[tokio::test]
async fn a_list_that_is_not_where_it_was_is_an_error() {
    let file = "{name: T, url: https://t.example, entities: {rows: {list: /rows, records: payload}}}";
    let provider = Provider::new(file, |_| ok(json!({ "data": [] })));
    let error = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.advice(), Some("the records were at \"/payload\": say where they are with `records`"));
}

#[tokio::test]
async fn settings_fill_the_address_and_are_checked() {
    let file = "
name: T
settings:
  address: {title: Address, kind: url}
  account: {title: Account, kind: integer}
url: <address>/api/v1/accounts/<account>
entities: {rows: /rows}
";
    let provider = Provider::new(file, |_| ok("[]"));
    let connector = provider.connect_with(json!({ "address": "https://chat.acme.example/x", "account": 7 }));
    read(&connector, ReadRequest::full("rows")).await.unwrap();
    assert_eq!(provider.asked(), ["GET /x/api/v1/accounts/7/rows"]);
}
