//! Endpoints that a store keeps.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use secrecy::{ExposeSecret, SecretString};
use tieline_core::webhook::{TokenPlace, TokenScheme, Verification};
use tieline_core::{Clock, ConnectorFactory, ErrorKind, SystemClock};
use tieline_store::TenantId;
use tieline_store::connections::{Actor, ConnectionChange, ConnectionStore, NewConnection};
use tieline_store::contract::Elapse;
use tieline_store::inbox::InboxStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_vault::{Key, KeyRing, Vault};
use tieline_webhook::inbox::{EndpointOptions, Endpoints, StoredEndpoints, WebhookInbox};
use tieline_webhook::{new_secret, signed_headers};

use crate::support::Demo;

struct World {
    store: SqliteStore,
    endpoints: Endpoints,
    vault: Vault,
    inbox: WebhookInbox,
}

impl World {
    /// A tenant `acme` with a connection `crm`, in a database with others.
    async fn new() -> Self {
        let database = SqliteStore::in_memory().await.unwrap();
        let store = database.for_tenant(TenantId::new("acme"));
        let new = NewConnection::new("crm", "demo", "Sales");
        store.create(new, Vec::new(), &Actor::new("anna"), SystemClock.now()).await.unwrap();
        let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
        let endpoints = Endpoints::new(Arc::new(store.clone()), vault.clone());
        let found = StoredEndpoints::new(Arc::new(database), vault.clone());
        Self { store, endpoints, vault, inbox: WebhookInbox::new(Arc::new(found)) }
    }

    async fn send(&self, path: &SecretString, secret: &SecretString, id: &str, body: &str) -> u16 {
        self.send_to("demo", path, secret, id, body).await
    }

    async fn send_to(
        &self,
        provider: &str,
        path: &SecretString,
        secret: &SecretString,
        id: &str,
        body: &str,
    ) -> u16 {
        let path = path.expose_secret();
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let mut request = Request::post(format!("/hooks/{path}")).body(bytes).unwrap();
        let now = SystemClock.now();
        request
            .headers_mut()
            .extend(signed_headers(id, now, body.as_bytes(), std::slice::from_ref(secret)).unwrap());
        let url = format!("https://hooks.example.test/hooks/{path}").parse().unwrap();
        let factory = Demo::signed();
        let response = self.inbox.receive(provider, factory.webhooks().unwrap(), &request, &url).await;
        response.status().as_u16()
    }

