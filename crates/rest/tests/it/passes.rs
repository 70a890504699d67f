//! Passes: their beginning as a word, keys alone, tokens that ended, offsets with holes.

use serde_json::json;
use tieline_core::{Change, ErrorKind, Key, Lookup, LookupRequest, PassEnd, ReadMode, ReadRequest};

use crate::provider::{Provider, ok, read, state};

const FILE: &str = "
name: T
url: https://t.example
errors: {message: error}
entities:
  deals:
    list:
      - /deals?cursor=<next>
      - /deals?since=<started>
    changes: /deals?since=<since>
    records: data
    next: /more/next
    key: id
    changed: at
  notes:
    list: '/notes?start=<offset>&limit=<page_size>'
    records: data
    key: id
    more: /page/more
    next: /page/next
    page_size: 3
  persons:
    list: /persons
    records: data
    key_form: integer
    lookups: {call: '/persons?ids=<keys:join(,)>', page_size: 2}
    lookup: {call: /persons/<key>, record: data}
";

#[tokio::test]
async fn a_list_of_what_changed_since_the_pass_began_is_a_walk_of_a_full_pass() {
    let provider = Provider::new(FILE, |seen| match seen.query("since") {
        Some(_) => ok(json!({ "data": [{ "id": 2, "at": "2026-06-01T12:00:01Z" }] })),
        None => ok(json!({ "data": [{ "id": 1, "at": "2026-05-01T00:00:00Z" }] })),
    });
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("deals")).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    assert_eq!(provider.asked(), ["GET /deals", "GET /deals?since=2026-06-01T12:00:00Z"]);
    // Keys alone: the same walks, no contents, and the mark stays where it was.
    let before = state(&batches);
    let request = ReadRequest::keys("deals").with_state(before.clone());
    let (keys, batches) = read(&connector, request).await.unwrap();
    assert_eq!(keys, ["-1", "-2"]);
    let changes = || batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    assert!(changes().all(|change| matches!(change, Change::Present(_))));
    assert!(batches.iter().all(|batch| batch.pass == ReadMode::Keys));
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    assert_eq!(state(&batches), before);
}

#[tokio::test]
async fn a_stored_token_that_ended_begins_its_list_again_once() {
    for status in [400, 404, 410] {
        let provider = Provider::new(FILE, move |seen| match seen.query("cursor") {
            Some("old") => (status, Vec::new(), json!({ "error": "bad cursor" }).to_string()),
            _ => ok(
                json!({ "data": [{ "id": 1 }], "more": { "next": if seen.query("since").is_some() { None } else { Some("old") } } }),
            ),
        });
        let connector = provider.connect();
        let request = ReadRequest::full("deals").with_max_records(1);
        let (_, batches) = read(&connector, request).await.unwrap();
        provider.asked();
        let request = ReadRequest::full("deals").with_state(state(&batches)).with_max_records(1);
        let (keys, _) = read(&connector, request).await.unwrap();
        assert_eq!(keys, ["1"], "{status}");
        assert_eq!(provider.asked(), ["GET /deals?cursor=old", "GET /deals"]);
        // Within a run no token ends so soon.
        assert!(read(&connector, ReadRequest::full("deals")).await.is_err());
    }
}

#[tokio::test]
async fn empty_tokens_of_any_type_end_a_list_and_others_are_an_error() {
    for (more, ends) in [
        (json!([]), true),
        (json!({}), true),
        (json!(null), true),
        (json!({ "next": "" }), true),
        (json!({ "next": [] }), true),
        (json!({ "next": false }), true),
        (json!({ "next": { "x": 1 } }), false),
        (json!({ "next": ["x"] }), false),
    ] {
        let shown = more.to_string();
        let provider = Provider::new(FILE, move |_| ok(json!({ "data": [{ "id": 1 }], "more": more })));
        match read(&provider.connect(), ReadRequest::full("deals")).await {
            Ok(_) => assert!(ends, "{shown}"),
            Err(error) => assert_eq!((ends, error.kind()), (false, ErrorKind::Decode), "{shown}"),
        }
    }
}

