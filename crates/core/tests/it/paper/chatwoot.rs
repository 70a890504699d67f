//! Chatwoot's messages belong to conversations: a child entity, read parent by parent, and pushed by webhook.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tieline_core::webhook::{
    DeliveryId, Hint, HintKind, Hints, ReceiveRequest, SignatureAlgorithm, SignatureScheme, TimestampPlace,
    Verification, WebhookEvent, WebhookReceiver, WebhookRoute,
};

use super::*;

#[derive(Debug)]
pub(super) struct Chatwoot;

paper_connector! { Chatwoot {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let mut messages = Entity::new("messages", "Messages");
        messages.parent = Some("conversations".into());
        Ok(Catalog::new(vec![messages]))
    }

    async fn partitions(&self, request: PartitionsRequest) -> Result<Partitions> {
        Ok(match request.after {
            None => Partitions::new([PartitionEntry::new("conversation-1").with_changed_at("1767225600")])
                .with_next(Some("2".into())),
            Some(_) => Partitions::new(["conversation-2"]).with_state(Some(State::new(1, "1767225600")?)),
        })
    }

    fn write(&self, request: WriteRequest) -> Result<OutcomeStream> {
        let Some(conversation) = request.partition else {
            return Err(Error::new(ErrorKind::Config, "messages are written to a conversation"));
        };
        let outcomes = request.operations.into_iter().map(move |operation| {
            let key = Key::from_parts([conversation.as_str(), operation.id.as_str()]);
            OperationOutcome::new(operation.id, Outcome::applied(Some(key)))
        });
        Ok(Box::pin(stream::iter(outcomes.collect::<Vec<_>>())))
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let partition = request.partition.ok_or_else(|| {
            Error::new(ErrorKind::Config, "messages are read by conversation").with_advice("name a partition")
        })?;
        let batch = Batch::new("messages", vec![upsert("9", "{}")], State::new(1, &9)?);
        Ok(batches(vec![batch.with_partition(Some(partition))]))
    }
} }

impl WebhookReceiver for Chatwoot {
    fn route(&self, request: &::http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        Ok(vec![WebhookRoute::PathToken(token.into())])
    }

    fn verification(&self, _: &serde_json::Value) -> Verification {
        Verification::Signature(
            SignatureScheme::new("x-chatwoot-signature")
                .with_signed("{timestamp}.{body}")
                .with_prefix("sha256=")
                .with_timestamp(
                    TimestampPlace::Header("x-chatwoot-timestamp".into()),
                    TimestampForm::Seconds,
                ),
        )
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let id = delivery.request.headers().get("x-chatwoot-delivery").and_then(|id| id.to_str().ok());
        let hint = Hint::new("messages", Some("9".into()))
            .with_partition(Some("conversation-1".into()))
            .with_kind(HintKind::Deleted);
        Ok(Hints::new(vec![hint]).with_id(id.map(DeliveryId::unsigned)).into())
    }
}

#[tokio::test]
async fn children_are_read_by_parent() {
    assert!(Chatwoot.read(ReadRequest::changes("messages")).is_err());
    let mut request = PartitionsRequest::new("messages");
    let mut partitions = Vec::new();
    let state = loop {
        let page = Chatwoot.partitions(request.clone()).await.unwrap();
        partitions.extend(page.partitions);
        if page.next.is_none() {
            break page.state;
        }
        request = request.with_after(page.next);
    };
    assert!(state.is_some());
    assert_eq!(partitions.len(), 2);
    for PartitionEntry { partition, .. } in partitions {
        let request = ReadRequest::changes("messages").with_partition(partition.clone());
        assert_eq!(collect(Chatwoot.read(request).unwrap()).await[0].partition, Some(partition));
    }
}

#[test]
fn a_notification_is_routed_then_verified_then_read() {
    let request = ::http::Request::post("/hooks/tok1")
        .header("x-chatwoot-delivery", "d-1")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    assert_eq!(Chatwoot.route(&request).unwrap(), [WebhookRoute::PathToken("tok1".into())]);
    let Verification::Signature(scheme) = Chatwoot.verification(&serde_json::Value::Null) else { panic!() };
    assert!(scheme.covers_body() && scheme.algorithm == SignatureAlgorithm::HmacSha256);
    let url = "https://host.test/hooks/tok1".parse().unwrap();
    let config = serde_json::json!({ "account": 1 });
    let secrets = [SecretString::from("s")];
    let delivery = ReceiveRequest::new(&request, &url, &secrets, &config, DateTime::<Utc>::UNIX_EPOCH);
    let WebhookEvent::Hints(hints) = Chatwoot.receive(&delivery).unwrap() else { panic!() };
    // The signature does not cover the id, so that a repeated one proves nothing.
    assert!(hints.id.is_some_and(|id| !id.signed));
    assert_eq!(hints.hints[0].kind, HintKind::Deleted);
}

#[tokio::test]
async fn a_child_is_written_to_its_parent_under_a_composite_key() {
    let create = || vec![Operation::new("a/b", WriteOp::create(RawJson::parse("{}").unwrap()))];
    assert!(Chatwoot.write(WriteRequest::new("messages", create())).is_err());
    let request = WriteRequest::new("messages", create()).with_partition("7".into());
    let outcomes: Vec<_> = Chatwoot.write(request).unwrap().collect().await;
    let Outcome::Applied { key: Some(key), .. } = &outcomes[0].outcome else { panic!("{outcomes:?}") };
    assert_eq!(key.parts().collect::<Vec<_>>(), ["7", "a/b"]);
}
