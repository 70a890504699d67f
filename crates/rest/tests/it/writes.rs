use futures_util::StreamExt as _;
use serde_json::json;
use tieline_core::{FieldPatch, FieldPath, Operation, Outcome, Patch, RawJson, WriteOp, WriteRequest};

use crate::provider::{Provider, Seen, ok};

const FILE: &str = "
name: T
url: https://t.example
errors:
  message: error
entities:
  contacts:
    list: /contacts
    version: etag
    lookup: {call: /contacts/<key>, record: data}
    create: {call: POST /contacts, record: data}
    update: {call: PATCH /contacts/<key>, record: data, headers: {If-Match: \"<version|'*'>\"}}
    delete: DELETE /contacts/<key>
    marker: reference
    find: {reference: scan}
    actions:
      merge: {call: POST /merge, body: {into: <key>, from: <input.loser>, note: <input.note?>}}
      set: {call: POST /contacts/<key>/attributes, body: {attributes: <input>}, merge_with: attributes}
  wrapped: {list: /w, create: {call: POST /w, body: {Invoice: <record>}}, update: {call: PUT /w/<key>, only: [priority]}}
";

fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

async fn write(provider: &Provider, entity: &str, op: WriteOp) -> Outcome {
    let request = WriteRequest::new(entity, vec![Operation::new("op", op)]);
    let mut outcomes: Vec<_> = provider.connect().write(request).unwrap().collect().await;
    outcomes.remove(0).outcome
}

fn provider(handler: impl Fn(&Seen) -> crate::provider::Answer + Send + Sync + 'static) -> Provider {
    Provider::new(FILE, handler)
}

#[tokio::test]
async fn a_create_sends_the_fields_as_they_are_and_its_marker() {
    let provider = provider(|_| ok(json!({ "data": { "id": 7, "etag": "v1" } })));
    let op = WriteOp::create(json(r#"{"value":12345678901234567.10,"name":"A"}"#))
        .with_marker(Some("op-1".into()));
    let outcome = write(&provider, "contacts", op).await;
    let Outcome::Applied { key, record, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(key.unwrap(), "7");
    assert_eq!(record.unwrap().version.unwrap(), "v1");
    let seen = provider.seen.lock().unwrap()[0].clone();
    assert!(!seen.idempotent);
    assert_eq!(seen.body["reference"], "op-1");

    // A reference of the record's own stays, and the outcome says that it carries no marker.
    let own = WriteOp::create(json(r#"{"reference":"mine"}"#)).with_marker(Some("op-2".into()));
    let request = WriteRequest::new("contacts", vec![Operation::new("op", own)]);
    let outcomes: Vec<_> = provider.connect().write(request).unwrap().collect().await;
    assert!(outcomes[0].unmarked);
    assert_eq!(provider.asked().last().unwrap(), r#"POST /contacts {"reference":"mine"}"#);

    let outcome = write(&provider, "wrapped", WriteOp::create(json(r#"{"a":1}"#))).await;
    assert!(matches!(outcome, Outcome::Applied { .. }));
    assert_eq!(provider.asked().last().unwrap(), r#"POST /w {"Invoice":{"a":1}}"#);
}

#[tokio::test]
async fn an_update_sends_the_changes_and_the_version() {
    let provider = provider(|seen| match seen.method.as_str() {
        "GET" => ok(json!({ "data": { "id": 7, "etag": "v1", "labels": [1, "b"] } })),
        _ => ok(json!({ "data": { "id": 7 } })),
    });
    let at = |path: &str| FieldPath::parse(path).unwrap();
    let patch = Patch(vec![
        (at("/value"), FieldPatch::Set(json("1.10"))),
        (at("/custom/x"), FieldPatch::Set(json("\"y\""))),
        (at("/owner"), FieldPatch::Clear),
    ]);
    let outcome =
        write(&provider, "contacts", WriteOp::update("7", patch).with_if_version(Some("v1".into()))).await;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    assert_eq!(provider.seen.lock().unwrap()[0].headers["if-match"], "v1");
    assert_eq!(provider.asked(), [r#"PATCH /contacts/7 {"custom":{"x":"y"},"owner":null,"value":1.1}"#]);

    // Adding to a list keeps the rest.
    let patch = Patch(vec![(at("/labels"), FieldPatch::Add(json("3")))]);
    write(&provider, "contacts", WriteOp::update("7", patch)).await;
    assert_eq!(provider.asked(), ["GET /contacts/7", r#"PATCH /contacts/7 {"labels":[1,"b",3]}"#]);

    let patch = Patch(vec![(at("/secret"), FieldPatch::Set(json("1")))]);
    let outcome = write(&provider, "wrapped", WriteOp::update("7", patch)).await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn another_version_is_a_conflict_and_a_second_delete_changes_nothing() {
    let provider = provider(|seen| match seen.method.as_str() {
        "GET" => ok(json!({ "data": { "id": 7, "etag": "v2" } })),
        "DELETE" => (404, Vec::new(), json!({ "error": "gone" }).to_string()),
        _ => (412, Vec::new(), json!({ "error": "changed" }).to_string()),
    });
    let patch = Patch(vec![(FieldPath::field("a"), FieldPatch::Set(json("1")))]);
    let outcome =
        write(&provider, "contacts", WriteOp::update("7", patch).with_if_version(Some("v1".into()))).await;
    let Outcome::Conflict { current, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(current.unwrap().version.unwrap(), "v2");
    let outcome = write(&provider, "contacts", WriteOp::delete("7")).await;
    assert!(matches!(outcome, Outcome::Unchanged), "{outcome:?}");
}

#[tokio::test]
async fn a_lost_answer_of_a_create_is_unknown_and_a_refusal_is_rejected() {
    for (status, expected) in [(504, "Unknown"), (422, "Rejected"), (429, "Deferred"), (401, "Deferred")] {
        let provider = provider(move |_| (status, Vec::new(), json!({ "error": "Anna Canary" }).to_string()));
        let outcome = write(&provider, "contacts", WriteOp::create(json("{}"))).await;
        let text = format!("{outcome:?}");
        assert!(text.starts_with(expected), "{status}: {text}");
        assert!(!text.contains("Anna"), "{text}");
    }
}

#[tokio::test]
async fn actions_take_input_and_what_is_not_marked_must_be_given() {
    let provider = provider(|seen| match seen.method.as_str() {
        "GET" => ok(json!({ "data": { "id": 7, "attributes": { "a": 1, "b": 2.50 } } })),
        _ => ok(json!({ "done": true })),
    });
    let invoke = |action: &str, input: &str| WriteOp::invoke(action, json(input)).with_key(Some("7".into()));
    let outcome = write(&provider, "contacts", invoke("merge", r#"{"loser":9}"#)).await;
    let Outcome::Applied { output, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(output.unwrap().get(), r#"{"done":true}"#);
    assert_eq!(provider.asked(), [r#"POST /merge {"from":9,"into":"7"}"#]);

    let outcome = write(&provider, "contacts", invoke("merge", "{}")).await;
    assert!(!matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    let outcome = write(&provider, "contacts", invoke("murge", "{}")).await;
    assert!(format!("{outcome:?}").contains("did you mean"), "{outcome:?}");
    assert!(provider.asked().is_empty());

    // The provider replaces them all: read, merge, write.
    write(&provider, "contacts", invoke("set", r#"{"b":3}"#)).await;
    assert_eq!(provider.asked()[1], r#"POST /contacts/7/attributes {"attributes":{"a":1,"b":3}}"#);
}
