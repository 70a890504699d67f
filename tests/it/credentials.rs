//! Every kind of credential on its way from the store into a request.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tieline::connector::http::{Classification, Escape, HttpClient, HttpRequest, ResponseView};
use tieline::connector::{
    BuildContext, ConnectorFactory, Grant, LoginPart, OAuth2, Scope, SessionLogin, SessionToken,
};
use tieline::store::MemoryStore;
use tieline::store::connections::NewConnection;
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    Account, AuthScheme, BatchStream, Catalog, Category, CheckRequest, Connections, Connector, ConnectorSpec,
    DiscoverRequest, Error, ErrorKind, Field, Fields, Host, HttpStack, KeyPlacement, LookupRequest, Lookups,
    OAuthApp, Origins, ReadRequest, Registry, Result, Secret, ServiceAccount,
};
use tieline_http::TokioClock;
use tieline_http::memory::{MemoryTransport, answer};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, EPOCH, REDIRECT_URI};
use tieline_sandbox::{InProcess, Sandbox};
use url::Url;

const TOKEN_URL: &str = "https://auth.probe.example/oauth/token";

/// A connector that asks who it is, and can nothing else.
#[derive(Debug)]
struct Probe(ConnectorSpec);

#[derive(Debug)]
struct Probing(HttpClient, Url);

impl ConnectorFactory for Probe {
    fn spec(&self) -> &ConnectorSpec {
        &self.0
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        let failed = answer.status == http::StatusCode::UNAUTHORIZED;
        failed.then(|| Error::new(ErrorKind::Unauthenticated, "the probe is refused")).into()
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        Ok("https://api.probe.example/".parse().unwrap())
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(Probing(context.http, context.base_url)))
    }
}

#[async_trait]
impl Connector for Probing {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        let answer = self.0.send(HttpRequest::get(self.1.join("me").unwrap())).await?;
        Ok(Account::new(answer.text()?))
    }

    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        Err(Error::unsupported("discovering"))
    }

    fn read(&self, _: ReadRequest) -> Result<BatchStream> {
        Err(Error::unsupported("reading"))
    }

    async fn lookup(&self, _: LookupRequest) -> Result<Lookups> {
        Err(Error::unsupported("looking up"))
    }
}

fn connections(scheme: AuthScheme, transport: Arc<dyn tieline::connector::http::Transport>) -> Connections {
    let mut spec = ConnectorSpec::new("probe", "Probe", Category::Other);
    spec.auth = vec![scheme];
    spec.origins = Origins::Patterns(vec!["api.probe.example".into()]);
    let clock = Arc::new(TokioClock::starting_at(EPOCH.parse().unwrap()));
    let http = HttpStack::builder().transport(transport).clock(clock).build().unwrap();
    let registry = Registry::new(Host::from(http)).with(Probe(spec));
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    let app = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
    Connections::builder(registry, vault).app("probe", app).build(Arc::new(MemoryStore::new()))
}

async fn stored(connections: &Connections, secret: impl Into<Secret>) -> Arc<dyn Connector> {
    let new = NewConnection::new("probe-1", "probe", "Probe").with_config(json!({ "database": "prod" }));
    let mut draft = connections.draft(new, secret).unwrap();
    draft.check().await.unwrap();
    draft.store(&"anna".into()).await.unwrap();
    connections.connect(&"probe-1".into()).await.unwrap()
}

fn oauth(grant: Grant) -> AuthScheme {
    let mut oauth = OAuth2::new("https://auth.probe.example/oauth/authorize", TOKEN_URL);
    oauth.grants = vec![grant];
    oauth.scopes = vec![Scope::new("read", "Read")];
    AuthScheme::OAuth2(oauth)
}

#[tokio::test(start_paused = true)]
async fn an_application_asks_for_itself() {
    let sandbox = Sandbox::oauth();
    let transport = Arc::new(InProcess::new(Arc::clone(&sandbox)));
    let connections = connections(oauth(Grant::ClientCredentials), transport);
    let probe = stored(&connections, Secret::ClientCredentials).await;
    assert!(probe.check(CheckRequest::default()).await.unwrap().name.contains(CLIENT_ID));
    // A token that dies early is replaced under way.
    sandbox.expire_access_tokens();
    probe.check(CheckRequest::default()).await.unwrap();
    assert!(connections.masked(&"probe-1".into()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_account_signs_for_itself() {
    let sandbox = Sandbox::oauth();
    let file = sandbox.authorization().create_service_account("robot@probe.example", ["read"], TOKEN_URL);
    let file = tieline_sandbox::Json::from(file.unwrap()).to_string();
    let transport = Arc::new(InProcess::new(Arc::clone(&sandbox)));
    let connections = connections(oauth(Grant::JwtBearer), transport);
    let probe = stored(&connections, ServiceAccount::parse(file).unwrap()).await;
    probe.check(CheckRequest::default()).await.unwrap();
    let masked = connections.masked(&"probe-1".into()).await.unwrap();
    assert_eq!(masked, [("robot@probe.example".to_owned(), "••••••••".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_login_opens_a_session() {
    let placement = KeyPlacement::header("x-session");
    let mut login = SessionLogin::new("/login", SessionToken::body("/session"), placement);
    login.fields = vec![Field::text("user", "User"), Field::secret("password", "Password")];
    login.body = vec![
        LoginPart::text("{\"db\":\""),
        LoginPart::setting("database", Escape::Json),
        LoginPart::text("\",\"password\":\""),
        LoginPart::field("password", Escape::Json),
        LoginPart::text("\"}"),
    ];
    let transport = MemoryTransport::new(|request| {
        let good = request.headers().get("x-session").is_some_and(|session| session == "5e5510");
        Ok(match request.uri().path() {
            "/login" if request.body() == r#"{"db":"prod","password":"pa55"}"# => {
                answer(http::StatusCode::OK, &[], r#"{"session":"5e5510"}"#)
            }
            "/me" if good => answer(http::StatusCode::OK, &[], "me"),
            _ => answer(http::StatusCode::UNAUTHORIZED, &[], "no"),
        })
    });
    let connections = connections(AuthScheme::Session(login), Arc::new(transport.clone()));
    let probe = stored(&connections, Fields::new([("user", "anna"), ("password", "pa55")])).await;
    assert_eq!(probe.check(CheckRequest::default()).await.unwrap().name, "me");
    assert_eq!(probe.check(CheckRequest::default()).await.unwrap().name, "me");
    // One login to try it, one to use it.
    let logins = transport.requests().iter().filter(|request| request.uri().path() == "/login").count();
    assert_eq!(logins, 2);
    let new = NewConnection::new("probe-2", "probe", "Probe");
    assert_eq!(
        connections.draft(new, Fields::new([("password", "pa55")])).unwrap_err().to_string(),
        "the connector takes a login, not these fields: give user and password (config)"
    );
}
