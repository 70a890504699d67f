//! Chatwoot's messages belong to conversations: a child entity, read parent by parent, and pushed by webhook.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::webhook::{Hint, WebhookEvent, WebhookReceiver, WebhookRoute};

use super::*;

#[derive(Debug)]
pub(super) struct Chatwoot;

paper_connector! { Chatwoot {
    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        Ok(Catalog::new(vec![Entity::new("messages", "Messages")]))
    }

    async fn partitions(&self, _: PartitionsRequest) -> Result<Partitions> {
        Ok(Partitions::new(["conversation-1", "conversation-2"]))
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
    fn route(&self, request: &::http::Request<Bytes>) -> Result<WebhookRoute> {
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        Ok(WebhookRoute::PathToken(token.into()))
    }

    fn receive(
        &self,
        request: &::http::Request<Bytes>,
        secrets: &[SecretString],
        _: DateTime<Utc>,
    ) -> Result<WebhookEvent> {
        let signature = request.headers().get("x-chatwoot-signature").map(|value| value.as_bytes());
        if !secrets.iter().any(|secret| Some(secret.expose_secret().as_bytes()) == signature) {
            return Err(Error::new(ErrorKind::Unauthenticated, "the signature is wrong"));
        }
        Ok(WebhookEvent::Hints { id: None, hints: vec![Hint::new("messages", Some("9".into()))] })
    }
}

#[tokio::test]
async fn children_are_read_by_parent() {
    assert!(Chatwoot.read(ReadRequest::changes("messages")).is_err());
    let partitions = Chatwoot.partitions(PartitionsRequest::new("messages")).await.unwrap().partitions;
    for PartitionEntry { partition, .. } in partitions {
        let request = ReadRequest::changes("messages").with_partition(partition.clone());
        assert_eq!(collect(Chatwoot.read(request).unwrap()).await[0].partition, Some(partition));
    }
}

#[test]
fn a_notification_is_routed_then_verified() {
    let request =
        ::http::Request::post("/hooks/tok1").header("x-chatwoot-signature", "s").body(Bytes::new()).unwrap();
    assert_eq!(Chatwoot.route(&request).unwrap(), WebhookRoute::PathToken("tok1".into()));
    assert!(Chatwoot.receive(&request, &["other".into()], DateTime::<Utc>::UNIX_EPOCH).is_err());
    assert!(matches!(
        Chatwoot.receive(&request, &["old".into(), "s".into()], DateTime::<Utc>::UNIX_EPOCH).unwrap(),
        WebhookEvent::Hints { hints, .. } if hints.len() == 1
    ));
}
