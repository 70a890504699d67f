//! Keys that a provider publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tieline_core::{Error, ErrorKind, Result};
use tieline_webhook::{FetchKey, FetchedKeys, Identity, Refusal, Trust, Verified, sns_address};
use url::Url;

use crate::{Delivery, computed, text};

/// Publishes one text, and counts who asks.
#[derive(Debug, Default)]
struct Published {
    text: Option<String>,
    asked: AtomicUsize,
}

#[async_trait]
impl FetchKey for Published {
    async fn fetch(&self, address: &Url) -> Result<Bytes> {
        assert_eq!(address.scheme(), "https");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let text = self.text.clone().map(Bytes::from);
        text.ok_or_else(|| Error::new(ErrorKind::Unavailable, "nobody is there"))
    }
}

struct World {
    published: Arc<Published>,
    keys: FetchedKeys,
}

impl World {
    fn new(text: Option<&str>) -> Self {
        let published = Arc::new(Published { text: text.map(str::to_owned), asked: AtomicUsize::new(0) });
        Self { keys: FetchedKeys::new(published.clone()), published }
    }

    /// Nothing here waits.
    fn verify(&self, delivery: &Delivery) -> Result<Verified, Refusal> {
        let verifier = delivery.verifier();
        let request = delivery.delivery();
        let mut future = std::pin::pin!(self.keys.verify(&verifier, &request));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(found) => found,
            Poll::Pending => panic!("it waits"),
        }
    }

    fn asked(&self) -> usize {
        self.published.asked.load(Ordering::Relaxed)
    }
}

fn sns(vectors: &Value, which: &str) -> Delivery {
    Delivery::named("aws-sns", text(vectors, "/aws_sns/topic"), text(vectors, &format!("/aws_sns/{which}")))
}

#[test]
fn amazon_signs_the_message_of_a_topic() {
    let vectors = computed();
    let world = World::new(Some(text(&vectors, "/aws_sns/certificate")));
    for which in ["notification", "without_subject", "confirmation"] {
        let found =
            world.verify(&sns(&vectors, which)).unwrap_or_else(|refusal| panic!("{which}: {refusal}"));
        assert_eq!(found.trust, Trust::Content);
        assert!(matches!(found.identity, Identity::Exact(_)) && found.id.unwrap().signed);
    }
    assert_eq!(world.asked(), 1, "the certificate is kept");
    let old = sns(&vectors, "notification_sha1");
    assert!(world.verify(&old).is_err(), "the version is the endpoint's, not the message's");
    let mut pinned = old;
    pinned.verification = tieline_core::webhook::Verification::Named("aws-sns-sha1".into());
    assert!(world.verify(&pinned).is_ok());

    let right = sns(&vectors, "notification");
    let body = text(&vectors, "/aws_sns/notification").to_owned();
    for (from, to) in [
        ("m1", "m2"),
        ("Amazon SES", "Amazon  SES"),
        ("22b80b92", "22b80b93"),
        ("\"Subject\"", "\"subject\""),
    ] {
        assert!(world.verify(&right.clone().body(body.replace(from, to))).is_err(), "{from}");
    }
    assert!(matches!(world.verify(&right.clone().later(3_901)).unwrap_err(), Refusal::Stale { .. }));
    let other = right.secrets(&["arn:aws:sns:eu-north-1:123456789012:other"]);
    let before = world.asked();
    assert!(matches!(world.verify(&other).unwrap_err(), Refusal::Misdirected(_)));
    assert_eq!(world.asked(), before, "a stranger's topic costs no request");
}

#[test]
fn certificates_are_amazons() {
    for right in
        ["https://sns.eu-north-1.amazonaws.com/a.pem", "https://sns.cn-north-1.amazonaws.com.cn/a.pem"]
    {
        assert!(sns_address(right).is_some(), "{right}");
    }
    let vectors = computed();
    let world = World::new(Some(text(&vectors, "/aws_sns/certificate")));
    let right = text(&vectors, "/aws_sns/notification").to_owned();
    for wrong in [
        "http://sns.eu-north-1.amazonaws.com/SimpleNotificationService-0123.pem",
        "https://sns.eu-north-1.amazonaws.com.evil.test/a.pem",
        "https://evil.test/sns.eu-north-1.amazonaws.com/a.pem",
        "https://sns.a.b.amazonaws.com/a.pem",
        "https://sns..amazonaws.com/a.pem",
        "https://user@sns.eu-north-1.amazonaws.com/a.pem",
        "https://sns.eu-north-1.amazonaws.com:8443/a.pem",
        "https://sns.eu-north-1.amazonaws.com/a.pem?x=1",
        "https://bucket.s3.amazonaws.com/a.pem",
        "",
    ] {
        let body =
            right.replace("https://sns.eu-north-1.amazonaws.com/SimpleNotificationService-0123.pem", wrong);
        assert_ne!(body, right);
        assert!(world.verify(&sns(&vectors, "notification").body(body)).is_err(), "{wrong}");
    }
    assert_eq!(world.asked(), 0, "nobody else is asked");
}

#[test]
fn google_names_the_audience_and_the_sender() {
    let vectors = computed();
    let audience = text(&vectors, "/google_jwt/audience");
    let both = format!("{audience} {}", text(&vectors, "/google_jwt/sender"));
    let world = World::new(Some(text(&vectors, "/google_jwt/keys")));
    let delivery = |which: &str, secret: &str| {
        Delivery::named("google-jwt", secret, r#"{"message":{}}"#)
            .header("authorization", &format!("Bearer {}", text(&vectors, &format!("/google_jwt/{which}"))))
    };
    assert_eq!(world.verify(&delivery("token", &both)).unwrap().trust, Trust::Hint);
    assert!(world.verify(&delivery("token", audience)).is_ok());
    assert!(world.verify(&delivery("other_sender", audience)).is_ok(), "no sender was asked for");
    for wrong in
        ["other_audience", "other_issuer", "other_sender", "unverified_sender", "hs256_by_public_key", "none"]
    {
        assert!(world.verify(&delivery(wrong, &both)).is_err(), "{wrong}");
    }
    assert!(world.verify(&delivery("token", &both).later(3_661)).is_err());
    assert!(world.verify(&delivery("token", &both).later(-61)).is_err());
    assert!(world.verify(&delivery("token", "")).is_err());
    assert!(world.verify(&delivery("token", &both).without("authorization")).is_err());
    assert_eq!(world.asked(), 1);
    assert_eq!(world.verify(&delivery("unknown_key", &both)), Err(Refusal::KeyUnavailable));
    assert_eq!(world.asked(), 1, "a token with an unknown key costs no request so soon");
}

#[test]
fn a_key_that_cannot_be_had_is_not_asked_for_again_at_once() {
    let vectors = computed();
    let world = World::new(None);
    for _ in 0..3 {
        let refusal = world.verify(&sns(&vectors, "notification")).unwrap_err();
        assert_eq!(refusal.status(), http::StatusCode::SERVICE_UNAVAILABLE, "the provider sends again");
    }
    assert_eq!(world.asked(), 1);
}
