use proptest::prelude::*;
use serde_json::{Value, json};
use tieline_core::{Connector, ErrorKind, ReadRequest, State};
use tieline_pipedrive::Pipedrive;

use crate::common::{Store, answering, asked, batches};

fn crm() -> std::sync::Arc<Pipedrive> {
    answering(|_| (500, String::new())).1
}

fn refused(entity: &str, version: u32, body: &Value) -> String {
    let state = State::new(version, body).unwrap();
    let error = crm().read(ReadRequest::changes(entity).with_state(Some(state))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::StateInvalid);
    error.to_string()
}

#[tokio::test]
async fn an_unusable_state_is_refused_at_once_with_advice() {
    insta::assert_snapshot!(refused("deals", 2, &json!({ "entity": "deals" })), @"the stored state has version 2, and this connector reads 1: start over without state: a full read skips nothing (state_invalid, entity=deals)");
    insta::assert_snapshot!(refused("deals", 1, &json!({ "watermark": 5 })), @"the stored state (version 1) cannot be read: start over without state: a full read skips nothing (state_invalid, entity=deals)");
    insta::assert_snapshot!(refused("deals", 1, &json!({ "entity": "persons" })), @r#"the stored state is one of "persons": start over without state: a full read skips nothing (state_invalid, entity=deals)"#);
    insta::assert_snapshot!(refused("deals", 1, &json!({ "entity": "deals", "watermark": "soon" })), @"the stored state has a watermark that is no time: start over without state: a full read skips nothing (state_invalid, entity=deals)");
    let run = json!({ "kind": "full", "phase": "archived", "done": 0, "started": "2026-11-03T07:00:00Z" });
    insta::assert_snapshot!(refused("persons", 1, &json!({ "entity": "persons", "run": run })), @"the stored state names a place that this entity does not have: start over without state: a full read skips nothing (state_invalid, entity=persons)");
    refused("deals", 1, &json!({ "entity": "deals", "more": 1 }));
}

/// The watermark of a state.
fn watermark(state: &State) -> Option<String> {
    state.body::<Value>().unwrap().get("watermark").and_then(Value::as_str).map(str::to_owned)
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
    fn any_state_is_read_or_refused(text in "\\PC{0,40}", phase in "[a-z]{0,9}", done in any::<i64>()) {
        for body in [
            json!(text),
            json!({ "entity": "deals", "watermark": text, "run": null }),
            json!({ "entity": "deals", "run": { "kind": "full", "phase": phase, "done": done, "cursor": text, "started": "2026-11-03T07:00:00Z" } }),
            json!({ "entity": "leads", "run": { "kind": "full", "phase": "active", "done": 1, "started": "2026-11-03T07:00:00Z", "offset": { "position": done, "anchors": [text] } } }),
        ] {
            let entity = if body.get("entity").is_some_and(|entity| entity == "leads") { "leads" } else { "deals" };
            let state = State::new(1, &body).unwrap();
            if let Err(error) = crm().read(ReadRequest::changes(entity).with_state(Some(state))) {
                prop_assert_eq!(error.kind(), ErrorKind::StateInvalid);
            }
        }
    }
}
