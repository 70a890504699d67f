use proptest::prelude::*;
use serde_json::{Value, json};
use tieline_core::{Connector, ErrorKind, ReadRequest, State};
use tieline_pipedrive::Pipedrive;

use crate::common::{Store, answering, asked, batches};

fn crm() -> std::sync::Arc<Pipedrive> {
    answering(|_| (500, String::new())).1
}

fn refused(entity: &str, state: State) -> String {
    let error = crm().read(ReadRequest::changes(entity).with_state(Some(state))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::StateInvalid);
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn an_unusable_state_is_refused_at_once_with_advice() {
    let state = |version, body: Value| State::new(version, &body).unwrap();
    insta::assert_snapshot!(refused("deals", state(2, json!({}))), @"the stored state has version 2, and this engine reads 1: start over without state: a full read skips nothing (state_invalid)");
    insta::assert_snapshot!(refused("deals", state(1, json!({ "marks": 5 }))), @"the stored state (version 1) cannot be read: start over without state: a full read skips nothing (state_invalid)");
    refused("deals", state(1, json!({ "more": 1 })));
    // A state belongs to the entity that it was made for.
    let (_, persons) = answering(|_| (200, page(&["2026-11-02T07:00:00Z"], None)));
    let read = batches(&persons, ReadRequest::changes("persons")).await.unwrap();
    let of_persons = read[0].state.clone();
    insta::assert_snapshot!(refused("deals", of_persons.clone()), @"the entity is read in another way since the state was stored: start over without state: a full read skips nothing (state_invalid)");
    let mut body: Value = of_persons.body().unwrap();
    body["marks"][0]["text"] = json!("soon");
    let broken = State::new(1, &body).unwrap();
    let (_, crm) = answering(|_| (200, page(&[], None)));
    let error = batches(&crm, ReadRequest::changes("persons").with_state(Some(broken))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StateInvalid);
}

/// The watermark of a state.
fn watermark(state: &State) -> Option<String> {
    let body = state.body::<Value>().unwrap();
    body.pointer("/marks/0/text").and_then(Value::as_str).map(str::to_owned)
}

fn page(times: &[&str], cursor: Option<&str>) -> String {
    let rows: Vec<Value> =
        times.iter().enumerate().map(|(id, time)| json!({ "id": id + 1, "update_time": time })).collect();
    json!({ "success": true, "data": rows, "additional_data": { "next_cursor": cursor } }).to_string()
}

#[tokio::test(start_paused = true)]
async fn the_watermark_moves_at_the_end_only_and_never_past_the_start() {
    // The first answer is dated 2026-11-03T08:00:00Z.
    let (_, crm) = answering(|path| {
        (
            200,
            if path.contains("cursor=") {
                page(&["2026-11-03T09:30:00.5Z"], None)
            } else {
                page(&["2026-11-03T07:00:00Z"], Some("a"))
            },
        )
    });
    let read = batches(&crm, ReadRequest::changes("persons")).await.unwrap();
    assert_eq!(watermark(&read[0].state), None);
    assert_eq!(watermark(&read[1].state).as_deref(), Some("2026-11-03T08:00:00.0Z"));

    let (transport, crm) = answering(|_| (200, page(&["2026-11-02T07:00:00.123Z"], None)));
    let read = batches(&crm, ReadRequest::changes("persons")).await.unwrap();
    assert_eq!(watermark(&read[0].state).as_deref(), Some("2026-11-02T07:00:00.123Z"));
    batches(&crm, ReadRequest::changes("persons").with_state(Some(read[0].state.clone()))).await.unwrap();
    insta::assert_snapshot!(asked(&transport)[1], @"/api/v2/persons?sort_by=update_time&sort_direction=asc&updated_since=2026-11-02T06%3A55%3A00Z&limit=500");
}

#[tokio::test(start_paused = true)]
async fn records_without_a_time_break_nothing() {
    let (_, crm) = answering(|_| {
        (
            200,
            r#"{"success":true,"data":[{"id":1,"update_time":null},{"id":2},{"id":3,"update_time":7}]}"#
                .to_owned(),
        )
    });
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::changes("persons")).await;
    assert_eq!(store.rows.len(), 3);
    store.pull(&crm, ReadRequest::changes("persons")).await;
    assert_eq!(store.rows.len(), 3);
}

proptest! {
    #[test]
    fn any_state_is_read_or_refused(text in "\\PC{0,40}", phase in "full|changes|[a-z]{0,9}", done in any::<i64>()) {
        for body in [
            json!(text),
            json!({ "reading": "", "marks": [{ "text": text }], "pass": null }),
            json!({ "pass": { "kind": phase, "walk": done, "at": { "next": text } } }),
            json!({ "pass": { "kind": "full", "done": 1, "at": { "offset": { "position": done, "anchors": [text] } } } }),
        ] {
            let entity = if body.get("pass").is_some_and(Value::is_object) { "leads" } else { "deals" };
            let state = State::new(1, &body).unwrap();
            if let Err(error) = crm().read(ReadRequest::changes(entity).with_state(Some(state))) {
                prop_assert_eq!(error.kind(), ErrorKind::StateInvalid);
            }
        }
    }
}
