//! A provider, a store, and connections whose access token has ended.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use tieline::{Clock, Error, HttpStack, SystemClock};
use tieline_auth::{
    Callback, ConsentRequest, CredentialManager, CredentialStore, OAuthApp, OAuthClient, Secret,
    StepObserver, VerifiedCallback, token_endpoint,
};
use tieline_core::{AuthScheme, Category, ConnectorSpec, OAuth2, RefreshPolicy};
use tieline_http::ClientOptions;
use tieline_sandbox::Sandbox;
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, OAuth, REDIRECT_URI};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, Health, NewConnection};
use tieline_store::contract::Elapse;
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_vault::{Key, KeyRing, Vault};
use url::Url;

const SESSION: &str = "the browser";
/// Longer than an access token lives.
const LATER: Duration = Duration::from_secs(2 * 3600);

pub enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    pub fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", super::text(path)),
            Self::Postgres(url) => url.clone(),
        }
    }

    pub fn parse(address: &str) -> Self {
        match address.strip_prefix("sqlite:") {
            Some(path) => Self::Sqlite(path.into()),
            None => Self::Postgres(address.to_owned()),
        }
    }

    /// The store, and what lets time pass in it.
    async fn open(&self) -> (Arc<dyn CredentialStore>, Arc<dyn Elapse>) {
        match self {
            Self::Sqlite(path) => {
                let store = Arc::new(SqliteStore::open(path).await.unwrap());
                (store.clone(), store)
            }
            Self::Postgres(url) => {
                let store = Arc::new(PostgresStore::connect(url).await.unwrap());
                (store.clone(), store)
            }
        }
    }
}

/// The time when an access token has ended.
#[derive(Debug)]
struct Later;

impl Clock for Later {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + LATER
    }
}

pub struct World {
    pub place: Place,
    pub base_url: Url,
    pub key: String,
    pub sandbox: Arc<Sandbox<OAuth>>,
    /// Keeps the provider up; a worker has none of its own.
    _server: Option<tieline_sandbox::Server<OAuth>>,
    store: Arc<dyn CredentialStore>,
    time: Arc<dyn Elapse>,
    vault: Vault,
    client: OAuthClient,
    connections: AtomicU32,
}

impl World {
    pub async fn new(place: Place) -> Self {
        let sandbox = Sandbox::oauth();
        let server = sandbox.clone().serve().await.unwrap();
        let base_url = server.base_url().parse().unwrap();
        let key = Key::generate().unwrap().to_text().expose_secret().to_owned();
        Self { sandbox, _server: Some(server), ..Self::at(place, base_url, key).await }
    }

    /// The world of another process.
    pub async fn at(place: Place, base_url: Url, key: String) -> Self {
        let mut spec = ConnectorSpec::new("sandbox", "the sandbox", Category::Other);
        let address = |path| base_url.join(path).unwrap().to_string();
        let mut oauth = OAuth2::new(address("oauth/authorize"), address("oauth/token"));
        oauth.pkce = true;
        oauth.refresh = RefreshPolicy::one_time();
        spec.auth = vec![AuthScheme::OAuth2(oauth)];
        let host = HttpStack::builder().allow_network("127.0.0.1/32").build().unwrap();
        let http = host.client(ClientOptions::new(token_endpoint(&spec), base_url.clone())).unwrap();
        let app = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
        let vault = Vault::new(KeyRing::new(Key::parse(&key.clone().into()).unwrap()));
        let (store, time) = place.open().await;
        let client = OAuthClient::new(&spec, http).unwrap().with_app(app);
        Self {
            place,
            base_url,
            key,
            sandbox: Sandbox::oauth(),
            _server: None,
            store,
            time,
            vault,
            client,
            connections: AtomicU32::new(0),
        }
    }

    /// A person consents. The access token ends at once.
    pub async fn connect(&self) -> ConnectionId {
        let (store, now) = (&*self.store, SystemClock.now());
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let connection = ConnectionId::from(format!("acme-{number}"));
        let request = ConsentRequest::new(connection.clone(), SESSION);
        let begun = self.client.begin(store, &self.vault, request, now).await.unwrap();
        let target = format!("{}?{}", begun.url.path(), begun.url.query().unwrap());
        let answer = self.sandbox.handle(http::Request::get(target).body(bytes::Bytes::new()).unwrap());
        let callback: Url = answer.headers["location"].to_str().unwrap().parse().unwrap();
        let callback = Callback::new(callback.query().unwrap().to_owned(), SESSION);
        let returned = VerifiedCallback::take(store, &callback, now).await.unwrap();
        let consented = self.client.finish(&self.vault, returned, now).await.unwrap();
        let oauth = Some(self.client.oauth());
        let put = Secret::from(consented.tokens)
            .put(&self.vault, store.tenant(), &connection, oauth, now)
            .await
            .unwrap();
        let new = NewConnection::new(connection.clone(), "sandbox", "Acme");
        store.create(new, vec![(Secret::NAME.to_owned(), put)], &Actor::new("test"), now).await.unwrap();
        self.sandbox.expire_access_tokens();
        connection
    }

    pub async fn generation(&self, connection: &ConnectionId) -> u64 {
        self.store.secret(connection, Secret::NAME).await.unwrap().unwrap().generation
    }

    pub async fn health(&self, connection: &ConnectionId) -> Health {
        self.store.connection(connection).await.unwrap().unwrap().health
    }

    /// Uses the connection in a process that never heard of it, after the leases have ended.
    pub async fn use_it(&self, connection: &ConnectionId) -> Result<(), Error> {
        let keeper = CredentialManager::new(self.vault.clone(), Arc::new(Later));
        self.time.elapse(LATER).await;
        self.authorize(&keeper, &self.store, connection).await
    }

    /// The same in the process that is killed.
    pub async fn refresh(
        &self,
        connection: &ConnectionId,
        observer: Arc<dyn StepObserver>,
    ) -> Result<(), Error> {
        let keeper = CredentialManager::observed(self.vault.clone(), Arc::new(Later), observer);
        self.authorize(&keeper, &self.store, connection).await
    }

    async fn authorize(
        &self,
        keeper: &CredentialManager,
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
    ) -> Result<(), Error> {
        let credential = keeper.credential(store, connection, &self.client);
        let mut request = tieline_core::http::HttpRequest::get(self.base_url.join("me").unwrap());
        tieline_core::Credential::authorize(&*credential, &mut request).await?;
        if self._server.is_some() {
            let answer = self.sandbox.handle(request.to_http()?.map(|_| bytes::Bytes::new()));
            assert_eq!(answer.status, 200, "the provider does not take the token");
        }
        Ok(())
    }
}
