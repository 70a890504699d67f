//! Slack sends messages: an action, no record write. A message has no idempotency key, so a lost answer is Unknown.
//! Its events come to one address for all workspaces, and messages are in them that no list gives again.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tieline_core::webhook::{
    DeliveryId, Disconnected, Handshake, ReceiveRequest, Records, Verification, WebhookEvent,
    WebhookReceiver, WebhookRoute,
};

use super::*;

#[derive(Debug)]
pub(super) struct Slack;

paper_connector! { Slack {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut channels = Entity::new("channels", "Channels");
        let input = serde_json::json!({ "type": "object", "required": ["text"] });
        channels.actions.push(Action::new("post_message", "Post a message", input));
        Ok(Catalog::new(vec![channels]))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Ok(batches(Vec::new()))
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let outcomes = request.operations.into_iter().map(|operation| {
            let outcome = match operation.op {
                WriteOp::Invoke { action, key: Some(channel), .. } if action == "post_message" => {
                    Outcome::applied(Some(Key::new(format!("{channel}:1767225600.000100"))))
                }
                _ => Outcome::Rejected(Error::unsupported("this operation")),
            };
            OperationOutcome::new(operation.id, outcome)
        });
        Ok(Box::pin(stream::iter(outcomes.collect::<Vec<_>>())))
    }
} }

#[tokio::test]
async fn a_message_is_an_invocation() {
    let invoke = WriteOp::invoke("post_message", RawJson::parse(r#"{"text":"hej"}"#).unwrap())
        .with_key(Some("C1".into()));
    let request = WriteRequest::new(
        "channels",
        vec![Operation::new("op-1", invoke), Operation::new("op-2", WriteOp::delete("C1"))],
    );
    let outcomes: Vec<_> = Slack.write(request).unwrap().collect().await;
    assert_eq!(outcomes[0].id, "op-1");
    assert!(
        matches!(&outcomes[0].outcome, Outcome::Applied { key: Some(key), .. } if *key == "C1:1767225600.000100")
    );
    assert!(
        matches!(&outcomes[1].outcome, Outcome::Rejected(error) if error.kind() == ErrorKind::Unsupported)
    );
}

impl WebhookReceiver for Slack {
    fn route(&self, request: &::http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        let body: serde_json::Value = RawJson::parse(text(request)?)?.view()?;
        Ok(match body["team_id"].as_str() {
            Some(team) => vec![WebhookRoute::Account(team.into())],
            None => vec![WebhookRoute::App],
        })
    }

    fn verification(&self, _: &serde_json::Value) -> Verification {
        Verification::Named("slack".into())
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let raw = RawJson::parse(text(delivery.request)?)?;
        let body: serde_json::Value = raw.view()?;
        Ok(match body["type"].as_str().unwrap_or_default() {
            "url_verification" => {
                let challenge = body["challenge"].as_str().unwrap_or_default().to_owned();
                WebhookEvent::Handshake(Handshake::echo(challenge)?)
            }
            "app_uninstalled" => {
                WebhookEvent::Disconnected(Disconnected::new(body["team_id"].as_str().map(Text::new)))
            }
            "message" => {
                let record = Change::Upsert(Record::new(body["ts"].as_str().unwrap_or_default(), raw));
                let changes = vec![EntityChanges::new("messages", vec![record])];
                Records::new(changes).with_id(body["event_id"].as_str().map(DeliveryId::signed)).into()
            }
            _ => WebhookEvent::Nothing,
        })
    }
}

fn text(request: &::http::Request<Bytes>) -> Result<&str> {
    std::str::from_utf8(request.body())
        .map_err(|_| Error::new(ErrorKind::Decode, "the delivery is not UTF-8"))
}

fn received(body: &'static str) -> (Vec<WebhookRoute>, Result<WebhookEvent>) {
    let request = ::http::Request::post("/hooks/slack").body(Bytes::from_static(body.as_bytes())).unwrap();
    let url = "https://host.test/hooks/slack".parse().unwrap();
    let secrets = [SecretString::from("s")];
    let delivery =
        ReceiveRequest::new(&request, &url, &secrets, &serde_json::Value::Null, DateTime::<Utc>::MIN_UTC);
    (Slack.route(&request).unwrap(), Slack.receive(&delivery))
}

#[test]
fn a_challenge_is_echoed_as_plain_text_and_bounded() {
    let (routes, event) = received(r#"{"type":"url_verification","challenge":"<script>"}"#);
    assert_eq!(routes, [WebhookRoute::App]);
    let WebhookEvent::Handshake(handshake) = event.unwrap() else { panic!() };
    assert_eq!(handshake.response.body().as_ref(), b"<script>");
    assert_eq!(handshake.response.headers()["content-type"], "text/plain; charset=utf-8");
    let long = format!(r#"{{"type":"url_verification","challenge":"{}"}}"#, "x".repeat(9_000));
    assert_eq!(received(long.leak()).1.unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn messages_come_as_records_by_account() {
    let (routes, event) =
        received(r#"{"type":"message","team_id":"T1","event_id":"E1","ts":"1767225600.000100"}"#);
    assert_eq!(routes, [WebhookRoute::Account("T1".into())]);
    let WebhookEvent::Records(records) = event.unwrap() else { panic!() };
    assert_eq!(records.changes[0].changes[0].key(), &"1767225600.000100");
    let (_, gone) = received(r#"{"type":"app_uninstalled","team_id":"T1"}"#);
    assert!(matches!(gone.unwrap(), WebhookEvent::Disconnected(gone) if gone.account == Some("T1".into())));
}
