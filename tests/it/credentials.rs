//! Every kind of credential on its way from the store into a request.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tieline::connector::http::{Classification, Escape, HttpClient, HttpRequest, ResponseView};
use tieline::connector::{
    BuildContext, ConnectorFactory, Grant, LoginPart, OAuth2, Scope, SessionLogin, SessionToken,
    SettingHeader,
};
use tieline::store::MemoryStore;
use tieline::store::connections::{ConnectionChange, Health, NewConnection};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    Account, AuthScheme, BatchStream, Captured, Catalog, Category, CheckRequest, Connector, ConnectorSpec,
    DiscoverRequest, Error, ErrorKind, Field, Fields, KeyPlacement, LookupRequest, Lookups, OAuthApp,
    Origins, Provider, ReadRequest, Result, Secret, ServiceAccount, Tenant, Text, Tieline,
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
        let mut account = Account::new(answer.text()?);
        account.id = Some(Text::new(answer.text()?));
        Ok(account)
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

fn connections(scheme: AuthScheme, transport: Arc<dyn tieline::connector::http::Transport>) -> Tenant {
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    process(scheme, transport, vault, Arc::new(MemoryStore::new()))
}

/// A process of its own over a vault and a store.
fn process(
    scheme: AuthScheme,
    transport: Arc<dyn tieline::connector::http::Transport>,
    vault: Vault,
    store: Arc<MemoryStore>,
) -> Tenant {
    let mut spec = ConnectorSpec::new("probe", "Probe", Category::Other);
    spec.auth = vec![scheme];
    spec.origins = Origins::Patterns(vec!["api.probe.example".into()]);
    let clock = Arc::new(TokioClock::starting_at(EPOCH.parse().unwrap()));
    let mut probe = Provider::new(Probe(spec.clone()));
    if spec.auth.iter().any(|scheme| scheme.oauth2().is_some()) {
        probe = probe.with_app(OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap()));
    }
    let app = Tieline::builder().store(store).vault(vault).provider(probe).clock(clock);
    app.http(|http| http.transport(transport)).build_unverified().unwrap().tenant("main")
}

