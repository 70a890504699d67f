use serde_json::json;
use tieline_core::{ErrorKind, FieldPath, Key, Lookup, LookupRequest, RawJson};

use crate::provider::{Provider, ok};

const FILE: &str = "
name: T
url: https://t.example
errors: {message: error}
entities:
  one: {list: /one, lookup: '/one/<key>?fields=<fields>', fields: [id, name], record: {}}
  many: {list: /many, lookups: {call: POST /many/read, body: {inputs: [{id: '<keys[]>'}]}, page_size: 2}, records: results}
  found:
    list: /found
    records: data
    find:
      email: {call: '/found/search?q=<value>&page=<page>', more: /meta/has_more}
      reference: scan
";

fn file() -> String {
    FILE.replace(", record: {}", "")
}

fn texts(answers: &[Lookup]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Lookup::Record(record) => record.key.to_string(),
            Lookup::Missing(key) => format!("{key} missing"),
            Lookup::Forbidden(key) => format!("{key} forbidden"),
            _ => "?".to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn keys_are_looked_up_one_by_one_and_only_the_providers_own_404_is_missing() {
    let provider = Provider::new(&file(), |seen| match seen.path.as_str() {
        "/one/a%2Fb" => ok(json!({ "id": "a/b", "name": "x" })),
        "/one/2" => (404, Vec::new(), json!({ "error": "no such thing" }).to_string()),
        "/one/3" => (403, Vec::new(), json!({ "error": "not yours" }).to_string()),
        "/one/4" => (400, Vec::new(), json!({ "error": "odd" }).to_string()),
        _ => (404, Vec::new(), "<html>gateway</html>".to_owned()),
    });
    let connector = provider.connect();
    let keys = ["a/b", "2", "3"].map(Key::from);
    let found = connector.lookup(LookupRequest::keys("one", keys)).await.unwrap();
    assert_eq!(texts(&found.answers), ["a/b", "2 missing", "3 forbidden"]);
    assert_eq!(provider.asked()[0], "GET /one/a%2Fb?fields=id,name");
    // What is refused for another reason keeps no other record away, and is an error where nothing else is shown.
    let found = connector.lookup(LookupRequest::keys("one", ["4", "a/b"].map(Key::from))).await.unwrap();
    assert_eq!(texts(&found.answers), ["4 forbidden", "a/b"]);
    let error = connector.lookup(LookupRequest::keys("one", ["4", "2"].map(Key::from))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let error = connector.lookup(LookupRequest::keys("one", [Key::from("9")])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    // A key that cannot stand in a path names no other record.
    provider.asked();
    let found = connector.lookup(LookupRequest::keys("one", [Key::from("..")])).await.unwrap();
    assert_eq!(texts(&found.answers), [".. missing"]);
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn another_record_than_the_one_asked_for_is_an_error() {
    let provider = Provider::new(&file(), |_| ok(json!({ "id": 8 })));
    let error = provider.connect().lookup(LookupRequest::keys("one", [Key::from("7")])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn many_keys_go_in_chunks_and_are_answered_in_order() {
    let provider = Provider::new(&file(), |seen| {
        let inputs = seen.body["inputs"].as_array().unwrap().clone();
        ok(
            json!({ "results": inputs.into_iter().rev().filter(|input| input["id"] != "3").collect::<Vec<_>>() }),
        )
    });
    let keys = ["1", "2", "3", "1"].map(Key::from);
    let found = provider.connect().lookup(LookupRequest::keys("many", keys)).await.unwrap();
    assert_eq!(texts(&found.answers), ["1", "2", "3 missing", "1"]);
    assert_eq!(
        provider.asked(),
        [
            r#"POST /many/read {"inputs":[{"id":"1"},{"id":"2"}]}"#,
            r#"POST /many/read {"inputs":[{"id":"3"}]}"#
        ]
    );
}

#[tokio::test]
async fn a_search_is_checked_against_the_field_and_a_list_can_be_looked_through() {
    let provider = Provider::new(&file(), |seen| match seen.query("page") {
        Some("1") => ok(
            json!({ "data": [{ "id": 1, "email": "a&b@x.example" }, { "id": 2, "email": "xa&b@x.example" }], "meta": { "has_more": true } }),
        ),
        Some(_) => {
            ok(json!({ "data": [{ "id": 3, "email": "a&b@x.example" }], "meta": { "has_more": false } }))
        }
        None => ok(json!({ "data": [{ "id": 4, "reference": "op-1" }, { "id": 5, "reference": "op-2" }] })),
    });
    let connector = provider.connect();
    let by = |field: &str, value: &str| {
        LookupRequest::field("found", FieldPath::field(field), RawJson::parse(value).unwrap())
    };
    let found = connector.lookup(by("email", r#""a&b@x.example""#)).await.unwrap();
    assert_eq!(texts(&found.answers), ["1", "3"]);
    let asked = provider.asked();
    assert_eq!(
        asked,
        ["GET /found/search?q=a&b@x.example&page=1", "GET /found/search?q=a&b@x.example&page=2"]
    );
    let found = connector.lookup(by("reference", r#""op-2""#)).await.unwrap();
    assert_eq!(texts(&found.answers), ["5"]);
    let error = connector.lookup(by("email", "null")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let error = connector.lookup(by("phone", "1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
