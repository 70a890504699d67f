//! The whole life of customers' connections: drafts, consent, use, keys, renewal, the end.

use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;
use tieline::pipedrive::PipedriveFactory;
use tieline::store::connections::{AuditAction, ConnectionChange, ConnectionFilter, Health, NewConnection};
use tieline::store::{ConnectionStore, MemoryStore, SecretStore};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    Callback, CheckRequest, Clock, Environment, Erase, ErrorKind, Fields, OAuthApp, Provider, Revoked,
    Secret, Tenant, Tieline,
};
use tieline_http::TokioClock;
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::pipedrive::Pipedrive as Model;
use tieline_sandbox::{Fault, FaultRule, InProcess, Sandbox};
use url::Url;

const SESSION: &str = "cookie-6d1f";

struct World {
    sandbox: Arc<Sandbox<Model>>,
    memory: MemoryStore,
    clock: TokioClock,
    connections: Tenant,
}

fn ring() -> KeyRing {
    KeyRing::new(Key::generate().unwrap())
}

impl World {
    fn new() -> Self {
        let sandbox = Sandbox::pipedrive();
        let clock = TokioClock::starting_at(sandbox.now());
        let memory = MemoryStore::new().with_clock(Arc::new(clock));
        let connections = build(&sandbox, clock, &memory, ring(), Environment::empty());
        Self { sandbox, memory, clock, connections }
    }

    fn with_keys(&self, keys: KeyRing) -> Tenant {
        build(&self.sandbox, self.clock, &self.memory, keys, Environment::empty())
    }

    async fn consent(&self, id: &str) {
        let url = self.connections.begin_consent(new(id), SESSION).await.unwrap().url;
        let callback = Callback::new(visit(&self.sandbox, &url), SESSION);
        let draft = self.connections.finish_consent(&callback).await.unwrap();
        draft.store(&"anna".into()).await.unwrap();
    }

    async fn works(&self, id: &str) -> tieline::Result<()> {
        let crm = self.connections.connection(id).connect().await?;
        crm.check(CheckRequest::default()).await.map(drop)
    }
}

fn build(
    sandbox: &Arc<Sandbox<Model>>,
    clock: TokioClock,
    memory: &MemoryStore,
    keys: KeyRing,
    environment: Environment,
) -> Tenant {
    let transport = Arc::new(InProcess::new(Arc::clone(sandbox)));
    let app = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
    Tieline::builder()
        .store(Arc::new(memory.clone()))
        .vault(Vault::new(keys))
        .provider(Provider::new(PipedriveFactory::default()).with_app(app))
        .environment(environment)
        .clock(Arc::new(clock))
        .http(|http| http.transport(transport))
        .build_unverified()
        .unwrap()
        .tenant("main")
}

fn new(id: &str) -> NewConnection {
    NewConnection::new(id, "pipedrive", "Sales")
}

fn company(id: &str) -> NewConnection {
    new(id).with_config(json!({ "company": "acme-demo" }))
}

fn token(sandbox: &Sandbox<Model>) -> Fields {
    Fields::new([("api_token", sandbox.token())])
}

/// What a browser does: the query of where it is sent back to.
fn visit(sandbox: &Sandbox<Model>, url: &Url) -> String {
    let reply = sandbox.handle(http::Request::get(url.as_str()).body(bytes::Bytes::new()).unwrap());
    let location: Url = reply.headers["location"].to_str().unwrap().parse().unwrap();
    location.query().unwrap().to_owned()
}

