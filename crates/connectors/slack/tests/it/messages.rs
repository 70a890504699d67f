use serde_json::json;
use tieline_core::{
    CheckRequest, Connector, ErrorKind, FieldPatch, FieldPath, Key, Lookup, LookupRequest, Operation,
    Outcome, Partition, PartitionsRequest, Patch, RawJson, ReadRequest, WriteOp, WriteRequest,
};
use tieline_slack::{Message, User};

use crate::common::{account, connected, invoke, one, read, recording, state};

fn in_channel(request: ReadRequest) -> ReadRequest {
    request.with_partition(Partition::new(Key::from_parts(["C1"]).as_str()))
}

#[tokio::test(start_paused = true)]
async fn the_workspace_and_its_records_are_known() {
    let (_, workspace) = account(12);
    let found = workspace.check(CheckRequest::default()).await.unwrap();
    assert_eq!((found.name.as_str(), found.id.unwrap().as_str()), ("Nord AS", "T07NORD1"));
    let user: User = workspace.record_as("users", "U3").await.unwrap().unwrap();
    assert!(user.profile.unwrap().email.is_some());
    assert!(workspace.record_as::<User>("users", "U999").await.unwrap().is_none());
    let email = RawJson::of(&json!("Person3@firma3.example")).unwrap();
    let field = FieldPath::parse("/profile/email").unwrap();
    let found = workspace.lookup(LookupRequest::field("users", field, email)).await.unwrap();
    assert_eq!(found.records().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn messages_are_read_by_channel_and_then_what_is_new() {
    let (sandbox, workspace) = account(250);
    let parts = workspace.partitions(PartitionsRequest::new("messages")).await.unwrap();
    assert_eq!(parts.partitions.len(), 5);
    let (keys, batches) = read(&workspace, in_channel(ReadRequest::full("messages"))).await.unwrap();
    assert_eq!(keys.len(), 250);
    sandbox.create("messages", json!({ "channel": "C1", "user": "U2", "text": "ny" })).unwrap();
    let request = in_channel(ReadRequest::changes("messages").with_state(state(&batches)));
    let (keys, _) = read(&workspace, request).await.unwrap();
    assert!((1..=2).contains(&keys.len()), "the new one, and perhaps the last one again: {}", keys.len());
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_changed_reacted_to_and_deleted() {
    let (sandbox, workspace) = account(3);
    let fields = json!({ "channel": "C1", "text": "Ordre 1042 er klar" });
    let create = WriteOp::create(RawJson::of(&fields).unwrap());
    let Outcome::Applied { key: Some(key), .. } = one(&*workspace, "messages", create).await else {
        panic!()
    };
    let found = workspace.lookup(LookupRequest::keys("messages", [key.clone()])).await.unwrap();
    let Some(Lookup::Record(record)) = found.answers.first() else { panic!("{found:?}") };
    let message: Message = serde_json::from_str(record.payload.get()).unwrap();
    assert_eq!(message.text.as_deref(), Some("Ordre 1042 er klar"));
    let text = FieldPatch::Set(RawJson::parse("\"Ordre 1042 er levert\"").unwrap());
    let patch = Patch(vec![(FieldPath::field("text"), text)]);
    let outcome = one(&*workspace, "messages", WriteOp::update(key.clone(), patch)).await;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    for _ in 0..2 {
        let react = invoke("react", Some(key.as_str()), r#"{"name":"white_check_mark"}"#);
        let outcome = one(&*workspace, "messages", react).await;
        assert!(matches!(outcome, Outcome::Applied { .. }), "again is no failure: {outcome:?}");
    }
    let row = sandbox.rows("messages").into_iter().find(|row| row.text("ts") == message.ts).unwrap();
    assert_eq!(row.text("text"), "Ordre 1042 er levert");
    one(&*workspace, "messages", WriteOp::delete(key)).await;
    assert!(!sandbox.rows("messages").iter().any(|row| row.text("ts") == message.ts));
}

#[tokio::test(start_paused = true)]
async fn a_rich_message_is_sent_and_a_modal_opened() {
    let (seen, workspace) =
        recording(|_| r#"{"ok":true,"channel":"C1","ts":"1793606400.000100"}"#.to_owned());
    let rich = r#"{"text":"Sync failed","username":"Tieline","icon_emoji":":warning:","blocks":[{"type":"divider"}]}"#;
    let modal = r#"{"trigger_id":"12.34.ab","view":{"type":"modal","title":{"type":"plain_text","text":"Offer"},"blocks":[]}}"#;
    for (entity, op) in
        [("channels", invoke("send", Some("C1"), rich)), ("channels", invoke("open_modal", None, modal))]
    {
        let outcome = one(&*workspace, entity, op).await;
        assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    }
    insta::assert_snapshot!(seen.lock().unwrap().join("\n"));
}

/// Refusals come with status 200.
#[tokio::test(start_paused = true)]
async fn refusals_are_told_apart_by_their_code() {
    let (sandbox, workspace) = account(3);
    let error = read(&connected(&sandbox, "narrow"), ReadRequest::full("users")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.advice().is_some_and(|advice| advice.contains("scopes")), "{error}");
    sandbox.set_token("bot", "xoxb-another");
    let error = read(&workspace, ReadRequest::full("users")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let (sandbox, workspace) = account(3);
    sandbox.update("channels", "C2", json!({ "is_archived": true })).unwrap();
    let send = |channel: &str| {
        let op = invoke("send", Some(channel), r#"{"text":"hei"}"#);
        WriteRequest::new("channels", vec![Operation::new("op-1", op)])
    };
    for (channel, kind) in [("C2", ErrorKind::Forbidden), ("C99", ErrorKind::NotFound)] {
        use futures_util::StreamExt as _;
        let outcome = workspace.write(send(channel)).unwrap().next().await.unwrap().outcome;
        let Outcome::Rejected(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!(error.kind(), kind);
    }
}
