//! A delivery is verified, stored, and only then answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode};
use secrecy::SecretString;
use tieline_core::webhook::{HintKind, TokenPlace, TokenScheme, Verification, WebhookEvent};
use tieline_core::{Change, ConnectorFactory, Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::contract::Elapse;
use tieline_store::inbox::{Delivery, DeliveryStatus, InboxStore};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_webhook::inbox::{
    DeliveryHandler, Endpoint, InboxWorker, RateLimit, WebhookInbox, pending_hints,
};

use crate::support::{Demo, OneEndpoint, delivery};

struct World {
    store: SqliteStore,
    factory: Demo,
    inbox: WebhookInbox,
}

impl World {
    async fn new(factory: Demo, change: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        let store = SqliteStore::in_memory().await.unwrap();
        let endpoint = change(OneEndpoint::of(store.clone()));
        Self { store, factory, inbox: WebhookInbox::new(Arc::new(OneEndpoint(endpoint))) }
    }

    async fn send(&self, request: &Request<Bytes>) -> http::Response<Bytes> {
        let url = "https://hooks.example.test/hooks/t0k".parse().unwrap();
        self.inbox.receive("demo", self.factory.webhooks().unwrap(), request, &url).await
    }

    async fn status(&self, request: &Request<Bytes>) -> u16 {
        self.send(request).await.status().as_u16()
    }

    async fn stored(&self) -> Vec<Delivery> {
        self.store.deliveries(&"acme".into(), None, None, 100).await.unwrap()
    }
}

fn at(path: &str, mut request: Request<Bytes>) -> Request<Bytes> {
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn responses_are_what_a_sender_understands() {
    let world = World::new(Demo::signed(), |endpoint| endpoint).await;
    let right = delivery("m1", r#"{"hint":"7"}"#);
    assert_eq!(world.status(&right).await, 202);
    assert_eq!(world.status(&right).await, 202, "a repeated delivery gets the same response");
    assert_eq!(world.stored().await.len(), 1, "and is stored once");
    let again = delivery("m1", r#"{"hint":"7"}"#);
    assert_eq!(world.status(&again).await, 202, "the next attempt has another time and the same id");
    assert_eq!(world.stored().await.len(), 1);

    assert_eq!(world.status(&at("/hooks/other", right.clone())).await, 404);
    assert_eq!(world.status(&at("/hooks/t0k/../../x", right.clone())).await, 404);
    assert_eq!(world.status(&at("/hooks/d0wn", right.clone())).await, 503);
    let mut forged = right.clone();
    *forged.body_mut() = Bytes::from_static(br#"{"hint":"8"}"#);
    assert_eq!(world.status(&forged).await, 401);
    let mut large = right;
    *large.body_mut() = Bytes::from(vec![b'x'; 10 << 20]);
    assert_eq!(world.status(&large).await, 413);
    assert_eq!(world.stored().await.len(), 1, "what is refused leaves nothing");

    let challenge = world.send(&delivery("m2", r#"{"challenge":"<script>"}"#)).await;
    assert_eq!(challenge.status(), StatusCode::OK);
    assert_eq!(challenge.body().as_ref(), b"<script>");
    assert_eq!(challenge.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(challenge.headers()["x-content-type-options"], "nosniff");
    assert_eq!(world.status(&delivery("m3", "{}")).await, 202, "a test concerns nobody");
    assert_eq!(world.stored().await.len(), 1);
}

#[tokio::test]
async fn paused_and_overrun_endpoints_have_the_provider_send_again() {
    let world = World::new(Demo::signed(), Endpoint::paused).await;
    let response = world.send(&delivery("m1", r#"{"hint":"7"}"#)).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"900".parse().unwrap())
    );
    assert!(world.stored().await.is_empty());

    let mut world = World::new(Demo::signed(), |endpoint| endpoint).await;
    world.inbox = world.inbox.with_rate_limit(RateLimit::new(2));
    let mut statuses = Vec::new();
    for n in 0..4 {
        statuses.push(world.status(&delivery(&format!("m{n}"), r#"{"hint":"7"}"#)).await);
    }
    assert_eq!(statuses, [202, 202, 429, 429]);
    let response = world.send(&delivery("m9", "{}")).await;
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait));
}

#[tokio::test]
async fn a_form_that_is_new_is_read_and_not_dropped() {
    let world = World::new(Demo::signed(), |endpoint| endpoint).await;
    assert_eq!(world.status(&delivery("m1", "[1]")).await, 202);
    let [stored] = world.stored().await.try_into().unwrap();
    assert!(matches!(stored.event, WebhookEvent::Missed(missed) if missed.since.is_none()));
}

#[tokio::test]
async fn records_are_believed_only_when_they_are_signed() {
    let world = World::new(Demo::signed(), |endpoint| endpoint).await;
    assert_eq!(world.status(&delivery("m1", r#"{"record":"7"}"#)).await, 202);
    let [stored] = world.stored().await.try_into().unwrap();
    let WebhookEvent::Records(records) = &stored.event else { panic!() };
    let Change::Upsert(record) = &records.changes[0].changes[0] else { panic!() };
    assert_eq!(record.payload.get(), r#"{"total":"1250.10"}"#);

    let token = Verification::Token(TokenScheme::new(TokenPlace::Header("x-token".into())));
    let world = World::new(Demo::new(token), |endpoint| {
        endpoint.with_secrets(vec![SecretString::from("t0ken")]).with_accepted(StatusCode::OK)
    })
    .await;
    let request = |body: &'static str| {
        Request::post("/hooks/t0k").header("x-token", "t0ken").body(Bytes::from_static(body.as_bytes()))
    };
    assert_eq!(world.status(&request(r#"{"record":"7"}"#).unwrap()).await, 200, "as the provider wants it");
    let [stored] = world.stored().await.try_into().unwrap();
    let WebhookEvent::Hints(hints) = &stored.event else { panic!() };
    assert_eq!(
        (hints.hints[0].key.as_ref().unwrap().as_str(), &hints.hints[0].kind),
        ("7", &HintKind::Changed)
    );
    // Nothing tells two of them apart, so that none is dropped.
    assert_eq!(world.status(&request(r#"{"record":"7"}"#).unwrap()).await, 200);
    assert_eq!(world.stored().await.len(), 2);
    assert_eq!(pending_hints(&world.stored().await).len(), 1, "they are looked up once");
}

#[tokio::test]
async fn nothing_of_a_secret_reaches_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let token = Verification::Token(TokenScheme::new(TokenPlace::Body("/token".into())));
    let endpoint = OneEndpoint::of(store.clone()).with_secrets(vec![SecretString::from("canary-5dGz8Qe1")]);
    let inbox = WebhookInbox::new(Arc::new(OneEndpoint(endpoint)));
    let factory = Demo::new(token);
    let body = Bytes::from_static(br#"{"hint":"7","token":"canary-5dGz8Qe1"}"#);
    let request =
        Request::post("/hooks/t0k?k=canary-5dGz8Qe1").header("x-k", "canary-5dGz8Qe1").body(body).unwrap();
    let url = "https://hooks.example.test/hooks/t0k?k=canary-5dGz8Qe1".parse().unwrap();
    let response = inbox.receive("demo", factory.webhooks().unwrap(), &request, &url).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    drop((inbox, store));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"));
    }
}

/// Fails so often, then is well.
#[derive(Debug)]
struct Failing {
    left: AtomicU32,
}

#[async_trait]
impl DeliveryHandler for Failing {
    async fn handle(&self, _: &ConnectionId, deliveries: &[Delivery]) -> Vec<Result<()>> {
        let fails =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let result = || match fails {
            true => Err(Error::new(ErrorKind::Unavailable, "the provider is away")),
            false => Ok(()),
        };
        deliveries.iter().map(|_| result()).collect()
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_shown() {
    let world = World::new(Demo::signed(), |endpoint| endpoint).await;
    assert_eq!(world.status(&delivery("m1", r#"{"hint":"7"}"#)).await, 202);
    let acme: ConnectionId = "acme".into();
    let handler = Arc::new(Failing { left: AtomicU32::new(3) });
    let worker = InboxWorker::new(Arc::new(world.store.clone()), handler.clone()).with_attempts(3);
    let (mut retried, mut dead) = (0, 0);
    for wait in [0, 5, 10] {
        world.store.elapse(Duration::from_secs(wait)).await;
        let report = worker.run(&acme).await.unwrap();
        retried += report.retried;
        dead += report.dead;
    }
    assert_eq!((retried, dead), (2, 1), "5 seconds, then 10, then a person");
    let [shown] = world.stored().await.try_into().unwrap();
    assert_eq!(shown.status, DeliveryStatus::Dead);
    assert!(shown.note.unwrap().contains("the provider is away"));
    assert_eq!(world.store.replay_deliveries(&acme, DeliveryStatus::Dead, None, 9).await.unwrap(), 1);
    assert_eq!(worker.run(&acme).await.unwrap().done, 1);
}