async fn days(days: u64) {
    tokio::time::sleep(Duration::from_secs(days * 86_400)).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_a_person_pasted_is_tried_and_then_kept() {
    let world = World::new();
    let World { connections, memory, sandbox, .. } = &world;
    connections.verify_keys().await.unwrap();

    let mut wrong =
        connections.draft(company("sales"), Fields::new([("api_token", "0".repeat(40))])).unwrap();
    assert_eq!(wrong.check().await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    drop(wrong);
    assert!(memory.connection(&"sales".into()).await.unwrap().is_none());

    let mut draft = connections.draft(company("sales"), token(sandbox)).unwrap();
    assert!(!format!("{draft:?}").contains(&sandbox.token()));
    draft.check().await.unwrap();
    let connection = draft.store(&"anna".into()).await.unwrap();
    assert_eq!((connection.health, connection.created_by.as_str()), (Health::Healthy, "anna"));
    world.works("sales").await.unwrap();
    let [(name, masked)] = &connections.connection("sales").masked().await.unwrap()[..] else {
        panic!("one field")
    };
    assert_eq!(name, "api_token");
    assert!(masked.starts_with('•') && sandbox.token().ends_with(masked.trim_start_matches('•')));

    // A second draft of the same id replaces it, and only when it is stored.
    let other = connections.draft(company("sales"), Fields::new([("api_token", "0".repeat(40))])).unwrap();
    world.works("sales").await.unwrap();
    // It opens another account, or none: it is tried before it takes the place of one that works.
    assert_eq!(other.store(&"ben".into()).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    world.works("sales").await.unwrap();
    sandbox.set_token("f".repeat(40));
    let error = world.works("sales").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    connections.connection("sales").open().await.unwrap().report(Err(&error), &"sync".into()).await.unwrap();
    assert_eq!(memory.connection(&"sales".into()).await.unwrap().unwrap().health, Health::NeedsReconnect);

    let log = memory.audit(None, None, 100).await.unwrap();
    assert!(!format!("{log:?}").contains(&sandbox.token()));
    let stored = log.iter().filter(|entry| entry.action == AuditAction::SecretStored).count();
    assert_eq!(stored, 1);
}

#[tokio::test(start_paused = true)]
async fn a_consent_becomes_a_connection() {
    let world = World::new();
    let World { connections, memory, sandbox, .. } = &world;
    let begun = connections.begin_consent(new("sales"), SESSION).await.unwrap();
    assert!(memory.connection(&"sales".into()).await.unwrap().is_none());
    let callback = Callback::new(visit(sandbox, &begun.url), SESSION);
    let mut draft = connections.finish_consent(&callback).await.unwrap();
    assert_eq!(draft.config()["company"], "https://acme-demo.pipedrive.com");
    draft.check().await.unwrap();
    assert!(memory.connection(&"sales".into()).await.unwrap().is_none());
    let connection = draft.store(&"anna".into()).await.unwrap();
    assert_eq!((connection.name.as_str(), connection.health), ("Sales", Health::Healthy));
    world.works("sales").await.unwrap();

    // An hour later it goes on, and a connector that was there before goes on too.
    let crm = connections.connection("sales").connect().await.unwrap();
    tokio::time::sleep(Duration::from_secs(4000)).await;
    crm.check(CheckRequest::default()).await.unwrap();
    assert_eq!(sandbox.authorization().counters().refreshes, 1);

    // The customer takes the consent back, is asked again, and everybody goes on.
    for consent in sandbox.authorization().consents() {
        sandbox.authorization().withdraw(consent.id).unwrap();
    }
    let error = crm.check(CheckRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let error = crm.check(CheckRequest::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert_eq!(memory.connection(&"sales".into()).await.unwrap().unwrap().health, Health::NeedsReconnect);
    let begun = connections.connection("sales").begin_consent(SESSION).await.unwrap();
    let callback = Callback::new(visit(sandbox, &begun.url), SESSION).expecting("sales");
    connections.finish_consent(&callback).await.unwrap().store(&"anna".into()).await.unwrap();
    crm.check(CheckRequest::default()).await.unwrap();
    assert_eq!(memory.connection(&"sales".into()).await.unwrap().unwrap().health, Health::Healthy);
}

#[tokio::test(start_paused = true)]
async fn another_customer_cannot_answer() {
    let world = World::new();
    let globex = world.connections.tieline().tenant("globex");
    let begun = world.connections.begin_consent(new("sales"), SESSION).await.unwrap();
    let callback = Callback::new(visit(&world.sandbox, &begun.url), SESSION);
    assert_eq!(globex.finish_consent(&callback).await.unwrap_err().kind(), ErrorKind::Rejected);
    world.connections.finish_consent(&callback).await.unwrap().store(&"anna".into()).await.unwrap();
    assert_eq!(globex.connection("sales").connect().await.unwrap_err().kind(), ErrorKind::NotFound);
    world.works("sales").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_is_told_to_the_provider() {
    let world = World::new();
    let World { connections, memory, sandbox, .. } = &world;
    world.consent("sales").await;
    let ended = connections.connection("sales").disconnect(Erase::Secret, &"anna".into()).await.unwrap();
    assert!(matches!(ended.revoked, Revoked::Yes) && ended.erased);
    assert_eq!(sandbox.authorization().counters().revocations, 1);
    let connection = memory.connection(&"sales".into()).await.unwrap().unwrap();
    assert!(!connection.active);
    let off = world.works("sales").await.unwrap_err();
    let mut on = ConnectionChange::default();
    on.active = Some(true);
    memory.change(&"sales".into(), on, &"anna".into(), world.clock.now()).await.unwrap();
    let empty = world.works("sales").await.unwrap_err();

    // A provider that is down keeps nobody from erasing.
    world.consent("support").await;
    let crm = connections.connection("support").connect().await.unwrap();
    crm.check(CheckRequest::default()).await.unwrap();
    sandbox.inject(FaultRule::new(Fault::Status { status: 503, body: None }).on("POST", "/oauth/revoke"));
    let ended =
        connections.connection("support").disconnect(Erase::Everything, &"anna".into()).await.unwrap();
    let Revoked::Failed(failed) = &ended.revoked else { panic!("{ended:?}") };
    assert!(memory.connection(&"support".into()).await.unwrap().is_none());
    assert!(memory.secret(&"support".into(), Secret::NAME).await.unwrap().is_none());
    // Who still holds it cannot go on with tokens that are erased.
    let gone = crm.check(CheckRequest::default()).await.unwrap_err();

    // Keys are erased; there is nothing to take back.
    connections.draft(company("keyed"), token(sandbox)).unwrap().store(&"anna".into()).await.unwrap();
    let ended = connections.connection("keyed").disconnect(Erase::Everything, &"anna".into()).await.unwrap();
    assert!(matches!(ended.revoked, Revoked::NotOffered) && ended.erased);
    let unknown =
        connections.connection("keyed").disconnect(Erase::Everything, &"anna".into()).await.unwrap_err();

    let errors = [&off, &empty, failed, &gone, &unknown].map(ToString::to_string);
    assert_snapshot!(errors.join("\n"), @r"
    the connection is switched off: switch it on before it is used (config, connection=sales)
    there is no credential for Pipedrive: connect the account again (config, connection=sales)
    Pipedrive could not answer a token request: try again later; the provider's status page tells more if it stays (unavailable, HTTP 503, method=POST, host=oauth.pipedrive.com, path=/oauth/revoke, connection=support)
    the connection has no credential any more: let the customer connect again (unauthenticated, connection=support, method=GET, host=acme-demo.pipedrive.com, path=/api/v1/users/me)
    there is no such connection (not_found, connection=keyed)
    ");
}

#[tokio::test(start_paused = true)]
async fn the_environment_comes_after_the_store_and_can_be_imported() {
    let world = World::new();
    let environment = Environment::of([("TIELINE_PIPEDRIVE_API_TOKEN", world.sandbox.token())]);
    let connections = build(&world.sandbox, world.clock, &world.memory, ring(), environment);
    let now = world.clock.now();
    world.memory.create(company("sales"), Vec::new(), &"anna".into(), now).await.unwrap();
    let check = async |connections: &Tenant| {
        connections.connection("sales").connect().await?.check(CheckRequest::default()).await
    };
    check(&connections).await.unwrap();
    assert_eq!(world.works("sales").await.unwrap_err().kind(), ErrorKind::Config);

    let draft = connections.draft_from_environment(company("sales")).unwrap().unwrap();
    draft.store(&"anna".into()).await.unwrap();
    assert_eq!(connections.connection("sales").masked().await.unwrap().len(), 1);
    assert!(world.connections.draft_from_environment(company("sales")).unwrap().is_none());
    // What is stored comes first.
    let wrong = connections.draft(company("sales"), Fields::new([("api_token", "0".repeat(40))])).unwrap();
    wrong.store(&"anna".into()).await.unwrap();
    assert_eq!(check(&connections).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn keys_are_rotated_in_pages_and_found_at_start() {
    let world = World::new();
    let (old, fresh) = (Key::generate().unwrap(), Key::generate().unwrap());
    let (old_text, fresh_text) = (old.to_text(), fresh.to_text());
    let key = |text| Key::parse(text).unwrap();
    let before = world.with_keys(KeyRing::new(key(&old_text)));
    before.verify_keys().await.unwrap();
    for number in 0..450 {
        let draft = before.draft(company(&format!("c{number:03}")), token(&world.sandbox)).unwrap();
        draft.store(&"anna".into()).await.unwrap();
    }
    let both = world.with_keys(KeyRing::new(key(&fresh_text)).with_older(key(&old_text)));
    both.verify_keys().await.unwrap();
    let rotated = both.rotate_keys(&"operator".into()).await.unwrap();
    assert_eq!((rotated.rewrapped, rotated.current, rotated.failed.len()), (450, 0, 0));
    let rotated = both.rotate_keys(&"operator".into()).await.unwrap();
    assert_eq!((rotated.rewrapped, rotated.current), (0, 450));

    let after = world.with_keys(KeyRing::new(key(&fresh_text)));
    after.verify_keys().await.unwrap();
    after.connection("c449").connect().await.unwrap().check(CheckRequest::default()).await.unwrap();
    let lost = before.verify_keys().await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Config);
    // What does not open stays as it was.
    let stranger = world.with_keys(ring().with_older(key(&old_text)));
    let rotated = stranger.rotate_keys(&"operator".into()).await;
    assert!(rotated.is_err());
    after.connection("c000").connect().await.unwrap().check(CheckRequest::default()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_found_in_a_database_without_a_check() {
    let world = World::new();
    let draft = world.connections.draft(company("sales"), token(&world.sandbox)).unwrap();
    draft.store(&"anna".into()).await.unwrap();
    assert_eq!(world.with_keys(ring()).verify_keys().await.unwrap_err().kind(), ErrorKind::Config);
    assert!(world.memory.key_check().await.unwrap().is_none());
    world.connections.verify_keys().await.unwrap();
    assert!(world.memory.key_check().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_would_die_unused_is_renewed() {
    let world = World::new();
    for id in ["a", "b", "c"] {
        world.consent(id).await;
    }
    days(40).await;
    let renewed = world.connections.renew_due().await.unwrap();
    assert_eq!((renewed.renewed, renewed.failed.len()), (0, 0));
    days(14).await;
    let authorization = world.sandbox.authorization();
    authorization.withdraw(authorization.consents()[1].id).unwrap();
    let renewed = world.connections.renew_due().await.unwrap();
    assert_eq!(renewed.renewed, 2);
    let [(id, error)] = renewed.failed.as_slice() else { panic!("{renewed:?}") };
    assert_eq!((id.as_str(), error.kind()), ("b", ErrorKind::Unauthenticated));
    // They live on, and the one that waits for its customer is left alone.
    days(30).await;
    let renewed = world.connections.renew_due().await.unwrap();
    assert_eq!((renewed.renewed, renewed.failed.len()), (0, 0));
    world.works("a").await.unwrap();
    world.works("c").await.unwrap();
    let filter = ConnectionFilter::default();
    assert_eq!(world.memory.connections(&filter, 10).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_said() {
    let world = World::new();
    let World { connections, sandbox, .. } = &world;
    world.consent("sales").await;
    let settings = json!({ "company": "evil.test" });
    let errors = [
        connections.draft(NewConnection::new("x", "hubspot", "X"), token(sandbox)).unwrap_err(),
        connections.draft(new("x"), token(sandbox)).unwrap_err(),
        connections.draft(new("x").with_config(settings), token(sandbox)).unwrap_err(),
        connections.draft(company("x"), Fields::new([("token", "abc")])).unwrap_err(),
        connections.draft(company("x"), Secret::ClientCredentials(Default::default())).unwrap_err(),
        connections.connection("nowhere").connect().await.unwrap_err(),
        connections.connection("nowhere").begin_consent(SESSION).await.unwrap_err(),
        connections.begin_consent(NewConnection::new("x", "hubspot", "X"), SESSION).await.unwrap_err(),
    ];
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    there is no connector "hubspot": the registry has: pipedrive (config)
    the Pipedrive settings cannot be read: missing field `company`: they are an object such as {"company":"acme"} (config)
    "evil.test" is not the name of a Pipedrive company: give what stands before .pipedrive.com in the browser's address bar, such as acme (config)
    the connector takes an API key or a person's consent, not these fields: give api_token (config)
    Pipedrive gives applications no tokens of their own (config)
    there is no such connection (not_found, connection=nowhere)
    there is no such connection (not_found, connection=nowhere)
    there is no connector "hubspot": the registry has: pipedrive (config)
    "#);
    let draft = connections.draft(company("sales"), token(sandbox)).unwrap();
    // By key from now on, in place of the consent.
    draft.store(&"anna".into()).await.unwrap();
    world.works("sales").await.unwrap();
}
