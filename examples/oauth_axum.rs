//! A web host whose customers connect their Pipedrive accounts by consent: sign in, a page of connections, connect, the
//! provider's callback, disconnect. Copy it, and put your own sign-in in the place of its users.
//!
//! By default it walks its own flow with three small browsers against a sandbox on this machine, says what happens, and
//! ends (`oauth_axum/walk.rs`). With `--serve` it stays up for a browser of yours. The sandbox forgets its consents when
//! it ends, so the database lies in a temporary folder.

#[path = "oauth_axum/walk.rs"]
mod walk;

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, Form, FromRequestParts, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, COOKIE, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode, request::Parts};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing};
use minijinja::Value;
use serde::Deserialize;
use tieline::pipedrive::PipedriveFactory;
use tieline::sqlite::SqliteStore;
use tieline::store::connections::{ConnectionFilter, NewConnection};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{Callback, Erase, ErrorKind, OAuthApp, Provider, Revoked, Tenant, Tieline};
use tieline_sandbox::oauth::{Client, Decision};
use tieline_sandbox::pipedrive::Pipedrive;
use tieline_sandbox::{Sandbox, Server};
use tokio::net::TcpListener;
use url::Url;

type Outcome<T> = Result<T, Box<dyn Error>>;

const PROVIDER: &str = "pipedrive";
/// Who may sign in, and to which customer (tenant) each belongs.
const USERS: [User; 3] = [
    User { name: "anna", tenant: "acme" },
    User { name: "carl", tenant: "acme" },
    User { name: "ben", tenant: "globex" },
];

#[derive(Clone, Copy)]
struct User {
    name: &'static str,
    tenant: &'static str,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address: Url = format!("http://{}", listener.local_addr()?).parse()?;
    let sandbox = Sandbox::pipedrive().serve().await?;
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("host.db")).await?;
    let tieline = application(store, &address, &sandbox).await?;
    let site = Arc::new(Site { tieline, sessions: Mutex::default() });
    println!("This host serves {address}, a sandbox plays Pipedrive at {}", sandbox.base_url());

    let server = tokio::spawn(axum::serve(listener, router(Arc::clone(&site))).into_future());
    let outcome = if std::env::args().any(|argument| argument == "--serve") {
        sandbox.authorization().set_decision(Decision::Asked);
        println!("Open {address} and connect; Ctrl-C ends it");
        tokio::signal::ctrl_c().await.map_err(Into::into)
    } else {
        walk::walk(&site, &address, &sandbox).await
    };
    server.abort();
    // A renewal that is cut off between the provider's answer and the save can cost a connection.
    site.tieline.shutdown().await;
    outcome
}

/// The application. With a real provider there is an app from its developer portal in place of the invented one, and
/// neither `allow_network` nor other addresses.
async fn application(store: SqliteStore, address: &Url, sandbox: &Server<Pipedrive>) -> Outcome<Tieline> {
    let (callback, secret) = (address.join("/callback")?, random::<32>()?);
    let client = Client::new("crm-host").with_secret(&secret).with_redirect(callback.as_str());
    sandbox.authorization().register(client.with_scopes(["base", "deals:full", "users:read"]))?;

    let there: Url = sandbox.base_url().parse()?;
    let pipedrive = Provider::new(PipedriveFactory::default())
        .with_app(OAuthApp::new("crm-host", secret, callback))
        .with_base_url(there.clone())
        .with_oauth_server(there);
    // A generated key is good for a database that ends with the program. Keep yours, or its secrets are lost.
    let keys = match std::env::var_os("TIELINE_VAULT_KEY") {
        Some(_) => KeyRing::from_env("TIELINE_VAULT_KEY")?,
        None => KeyRing::new(Key::generate()?),
    };
    let tieline = Tieline::builder()
        .store(Arc::new(store))
        .vault(Vault::new(keys))
        .provider(pipedrive)
        .public_url(address.clone())
        // This machine's own addresses are refused unless the application allows them by name.
        .allow_network("127.0.0.1/32");
    Ok(tieline.build().await?)
}

/// So many bytes from the operating system, in hex.
fn random<const BYTES: usize>() -> tieline::Result<String> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|_| tieline::Error::new(ErrorKind::Internal, "there are no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Site {
    tieline: Tieline,
    /// Who is signed in, by the value of the session cookie.
    sessions: Mutex<HashMap<String, User>>,
}

impl Site {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changes something is a POST, and other sites' forms come without the cookie, because it is `SameSite=Lax`.
fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", routing::get(settings))
        .route("/login", routing::get(users).post(login))
        .route("/connect", routing::post(connect))
        .route("/callback", routing::get(callback))
        .route("/disconnect", routing::post(disconnect))
        .layer(DefaultBodyLimit::max(4096))
        .with_state(site)
}

/// A user who signed in, and the connections of the user's tenant: no handler can reach another tenant's.
struct Visitor {
    user: User,
    session: String,
    tenant: Tenant,
}

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Redirect> {
        let session = session_of(&parts.headers).ok_or_else(|| Redirect::to("/login"))?;
        let user = site.sessions().get(session).copied().ok_or_else(|| Redirect::to("/login"))?;
        Ok(Self { user, session: session.to_owned(), tenant: site.tieline.tenant(user.tenant) })
    }
}

