//! The connector as an app: a person consents, tokens end and are renewed, limits are an app's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tieline_auth::{
    Callback, ConsentRequest, CredentialManager, OAuthApp, OAuthClient, Secret, VerifiedCallback,
    token_endpoint,
};
use tieline_core::{
    AuthScheme, CheckRequest, Clock, Connector, ConnectorConfig, ConnectorFactory, DiscoverRequest,
    ErrorKind, Grant, LookupRequest, OAuth2, ReadRequest,
};
use tieline_http::{ClientOptions, HttpStack};
use tieline_pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory, Uninstall};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, Client, REDIRECT_URI};
use tieline_sandbox::pipedrive::{Limits, Pipedrive as Model};
use tieline_sandbox::{Fault, FaultRule, InProcess, Sandbox};
use tieline_store::connections::{Actor, Health, NewConnection};
use tieline_store::{ConnectionId, MemoryStore};
use tieline_vault::{Key, KeyRing, Vault};

use crate::common::{SandboxClock, batches};

/// A host with an app, a store, and one connection that a person consented to.
struct Host {
    sandbox: Arc<Sandbox<Model>>,
    http: HttpStack,
    client: OAuthClient,
    store: Arc<dyn tieline_auth::CredentialStore>,
    keeper: CredentialManager,
}

const CONNECTION: &str = "sales-1";

fn oauth() -> OAuth2 {
    let schemes = PipedriveFactory::default().spec().auth.clone();
    schemes
        .into_iter()
        .find_map(|scheme| match scheme {
            AuthScheme::OAuth2(oauth) => Some(oauth),
            _ => None,
        })
        .unwrap()
}

