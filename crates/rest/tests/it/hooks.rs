use futures_util::StreamExt as _;
use serde_json::json;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    Category, Change, Error, ErrorKind, Operation, RawJson, ReadRequest, Record, Result, State, WriteOp,
    WriteRequest,
};
use tieline_rest::{HookContext, HookPage, Hooks, RestFactory};

use crate::provider::{Provider, ok, read};

const FILE: &str = "
name: T
url: https://t.example
entities:
  things: {list: '/things?after=<next>', records: data, next: next, create: POST /things}
  lines: {list: /lines, next: next}
";

#[derive(Debug)]
struct Own;

impl Hooks for Own {
    fn classify(&self, answer: &ResponseView<'_>, verdict: Classification) -> Classification {
        if answer.status == 418 { Error::new(ErrorKind::Unavailable, "tea").into_failure() } else { verdict }
    }

    fn body(&self, at: &HookContext, op: &WriteOp, body: RawJson) -> Result<RawJson> {
        assert_eq!(at.entity, "things");
        assert!(matches!(op, WriteOp::Create { .. }));
        RawJson::parse(body.get().replace('“', "'"))
    }

    fn page(&self, at: &HookContext, text: &str) -> Option<Result<HookPage>> {
        (at.entity == "lines").then(|| {
            let (rows, next) = text.split_once('|').unwrap_or((text, ""));
            let record = |row: &str| Change::Upsert(Record::new(row, RawJson::from_checked("{}")));
            let next = Some(next.to_owned()).filter(|next| !next.is_empty());
            Ok(HookPage::new(rows.lines().map(record).collect()).with_next(next))
        })
    }

    fn migrate(&self, _: &tieline_core::EntityName, old: &State) -> Option<Result<State>> {
        (old.version() == 99).then(|| State::new(1, &json!({})))
    }
}

trait IntoFailure {
    fn into_failure(self) -> Classification;
}

impl IntoFailure for Error {
    fn into_failure(self) -> Classification {
        Classification::fail(self)
    }
}

fn provider(file: &str, tenant: bool) -> Provider {
    let factory = match tenant {
        true => RestFactory::tenant("t", "t.yaml", file, Category::Other),
        false => RestFactory::from_file("t", "t.yaml", file, Category::Other),
    };
    Provider::of(factory.unwrap().with_hooks(Own), |seen| match seen.path.as_str() {
        "/lines" if seen.query.is_empty() => ok("a\nb|/lines?page=2"),
        "/lines" => ok("c"),
        "/tea" => (418, Vec::new(), String::new()),
        _ => ok(json!({ "id": 1, "data": [] })),
    })
}

#[tokio::test]
async fn a_hook_replaces_one_thing_and_the_rest_stays_data() {
    let provider = provider(FILE, false);
    let connector = provider.connect();
    let (keys, _) = read(&connector, ReadRequest::full("lines")).await.unwrap();
    assert_eq!(keys, ["a", "b", "c"]);
    let (keys, _) = read(&connector, ReadRequest::full("things")).await.unwrap();
    assert!(keys.is_empty());
    provider.asked();
    let create = WriteOp::create(RawJson::parse(r#"{"name":"“x"}"#).unwrap());
    let outcomes: Vec<_> = connector
        .write(WriteRequest::new("things", vec![Operation::new("op", create)]))
        .unwrap()
        .collect()
        .await;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(provider.asked(), [r#"POST /things {"name":"'x"}"#]);
    // A state of an earlier version is brought into today's form.
    let old = State::new(99, &json!({ "anything": 1 })).unwrap();
    read(&connector, ReadRequest::changes("things").with_state(Some(old))).await.unwrap();
}

#[tokio::test]
async fn a_tenants_file_has_no_hooks() {
    let provider = provider(FILE, true);
    let error = read(&provider.connect(), ReadRequest::full("lines")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}
