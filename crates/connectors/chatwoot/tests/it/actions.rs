use tieline_core::{
    Connector, Error, ErrorKind, FieldPatch, FieldPath, Key, LookupRequest, Outcome, Patch, RawJson, WriteOp,
};

use crate::common::{account, invoke, json, one};

fn output(outcome: &Outcome) -> &RawJson {
    match outcome {
        Outcome::Applied { output: Some(output), .. } => output,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> Error {
    match outcome {
        Outcome::Rejected(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_bot_gets_an_inbox_and_answers_in_it() {
    let (sandbox, desk) = account(12);
    let inbox = one(&*desk, "inboxes", invoke("create_api_inbox", None, r#"{"name":"Robot"}"#)).await;
    let inbox = output(&inbox).at("/id").unwrap().unwrap().get().to_owned();
    let bot = r#"{"name":"Robot","outgoing_url":"https://bot.acme.example/hook"}"#;
    let bot = one(&*desk, "agent_bots", invoke("create_agent_bot", None, bot)).await;
    let bot = output(&bot).at("/id").unwrap().unwrap().get().to_owned();
    let set = invoke("set_agent_bot", Some(&inbox), &format!(r#"{{"bot":{bot}}}"#));
    assert!(matches!(one(&*desk, "inboxes", set).await, Outcome::Applied { .. }));
    assert_eq!(sandbox.row("inboxes", &inbox).unwrap().reference("agent_bot"), Some(bot));
    let fields = format!(r#"{{"contact_id":1,"inbox_id":{inbox}}}"#);
    let made = one(&*desk, "conversations", WriteOp::create(json(&fields))).await;
    let Outcome::Applied { key: Some(conversation), .. } = made else { panic!("{made:?}") };
    let sent = invoke("send", Some(conversation.as_str()), r#"{"content":"Hei, kan jeg hjelpe?"}"#);
    let sent = one(&*desk, "conversations", sent).await;
    assert_eq!(output(&sent).at("/message_type").unwrap().unwrap().get(), "1");
}

#[tokio::test(start_paused = true)]
async fn conversations_are_resolved_assigned_labelled_and_keep_their_attributes() {
    let (sandbox, desk) = account(12);
    let done = async |action: &str, input: &str| {
        let outcome = one(&*desk, "conversations", invoke(action, Some("1"), input)).await;
        assert!(matches!(outcome, Outcome::Applied { .. }), "{action}: {outcome:?}");
    };
    done("set_status", r#"{"status":"resolved"}"#).await;
    done("assign", r#"{"agent":2}"#).await;
    done("assign_team", r#"{"team":1}"#).await;
    done("set_labels", r#"{"labels":["vip"]}"#).await;
    done("set_attributes", r#"{"plan":"gold"}"#).await;
    done("set_attributes", r#"{"region":"vest"}"#).await;
    let row = sandbox.row("conversations", "1").unwrap();
    assert_eq!(row.text("status"), "resolved");
    assert_eq!(
        (row.reference("assignee_id"), row.reference("team_id")),
        (Some("2".into()), Some("1".into()))
    );
    let field = |name: &str| row.fields.get(name).unwrap().to_string();
    assert_eq!(field("labels"), r#"["vip"]"#);
    assert_eq!(field("custom_attributes"), r#"{"plan":"gold","region":"vest"}"#);
}

#[tokio::test(start_paused = true)]
async fn only_the_priority_of_a_conversation_is_updated() {
    let (_, desk) = account(12);
    let update = |field: &str, value: &str| {
        let patch = Patch(vec![(FieldPath::field(field), FieldPatch::Set(json(value)))]);
        WriteOp::update(Key::from("1"), patch)
    };
    let outcome = one(&*desk, "conversations", update("priority", "\"high\"")).await;
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
    let error = refused(one(&*desk, "conversations", update("status", "\"open\"")).await);
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("these can: priority"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn contacts_are_merged_and_lose_attributes() {
    let (sandbox, desk) = account(12);
    let without = invoke("remove_attributes", Some("1"), r#"{"names":["plan"]}"#);
    assert!(matches!(one(&*desk, "contacts", without).await, Outcome::Applied { .. }));
    assert_eq!(
        sandbox.row("contacts", "1").unwrap().fields.get("custom_attributes").unwrap().to_string(),
        "{}"
    );
    let merge = invoke("merge", Some("1"), r#"{"loser":2}"#);
    assert!(matches!(one(&*desk, "contacts", merge).await, Outcome::Applied { .. }));
    assert!(sandbox.row("contacts", "2").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_contact_is_found_by_what_is_unique_and_exactly() {
    let (sandbox, desk) = account(40);
    let find = async |field: &str, value: &str| {
        let request = LookupRequest::field("contacts", FieldPath::field(field), json(value));
        desk.lookup(request).await.unwrap().answers.len()
    };
    // The search finds CUST-10 to CUST-19 as well.
    assert_eq!(find("identifier", "\"CUST-1\"").await, 1);
    let email = sandbox.row("contacts", "7").unwrap().text("email").to_owned();
    assert_eq!(find("email", &format!("\"{email}\"")).await, 1);
    assert_eq!(find("email", "\"nobody@fjord.example\"").await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_taken_is_a_conflict() {
    let (sandbox, desk) = account(12);
    let email = sandbox.row("contacts", "7").unwrap().text("email").to_owned();
    let create = WriteOp::create(json(&format!(r#"{{"name":"Igjen","email":"{email}"}}"#)));
    let error = refused(one(&*desk, "contacts", create).await);
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(!error.to_string().contains(&email), "{error}");
}
