//! Webhooks of a connection from end to end: subscribed, received, looked up, lost and found, and sent on as events.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tieline::chatwoot::{ChatwootConfig, ChatwootFactory};
use tieline::sqlite::SqliteStore;
use tieline::store::connections::NewConnection;
use tieline::store::webhooks::WebhookEndpoint;
use tieline::store::{InboxStore, SyncStore};
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::webhooks::inbox::{CreatedEndpoint, EndpointOptions};
use tieline::{
    ConnectionHandle, Connector, Erase, ErrorKind, Fields, Operation, Outcome, RawJson, SubscriptionsRequest,
    Tieline, WriteOp, WriteRequest,
};
use tieline_sandbox::engine::Provider;
use tieline_sandbox::{Clock, Sandbox, Server};

struct World {
    sandbox: Server<Provider>,
    app: Tieline,
    store: SqliteStore,
    desk: ConnectionHandle,
}

fn streams(run: OneWaySync) -> OneWaySync {
    run.stream(StreamPlan::mirror("contacts"))
}

impl World {
    /// A connection of the tenant `acme` to a Chatwoot that was read once.
    async fn new() -> Self {
        let sandbox = Sandbox::chatwoot(Clock::system(), 12).unwrap().serve().await.unwrap();
        let database = SqliteStore::in_memory().await.unwrap();
        let app = Tieline::builder()
            .store(Arc::new(database.clone()))
            .vault(Vault::new(KeyRing::new(Key::generate().unwrap())))
            .provider(ChatwootFactory::default())
            .public_url("https://app.example.com".parse().unwrap())
            .allow_network("127.0.0.1/32")
            .record_events(true)
            .build()
            .await
            .unwrap();
        let config = ChatwootConfig::new(sandbox.base_url(), 1).with_unsigned_webhooks();
        let new =
            NewConnection::new("desk", "chatwoot", "Desk").with_config(serde_json::to_value(config).unwrap());
        let secret = Fields::new([("api_key", sandbox.token("administrator"))]);
        app.tenant("acme").draft(new, secret).unwrap().store(&"anna".into()).await.unwrap();
        let desk = app.connection("acme", "desk");
        desk.sync(streams).await.unwrap().into_result().unwrap();
        Self { sandbox, app, store: database.for_tenant("acme".into()), desk }
    }

    async fn endpoint(&self) -> CreatedEndpoint {
        let endpoints = self.desk.tenant().endpoints().unwrap();
        let options = EndpointOptions::default().with_entities(["contacts"]);
        endpoints.create(self.desk.id(), "chatwoot", options).await.unwrap()
    }

    async fn stored(&self, id: &str) -> WebhookEndpoint {
        use tieline::store::webhooks::EndpointStore as _;
        self.store.endpoint(id).await.unwrap().unwrap()
    }

    /// A contact that is made at the provider. Returns its id.
    async fn contact(&self, name: &str) -> Value {
        let connector = self.desk.connect().await.unwrap();
        let inbox = json!({ "name": format!("Inbox of {name}") });
        let inbox = WriteOp::invoke("create_api_inbox", RawJson::of(&inbox).unwrap());
        let inbox = write(&*connector, "inboxes", inbox).await;
        let fields =
            json!({ "name": name, "email": format!("{name}@example.test"), "inbox_id": inbox["id"] });
        let create = WriteOp::create(RawJson::of(&fields).unwrap());
        let operations = vec![Operation::new("1", create)];
        let mut outcomes = connector.write(WriteRequest::new("contacts", operations)).unwrap();
        match outcomes.next().await.unwrap().outcome {
            Outcome::Applied { key: Some(key), .. } => key.as_str().parse::<u64>().unwrap().into(),
            other => panic!("{other:?}"),
        }
    }

    async fn deliver(&self, endpoint: &CreatedEndpoint, body: &Value) -> u16 {
        let path = format!("/webhooks/chatwoot/{}", endpoint.path.expose_secret());
        let request = http::Request::post(&path).body(Bytes::from(body.to_string())).unwrap();
        let factory = self.app.webhook_factory("chatwoot").unwrap();
        let url = format!("https://app.example.com{path}").parse().unwrap();
        let inbox = self.app.webhook_inbox().unwrap();
        inbox.receive("chatwoot", factory.webhooks().unwrap(), &request, &url).await.status().as_u16()
    }

