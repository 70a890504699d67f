//! Lists that a job prepares, writes that are accepted as jobs, and files that go with an action.

use futures_util::StreamExt as _;
use serde_json::json;
use tieline_core::{
    Attachment, Operation, Outcome, PassEnd, PollRequest, RawJson, ReadRequest, WriteOp, WriteRequest,
};

use crate::provider::{Provider, Seen, ok, read, state};

const FILE: &str = r#"
name: T
url: https://t.example
entities:
  accounts:
    list:
      call: POST /jobs
      body: {query: "select where at >= <since|'1970-01-01T00:00:00Z'>"}
      job: {poll: /jobs/<id>, state: state, done: [JobComplete], failed: [Failed], result: '/jobs/<id>/results?locator=<next>', every: 100ms}
      decode: csv
      next: header Sforce-Locator
    key: Id
    changed: At
  vouchers:
    list: /vouchers
    create: {call: POST /vouchers, job: {id: header Location, state: status, done: [ok], failed: [bad], every: 5s}}
    actions:
      attach: {call: POST /vouchers/<key>/file, upload: {form: upload}, form: {kind: <input.kind>}}
      scan: {call: PUT /vouchers/<key>/scan, upload: raw}
      note: POST /vouchers/<key>/note
"#;

fn exported(seen: &Seen, polls: &std::sync::Mutex<Vec<&'static str>>) -> crate::provider::Answer {
    match (seen.method.as_str(), seen.path.as_str(), seen.query("locator")) {
        ("POST", "/jobs", _) => ok(json!({ "id": "j1", "state": "UploadComplete" })),
        ("GET", "/jobs/j1", _) => {
            ok(json!({ "state": polls.lock().unwrap().pop().unwrap_or("JobComplete") }))
        }
        ("GET", "/jobs/j1/results", None) => {
            (200, vec![("sforce-locator", "b".to_owned())], "Id,At\n1,2026-05-01T00:00:00Z\n".to_owned())
        }
        _ => (200, vec![("sforce-locator", "null".to_owned())], "Id,At\n2,2026-05-02T00:00:00Z\n".to_owned()),
    }
}

#[tokio::test]
async fn an_export_is_begun_asked_for_and_read() {
    let polls = std::sync::Mutex::new(vec!["InProgress", "InProgress"]);
    let provider = Provider::new(FILE, move |seen| exported(seen, &polls));
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::changes("accounts")).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    let asked = [
        "POST /jobs {\"query\":\"select where at >= 1970-01-01T00:00:00Z\"}",
        "GET /jobs/j1",
        "GET /jobs/j1",
        "GET /jobs/j1",
        "GET /jobs/j1/results",
        "GET /jobs/j1/results?locator=b",
    ];
    assert_eq!(provider.asked(), asked);
    // The job is stored before it is asked for: a run that ends there begins no second one.
    let (keys, _) =
        read(&connector, ReadRequest::changes("accounts").with_state(state(&batches[..1]))).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
    assert_eq!(provider.asked()[0], "GET /jobs/j1");
    let changes = ReadRequest::changes("accounts").with_state(state(&batches));
    read(&connector, changes).await.unwrap();
    assert!(provider.asked()[0].contains("at >= 2026-05-01T23:59:00Z"));
}

#[tokio::test]
async fn an_export_that_failed_is_begun_again_by_the_next_run() {
    let polls = std::sync::Mutex::new(vec!["Failed"]);
    let provider = Provider::new(FILE, move |seen| exported(seen, &polls));
    let connector = provider.connect();
    let (keys, batches) = read(&connector, ReadRequest::full("accounts")).await.unwrap();
    assert!(keys.is_empty());
    let last = batches.last().unwrap();
    assert_eq!(last.end, Some(PassEnd::Partial));
    assert_eq!(last.issues[0].message, "the provider failed to prepare the list: the next run asks again");
    let (keys, _) =
        read(&connector, ReadRequest::full("accounts").with_state(state(&batches))).await.unwrap();
    assert_eq!(keys, ["1", "2"]);
}

#[tokio::test]
async fn an_accepted_write_is_asked_for_until_it_is_done() {
    let states = std::sync::Mutex::new(vec!["bad", "ok", "running"]);
    let provider = Provider::new(FILE, move |seen| match seen.method.as_str() {
        "POST" => (202, vec![("location", "/jobs/7".to_owned())], String::new()),
        _ => ok(json!({ "status": states.lock().unwrap().pop().unwrap(), "id": 12 })),
    });
    let connector = provider.connect();
    let op = || Operation::new("op", WriteOp::create(RawJson::parse("{}").unwrap()));
    let mut outcomes: Vec<_> =
        connector.write(WriteRequest::new("vouchers", vec![op()])).unwrap().collect().await;
    let Outcome::Accepted { ticket, after, .. } = outcomes.remove(0).outcome else { panic!("not accepted") };
    assert_eq!((ticket.as_str(), after), ("/jobs/7", Some(std::time::Duration::from_secs(5))));
    let mut said = Vec::new();
    for _ in 0..3 {
        let request = PollRequest::new("vouchers", ticket.clone(), vec![op()]);
        let outcomes: Vec<_> = connector.poll(request).unwrap().collect().await;
        said.push(match &outcomes[0].outcome {
            Outcome::Accepted { .. } => "accepted".to_owned(),
            Outcome::Applied { key, .. } => format!("applied {:?}", key.as_ref().map(|key| key.as_str())),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(said[..2], ["accepted", "applied Some(\"12\")"]);
    assert!(said[2].contains("failed to carry this out"), "{said:?}");
    assert_eq!(provider.asked()[1], "GET /jobs/7");
}

#[tokio::test]
async fn files_are_sent_as_a_form_or_as_they_are() {
    let provider = Provider::new(FILE, |_| ok(json!({})));
    let connector = provider.connect();
    let invoke = |action: &str, files: usize| {
        let mut op = WriteOp::invoke(action, RawJson::parse(r#"{"kind":"receipt"}"#).unwrap())
            .with_key(Some("5".into()));
        for _ in 0..files {
            op =
                op.with_file(Attachment::new("file", "a.txt", &b"content"[..]).with_media_type("text/plain"));
        }
        WriteRequest::new("vouchers", vec![Operation::new("op", op)])
    };
    for (action, files, wanted) in
        [("attach", 1, true), ("scan", 1, true), ("scan", 2, false), ("attach", 0, false), ("note", 1, false)]
    {
        let outcomes: Vec<_> = connector.write(invoke(action, files)).unwrap().collect().await;
        let applied = matches!(outcomes[0].outcome, Outcome::Applied { .. });
        assert_eq!(applied, wanted, "{action} {files} {outcomes:?}");
    }
    let asked = provider.asked();
    assert_eq!(asked.len(), 2, "what cannot be sent is not sent");
    for part in [
        "name=\\\"kind\\\"",
        "receipt",
        "name=\\\"upload\\\"; filename=\\\"a.txt\\\"",
        "text/plain",
        "content",
    ] {
        assert!(asked[0].contains(part), "{part} in {}", asked[0]);
    }
    assert_eq!(asked[1], "PUT /vouchers/5/scan \"content\"");
}
