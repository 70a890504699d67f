//! Writes beyond one record at a time: many in one request, upserts, idempotency keys, records that are replaced whole.

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tieline_core::{FieldPatch, FieldPath, Key, Operation, Outcome, Patch, RawJson, WriteOp, WriteRequest};

use crate::provider::{Provider, ok};

const FILE: &str = "
name: T
url: https://t.example
errors: {message: error}
entities:
  contacts:
    list: /contacts
    create:
      call: POST /contacts/batch
      body: {inputs: <records>}
      many: {most: 2, results: /results, match: /reference, as: /reference, failed: /error, code: /error/code}
    update: {call: PATCH /contacts/batch, body: {inputs: <records>}, many: {most: 3, results: /results, key_as: id}}
    delete: {call: POST /contacts/batch/archive, body: {ids: <keys>}, many: 100}
  companies:
    list: /companies
    version: etag
    lookup: /companies/<key>
    create: {call: POST /companies, idempotent: key}
    update: {call: PUT /companies/<key>, merge_with: '', headers: {If-Match: <version>}}
    upsert: PATCH /companies/<field.name>/<value>
";

fn text(json: &str) -> RawJson {
    RawJson::parse(json).unwrap()
}

async fn write(provider: &Provider, entity: &str, ops: Vec<WriteOp>) -> Vec<String> {
    let operations =
        ops.into_iter().enumerate().map(|(n, op)| Operation::new(format!("op-{n}"), op)).collect();
    let outcomes: Vec<_> =
        provider.connect().write(WriteRequest::new(entity, operations)).unwrap().collect().await;
    outcomes
        .into_iter()
        .map(|outcome| {
            let what = match outcome.outcome {
                Outcome::Applied { key, .. } => {
                    format!("applied {}", key.map(|key: Key| key.to_string()).unwrap_or_default())
                }
                Outcome::Rejected(error) => format!("rejected {error}"),
                Outcome::Deferred(error) => format!("deferred {:?}", error.kind()),
                Outcome::Unknown(error) => format!("unknown {:?}", error.kind()),
                other => format!("{other:?}"),
            };
            format!("{}: {what}", outcome.id.as_str())
        })
        .collect()
}

#[tokio::test]
async fn each_record_of_a_batch_has_its_outcome() {
    let provider = Provider::new(FILE, |seen| {
        let result = |input: &Value| match input["name"].as_str() {
            Some("bad") => {
                json!({ "reference": input["reference"], "error": { "code": "E1", "message": "Canary" } })
            }
            Some("lost") => json!({ "reference": "other" }),
            _ => json!({ "reference": input["reference"], "id": format!("k{}", input["reference"]) }),
        };
        // The provider answers in another order.
        ok(
            json!({ "results": seen.body["inputs"].as_array().unwrap().iter().rev().map(result).collect::<Vec<_>>() }),
        )
    });
    let create =
        |n: u32, name: &str| WriteOp::create(text(&format!(r#"{{"reference":{n},"name":"{name}"}}"#)));
    let outcomes =
        write(&provider, "contacts", vec![create(1, "a"), create(2, "bad"), create(3, "lost")]).await;
    assert_eq!(
        outcomes,
        [
            "op-0: applied k1",
            "op-1: rejected the provider refuses this record (rejected, code E1)",
            "op-2: unknown Decode",
        ]
    );
    assert_eq!(
        provider.asked(),
        [
            r#"POST /contacts/batch {"inputs":[{"name":"a","reference":1},{"name":"bad","reference":2}]}"#,
            r#"POST /contacts/batch {"inputs":[{"name":"lost","reference":3}]}"#,
        ]
    );
}

#[tokio::test]
async fn a_record_comes_once_in_a_batch_and_deletes_go_together() {
    let provider = Provider::new(FILE, |seen| match seen.method.as_str() {
        "PATCH" => ok(json!({ "results": seen.body["inputs"] })),
        _ => (204, Vec::new(), String::new()),
    });
    let set = |key: &str, value: &str| {
        WriteOp::update(key, Patch(vec![(FieldPath::field("v"), FieldPatch::Set(text(value)))]))
    };
    let ops = vec![set("1", "1"), set("2", "2"), set("1", "3"), WriteOp::delete("1"), WriteOp::delete("2")];
    let outcomes = write(&provider, "contacts", ops).await;
    assert_eq!(
        outcomes,
        ["op-0: applied 1", "op-1: applied 2", "op-2: applied 1", "op-3: applied 1", "op-4: applied 2"]
    );
    assert_eq!(
        provider.asked(),
        [
            r#"PATCH /contacts/batch {"inputs":[{"id":"1","v":1},{"id":"2","v":2}]}"#,
            r#"PATCH /contacts/batch {"inputs":[{"id":"1","v":3}]}"#,
            r#"POST /contacts/batch/archive {"ids":["1","2"]}"#,
        ]
    );
}

#[tokio::test]
async fn a_refused_batch_is_each_records_outcome_and_stops_what_follows() {
    let provider = Provider::new(FILE, |_| (401, Vec::new(), json!({ "error": "no" }).to_string()));
    let ops = vec![WriteOp::delete("1"), WriteOp::delete("2"), WriteOp::create(text("{}"))];
    let outcomes = write(&provider, "contacts", ops).await;
    assert_eq!(
        outcomes,
        [
            "op-0: deferred Unauthenticated",
            "op-1: deferred Unauthenticated",
            "op-2: deferred Unauthenticated"
        ]
    );
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn a_create_with_a_key_is_safe_to_send_twice() {
    let provider = Provider::new(FILE, |_| ok(json!({ "id": 5 })));
    write(&provider, "companies", vec![WriteOp::create(text(r#"{"a":1}"#))]).await;
    let seen = provider.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.headers["idempotency-key"], "op-0");
    assert!(seen.idempotent);
}

#[tokio::test]
async fn a_record_that_is_replaced_whole_is_read_and_merged_first() {
    let provider = Provider::new(FILE, |seen| match seen.method.as_str() {
        "GET" => {
            ok(r#"{"id":7,"etag":"v3","sum":12345678901234567.10,"address":{"city":"Oslo","zip":"0001"}}"#)
        }
        _ => ok(json!({ "id": 7 })),
    });
    let at = |path: &str| FieldPath::parse(path).unwrap();
    let patch = Patch(vec![(at("/address/city"), FieldPatch::Set(text("\"Bergen\"")))]);
    write(&provider, "companies", vec![WriteOp::update("7", patch)]).await;
    let seen = provider.seen.lock().unwrap().clone();
    assert_eq!(seen[1].headers["if-match"], "v3");
    assert_eq!(seen[1].body["address"], json!({ "city": "Bergen", "zip": "0001" }));
    assert_eq!(seen[1].body["id"], 7);
}

#[tokio::test]
async fn an_upsert_is_one_request_by_its_value() {
    let provider = Provider::new(FILE, |_| ok(json!({ "id": 9 })));
    let by = FieldPath::field("external_id");
    let op = WriteOp::upsert(by.clone(), text(r#""a/1""#), text(r#"{"name":"A","external_id":"a/1"}"#));
    let outcomes = write(&provider, "companies", vec![op]).await;
    assert_eq!(outcomes, ["op-0: applied 9"]);
    assert_eq!(provider.asked(), [r#"PATCH /companies/external_id/a%2F1 {"name":"A"}"#]);
    let outcomes = write(&provider, "companies", vec![WriteOp::upsert(by, text("null"), text("{}"))]).await;
    assert!(outcomes[0].contains("an upsert needs a value"), "{outcomes:?}");
    assert!(provider.asked().is_empty());
}