async fn stored(connections: &Tenant, secret: impl Into<Secret>) -> Arc<dyn Connector> {
    let new = NewConnection::new("probe-1", "probe", "Probe").with_config(json!({ "database": "prod" }));
    let mut draft = connections.draft(new, secret).unwrap();
    draft.check().await.unwrap();
    draft.store(&"anna".into()).await.unwrap();
    connections.connection("probe-1").connect().await.unwrap()
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
    let probe = stored(&connections, Secret::ClientCredentials(Captured::default())).await;
    assert!(probe.check(CheckRequest::default()).await.unwrap().name.contains(CLIENT_ID));
    // A token that dies early is replaced under way.
    sandbox.expire_access_tokens();
    probe.check(CheckRequest::default()).await.unwrap();
    assert!(connections.connection("probe-1").masked().await.unwrap().is_empty());
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
    let masked = connections.connection("probe-1").masked().await.unwrap();
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

/// A server whose users each have a company, counting logins.
fn server() -> (AuthScheme, MemoryTransport) {
    let mut login =
        SessionLogin::new("/login", SessionToken::body("/session"), KeyPlacement::header("x-session"));
    login.fields = vec![Field::text("user", "User"), Field::secret("password", "Password")];
    login.body =
        vec![LoginPart::field("user", None), LoginPart::text(":"), LoginPart::field("password", None)];
    let transport = MemoryTransport::new(|request| {
        let session = request.headers().get("x-session").map(|session| session.to_str().unwrap().to_owned());
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        Ok(match (request.uri().path(), session.as_deref()) {
            ("/login", _) if body.ends_with(":pa55") => {
                let user = body.split(':').next().unwrap();
                answer(http::StatusCode::OK, &[], format!(r#"{{"session":"of-{user}"}}"#))
            }
            ("/me", Some("of-anna" | "of-bo")) => answer(http::StatusCode::OK, &[], "acme"),
            ("/me", Some("of-eve")) => answer(http::StatusCode::OK, &[], "globex"),
            _ => answer(http::StatusCode::UNAUTHORIZED, &[], "no"),
        })
    });
    (AuthScheme::Session(login), transport)
}

fn logins(transport: &MemoryTransport) -> usize {
    transport.requests().iter().filter(|request| request.uri().path() == "/login").count()
}

fn user(name: &str, password: &str) -> Fields {
    Fields::new([("user", name), ("password", password)])
}

fn probe() -> NewConnection {
    NewConnection::new("probe-1", "probe", "Probe")
}

/// 200 tasks are one login, and a password that is refused is tried once: not by any later run, nor by any other process,
/// until somebody stores another.
#[tokio::test(start_paused = true)]
async fn one_login_serves_all_and_a_refused_one_is_not_tried_again() {
    let (scheme, transport) = server();
    let (vault, store) = (Vault::new(KeyRing::new(Key::generate().unwrap())), Arc::new(MemoryStore::new()));
    let new_process =
        || process(scheme.clone(), Arc::new(transport.clone()), vault.clone(), Arc::clone(&store));
    let connections = new_process();
    connections.draft(probe(), user("anna", "pa55")).unwrap().store(&"anna".into()).await.unwrap();
    let tasks = (0..200).map(|_| {
        let connections = connections.clone();
        tokio::spawn(async move {
            connections
                .connection("probe-1")
                .connect()
                .await
                .unwrap()
                .check(CheckRequest::default())
                .await
                .unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    connections.connection("probe-1").connect().await.unwrap().check(CheckRequest::default()).await.unwrap();
    assert_eq!(logins(&transport), 1);

    connections.draft(probe(), user("anna", "wrong")).unwrap().store(&"anna".into()).await.unwrap();
    for _ in 0..3 {
        let probe = connections.connection("probe-1").connect().await;
        let outcome = match probe {
            Ok(probe) => probe.check(CheckRequest::default()).await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    let later = new_process().connection("probe-1").connect().await.unwrap_err();
    assert_eq!(later.kind(), ErrorKind::Unauthenticated);
    assert!(later.message().starts_with("Probe refused this login at "), "{later}");
    assert_eq!(logins(&transport), 2, "tried once");
    connections.draft(probe(), user("bo", "pa55")).unwrap().store(&"anna".into()).await.unwrap();
    new_process()
        .connection("probe-1")
        .connect()
        .await
        .unwrap()
        .check(CheckRequest::default())
        .await
        .unwrap();
    assert_eq!(logins(&transport), 3);
}

/// A reconnect that opens another account is refused, whole, unless the host says that it replaces the account.
#[tokio::test(start_paused = true)]
async fn a_reconnect_opens_the_same_account() {
    let (scheme, transport) = server();
    let connections = connections(scheme, Arc::new(transport));
    let (id, anna) = ("probe-1".into(), "anna".into());
    let mut draft = connections.draft(probe(), user("anna", "pa55")).unwrap();
    draft.check().await.unwrap();
    assert_eq!(draft.store(&anna).await.unwrap().account.as_deref(), Some("acme"));
    // Another user of the same company; not checked by the host, so by the draft itself.
    connections.draft(probe(), user("bo", "pa55")).unwrap().store(&anna).await.unwrap();
    let before = connections.store().connection(&id).await.unwrap();
    let another = connections.draft(probe(), user("eve", "pa55")).unwrap();
    let error = another.store(&anna).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("opens another account"), "{error}");
    assert_eq!(connections.store().connection(&id).await.unwrap(), before);
    assert_eq!(
        connections
            .connection("probe-1")
            .connect()
            .await
            .unwrap()
            .check(CheckRequest::default())
            .await
            .unwrap()
            .name,
        "acme"
    );
    let replacing = connections.draft(probe(), user("eve", "pa55")).unwrap().replacing_account();
    assert_eq!(replacing.store(&anna).await.unwrap().account.as_deref(), Some("globex"));
}

/// The report of a run that began before somebody reconnected does not say that the connection is broken.
#[tokio::test(start_paused = true)]
async fn a_stale_run_does_not_undo_a_reconnect() {
    let (scheme, transport) = server();
    let connections = connections(scheme, Arc::new(transport));
    let (id, anna) = ("probe-1".into(), "anna".into());
    connections.draft(probe(), user("anna", "pa55")).unwrap().store(&anna).await.unwrap();
    let run = connections.connection("probe-1").open().await.unwrap();
    connections.draft(probe(), user("bo", "pa55")).unwrap().store(&anna).await.unwrap();
    let refused = Error::new(ErrorKind::Unauthenticated, "the session is refused");
    run.report(Err(&refused), &"sync".into()).await.unwrap();
    let health = async || connections.store().connection(&id).await.unwrap().unwrap().health;
    assert_eq!(health().await, Health::Untried);
    let run = connections.connection("probe-1").open().await.unwrap();
    run.report(Err(&refused), &"sync".into()).await.unwrap();
    assert_eq!(health().await, Health::NeedsReconnect);
}

/// Which company's books an application's token opens is what the authorization said, whatever the settings say later.
#[tokio::test(start_paused = true)]
async fn an_edited_setting_does_not_open_another_company() {
    let mut oauth = OAuth2::new("https://auth.probe.example/oauth/authorize", TOKEN_URL);
    oauth.grants = vec![Grant::ClientCredentials];
    oauth.token_headers = vec![SettingHeader::new("tenantid", "tenant_id", Grant::ClientCredentials)];
    let transport = MemoryTransport::new(|request| {
        Ok(match request.headers().get("tenantid") {
            Some(tenant) => {
                let token = format!(r#"{{"access_token":"of-{}"}}"#, tenant.to_str().unwrap());
                answer(http::StatusCode::OK, &[], token)
            }
            None => {
                let token = request.headers()["authorization"].to_str().unwrap().to_owned();
                answer(http::StatusCode::OK, &[], token)
            }
        })
    });
    let connections = connections(AuthScheme::OAuth2(oauth), Arc::new(transport));
    let (id, anna) = ("probe-1".into(), "anna".into());
    let secret = Secret::ClientCredentials(Captured::new([("tenant_id", "7")]));
    let new = probe().with_config(json!({ "tenant_id": "7" }));
    connections.draft(new, secret).unwrap().store(&anna).await.unwrap();
    let mut change = ConnectionChange::default();
    change.config = Some(json!({ "tenant_id": "8" }));
    connections.store().change(&id, change, &anna, chrono::Utc::now()).await.unwrap();
    let account = connections
        .connection("probe-1")
        .connect()
        .await
        .unwrap()
        .check(CheckRequest::default())
        .await
        .unwrap();
    assert_eq!(account.name, "Bearer of-7");
    // What nobody authorized is not believed.
    let unbound = Secret::ClientCredentials(Captured::default());
    let new = NewConnection::new("probe-2", "probe", "Probe").with_config(json!({ "tenant_id": "8" }));
    let error = connections.draft(new, unbound).unwrap().check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("tenant_id"), "{error}");
}
