use serde_json::json;
use tieline_core::{ErrorKind, Key, Lookup, LookupRequest, PassEnd, RawJson, ReadRequest};
use tieline_sandbox::{Fault, FaultRule};

use crate::common::{account, answering, connected, read, recording, state};

/// More records of one time of change than a page holds.
#[tokio::test(start_paused = true)]
async fn a_list_goes_on_behind_the_last_id() {
    let (sandbox, portal) = account(650);
    let (keys, batches) = read(&portal, ReadRequest::full("deals")).await.unwrap();
    assert_eq!(keys.len(), 650);
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    let moment = sandbox.now();
    for key in keys.iter().take(450) {
        sandbox.backdate("deals", key, json!({}), moment).unwrap();
    }
    sandbox.delete("deals", &keys[449]).unwrap();
    let mark = state(&batches);
    let (changed, _) = read(&portal, ReadRequest::changes("deals").with_state(mark)).await.unwrap();
    let expected: Vec<String> = keys.iter().take(449).cloned().chain([format!("-{}", keys[449])]).collect();
    let seen: Vec<String> = changed.into_iter().filter(|key| expected.contains(key)).collect();
    assert_eq!(seen, expected, "each of one time once, and what was archived");
}

#[tokio::test(start_paused = true)]
async fn a_merge_names_the_record_that_was_merged() {
    let (sandbox, portal) = account(12);
    let (_, batches) = read(&portal, ReadRequest::full("contacts")).await.unwrap();
    sandbox.advance(std::time::Duration::from_secs(600));
    let op = crate::common::invoke("merge", Some("102"), r#"{"loser":"103"}"#);
    crate::common::one(&*portal, "contacts", op).await;
    let mark = state(&batches);
    let (changed, _) = read(&portal, ReadRequest::changes("contacts").with_state(mark)).await.unwrap();
    assert!(changed.contains(&"-103".to_owned()) && changed.contains(&"102".to_owned()), "{changed:?}");
}

/// A look-up of an id that was merged finds the winner, which is not the record of that id.
#[tokio::test(start_paused = true)]
async fn look_ups_say_of_each_key_whether_it_is_there() {
    let (sandbox, portal) = account(12);
    sandbox.delete("contacts", "105").unwrap();
    let request = LookupRequest::keys("contacts", ["101", "105", "999"].map(Key::from));
    let found = tieline_core::Connector::lookup(&*portal, request).await.unwrap();
    let said: Vec<String> = found
        .answers
        .into_iter()
        .map(|answer| match answer {
            Lookup::Record(record) => format!("{} is there", record.key),
            Lookup::Missing(key) => format!("{key} is missing"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(said, ["101 is there", "105 is missing", "999 is missing"]);
    let email = RawJson::of(&json!("person3@firma3.example")).unwrap();
    let field = tieline_core::FieldPath::parse("/properties/email").unwrap();
    let found =
        tieline_core::Connector::lookup(&*portal, LookupRequest::field("contacts", field, email)).await;
    assert_eq!(found.unwrap().answers.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn associations_are_read_for_many_records_at_once() {
    let (sandbox, portal) = account(12);
    sandbox.forget_requests();
    let parents: Vec<String> = sandbox.rows("contacts").into_iter().map(|row| row.key).collect();
    let partition = Key::from_parts(&parents).to_string();
    let request =
        ReadRequest::full("contact_companies").with_partition(tieline_core::Partition::new(partition));
    let (keys, batches) = read(&portal, request).await.unwrap();
    assert_eq!(keys.len(), 20, "the others have none");
    assert_eq!(batches.last().unwrap().end, Some(PassEnd::Complete));
    assert_eq!(sandbox.requests().len(), 1);
}

/// What HubSpot says of a missing scope, of an exhausted day, and of a page that is no answer.
#[tokio::test(start_paused = true)]
async fn bad_days_are_told_apart() {
    let (sandbox, _) = account(3);
    let narrow = connected(&sandbox, "narrow");
    let error = read(&narrow, ReadRequest::full("contacts")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.advice().is_some_and(|advice| advice.contains("scopes")), "{error}");
    let (sandbox, portal) = account(3);
    let daily = json!({ "status": "error", "policyName": "DAILY", "message": "You have reached your daily limit.", "category": "RATE_LIMITS" });
    sandbox.inject(FaultRule::new(Fault::Status { status: 429, body: Some(daily.to_string()) }).always());
    let error = read(&portal, ReadRequest::full("contacts")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    let portal = answering(|_| "{\"results\":{}}".to_owned());
    let error = read(&portal, ReadRequest::full("owners")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

/// The bodies of the searches, as the documentation shows them: values of filters are texts.
#[tokio::test(start_paused = true)]
async fn searches_are_written_as_documented() {
    let (bodies, portal) = recording(|path| {
        match path {
        "/crm/v3/properties/contacts" => r#"{"results":[{"name":"email","label":"E-mail","type":"string"}]}"#.to_owned(),
        path if path.contains("archived=true") => r#"{"results":[]}"#.to_owned(),
        _ => r#"{"total":1,"results":[{"id":"90","properties":{"lastmodifieddate":"2026-11-01T08:00:00.125Z"}}]}"#.to_owned(),
    }
    });
    let (_, batches) = read(&portal, ReadRequest::full("contacts")).await.unwrap();
    read(&portal, ReadRequest::changes("contacts").with_state(state(&batches))).await.unwrap();
    let email = RawJson::of(&json!("kari@fjord.example")).unwrap();
    let field = tieline_core::FieldPath::parse("/properties/email").unwrap();
    tieline_core::Connector::lookup(&*portal, LookupRequest::field("contacts", field, email)).await.unwrap();
    let keys = LookupRequest::keys("contacts", ["101", "102"].map(Key::from));
    tieline_core::Connector::lookup(&*portal, keys).await.unwrap();
    insta::assert_snapshot!(bodies.lock().unwrap().join("\n"));
}