fn session_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("session="))
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

async fn users() -> Response {
    page(StatusCode::OK, Value::from_pairs([("users", USERS.map(|user| user.name))]))
}

/// Here a host checks a password, or asks its identity provider.
async fn login(State(site): State<Arc<Site>>, Form(form): Form<Named>) -> Result<Response, Refused> {
    let Some(user) = USERS.into_iter().find(|user| user.name == form.name) else {
        return Ok(page(StatusCode::FORBIDDEN, Value::from_pairs([("error", "there is no such user")])));
    };
    let session = random::<32>()?;
    let mut sessions = site.sessions();
    sessions.retain(|_, other| other.name != user.name);
    sessions.insert(session.clone(), user);
    // Served by https, it is `Secure` as well.
    let cookie = format!("session={session}; HttpOnly; SameSite=Lax; Path=/");
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

async fn settings(visitor: Visitor) -> Result<Response, Refused> {
    let mut rows = Vec::new();
    for connection in visitor.tenant.store().connections(&ConnectionFilter::default(), 100).await? {
        let secret = visitor.tenant.connection(connection.id.clone()).masked().await?;
        let secret: Vec<_> = secret.iter().map(|(name, masked)| format!("{name} {masked}")).collect();
        rows.push(Value::from_pairs([
            ("id", connection.id.as_str()),
            ("name", &connection.name),
            ("provider", &connection.provider),
            ("health", connection.health.as_str()),
            ("secret", &secret.join(", ")),
            ("by", connection.created_by.as_str()),
        ]));
    }
    let User { name, tenant } = visitor.user;
    let values = [("user", Value::from(name)), ("tenant", Value::from(tenant)), ("rows", Value::from(rows))];
    Ok(page(StatusCode::OK, Value::from_pairs(values)))
}

/// Sends the browser to the provider: for a new connection, or once more for the one that the form names.
async fn connect(visitor: Visitor, Form(form): Form<Named>) -> Result<Redirect, Refused> {
    let Visitor { tenant, session, .. } = visitor;
    let begun = if form.name.is_empty() {
        tenant.begin_consent(NewConnection::new(random::<8>()?, PROVIDER, "Pipedrive"), session).await?
    } else {
        tenant.connection(form.name).begin_consent(session).await?
    };
    Ok(Redirect::to(begun.url.as_str()))
}

/// Where the provider sends the browser back to. The connection is tried before anything is stored. A page that is loaded
/// twice finds it made, and the HEAD of a link scanner, which a route for GET answers too, uses nothing up.
async fn callback(visitor: Visitor, method: Method, RawQuery(query): RawQuery) -> Result<Redirect, Refused> {
    let callback = Callback::new(query.unwrap_or_default(), visitor.session).with_method(method);
    let mut draft = visitor.tenant.finish_consent(&callback).await?;
    let account = draft.check().await?;
    draft.named(account.name).store(&visitor.user.name.into()).await?;
    Ok(Redirect::to("/"))
}

async fn disconnect(visitor: Visitor, Form(form): Form<Named>) -> Result<Redirect, Refused> {
    let by = visitor.user.name.into();
    let ended = visitor.tenant.connection(form.name).disconnect(Erase::Everything, &by).await?;
    match ended.revoked {
        // Erased here; at the provider the customer has to take the app's access back.
        Revoked::Failed(error) => Err(error.into()),
        _ => Ok(Redirect::to("/")),
    }
}

/// An error as a page. Errors say what to do, and hold no secret.
struct Refused(tieline::Error);

impl From<tieline::Error> for Refused {
    fn from(error: tieline::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        page(StatusCode::BAD_REQUEST, Value::from_pairs([("error", self.0.to_string())]))
    }
}

const PAGE: &str = r#"<!doctype html>
<html lang="en"><title>Connections</title>
{% if error %}<p>{{ error }}</p><p><a href="/">Back</a></p>
{% elif users %}{% for user in users %}
<form method="post" action="/login"><button name="name" value="{{ user }}">Sign in as {{ user }}</button></form>
{% endfor %}{% else %}<h1>Connections of {{ tenant }}, for {{ user }}</h1>
{% for row in rows %}
<p>{{ row.name }} ({{ row.provider }}), {{ row.health }}, {{ row.secret }}, connected by {{ row.by }}</p>
<form method="post" action="/connect"><button name="name" value="{{ row.id }}">Connect again</button></form>
<form method="post" action="/disconnect"><button name="name" value="{{ row.id }}">Disconnect</button></form>
{% else %}<p>There are none yet</p>
{% endfor %}<form method="post" action="/connect"><button>Connect Pipedrive</button></form>
{% endif %}</html>
"#;

/// Values are escaped, because the template's name says that it is HTML.
fn page(status: StatusCode, values: Value) -> Response {
    match minijinja::Environment::new().render_named_str("page.html", PAGE, values) {
        // The address of a callback is nobody else's, and pages are not kept.
        Ok(html) => (status, [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")], Html(html))
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