    async fn stored(&self) -> usize {
        self.store.deliveries(&"crm".into(), None, None, 100).await.unwrap().len()
    }
}

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_delivery_finds_its_endpoint_by_the_path_and_any_secret_in_force() {
    let world = World::new().await;
    let first = new_secret().unwrap();
    let options = EndpointOptions::default().with_secret(first.clone()).with_entities(["deals"]);
    let created = world.endpoints.create(&"crm".into(), "demo", options).await.unwrap();
    let (path, id) = (&created.path, created.endpoint.id.as_str());
    assert_eq!(world.send(path, &first, "m1", r#"{"hint":"7"}"#).await, 202);
    assert_eq!(world.stored().await, 1);
    let stranger = new_secret().unwrap();
    assert_eq!(world.send(path, &stranger, "m2", r#"{"hint":"7"}"#).await, 401);
    assert_eq!(world.send(&"guessed".into(), &first, "m2", r#"{"hint":"7"}"#).await, 404);
    assert_eq!(
        world.send_to("other", path, &first, "m2", r#"{"hint":"7"}"#).await,
        404,
        "another provider's"
    );
    assert_eq!(world.send(path, &first, "m3", r#"{"record":"7"}"#).await, 202);
    assert_eq!(world.stored().await, 1, "the endpoint does not take messages");

    let second = new_secret().unwrap();
    world.endpoints.rotate(id, Some(second.clone()), DAY).await.unwrap();
    for (number, secret) in [&first, &second].into_iter().enumerate() {
        assert_eq!(world.send(path, secret, &format!("r{number}"), r#"{"hint":"7"}"#).await, 202);
    }
    world.store.elapse(DAY).await;
    assert_eq!(world.send(path, &first, "late", r#"{"hint":"7"}"#).await, 401, "it ended");
    assert_eq!(world.send(path, &second, "m4", r#"{"hint":"7"}"#).await, 202);

    world.endpoints.pause(id).await.unwrap();
    assert_eq!(world.send(path, &second, "m5", r#"{"hint":"7"}"#).await, 503);
    world.endpoints.resume(id).await.unwrap();
    let mut off = ConnectionChange::default();
    off.active = Some(false);
    world.store.change(&"crm".into(), off, &Actor::new("anna"), SystemClock.now()).await.unwrap();
    assert_eq!(
        world.send(path, &second, "m5", r#"{"hint":"7"}"#).await,
        503,
        "the connection is switched off"
    );
    world.endpoints.remove(id).await.unwrap();
    assert_eq!(world.send(path, &second, "m5", r#"{"hint":"7"}"#).await, 404);
    assert_eq!(world.endpoints.pause(id).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_address_is_made_of_the_base_and_the_path() {
    let world = World::new().await;
    let created = world.endpoints.create(&"crm".into(), "demo", EndpointOptions::default()).await.unwrap();
    let id = created.endpoint.id.as_str();
    let path = created.path.expose_secret();
    for base in ["https://app.example.com/hooks/demo", "https://app.example.com/hooks/demo/"] {
        let address = world.endpoints.address(id, &base.parse().unwrap()).await.unwrap();
        assert_eq!(address.as_str(), format!("https://app.example.com/hooks/demo/{path}"));
    }
    let none = world.endpoints.address(id, &"mailto:x@example.com".parse().unwrap()).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Config);
    let made = world.endpoints.secrets(id).await.unwrap();
    assert_eq!(made[0].expose_secret(), created.secret.as_ref().unwrap().expose_secret());
    assert!(!format!("{created:?}").contains(path), "neither path nor secret is shown by Debug");
    let empty = EndpointOptions::default().with_secret(SecretString::from(""));
    let refused = world.endpoints.create(&"crm".into(), "demo", empty).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn secrets_are_sealed_and_follow_the_vaults_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("endpoints.db");
    let store = Arc::new(SqliteStore::open(&file).await.unwrap());
    let (old, new) = (Key::generate().unwrap().to_text(), Key::generate().unwrap().to_text());
    let key = |text| Key::parse(text).unwrap();
    let vault = Vault::new(KeyRing::new(key(&old)));
    let endpoints = Endpoints::new(store.clone(), vault);
    let options = EndpointOptions::default().with_secret(SecretString::from("canary-5dGz8Qe1"));
    let created = endpoints.create(&"crm".into(), "demo", options).await.unwrap();
    let id = created.endpoint.id.as_str();

    let ring = Vault::new(KeyRing::new(key(&new)).with_older(key(&old)));
    assert_eq!(tieline_webhook::rewrap_secrets(&*store, &ring).await.unwrap(), 2);
    assert_eq!(tieline_webhook::rewrap_secrets(&*store, &ring).await.unwrap(), 0);
    let only_new = Endpoints::new(store.clone(), Vault::new(KeyRing::new(key(&new))));
    assert_eq!(only_new.secrets(id).await.unwrap()[0].expose_secret(), "canary-5dGz8Qe1");
    let path = created.path.expose_secret().as_bytes().to_vec();
    drop((endpoints, only_new, store));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"));
        assert!(!bytes.windows(path.len()).any(|part| part == path));
    }
}

#[tokio::test]
async fn an_app_leads_to_the_connections_that_stored_the_account() {
    let world = World::new().await;
    let database = world.store.for_tenant(TenantId::default());
    for (tenant, account) in [("acme", "T1"), ("globex", "T1"), ("initech", "T2")] {
        let store = database.for_tenant(TenantId::new(tenant));
        let mut new = NewConnection::new("chat", "demo", "Chat");
        new.account = Some(account.to_owned());
        store.create(new, Vec::new(), &Actor::new("anna"), SystemClock.now()).await.unwrap();
    }
    let token = Verification::Token(TokenScheme::new(TokenPlace::Header("x-token".into())));
    let factory = Demo::new(token).by_account();
    let found = StoredEndpoints::new(Arc::new(database.clone()), world.vault.clone())
        .with_app("demo", vec![SecretString::from("t0ken")]);
    let inbox = WebhookInbox::new(Arc::new(found));
    let send = async |account: &str, token: &str| {
        let body = Bytes::from_static(br#"{"hint":"7"}"#);
        let request = Request::post(format!("/hooks/{account}")).header("x-token", token).body(body).unwrap();
        let url = "https://hooks.example.test/hooks".parse().unwrap();
        inbox.receive("demo", factory.webhooks().unwrap(), &request, &url).await.status().as_u16()
    };
    assert_eq!(send("T1", "t0ken").await, 202);
    assert_eq!(send("T1", "guess").await, 401);
    assert_eq!(send("T9", "t0ken").await, 404, "nobody stored this account");
    for (tenant, stored) in [("acme", 1), ("globex", 1), ("initech", 0)] {
        let store = database.for_tenant(TenantId::new(tenant));
        let deliveries = store.deliveries(&"chat".into(), None, None, 9).await.unwrap();
        assert_eq!(deliveries.len(), stored, "{tenant}");
    }
}
