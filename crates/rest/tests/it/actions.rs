//! Actions with inputs that are checked, deep markers, and updates whose body a hook makes.

use futures_util::StreamExt as _;
use serde_json::json;
use tieline_core::{
    Category, DiscoverRequest, FieldPatch, FieldPath, Operation, Outcome, Patch, RawJson, Record, Result,
    WriteOp, WriteRequest,
};
use tieline_rest::{HookContext, HookPatch, Hooks, RestFactory};

use crate::provider::{Provider, ok};

const FILE: &str = "
name: T
url: https://t.example
errors: {message: error}
entities:
  deals:
    list: /deals
    records: data
    key: id
    key_form: integer
    version: at
    lookup: {call: /deals/<key>, record: data}
    create: {call: POST /deals, record: data}
    update: {call: PATCH /deals/<key>, record: data, idempotent: true}
    marker: /custom/ref
    search_delay: 60s
    find: /deals?newest=true
    deletes: sweep
    actions:
      merge: {call: PUT /deals/<key>/merge, idempotent: false, title: Merge into another, input: {into: integer, note: text?}, applied: /data/id}
      copy: {call: POST /deals/<key>/copy, record: data}
  users: {list: /users}
";

#[derive(Debug)]
struct Rounding;

impl Hooks for Rounding {
    fn patch(&self, _: &HookContext, patch: &Patch, current: Option<&Record>) -> Option<Result<HookPatch>> {
        let (path, _) = patch.0.first()?;
        Some(match (path.as_str(), current) {
            ("/same", _) => Ok(HookPatch::new(None)),
            ("/add", None) => Ok(HookPatch::of_record()),
            ("/add", Some(record)) => Ok(HookPatch::new(Some(record.payload.clone()))),
            _ => return None,
        })
    }
}

fn provider(answer: serde_json::Value) -> Provider {
    let factory = RestFactory::from_file("t", "t.yaml", FILE, Category::Other).unwrap().with_hooks(Rounding);
    Provider::of(factory, move |_| ok(&answer))
}

fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

async fn write(provider: &Provider, op: WriteOp) -> String {
    let request = WriteRequest::new("deals", vec![Operation::new("op", op)]);
    let mut outcomes: Vec<_> = provider.connect().write(request).unwrap().collect().await;
    match outcomes.remove(0).outcome {
        Outcome::Applied { key, .. } => format!("applied {}", key.unwrap()),
        Outcome::Rejected(error) => format!("rejected: {error}"),
        Outcome::Unknown(error) => format!("unknown: {}", error.message()),
        other => format!("{other:?}"),
    }
}

fn invoke(action: &str, input: &str) -> WriteOp {
    WriteOp::invoke(action, json(input)).with_key(Some("7".into()))
}

#[tokio::test]
async fn an_actions_input_is_checked_and_sent() {
    let provider = provider(json!({ "data": { "id": 9 } }));
    assert_eq!(write(&provider, invoke("merge", r#"{"into":9}"#)).await, "applied 9");
    assert_eq!(write(&provider, invoke("copy", "null")).await, "applied 9");
    assert_eq!(provider.asked(), [r#"PUT /deals/7/merge {"into":9}"#, "POST /deals/7/copy"]);
    let mut words = Vec::new();
    for input in ["{}", r#"{"into":"9"}"#, r#"{"into":9,"force":true}"#, "[9]", r#"{"into":9.5}"#] {
        words.push(write(&provider, invoke("merge", input)).await);
    }
    insta::assert_snapshot!(words.join("\n"), @r#"
    rejected: "into" is missing in the input of this action (rejected, action=merge, entity=deals)
    rejected: "into" takes a whole number (rejected, action=merge, entity=deals)
    rejected: "force" is no input of this action (rejected, action=merge, entity=deals)
    rejected: the input of an action is no JSON object (rejected, action=merge, entity=deals)
    rejected: "into" takes a whole number (rejected, action=merge, entity=deals)
    "#);
    assert!(provider.asked().is_empty());
    let catalog = provider.connect().discover(DiscoverRequest::names().only("deals")).await.unwrap();
    let deals = &catalog.entities[0];
    assert_eq!(
        (deals.deletes, deals.actions[0].title.as_str()),
        (tieline_core::Deletes::Sweep, "Merge into another")
    );
    insta::assert_snapshot!(deals.actions[0].input, @r#"{"additionalProperties":false,"properties":{"into":{"type":"integer"},"note":{"type":"string"}},"required":["into"],"type":"object"}"#);
    let marker = deals.marker.clone().unwrap();
    assert_eq!((marker.field.as_str(), marker.search_delay.as_secs()), ("/custom/ref", 60));
}

#[tokio::test]
async fn an_answer_that_says_nothing_is_unknown() {
    let provider = provider(json!({ "data": {} }));
    for op in [WriteOp::create(json("{}")), invoke("merge", r#"{"into":9}"#), invoke("copy", "null")] {
        assert_eq!(write(&provider, op).await, "unknown: the answer to the write does not hold the record");
    }
}

#[tokio::test]
async fn a_marker_stands_where_its_pointer_leads() {
    let provider = provider(json!({ "data": { "id": 7 } }));
    let op = WriteOp::create(json(r#"{"custom":{"a":1.10}}"#)).with_marker(Some("op-1".into()));
    write(&provider, op).await;
    assert_eq!(provider.asked(), [r#"POST /deals {"custom":{"a":1.1,"ref":"op-1"}}"#]);
}

#[tokio::test]
async fn a_hook_makes_the_body_of_an_update() {
    let provider = provider(json!({ "data": { "id": 7, "at": "2026-06-01T12:00:00Z" } }));
    let patch = |path: &str| Patch(vec![(FieldPath::parse(path).unwrap(), FieldPatch::Add(json("1")))]);
    assert!(write(&provider, WriteOp::update("7", patch("/same"))).await.contains("Unchanged"));
    assert!(provider.asked().is_empty());
    write(&provider, WriteOp::update("7", patch("/add"))).await;
    assert_eq!(provider.asked(), ["GET /deals/7", r#"PATCH /deals/7 {"at":"2026-06-01T12:00:00Z","id":7}"#]);
    // One time in another form is one version.
    let set = Patch(vec![(FieldPath::field("a"), FieldPatch::Set(json("1")))]);
    let op = WriteOp::update("7", set.clone()).with_if_version(Some("2026-06-01T14:00:00+02:00".into()));
    assert_eq!(write(&provider, op).await, "applied 7");
    let key = write(&provider, WriteOp::update("07", set)).await;
    assert_eq!(key, r#"rejected: "07" is no key of this entity (rejected, entity=deals)"#);
    let error = provider.connect().write(WriteRequest::new("users", Vec::new())).err().unwrap();
    insta::assert_snapshot!(error, @"writing users is not supported by this connector (unsupported)");
}
