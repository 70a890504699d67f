//! The sandbox's authorization server in process, a store in memory, and processes that share both, all on paused time.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tieline_auth::{
    Callback, ConsentRequest, CredentialManager, CredentialStore, OAuthApp, OAuthClient, Secret,
    StepObserver, StoredCredential, Tokens, VerifiedCallback, token_endpoint,
};
use tieline_core::http::{HttpRequest, Transport};
use tieline_core::{
    AuthScheme, Category, ClientAuth, Clock, ConnectorSpec, Credential, Grant, OAuth2, Origins,
    RefreshPolicy, Rejection, Result, Revocation, SecretGeneration,
};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy, TokioClock};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, EPOCH, OAuth, Policy, REDIRECT_URI};
use tieline_sandbox::{InProcess, Sandbox};
use tieline_store::connections::{Connection, NewConnection};
use tieline_store::{ConnectionStore, MemoryStore, SecretStore};
use tieline_vault::{Key, KeyRing, Vault};

pub const CONNECTION: &str = "sales";
pub const SESSION: &str = "session-cookie-c7d1";
const HOST: &str = "https://auth.example.com";

/// The clock of a process, which may be off.
#[derive(Clone, Debug)]
pub struct Off(pub TokioClock, pub TimeDelta);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + self.1
    }
}

pub struct World {
    pub sandbox: Arc<Sandbox<OAuth>>,
    pub memory: MemoryStore,
    pub vault: Vault,
    pub clock: TokioClock,
}

/// One process: what it shares with no other.
pub struct Process {
    pub keeper: CredentialManager,
    pub client: OAuthClient,
    pub store: Arc<dyn CredentialStore>,
}

pub fn oauth() -> OAuth2 {
    let mut oauth = OAuth2::new(format!("{HOST}/oauth/authorize"), format!("{HOST}/oauth/token"));
    oauth.revocation = Some(Revocation::new(format!("{HOST}/oauth/revoke")).with_hint("refresh_token"));
    oauth.grants = vec![Grant::AuthorizationCode, Grant::ClientCredentials, Grant::JwtBearer];
    oauth.pkce = true;
    oauth.client_auth = ClientAuth::Basic;
    oauth.refresh = RefreshPolicy::one_time().with_unused_life(Duration::from_secs(45 * 86_400));
    oauth
}

pub fn spec(oauth: OAuth2) -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("acme", "Acme", Category::Crm);
    spec.auth = vec![AuthScheme::OAuth2(oauth)];
    spec.origins = Origins::Patterns(vec!["*.acme.example".into()]);
    spec
}

pub fn app() -> OAuthApp {
    OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap())
}

/// A client whose requests go to this transport.
pub fn client_over(
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    spec: &ConnectorSpec,
) -> OAuthClient {
    let retry = RetryPolicy::default().with_first_wait(Duration::from_millis(1));
    let host = HttpStack::builder().transport(transport).clock(clock).retry(retry).build().unwrap();
    let base = format!("{HOST}/oauth/token").parse().unwrap();
    let http = host.client(ClientOptions::new(token_endpoint(spec), base)).unwrap();
    OAuthClient::new(spec, http).unwrap().with_app(app())
}

impl World {
    pub fn new() -> Self {
        Self::with(Policy::default())
    }

    pub fn with(policy: Policy) -> Self {
        let clock = TokioClock::starting_at(EPOCH.parse().unwrap());
        let theirs = clock;
        let their_clock = tieline_sandbox::Clock::from_fn(Arc::new(move || theirs.now()));
        Self {
            sandbox: Sandbox::oauth_with(policy, their_clock),
            memory: MemoryStore::new().with_clock(Arc::new(clock)),
            vault: Vault::new(KeyRing::new(Key::generate().unwrap())),
            clock,
        }
    }

    pub fn process(&self) -> Process {
        self.process_with(Arc::new(self.memory.clone()), TimeDelta::zero(), None)
    }

    pub fn process_with(
        &self,
        store: Arc<dyn CredentialStore>,
        off: TimeDelta,
        observer: Option<Arc<dyn StepObserver>>,
    ) -> Process {
        let clock: Arc<dyn Clock> = Arc::new(Off(self.clock, off));
        let transport = Arc::new(InProcess::new(Arc::clone(&self.sandbox)));
        let client = client_over(transport, Arc::clone(&clock), &spec(oauth()));
        let keeper = match observer {
            Some(observer) => CredentialManager::observed(self.vault.clone(), clock, observer),
            None => CredentialManager::new(self.vault.clone(), clock),
        };
        Process { keeper, client, store }
    }

