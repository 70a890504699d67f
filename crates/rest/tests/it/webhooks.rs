use bytes::Bytes;
use chrono::{TimeZone as _, Utc};
use insta::assert_snapshot;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tieline_core::webhook::{ReceiveRequest, Verification, WebhookEvent};
use tieline_core::{Category, Change, ConnectorFactory as _, EntityName, SubscriptionsRequest};
use tieline_rest::RestFactory;
use url::Url;

use crate::provider::{Provider, ok};

const FILE: &str = "
name: T
url: https://t.example
settings: {signing: {title: Signing, optional: true}}
entities:
  contacts: /contacts
  conversations: /conversations
  messages: {parent: conversations, list: '/conversations/<parent.key>/messages', records: payload, key: [parent.key, id]}
  events: {list: /events, changed: at}
webhooks:
  verify: {header: X-Signature, signed: '{timestamp}.{body}', prefix: sha256=, timestamp: header X-Timestamp}
  unsigned_if: {signing: none}
  id: /delivery
  event: event
  events:
    contact_merged: {entity: contacts, key: id, into: winner}
    contact_deleted: {entity: contacts, key: id, deleted: true}
    contact_*: {entity: contacts, key: id, changed: updated_at, names: [contact_created, contact_updated]}
    message_created: {entity: messages, key: id, parent: /conversation/id}
    happened: {entity: events, record: /data}
    gone: disconnected
    lost: missed
  list: {call: /webhooks, records: data, id: id, url: url, ends: ends}
  subscribe: {call: POST /webhooks, body: {url: <callback>, on: <events>, secret: \"<secret|'none'>\"}, id: /webhook/id, secret: /webhook/secret}
  renew: POST /webhooks/<id>/renew
  unsubscribe: DELETE /webhooks/<id>
  life: 3d
";

fn factory(text: &str) -> RestFactory {
    RestFactory::from_file("t", "t.yaml", text, Category::Other).unwrap()
}

fn received(text: &str, uri: &str, config: Value, body: impl ToString) -> String {
    let factory = factory(text);
    let receiver = factory.webhooks().unwrap();
    let request =
        http::Request::builder().method("POST").uri(uri).body(Bytes::from(body.to_string())).unwrap();
    let url: Url = format!("https://host.example{uri}").parse().unwrap();
    let now = Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap();
    match receiver.receive(&ReceiveRequest::new(&request, &url, &[], &config, now)) {
        Err(error) => format!("error: {error}"),
        Ok(WebhookEvent::Hints(hints)) => format!("{:?} {:?}", hints.id, hints.hints),
        Ok(WebhookEvent::Records(records)) => {
            let changes: Vec<String> = records.changes[0]
                .changes
                .iter()
                .map(|change| match change {
                    Change::Upsert(record) => format!("{} {}", record.key, record.payload.get()),
                    other => format!("{other:?}"),
                })
                .collect();
            format!("{}: {changes:?}", records.changes[0].entity)
        }
        Ok(WebhookEvent::Handshake(handshake)) => format!("handshake {:?}", handshake.response.body()),
        Ok(other) => format!("{other:?}"),
    }
}

fn event(body: Value) -> String {
    received(FILE, "/hooks/abc", json!({}), body)
}

#[test]
fn events_become_hints_of_their_records() {
    assert_snapshot!(event(json!({ "event": "contact_updated", "id": 7, "updated_at": "2026-05-01", "delivery": "d-1" })), @r#"Some(DeliveryId { id: "d-1", signed: true }) [Hint { entity: "contacts", key: Some("7"), partition: None, kind: Changed, changed_at: Some("2026-05-01") }]"#);
    assert_snapshot!(event(json!({ "event": "contact_deleted", "id": 7 })), @r#"None [Hint { entity: "contacts", key: Some("7"), partition: None, kind: Deleted, changed_at: None }]"#);
    assert_snapshot!(event(json!({ "event": "contact_merged", "id": 7, "winner": 9 })), @r#"None [Hint { entity: "contacts", key: Some("7"), partition: None, kind: Merged("9"), changed_at: None }]"#);
    assert_snapshot!(event(json!({ "event": "message_created", "id": 3, "conversation": { "id": 12 } })), @r#"None [Hint { entity: "messages", key: Some("12/3"), partition: Some("12"), kind: Changed, changed_at: None }]"#);
    assert_snapshot!(event(json!({ "event": "typing_on" })), @"Nothing");
    assert_snapshot!(event(json!({ "event": "lost" })), @"Missed(Missed { since: None, entities: [] })");
    assert_snapshot!(event(json!({ "event": "gone" })), @"Disconnected(Disconnected { account: None, user: None })");
    let record = r#"{"event":"happened","data":{"id":5,"at":"2026-05-01","sum":12345678901234567.10}}"#;
    assert_snapshot!(received(FILE, "/hooks/abc", json!({}), record), @r#"events: ["5 {\"id\":5,\"at\":\"2026-05-01\",\"sum\":12345678901234567.10}"]"#);
}

#[test]
fn what_names_no_record_is_an_error_that_quotes_nothing() {
    assert_snapshot!(event(json!({ "event": "contact_updated", "name": "Canary" })), @"error: an event names no record: compare the webhooks of the description with the provider's documentation (decode)");
    assert_snapshot!(event(json!({ "event": "message_created", "id": 3, "content": "Canary" })), @"error: an event names no parent of its record: compare the webhooks of the description with the provider's documentation (decode)");
    assert_snapshot!(received(FILE, "/x", json!({}), "{\"event\": Canary"), @"error: the body of a delivery is not valid JSON: compare the webhooks of the description with the provider's documentation (decode)");
}

#[test]
fn a_challenge_is_repeated_and_a_list_of_events_is_read() {
    let file = "
name: T
url: https://t.example
entities: {things: /things}
webhooks:
  verify: {token: header X-Token}
  account: portal
  items: ''
  event: type
  echo: query challenge
  events: {thing.*: {entity: things, key: objectId}}
";
    assert_snapshot!(received(file, "/x?challenge=abc%3C", json!({}), ""), @r#"handshake b"abc<""#);
    let two = json!([{ "type": "thing.new", "objectId": 1, "portal": 5 }, { "type": "thing.x", "objectId": 2, "portal": 5 }, { "type": "thing.x", "objectId": 2, "portal": 6 }]);
    assert_snapshot!(received(file, "/x", json!({}), &two), @r#"None [Hint { entity: "things", key: Some("1"), partition: None, kind: Changed, changed_at: None }, Hint { entity: "things", key: Some("2"), partition: None, kind: Changed, changed_at: None }]"#);
    let factory = factory(file);
    let request =
        |body: String, uri: &str| http::Request::builder().uri(uri).body(Bytes::from(body)).unwrap();
    let routes = factory.webhooks().unwrap().route(&request(two.to_string(), "/x")).unwrap();
    assert_snapshot!(format!("{routes:?}"), @r#"[Account("5"), Account("6")]"#);
    let routes = factory.webhooks().unwrap().route(&request(String::new(), "/x?challenge=a")).unwrap();
    assert_snapshot!(format!("{routes:?}"), @"[App]");
}

#[test]
fn a_connection_of_an_older_provider_is_unsigned() {
    let factory = factory(FILE);
    let receiver = factory.webhooks().unwrap();
    assert!(matches!(receiver.verification(&json!({})), Verification::Signature(_)));
    assert!(matches!(receiver.verification(&json!({ "signing": "none" })), Verification::Unsigned));
    // An id that nothing signs identifies nothing.
    let body = json!({ "event": "contact_updated", "id": 7, "delivery": "d-1" });
    assert!(received(FILE, "/x", json!({ "signing": "none" }), body).contains("signed: false"));
}

#[tokio::test]
async fn a_subscription_is_made_once_renewed_and_removed() {
    let provider = Provider::new(FILE, |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/webhooks") => ok(json!({ "data": [
            { "id": 4, "url": "https://host.example/hooks/old", "ends": "2026-06-02T00:00:00Z" },
            { "id": 5, "url": "https://host.example/hooks/other" },
        ] })),
        ("POST", "/webhooks") => ok(json!({ "webhook": { "id": 6, "secret": "s-canary" } })),
        _ => ok(json!({})),
    });
    let connector = provider.connect();
    let entities = ["contacts", "messages"].map(EntityName::new);
    let new: Url = "https://host.example/hooks/new".parse().unwrap();
    let made = connector
        .subscriptions(
            SubscriptionsRequest::ensure(new, entities.clone()).with_secret(SecretString::from("mine")),
        )
        .await
        .unwrap();
    assert_eq!(made.active[0].id.as_str(), "6");
    assert_eq!(made.active[0].ends_at.unwrap().to_rfc3339(), "2026-06-04T12:00:00+00:00");
    assert_eq!(made.secrets[0].1.expose_secret(), "s-canary");
    assert!(!format!("{made:?}").contains("canary"));
    assert_eq!(
        provider.asked(),
        [
            "GET /webhooks",
            r#"POST /webhooks {"on":["contact_merged","contact_deleted","contact_created","contact_updated","message_created"],"secret":"mine","url":"https://host.example/hooks/new"}"#,
        ]
    );

    let old: Url = "https://host.example/hooks/old".parse().unwrap();
    let known = connector.subscriptions(SubscriptionsRequest::ensure(old.clone(), entities)).await.unwrap();
    assert_eq!(known.active[0].id.as_str(), "4");
    assert_eq!(provider.asked(), ["GET /webhooks"]);

    let before = Utc.with_ymd_and_hms(2026, 6, 2, 12, 0, 0).unwrap();
    let kept = connector.subscriptions(SubscriptionsRequest::renew(before)).await.unwrap();
    assert_eq!(kept.active.len(), 2);
    assert_eq!(provider.asked(), ["GET /webhooks", "POST /webhooks/4/renew"]);

    connector.subscriptions(SubscriptionsRequest::remove(old)).await.unwrap();
    assert_eq!(provider.asked(), ["GET /webhooks", "DELETE /webhooks/4"]);
}
