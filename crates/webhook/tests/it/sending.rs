//! Events are sent to subscribers, and verified by the reference library.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{ErrorKind, RawJson, Result};
use tieline_http::{NetworkPolicy, ReqwestTransport, SystemResolver, Timeouts};
use tieline_store::contract::Elapse;
use tieline_store::events::{EventStore, NewEvent};
use tieline_store::webhooks::{NotificationStatus, NotificationStore};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_vault::{Key, KeyRing, Vault};
use tieline_webhook::{NotificationSender, Subscribers};

/// A subscriber that responds with a status, and keeps what it took.
#[derive(Debug)]
struct Receiver {
    status: AtomicU16,
    taken: Mutex<Vec<(HeaderMap, String)>>,
    asked: AtomicU16,
}

impl Receiver {
    fn new(status: u16) -> Arc<Self> {
        Arc::new(Self { status: status.into(), taken: Mutex::default(), asked: 0.into() })
    }

    fn ids(&self) -> BTreeMap<String, u32> {
        let mut ids = BTreeMap::new();
        for (headers, _) in self.taken.lock().unwrap().iter() {
            *ids.entry(headers["webhook-id"].to_str().unwrap().to_owned()).or_default() += 1;
        }
        ids
    }
}

#[async_trait]
impl Transport for Receiver {
    async fn send(&self, request: Request<RequestBody>) -> Result<Response<BodyStream>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let status = self.status.load(Ordering::SeqCst);
        let (head, body) = request.into_parts();
        if status == 204 {
            let body = String::from_utf8(body.as_bytes().unwrap().to_vec()).unwrap();
            self.taken.lock().unwrap().push((head.headers, body));
        }
        let body: BodyStream = Box::pin(stream::empty());
        Ok(Response::builder().status(status).body(body).unwrap())
    }
}

struct World {
    store: Arc<SqliteStore>,
    vault: Vault,
    subscribers: Subscribers,
    id: String,
    secret: SecretString,
}

impl World {
    async fn new(url: &str) -> Self {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
        let subscribers = Subscribers::new(store.clone(), vault.clone());
        let created = subscribers.create(&url.parse().unwrap(), ["sync.*"], None).await.unwrap();
        let id = created.subscriber.id.to_string();
        Self { store, vault, subscribers, id, secret: created.secret }
    }

    fn sender(&self, transport: Arc<dyn Transport>) -> NotificationSender {
        NotificationSender::new(self.store.clone(), self.vault.clone(), transport)
    }

