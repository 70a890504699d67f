use bytes::Bytes;
use serde_json::{Value, json};
use tieline_core::ConnectorFactory;
use tieline_core::webhook::{ReceiveRequest, Verification, WebhookEvent};
use tieline_slack::SlackFactory;

use crate::common::start;

fn received(body: &Value) -> WebhookEvent {
    let factory = SlackFactory::default();
    let config = json!({});
    let receiver = factory.webhooks().unwrap();
    assert!(matches!(receiver.verification(&config), Verification::Named(name) if name == "slack"));
    let request = http::Request::post("/hooks/abc").body(Bytes::from(body.to_string())).unwrap();
    let url = "https://host.example/hooks/abc".parse().unwrap();
    receiver.receive(&ReceiveRequest::new(&request, &url, &[], &config, start())).unwrap()
}

fn event(event: &Value) -> Value {
    json!({ "type": "event_callback", "team_id": "T07NORD1", "event_id": "Ev1", "event": event })
}

#[test]
fn the_handshake_is_answered() {
    let event = received(
        &json!({ "type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" }),
    );
    assert!(matches!(event, WebhookEvent::Handshake(_)), "{event:?}");
}

#[test]
fn each_event_names_the_record_to_read() {
    for (body, parts) in [
        (
            json!({ "type": "message", "channel": "C1", "ts": "1793606400.000100", "text": "hemmelig" }),
            ["messages", "1793606400.000100"],
        ),
        (
            json!({ "type": "message", "subtype": "message_changed", "channel": "C1", "ts": "1793606500.000200",
                "message": { "ts": "1793606400.000100", "text": "hemmelig" } }),
            ["messages", "1793606400.000100"],
        ),
        (
            json!({ "type": "message", "subtype": "message_deleted", "channel": "C1", "ts": "1793606500.000200",
                "deleted_ts": "1793606400.000100" }),
            ["Deleted", "1793606400.000100"],
        ),
        (json!({ "type": "user_change", "user": { "id": "U3", "name": "hemmelig" } }), ["users", "U3"]),
        (json!({ "type": "channel_rename", "channel": { "id": "C2" } }), ["channels", "C2"]),
        (json!({ "type": "channel_archive", "channel": "C2" }), ["channels", "C2"]),
    ] {
        let WebhookEvent::Hints(hints) = received(&event(&body)) else { panic!("no hints: {body}") };
        let said = format!("{hints:?}");
        assert!(parts.iter().all(|part| said.contains(part)) && !said.contains("hemmelig"), "{said}");
        assert!(!said.contains("000200"), "the event's own time is no message: {said}");
    }
    let gone = received(&event(&json!({ "type": "app_uninstalled" })));
    assert!(matches!(gone, WebhookEvent::Disconnected(_)), "{gone:?}");
}
