use futures_util::StreamExt as _;
use serde_json::json;
use tieline_core::{ErrorKind, Operation, PartitionsRequest, RawJson, ReadRequest, WriteOp, WriteRequest};

use crate::provider::{Provider, ok, read, state};

const FILE: &str = "
name: T
url: https://t.example
entities:
  conversations: {list: /conversations, records: data}
  messages:
    parent: conversations
    list: /conversations/<parent.key>/messages?after=<last.id|0>
    records: payload
    key: [parent.key, id]
    parent_field: conversation_id
    changed: id
    create: POST /conversations/<parent.key>/messages
    delete: DELETE /conversations/<parent.key>/messages/<key.id>
  labels:
    parent: {conversations: 2}
    list: {call: POST /labels, body: {inputs: [{id: '<parents[]>'}]}}
    records: data
";

fn provider() -> Provider {
    Provider::new(FILE, |seen| match seen.path.as_str() {
        "/conversations" => ok(json!({ "data": [{ "id": "a/1" }, { "id": 2 }, { "id": 3 }] })),
        "/labels" => ok(json!({ "data": seen.body["inputs"] })),
        path if path.ends_with("/messages") && seen.method == "GET" => match seen.query("after") {
            Some("0") => ok(json!({ "payload": [{ "id": 10 }, { "id": 11 }] })),
            _ => ok(json!({ "payload": [] })),
        },
        _ if seen.method == "POST" => ok(json!({ "id": 12, "content": "hi" })),
        _ => (204, Vec::new(), String::new()),
    })
}

#[tokio::test]
async fn children_are_read_parent_by_parent_with_a_state_each() {
    let provider = provider();
    let connector = provider.connect();
    let partitions = connector.partitions(PartitionsRequest::new("messages")).await.unwrap().partitions;
    assert_eq!(partitions.len(), 3);
    provider.asked();
    let request = ReadRequest::changes("messages").with_partition(partitions[0].partition.clone());
    let (keys, batches) = read(&connector, request.clone()).await.unwrap();
    assert_eq!(keys, ["a~11/10", "a~11/11"]);
    // The parent's key stays one segment.
    assert_eq!(provider.asked()[0], "GET /conversations/a%2F1/messages?after=0");
    assert!(state(&batches).is_some());

    let error = read(&connector, ReadRequest::full("messages")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn many_parents_go_into_one_request() {
    let provider = provider();
    let connector = provider.connect();
    let partitions = connector.partitions(PartitionsRequest::new("labels")).await.unwrap().partitions;
    assert_eq!(partitions.len(), 2);
    provider.asked();
    let request = ReadRequest::full("labels").with_partition(partitions[0].partition.clone());
    let (keys, _) = read(&connector, request).await.unwrap();
    assert_eq!(keys, ["a/1", "2"]);
    assert_eq!(provider.asked(), [r#"POST /labels {"inputs":[{"id":"a/1"},{"id":"2"}]}"#]);
}

#[tokio::test]
async fn a_child_is_written_below_its_parent() {
    let provider = provider();
    let connector = provider.connect();
    let fields = RawJson::parse(r#"{"conversation_id":2,"content":"hi"}"#).unwrap();
    let create = Operation::new("one", WriteOp::create(fields));
    let outcomes: Vec<_> =
        connector.write(WriteRequest::new("messages", vec![create])).unwrap().collect().await;
    assert_eq!(provider.asked(), [r#"POST /conversations/2/messages {"content":"hi"}"#]);
    let text = format!("{:?}", outcomes[0].outcome);
    assert!(text.contains("2/12"), "{text}");

    let lost = Operation::new("two", WriteOp::create(RawJson::parse("{}").unwrap()));
    let outcomes: Vec<_> =
        connector.write(WriteRequest::new("messages", vec![lost])).unwrap().collect().await;
    assert!(format!("{:?}", outcomes[0].outcome).contains("the parent of the record is not named"));
    assert!(provider.asked().is_empty());

    let delete = Operation::new("three", WriteOp::delete("2/12"));
    let _: Vec<_> = connector.write(WriteRequest::new("messages", vec![delete])).unwrap().collect().await;
    assert_eq!(provider.asked(), ["DELETE /conversations/2/messages/12"]);
}

#[tokio::test]
async fn a_child_is_due_when_its_parent_changed_and_its_lists_know_the_parent() {
    let file = "
name: T
url: https://t.example
entities:
  threads: {list: /threads, records: data, changed: at, lookup: '/threads/<key>'}
  replies:
    parent: threads
    follows: true
    parent_when: {reply_count: {above: 0}, kind: [open, shut]}
    list: '/replies?channel=<parent.channel>&ts=<parent.key>'
    records: data
    create: POST /channels/<parent.channel>/replies
    parent_field: thread
  open: {list: /threads, records: data, where: {kind: open}}
";
    let thread = |id: u32, count: u32, kind: &str| json!({ "id": id, "channel": format!("c/{id}"), "reply_count": count, "kind": kind, "at": format!("2026-05-0{id}T00:00:00Z") });
    let provider = Provider::new(file, move |seen| match seen.path.as_str() {
        "/threads" => ok(
            json!({ "data": [thread(1, 2, "open"), thread(2, 0, "open"), thread(3, 1, "shut"), thread(4, 9, "draft")] }),
        ),
        "/threads/1" => ok(thread(1, 2, "open")),
        "/threads/9" => (404, Vec::new(), json!({ "error": "gone" }).to_string()),
        _ if seen.method == "POST" => ok(json!({ "id": 7 })),
        _ => ok(json!({ "data": [{ "id": 1 }] })),
    });
    let connector = provider.connect();
    let partitions = connector.partitions(PartitionsRequest::new("replies")).await.unwrap().partitions;
    let shown: Vec<_> = partitions
        .iter()
        .map(|entry| (entry.partition.as_str(), entry.changed_at.as_ref().map(|at| at.as_str())))
        .collect();
    assert_eq!(shown, [("1", Some("2026-05-01T00:00:00Z")), ("3", Some("2026-05-03T00:00:00Z"))]);
    provider.asked();
    let request = ReadRequest::full("replies").with_partition(partitions[0].partition.clone());
    read(&connector, request).await.unwrap();
    assert_eq!(provider.asked(), ["GET /threads/1", "GET /replies?channel=c/1&ts=1"]);
    let gone = ReadRequest::full("replies").with_partition(tieline_core::Partition::new("9"));
    assert_eq!(read(&connector, gone).await.unwrap_err().kind(), ErrorKind::NotFound);
    provider.asked();

    let create = WriteOp::create(RawJson::parse(r#"{"thread":1,"text":"hi"}"#).unwrap());
    let _: Vec<_> = connector
        .write(WriteRequest::new("replies", vec![Operation::new("op", create)]))
        .unwrap()
        .collect()
        .await;
    assert_eq!(provider.asked(), ["GET /threads/1", r#"POST /channels/c%2F1/replies {"text":"hi"}"#]);

    // Another record than a list is about counts as gone.
    let (keys, _) = read(&connector, ReadRequest::full("open")).await.unwrap();
    assert_eq!(keys, ["1", "2", "-3", "-4"]);
}