    async fn append(&self, count: usize) {
        let event =
            NewEvent::new("sync.failed", RawJson::parse(r#"{"name":"G\u00e4vle","n":1.50}"#).unwrap());
        self.store.append_events(&"crm".into(), vec![event; count]).await.unwrap();
    }

    async fn count(&self, status: NotificationStatus) -> usize {
        self.store.notifications(&self.id, Some(status), None, 5_000).await.unwrap().len()
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn the_reference_library_verifies_both_secrets_of_a_rotation() {
    let world = World::new("https://example.test/hook").await;
    let receiver = Receiver::new(204);
    world.append(1).await;
    let sender = world.sender(receiver.clone());
    assert_eq!(sender.run().await.unwrap().delivered, 1);
    let next = world.subscribers.rotate(&world.id, HOUR).await.unwrap();
    world.append(1).await;
    sender.run().await.unwrap();
    world.store.elapse(HOUR).await;
    world.append(1).await;
    sender.run().await.unwrap();
    let verifies = |secret: &SecretString, (headers, body): &(HeaderMap, String)| {
        let verifier = standardwebhooks::Webhook::new(secret.expose_secret()).unwrap();
        verifier.verify(body.as_bytes(), headers).is_ok()
    };
    let taken = receiver.taken.lock().unwrap();
    let by = |secret| taken.iter().map(|one| verifies(secret, one)).collect::<Vec<_>>();
    assert_eq!(by(&world.secret), [true, true, false], "before, during, after");
    assert_eq!(by(&next), [false, true, true]);
    let body: serde_json::Value = serde_json::from_str(&taken[0].1).unwrap();
    assert_eq!((&body["type"], &body["connection"]), (&"sync.failed".into(), &"crm".into()));
    assert!(taken[0].1.contains("1.50"));
}

#[tokio::test]
async fn a_subscriber_that_fails_for_two_days_gets_every_event_once_it_returns() {
    let world = World::new("https://example.test/hook").await;
    let receiver = Receiver::new(503);
    let sender = world.sender(receiver.clone());
    for hour in 0..48 {
        world.append(if hour == 0 { 1_060 } else { 1 }).await;
        let report = sender.run().await.unwrap();
        assert_eq!((report.delivered, report.given_up), (0, 0));
        let waiting = world.count(NotificationStatus::Pending).await;
        assert!(waiting < 1_200, "the rest stays in the log: {waiting}");
        world.store.elapse(HOUR).await;
    }
    assert!(receiver.asked.load(Ordering::SeqCst) <= 48 * 3, "one that fails is left alone");
    receiver.status.store(204, Ordering::SeqCst);
    for _ in 0..30 {
        sender.run().await.unwrap();
        world.store.elapse(HOUR).await;
    }
    let ids = receiver.ids();
    assert_eq!(ids.len(), 1_060 + 47, "every event");
    assert!(ids.values().all(|times| *times == 1), "once");
    let log = world.subscribers.attempts(&world.id, None, 5_000).await.unwrap();
    assert!(log.iter().any(|one| one.attempt.http_status == Some(503)), "each attempt is in the log");
    assert_eq!(log.iter().filter(|one| one.attempt.http_status == Some(204)).count(), ids.len());
}

#[tokio::test]
async fn one_that_fails_for_longer_is_paused_and_gets_the_rest_when_it_is_resumed() {
    let world = World::new("https://example.test/hook").await;
    let receiver = Receiver::new(410);
    let sender = world.sender(receiver.clone());
    world.append(2).await;
    let mut given_up = 0;
    for _ in 0..100 {
        given_up += sender.run().await.unwrap().given_up;
        world.store.elapse(HOUR).await;
    }
    assert!(given_up >= 1);
    let paused = &world.subscribers.list(None, 9).await.unwrap()[0];
    assert!(!paused.is_active && paused.pause.as_deref().is_some_and(|why| why.contains("three days")));
    let events = world.store.events_since(Some(2), 9).await.unwrap().events;
    assert_eq!(events[0].kind, "webhook.paused", "its owner is told");
    let asked = receiver.asked.load(Ordering::SeqCst);
    sender.run().await.unwrap();
    assert_eq!(receiver.asked.load(Ordering::SeqCst), asked, "a paused one is left alone");

    receiver.status.store(204, Ordering::SeqCst);
    world.append(1).await;
    world.subscribers.resume(&world.id).await.unwrap();
    let since = chrono::DateTime::UNIX_EPOCH;
    world.subscribers.replay_since(&world.id, since, 99).await.unwrap();
    sender.run().await.unwrap();
    assert_eq!(receiver.ids().len(), 3, "what waited, what was given up, and what came meanwhile");
    assert!(world.subscribers.replay(&world.id, 1).await.unwrap());
    sender.run().await.unwrap();
    assert!(receiver.ids().values().any(|times| *times == 2), "a replay has the id of the first attempt");
}

/// A server on this machine that redirects to itself.
async fn redirecting() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(|| async { (http::StatusCode::FOUND, [("location", "/taken")]) });
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[tokio::test]
async fn private_addresses_and_redirects_are_refused() {
    let url = redirecting().await;
    let transport = |policy: NetworkPolicy| {
        Arc::new(ReqwestTransport::new(policy, Timeouts::default(), Arc::new(SystemResolver)).unwrap())
    };
    let world = World::new(&url).await;
    world.append(1).await;
    let sender = world.sender(transport(NetworkPolicy::public_only()));
    assert_eq!(sender.run().await.unwrap().retried, 1);
    world.store.elapse(HOUR).await;
    let allowed = NetworkPolicy::public_only().allow("127.0.0.1/32").unwrap();
    assert_eq!(world.sender(transport(allowed)).run().await.unwrap().retried, 1);
    let log = world.subscribers.attempts(&world.id, None, 9).await.unwrap();
    let statuses: Vec<_> = log.iter().map(|one| one.attempt.http_status).collect();
    assert_eq!(statuses, [None, Some(302)], "{log:?}");
    assert!(log[1].attempt.note.as_deref().unwrap().contains("redirects"));
    for wrong in ["ftp://example.test/x", "https://user:pass@example.test/", "mailto:x@example.test"] {
        let error = world.subscribers.create(&wrong.parse().unwrap(), ["x"], None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!error.to_string().contains("pass"));
    }
}

#[tokio::test]
async fn one_that_is_silent_is_not_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = World::new(&format!("http://{}/", listener.local_addr().unwrap())).await;
    world.append(1).await;
    let policy = NetworkPolicy::public_only().allow("127.0.0.1/32").unwrap();
    let transport = ReqwestTransport::new(policy, Timeouts::default(), Arc::new(SystemResolver)).unwrap();
    let sender = world.sender(Arc::new(transport)).with_timeout(Duration::from_millis(100));
    assert_eq!(sender.run().await.unwrap().retried, 1);
    let log = world.subscribers.attempts(&world.id, None, 9).await.unwrap();
    assert!(log[0].attempt.note.as_deref().unwrap().contains("in time"));
}