    async fn names(&self) -> Vec<String> {
        let records = self.store.records(self.desk.id(), &"contacts".into(), None, 1_000).await.unwrap();
        let name = |record: &tieline::Record| {
            let record: Value = serde_json::from_str(record.payload.get()).unwrap();
            record["name"].as_str().unwrap_or_default().to_owned()
        };
        records.iter().map(name).collect()
    }

    async fn kinds(&self) -> Vec<String> {
        let events = self.store.events_since(None, 99).await.unwrap().events;
        events.into_iter().map(|event| event.kind).collect()
    }
}

async fn write(connector: &dyn Connector, entity: &str, op: WriteOp) -> Value {
    let operations = vec![Operation::new("1", op)];
    let mut outcomes = connector.write(WriteRequest::new(entity, operations)).unwrap();
    match outcomes.next().await.unwrap().outcome {
        Outcome::Applied { output: Some(output), .. } => serde_json::from_str(output.get()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hint_is_looked_up_and_a_forged_record_is_not_believed() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let before = world.names().await.len();
    let id = world.contact("Kari").await;
    let forged = json!({ "event": "contact_created", "id": id, "name": "Mallory" });
    for _ in 0..3 {
        assert_eq!(world.deliver(&endpoint, &forged).await, 202);
    }
    let other = json!({ "event": "conversation_created", "id": 1 });
    assert_eq!(world.deliver(&endpoint, &other).await, 202, "the endpoint takes contacts only");
    let report = world.desk.handle_deliveries(streams).await.unwrap();
    assert_eq!((report.done, report.retried), (3, 0));
    let names = world.names().await;
    assert_eq!(names.len(), before + 1);
    assert!(names.contains(&"Kari".to_owned()) && !names.contains(&"Mallory".to_owned()));
    assert_eq!(world.kinds().await, ["sync.completed"]);
    // A connection that is gone takes none, and its path is gone with it.
    world.desk.disconnect(Erase::Everything, &"anna".into()).await.unwrap();
    assert_eq!(world.deliver(&endpoint, &forged).await, 404);
}

#[tokio::test]
async fn a_provider_that_is_away_is_asked_again() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let id = world.contact("Kari").await;
    world.sandbox.set_token("administrator", "another");
    let event = json!({ "event": "contact_created", "id": id });
    assert_eq!(world.deliver(&endpoint, &event).await, 202);
    let report = world.desk.handle_deliveries(streams).await.unwrap();
    assert_eq!((report.done, report.retried, report.dead), (0, 1, 0));
    let [waits] = world.store.deliveries(world.desk.id(), None, None, 9).await.unwrap().try_into().unwrap();
    assert!(waits.note.is_some() && waits.due > waits.received_at);
}

#[tokio::test]
async fn a_lost_subscription_is_made_again_and_what_was_missed_is_read() {
    let world = World::new().await;
    let endpoint = world.endpoint().await;
    let id = endpoint.endpoint.id.as_str();
    let first = world.desk.subscribe(id, &[]).await.unwrap().active;
    assert_eq!((first.len(), world.stored(id).await.subscriptions.len()), (1, 1));
    let again = world.desk.subscribe(id, &[]).await.unwrap().active;
    assert_eq!(again[0].id, first[0].id, "doing it again changes nothing");
    let day = std::time::Duration::from_secs(86_400);
    let check = world.desk.check_subscriptions(day).await.unwrap();
    assert_eq!((check.kept, check.lost), (1, 0));

    // Somebody removes it at the provider, and a change is missed.
    let endpoints = world.desk.tenant().endpoints().unwrap();
    let address = endpoints.address(id, &world.app.webhook_base("chatwoot").unwrap()).await.unwrap();
    let connector = world.desk.connect().await.unwrap();
    connector.subscriptions(SubscriptionsRequest::remove(address.clone())).await.unwrap();
    world.contact("Missed").await;
    let check = world.desk.check_subscriptions(day).await.unwrap();
    assert_eq!((check.kept, check.lost), (0, 1));
    assert_ne!(world.stored(id).await.subscriptions[0].id, first[0].id);
    assert_eq!(world.desk.handle_deliveries(streams).await.unwrap().done, 1);
    assert!(world.names().await.contains(&"Missed".to_owned()));

    assert_eq!(world.desk.unsubscribe().await.unwrap(), 1);
    assert_eq!(world.desk.unsubscribe().await.unwrap(), 0);
    assert_eq!(world.desk.check_subscriptions(day).await.unwrap(), Default::default());
    let unknown = world.desk.subscribe("we_unknown", &[]).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}
