use serde_json::json;
use tieline_core::{Connector, ErrorKind, ReadRequest, State};

use crate::common::{Store, WAYS, account, answering, batches, config};

fn refused(state: &str, entity: &str) -> String {
    let (transport, odoo) = answering(config(), |_, _| (500, String::new()));
    let state = State::from_text(state).unwrap();
    let error = odoo.read(ReadRequest::changes(entity).with_state(Some(state))).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::StateInvalid);
    assert!(transport.requests().is_empty(), "nothing is sent before the state is read");
    error.to_string()
}

#[test]
fn a_state_that_is_none_asks_for_a_full_read() {
    let mut messages = String::new();
    for state in [
        r#"{"v":2,"body":{}}"#,
        r#"{"v":1,"body":{"entity":"res.partner"}}"#,
        r#"{"v":1,"body":{"entity":"crm.lead","watermark":"yesterday"}}"#,
        r#"{"v":1,"body":{"entity":"crm.lead","more":1}}"#,
        r#"{"v":1,"body":{"entity":"crm.lead","run":{"kind":"changes","last":7,"done":7}}}"#,
        r#"{"v":1,"body":{"entity":"crm.lead","run":{"kind":"full","last":-1,"done":7}}}"#,
        r#"{"v":1,"body":{"entity":"crm.lead","filters":"[]"}}"#,
    ] {
        messages += &format!("{}\n", refused(state, "crm.lead"));
    }
    insta::assert_snapshot!(messages);
}

#[tokio::test(start_paused = true)]
async fn the_first_version_of_a_state_stays_readable() {
    for way in WAYS {
        let (_, odoo) = account(way);
        for state in [
            json!({ "v": 1, "body": { "entity": "crm.lead", "watermark": "2026-10-30 09:00:00" } }),
            json!({ "v": 1, "body": { "entity": "crm.lead", "run": {
                "kind": "full", "started": "2026-11-02T08:00:00Z", "last": 3, "highest": "2026-10-01 09:00:00", "done": 3,
            } } }),
        ] {
            let state = State::from_text(&state.to_string()).unwrap();
            batches(&odoo, ReadRequest::changes("crm.lead").with_state(Some(state))).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_watermark_never_passes_the_start_of_its_run() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let mut store = Store::default();
        // A record of the future, as a clock that was set back leaves it.
        let future = server.now() + chrono::TimeDelta::days(30);
        let id = server.create("crm.lead", tieline_sandbox::Object::default().with("name", "F")).unwrap();
        server.backdate("crm.lead", id, tieline_sandbox::Object::default(), future).unwrap();
        store.pull(&odoo, ReadRequest::changes("crm.lead")).await;
        let state: serde_json::Value =
            serde_json::from_str(&store.state.unwrap().to_text().unwrap()).unwrap();
        let watermark = state["body"]["watermark"].as_str().unwrap();
        assert!(*watermark <= *server.now().format("%Y-%m-%d %H:%M:%S").to_string(), "{watermark}");
        assert_eq!(watermark.len(), 19);
    }
}