#[tokio::test]
async fn an_offset_goes_on_behind_a_hole_and_yields_no_anchor_twice() {
    let provider = Provider::new(FILE, |seen| {
        let start: u64 = seen.query("start").unwrap().parse().unwrap();
        let limit: u64 = seen.query("limit").unwrap().parse().unwrap();
        // Rows 3 to 5 are hidden from this credential.
        let shown: Vec<_> = (start..(start + limit).min(9)).filter(|row| !(3..6).contains(row)).collect();
        let data: Vec<_> = shown.iter().map(|id| json!({ "id": id })).collect();
        ok(json!({ "data": data, "page": { "more": start + limit < 9, "next": start + limit } }))
    });
    for size in [1, 2, 3] {
        let request = ReadRequest::full("notes").with_page_size(size);
        let (mut keys, batches) = read(&provider.connect(), request).await.unwrap();
        // Within a hole the place is lost for a moment: what is read twice is harmless.
        keys.dedup();
        let known: std::collections::BTreeSet<String> = keys.into_iter().collect();
        assert_eq!(known.into_iter().collect::<Vec<_>>(), ["0", "1", "2", "6", "7", "8"], "{size}");
        assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    }
    // Without a hole the anchor of a page is not yielded again.
    let provider = Provider::new(FILE, |seen| {
        let start: u64 = seen.query("start").unwrap().parse().unwrap();
        let limit: u64 = seen.query("limit").unwrap().parse().unwrap();
        let data: Vec<_> = (start..(start + limit).min(9)).map(|id| json!({ "id": id })).collect();
        ok(json!({ "data": data, "page": { "more": start + limit < 9, "next": start + limit } }))
    });
    let request = ReadRequest::full("notes").with_page_size(2);
    let (keys, _) = read(&provider.connect(), request).await.unwrap();
    assert_eq!(keys.len(), 9);
}

#[tokio::test]
async fn keys_that_a_list_leaves_out_are_asked_for_singly_and_odd_ones_never() {
    let provider = Provider::new(FILE, |seen| match seen.path.as_str() {
        "/persons" => ok(json!({ "data": [{ "id": 1 }] })),
        "/persons/2" => ok(json!({ "data": { "id": 2 } })),
        _ => (404, Vec::new(), json!({ "error": "no such person" }).to_string()),
    });
    let keys = ["1", "2", "3", "007", "x", "0"].map(Key::from);
    let found = provider.connect().lookup(LookupRequest::keys("persons", keys)).await.unwrap();
    let shown: Vec<String> = found
        .answers
        .iter()
        .map(|answer| match answer {
            Lookup::Record(record) => record.key.to_string(),
            Lookup::Missing(key) => format!("{key} missing"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shown, ["1", "2", "3 missing", "007 missing", "x missing", "0 missing"]);
    let mut asked = provider.asked();
    asked.sort();
    assert_eq!(asked, ["GET /persons/2", "GET /persons/3", "GET /persons?ids=1,2"]);
}

#[tokio::test]
async fn a_refusal_about_the_connection_is_no_answer_about_a_record() {
    let file = FILE.replace(
        "errors: {message: error}",
        "errors:\n  message: error\n  when: [{status: 403, text: scope, error: forbidden, about: connection}]",
    );
    for (text, about) in [("missing scope", true), ("not yours", false)] {
        let provider = Provider::new(&file, move |_| (403, Vec::new(), json!({ "error": text }).to_string()));
        let found = provider.connect().lookup(LookupRequest::keys("persons", [Key::from("1")])).await;
        match found {
            Ok(found) => assert!(!about && matches!(found.answers[0], Lookup::Forbidden(_))),
            Err(error) => assert_eq!((about, error.kind()), (true, ErrorKind::Forbidden)),
        }
    }
}
