//! Lists that change while they are paged, and clocks that differ.

use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, TimeZone as _, Utc};
use serde_json::{Value, json};
use tieline_core::{PassEnd, ReadRequest};

use crate::provider::{Provider, Seen, ok, read, state};

const PAGED: &str = "
name: T
url: https://t.example
entities:
  rows: {list: '/rows?page=<page>&since=<since>', records: data, key: id, changed: at, page_size: 2, overlap: 4m}
";

fn row(id: u64, minute: u64) -> Value {
    json!({ "id": id, "at": format!("2026-06-01T12:{minute:02}:00Z") })
}

/// A page of rows sorted by their time of change; the first row is edited once the first page is read.
fn sorted(seen: &Seen, edits: bool, rows: &Mutex<Vec<(u64, u64)>>) -> Value {
    let mut rows = rows.lock().unwrap();
    rows.sort_by_key(|(_, minute)| *minute);
    let page: usize = seen.query("page").unwrap().parse().unwrap();
    let from = seen.query("since").map_or(0, |since| since.get(14..16).unwrap().parse().unwrap());
    let listed: Vec<Value> = rows
        .iter()
        .filter(|(_, at)| *at >= from)
        .skip(2 * (page - 1))
        .take(2)
        .map(|(id, at)| row(*id, *at))
        .collect();
    if edits && page == 1 {
        rows[0].1 = 30;
    }
    json!(listed)
}

/// The row that takes the edited one's place moves onto a page that was read already.
#[tokio::test]
async fn a_key_seen_twice_makes_the_pass_partial() {
    let rows = Mutex::new((1..=5).map(|id| (id, 20 + id)).collect::<Vec<_>>());
    let provider = Provider::new(PAGED, move |seen| ok(json!({ "data": sorted(seen, true, &rows) })));
    let (keys, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
    assert_eq!(keys, ["1", "2", "4", "5", "1"]);
    let last = batches.last().unwrap();
    assert_eq!(last.end, Some(PassEnd::Partial));
    let told: Vec<&str> =
        batches.iter().flat_map(|batch| &batch.issues).map(|issue| issue.message.as_str()).collect();
    assert_eq!(told, ["the list changed while it was paged: nothing is taken as gone by this pass"]);
}

/// An increment that passed over a change is read again from where it began.
#[tokio::test]
async fn an_increment_whose_list_moved_leaves_its_mark() {
    let rows = Mutex::new((1..=5).map(|id| (id, 20 + id)).collect::<Vec<_>>());
    let edited = Arc::new(Mutex::new(false));
    let shared = Arc::clone(&edited);
    let provider =
        Provider::new(PAGED, move |seen| ok(json!({ "data": sorted(seen, *shared.lock().unwrap(), &rows) })));
    provider.at(Utc.with_ymd_and_hms(2026, 6, 1, 13, 0, 0).unwrap());
    let connector = provider.connect();
    let (_, batches) = read(&connector, ReadRequest::changes("rows")).await.unwrap();
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    *edited.lock().unwrap() = true;
    let request = || ReadRequest::changes("rows").with_state(state(&batches));
    let (_, moved) = read(&connector, request()).await.unwrap();
    assert_eq!(moved.last().unwrap().end, Some(PassEnd::Partial));
    *edited.lock().unwrap() = false;
    provider.asked();
    let again = ReadRequest::changes("rows").with_state(state(&moved));
    read(&connector, again).await.unwrap();
    assert_eq!(provider.asked()[0], "GET /rows?page=1&since=2026-06-01T12:21:00Z");
}

/// A run that goes on after another knows no keys of its pages: then the order tells.
#[tokio::test]
async fn a_resumed_pass_notices_by_the_order_that_records_move() {
    for (minutes, end) in [([1, 2, 3, 30], PassEnd::Partial), ([1, 3, 2, 30], PassEnd::Complete)] {
        let provider = Provider::new(PAGED, move |seen| {
            let page: usize = seen.query("page").unwrap().parse().unwrap();
            let rows: Vec<Value> = minutes.iter().zip(1..).map(|(minute, id)| row(id, *minute)).collect();
            ok(json!({ "data": rows.into_iter().skip(2 * (page - 1)).take(2).collect::<Vec<_>>() }))
        });
        provider.at(Utc.with_ymd_and_hms(2026, 6, 1, 12, 10, 0).unwrap());
        let connector = provider.connect();
        let (_, first) = read(&connector, ReadRequest::full("rows").with_max_records(2)).await.unwrap();
        let rest = ReadRequest::full("rows").with_state(state(&first));
        let (keys, batches) = read(&connector, rest).await.unwrap();
        assert_eq!(keys, ["3", "4"]);
        assert_eq!(batches.last().unwrap().end, Some(end), "{minutes:?}");
    }
}

/// A cursor that stands at a record, and a list with the newest first, show a record twice and pass over none.
#[tokio::test]
async fn a_stable_cursor_may_give_a_record_again() {
    for (said, end) in [("", PassEnd::Partial), (", stable_cursor: true", PassEnd::Complete)] {
        let file = format!(
            "name: T\nurl: https://t.example\nentities:\n  rows: {{list: '/rows?after=<next>', records: data, key: id, next: next{said}}}"
        );
        let provider = Provider::new(&file, |seen| match seen.query("after") {
            None => ok(json!({ "data": [{ "id": 1 }, { "id": 2 }], "next": "b" })),
            Some(_) => ok(json!({ "data": [{ "id": 3 }, { "id": 1 }] })),
        });
        let (_, batches) = read(&provider.connect(), ReadRequest::full("rows")).await.unwrap();
        assert_eq!(batches.last().unwrap().end, Some(end), "{said}");
    }
}

/// The provider's clock is ten minutes ahead: what changed in the last so many seconds is counted by it.
#[tokio::test]
async fn seconds_ago_are_counted_by_the_providers_clock() {
    let file = "
name: T
url: https://t.example
entities:
  rows: {list: /all, changes: '/rows?within=<since:age>', records: data, key: id, changed: at, overlap: 0s}
";
    let provider = Provider::new(file, |_| ok(json!({ "data": [row(1, 0)] })));
    let connector = provider.connect();
    let (_, batches) = read(&connector, ReadRequest::changes("rows")).await.unwrap();
    provider.asked();
    provider.answers_at(TimeDelta::minutes(10));
    let changes = ReadRequest::changes("rows").with_state(state(&batches));
    read(&connector, changes).await.unwrap();
    assert_eq!(provider.asked(), ["GET /rows?within=1", "GET /rows?within=601"]);
}

/// A size of pages that another request asks for does not shift the pages of a pass under way.
#[tokio::test]
async fn pages_keep_their_size_until_the_walk_ends() {
    let file = "
name: T
url: https://t.example
entities:
  rows: {list: '/rows?page=<page>&size=<page_size>', records: data, key: id, page_size: 5}
";
    let provider = Provider::new(file, |seen| {
        let page: u64 = seen.query("page").unwrap().parse().unwrap();
        let size: u64 = seen.query("size").unwrap().parse().unwrap();
        let rows = (1..=6).skip((size * (page - 1)) as usize).take(size as usize);
        ok(json!({ "data": rows.map(|id| json!({ "id": id })).collect::<Vec<_>>() }))
    });
    let connector = provider.connect();
    let first = ReadRequest::full("rows").with_page_size(2).with_max_records(2);
    let (_, batches) = read(&connector, first).await.unwrap();
    let rest = ReadRequest::full("rows").with_page_size(4).with_state(state(&batches));
    let (keys, _) = read(&connector, rest).await.unwrap();
    assert_eq!(keys, ["3", "4", "5", "6"]);
}