impl Host {
    fn new(client_id: &str) -> Self {
        let sandbox = Sandbox::pipedrive();
        let clock: Arc<dyn Clock> = Arc::new(SandboxClock(Arc::clone(&sandbox)));
        let transport = Arc::new(InProcess::new(Arc::clone(&sandbox)));
        let http = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
        let factory = PipedriveFactory::default();
        let way = ClientOptions::new(
            token_endpoint(factory.spec()),
            "https://oauth.pipedrive.com".parse().unwrap(),
        );
        let app = OAuthApp::new(client_id, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
        let client = OAuthClient::new(factory.spec(), http.client(way).unwrap()).unwrap().with_app(app);
        let store = Arc::new(MemoryStore::new().with_clock(Arc::clone(&clock)));
        let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
        Self { sandbox, http, client, store, keeper: CredentialManager::new(vault, clock) }
    }

    /// Walks the consent as a browser does, and stores what came of it.
    async fn connect(&self) -> tieline_core::Result<Arc<Pipedrive>> {
        let (store, vault, now) = (&*self.store, self.keeper.vault(), self.sandbox.now());
        let begun = self.client.begin(store, vault, ConsentRequest::new(CONNECTION, "cookie"), now).await?;
        let page = http::Request::get(begun.url.as_str()).body(Bytes::new()).unwrap();
        let sent = self.sandbox.handle(page);
        let back: url::Url = sent.headers["location"].to_str().unwrap().parse().unwrap();
        let callback = Callback::new(back.query().unwrap().to_owned(), "cookie").expecting(CONNECTION);
        let consented =
            self.client.finish(vault, VerifiedCallback::take(store, &callback, now).await?, now).await?;
        let id = ConnectionId::from(CONNECTION);
        let mut settings = Value::Object(serde_json::Map::new());
        consented.tokens.captured().apply(&mut settings);
        let secret = Secret::Tokens(consented.tokens);
        let put = secret.put(vault, store.tenant(), &id, Some(self.client.oauth()), now).await?;
        let new = NewConnection::new(CONNECTION, "pipedrive", "Sales").with_config(settings);
        let secrets = vec![(Secret::NAME.to_owned(), put)];
        let connection = store.create(new, secrets, &Actor::new("test"), now).await?;
        Ok(self.connector(&connection.config))
    }

    /// The connector for stored settings and stored tokens.
    fn connector(&self, settings: &Value) -> Arc<Pipedrive> {
        let config: PipedriveConfig = serde_json::from_value(settings.clone()).unwrap();
        let base = config.base_url().unwrap();
        let credential = self.keeper.credential(&self.store, &CONNECTION.into(), &self.client);
        let options = ClientOptions::new(Arc::new(PipedriveFactory::default()), base.clone());
        let http = self.http.client(options.with_credential(credential)).unwrap();
        config.connect(base, http, Arc::new(SandboxClock(Arc::clone(&self.sandbox)))).unwrap()
    }

    async fn health(&self) -> Health {
        self.store.connection(&CONNECTION.into()).await.unwrap().unwrap().health
    }
}

#[test]
fn how_pipedrive_does_oauth() {
    let oauth = oauth();
    assert_eq!(oauth.grants, [Grant::AuthorizationCode]);
    assert!(!oauth.pkce && !oauth.refresh.one_time && oauth.scopes.is_empty());
    let origins = PipedriveFactory::default().spec().origins.clone();
    let revoke = oauth.revocation.unwrap().url;
    for address in [&oauth.authorize_url, &oauth.token_url, &revoke] {
        assert!(origins.allows(&address.parse().unwrap()), "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_consents_and_the_company_is_known() {
    let host = Host::new(CLIENT_ID);
    let crm = host.connect().await.unwrap();
    let connection = host.store.connection(&CONNECTION.into()).await.unwrap().unwrap();
    assert_eq!(connection.config, json!({ "company": "https://acme-demo.pipedrive.com" }));
    let account = crm.check(CheckRequest::default()).await.unwrap();
    assert_eq!(account.id.as_ref().map(|id| id.as_str()), Some("7788001"));
    assert!(account.warnings.is_empty(), "{:?}", account.warnings);
    let deals: usize =
        batches(&crm, ReadRequest::full("stages")).await.unwrap().iter().map(|b| b.len()).sum();
    assert_eq!(deals, 5);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_not_the_providers_is_refused() {
    for address in [
        "https://acme.pipedrive.com.evil.test",
        "http://acme-demo.pipedrive.com",
        "https://evil.test",
        "https://acme-demo.pipedrive.com:8443",
        "https://user@acme-demo.pipedrive.com",
    ] {
        let host = Host::new(CLIENT_ID);
        host.sandbox.authorization().change_policy(|policy| {
            policy.extras.insert("api_domain".into(), address.into());
        });
        let error = host.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{address}: {error}");
        assert!(host.store.connection(&CONNECTION.into()).await.unwrap().is_none(), "nothing was stored");
    }
    // What a host stored by another way is still led to the company's own address only.
    let error = PipedriveConfig::company("https://acme.pipedrive.com.evil.test").base_url().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_end_are_renewed_once() {
    let host = Host::new(CLIENT_ID);
    let crm = host.connect().await.unwrap();
    let read_all = || async {
        let reads = (0..20).map(|_| batches(&crm, ReadRequest::full("stages")));
        join_all(reads).await.into_iter().for_each(|read| assert_eq!(read.unwrap().len(), 1));
    };
    // By their time.
    tokio::time::advance(Duration::from_secs(3599)).await;
    read_all().await;
    assert_eq!(host.sandbox.authorization().counters().refreshes, 1);
    assert_eq!(host.sandbox.counters().unauthorized, 0, "an ended token is not even tried");
    // And when the provider ends them before.
    tokio::time::advance(Duration::from_secs(60)).await;
    host.sandbox.expire_access_tokens();
    read_all().await;
    let counters = host.sandbox.authorization().counters();
    assert_eq!((counters.refreshes, counters.exchanges, counters.refused), (2, 1, 0));
    // Another process has nothing but the store.
    let other = CredentialManager::new(host.keeper.vault().clone(), Arc::clone(host.keeper.clock()));
    let other = Host {
        keeper: other,
        sandbox: Arc::clone(&host.sandbox),
        http: host.http.clone(),
        client: host.client.clone(),
        store: Arc::clone(&host.store),
    };
    let crm = other.connector(&json!({ "company": "acme-demo" }));
    crm.check(CheckRequest::default()).await.unwrap();
    assert_eq!(host.sandbox.authorization().counters().refreshes, 2, "the stored tokens are good");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_costs_nothing_here() {
    let host = Host::new(CLIENT_ID);
    let crm = host.connect().await.unwrap();
    host.sandbox.expire_access_tokens();
    let lost = FaultRule::new(Fault::ResetBeforeAnswer).takes_effect(true);
    host.sandbox.inject(lost.on("POST", "/oauth/token").body("grant_type=refresh_token"));
    let error = crm.check(CheckRequest::default()).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    // The refresh token lives on at Pipedrive, so the next renewal goes well.
    tokio::time::advance(Duration::from_secs(60)).await;
    crm.check(CheckRequest::default()).await.unwrap();
    assert_eq!(host.sandbox.authorization().consents()[0].reuses, 0);
}

#[tokio::test(start_paused = true)]
async fn an_uninstalled_app_says_that_it_must_be_connected_again() {
    let host = Host::new(CLIENT_ID);
    let crm = host.connect().await.unwrap();
    let account = crm.check(CheckRequest::default()).await.unwrap();
    let consent = host.sandbox.authorization().consents()[0].id;
    let call = host.sandbox.uninstall(consent).unwrap();
    let told = Uninstall::read(&call, CLIENT_ID, &[CLIENT_SECRET.into()]).unwrap();
    assert_eq!((Some(told.company_id), Some(told.user_id)), (account.id, account.user_id));

    let error = crm.check(CheckRequest::default()).await.unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(host.health().await, Health::NeedsReconnect);
    assert!(!format!("{error:?}").contains("v1u:"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_is_named_as_one() {
    let host = Host::new("reader");
    let app = Client::new("reader").with_secret(CLIENT_SECRET).with_redirect(REDIRECT_URI);
    host.sandbox.authorization().register(app.with_scopes(["base", "deals:read"])).unwrap();
    let crm = host.connect().await.unwrap();
    batches(&crm, ReadRequest::full("stages")).await.unwrap();
    let catalog = crm.discover(DiscoverRequest::schemas()).await;
    let error = catalog.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    insta::assert_snapshot!(error);
}

#[tokio::test(start_paused = true)]
async fn an_app_is_sent_at_its_own_pace() {
    let host = Host::new(CLIENT_ID);
    let crm = host.connect().await.unwrap();
    host.sandbox.set_limits(Limits { oauth_burst: 80, ..Limits::default() });
    let begun = tokio::time::Instant::now();
    let lookups = (0..800).map(|_| crm.lookup(LookupRequest::keys("stages", vec!["1".into()])));
    join_all(lookups).await.into_iter().for_each(|found| drop(found.unwrap()));
    let (took, counters) = (begun.elapsed(), host.sandbox.counters());
    assert_eq!(counters.too_many, 0);
    // 800 at 80 in two seconds; an API token's 20 would take 80 seconds.
    assert!((18.0..24.0).contains(&took.as_secs_f64()), "{took:?}");
}
