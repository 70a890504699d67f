use bytes::Bytes;
use serde_json::{Value, json};
use tieline_chatwoot::{ChatwootConfig, ChatwootFactory};
use tieline_core::ConnectorFactory;
use tieline_core::webhook::{ReceiveRequest, Verification, WebhookEvent};

use crate::common::{ADDRESS, start};

fn settings(config: ChatwootConfig) -> Value {
    serde_json::to_value(config).unwrap()
}

#[test]
fn notifications_are_signed_unless_the_settings_say_that_the_server_signs_none() {
    let factory = ChatwootFactory::default();
    let receiver = factory.webhooks().unwrap();
    let signed = receiver.verification(&settings(ChatwootConfig::new(ADDRESS, 1)));
    assert!(matches!(&signed, Verification::Named(name) if *name == "chatwoot"), "{signed:?}");
    let unsigned = receiver.verification(&settings(ChatwootConfig::new(ADDRESS, 1).with_unsigned_webhooks()));
    assert!(matches!(unsigned, Verification::Unsigned), "{unsigned:?}");
}

#[test]
fn an_event_names_the_record_to_read() {
    let factory = ChatwootFactory::default();
    let config = settings(ChatwootConfig::new(ADDRESS, 1));
    let said: Vec<String> = [
        json!({ "event": "contact_updated", "id": 17, "name": "Ada Demo" }),
        json!({ "event": "conversation_status_changed", "id": 5, "status": "resolved" }),
        json!({ "event": "message_created", "id": 900, "message_type": "incoming", "conversation": { "id": 5 } }),
    ]
    .iter()
    .map(|body| {
        let request = http::Request::post("/hooks/abc")
            .header("x-chatwoot-delivery", "0b7b8f0e-3a0e-4b6a-9e55-2f4a9f3f1c11")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let url = "https://host.example/hooks/abc".parse().unwrap();
        let delivery = ReceiveRequest::new(&request, &url, &[], &config, start());
        match factory.webhooks().unwrap().receive(&delivery).unwrap() {
            WebhookEvent::Hints(hints) => format!("{hints:?}"),
            other => panic!("{other:?}"),
        }
    })
    .collect();
    assert!(
        said[0].contains("contacts") && said[0].contains("17") && said[0].contains("0b7b8f0e"),
        "{}",
        said[0]
    );
    assert!(!said[0].contains("Ada"), "a notification is a hint: {}", said[0]);
    assert!(said[1].contains("conversations") && said[1].contains('5'), "{}", said[1]);
    assert!(said[2].contains("messages") && said[2].contains("900"), "{}", said[2]);
}