    /// A connection that a person consented to.
    pub async fn connected(&self) -> Tokens {
        let process = self.process();
        let consented = process.consent(&self.sandbox).await.unwrap();
        self.create(&consented.into()).await;
        match process.secret().await {
            Secret::Tokens(tokens) => tokens,
            other => panic!("{other:?}"),
        }
    }

    pub async fn create(&self, secret: &Secret) {
        let (id, now) = (CONNECTION.into(), self.clock.now());
        let put = secret.put(&self.vault, self.memory.tenant(), &id, Some(&oauth()), now).await.unwrap();
        let new = NewConnection::new(CONNECTION, "acme", "Sales");
        let secrets = vec![(Secret::NAME.to_owned(), put)];
        self.memory.create(new, secrets, &"anna".into(), now).await.unwrap();
    }

    /// Another secret in the place of the one that is there, as after a person connected once more.
    pub async fn reconnect(&self) {
        let consented = self.process().consent(&self.sandbox).await.unwrap();
        let (secret, id, now) = (Secret::from(consented), CONNECTION.into(), self.clock.now());
        let put = secret.put(&self.vault, self.memory.tenant(), &id, Some(&oauth()), now).await.unwrap();
        self.memory.put_secret(&id, Secret::NAME, put, &"anna".into(), now).await.unwrap();
    }

    pub async fn connection(&self) -> Connection {
        self.memory.connection(&CONNECTION.into()).await.unwrap().unwrap()
    }

    pub fn refreshes(&self) -> u64 {
        self.sandbox.authorization().counters().refreshes
    }
}

impl Process {
    pub fn credential(&self) -> Arc<StoredCredential> {
        self.keeper.credential(&self.store, &CONNECTION.into(), &self.client)
    }

    pub async fn secret(&self) -> Secret {
        let id = CONNECTION.into();
        let stored = self.store.secret(&id, Secret::NAME).await.unwrap().unwrap();
        Secret::open(self.keeper.vault(), self.store.tenant(), &id, &stored.sealed).await.unwrap()
    }

    /// Walks to the provider and back.
    pub async fn consent(&self, sandbox: &Sandbox<OAuth>) -> Result<Tokens> {
        let query = self.walk(sandbox).await;
        let now = self.keeper.clock().now();
        let callback = Callback::new(query, SESSION);
        let returned = VerifiedCallback::take(&*self.store, &callback, now).await?;
        Ok(self.client.finish(self.keeper.vault(), returned, now).await?.tokens)
    }

    /// The query that the provider sends the browser back with.
    pub async fn walk(&self, sandbox: &Sandbox<OAuth>) -> String {
        let request = ConsentRequest::new(CONNECTION, SESSION).with_detail(json!({ "name": "Sales" }));
        let now = self.keeper.clock().now();
        let url = self.client.begin(&*self.store, self.keeper.vault(), request, now).await.unwrap().url;
        visit(sandbox, &url)
    }
}

/// What a browser does with an authorization URL: the query of where it is sent back to.
pub fn visit(sandbox: &Sandbox<OAuth>, url: &url::Url) -> String {
    let request = http::Request::get(url.as_str()).body(bytes::Bytes::new()).unwrap();
    let reply = sandbox.handle(request);
    let location = reply.headers.get("location").unwrap_or_else(|| panic!("{}", reply.status));
    let location: url::Url = location.to_str().unwrap().parse().unwrap();
    location.query().unwrap_or_default().to_owned()
}

/// Asks the resource with a credential: the status, and the generation of the token.
pub async fn ask(credential: &dyn Credential, sandbox: &Sandbox<OAuth>) -> Result<(u16, SecretGeneration)> {
    let mut request = HttpRequest::get("https://api.acme.example/me".parse().unwrap());
    let stamp = credential.authorize(&mut request).await?;
    Ok((
        sandbox.handle(request.to_http()?.map(|body| body.into_parts().unwrap_or_default())).status.as_u16(),
        stamp,
    ))
}

/// As the HTTP stack does: once more after a rejection.
pub async fn ask_twice(credential: &dyn Credential, sandbox: &Sandbox<OAuth>) -> Result<u16> {
    let (status, stamp) = ask(credential, sandbox).await?;
    if status != 401 {
        return Ok(status);
    }
    credential.rejected(stamp, &rejection()).await?;
    ask(credential, sandbox).await.map(|(status, _)| status)
}

pub fn rejection() -> Rejection {
    Rejection::new(http::StatusCode::UNAUTHORIZED, http::HeaderMap::new(), String::new())
}

pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
