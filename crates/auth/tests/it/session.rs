//! Logins whose answer has a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use tieline_auth::{Fields, IssuedCredential, Login, token_endpoint};
use tieline_core::http::{Escape, HttpRequest};
use tieline_core::{
    AuthScheme, Category, ConnectorSpec, Credential, Field, KeyPlacement, LoginPart, SecretGeneration,
    SessionLogin, SessionToken, SystemClock,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};

use crate::world::{pass, rejection};

fn scheme(token: SessionToken) -> SessionLogin {
    let placement = KeyPlacement::prefixed("cookie", "session_id=");
    let mut login = SessionLogin::new("/web/session/authenticate", token, placement);
    login.fields = vec![Field::text("login", "User"), Field::secret("password", "Password")];
    login.body = vec![
        LoginPart::text(r#"{"params":{"db":""#),
        LoginPart::setting("database", Escape::Json),
        LoginPart::text(r#"","login":""#),
        LoginPart::field("login", Escape::Json),
        LoginPart::text(r#"","password":""#),
        LoginPart::field("password", Escape::Json),
        LoginPart::text(r#""}}"#),
    ];
    login
}

fn credential(login: SessionLogin, transport: &MemoryTransport) -> Arc<IssuedCredential> {
    let mut spec = ConnectorSpec::new("acme", "Acme", Category::Erp);
    spec.auth = vec![AuthScheme::Session(login)];
    let host = HttpStack::builder().transport(Arc::new(transport.clone())).build().unwrap();
    let base: url::Url = "https://erp.acme.example/".parse().unwrap();
    let http = host.client(ClientOptions::new(token_endpoint(&spec), base.clone())).unwrap();
    let fields = Fields::new([("login", "demo"), ("password", "pass\"w0rd")]);
    let login = Login::new(&spec, &base, &json!({ "database": "prod" }), fields, http).unwrap();
    IssuedCredential::session(login, Arc::new(SystemClock))
}

async fn sent(credential: &dyn Credential) -> tieline_core::Result<(String, SecretGeneration)> {
    let mut request = HttpRequest::get("https://erp.acme.example/api".parse().unwrap());
    let stamp = credential.authorize(&mut request).await?;
    assert!(request.headers()["cookie"].is_sensitive());
    Ok((request.headers()["cookie"].to_str().unwrap().to_owned(), stamp))
}

#[tokio::test(start_paused = true)]
async fn the_token_is_found_where_the_spec_says() {
    for token in [
        SessionToken::body("/result/session_id"),
        SessionToken::cookie("session_id"),
        SessionToken::header("x-session"),
    ] {
        let transport = MemoryTransport::new(|_| {
            let headers = [
                ("set-cookie", "lang=sv; path=/"),
                ("set-cookie", "session_id=5e5510; HttpOnly"),
                ("x-session", "5e5510"),
            ];
            Ok(answer(StatusCode::OK, &headers, r#"{"result":{"session_id":"5e5510"}}"#))
        });
        let credential = credential(scheme(token), &transport);
        assert_eq!(sent(&*credential).await.unwrap(), ("session_id=5e5510".to_owned(), SecretGeneration(1)));
        assert_eq!(sent(&*credential).await.unwrap().1, SecretGeneration(1));
        let requests = transport.requests();
        let [login] = requests.as_slice() else { panic!("{} logins", requests.len()) };
        assert_eq!(login.uri(), "https://erp.acme.example/web/session/authenticate");
        assert_eq!(login.body(), r#"{"params":{"db":"prod","login":"demo","password":"pass\"w0rd"}}"#);
        let echo = credential.scrub(r#"no session 5e5510 for pass\"w0rd"#);
        assert_eq!(echo.as_deref(), Some("no session [redacted] for [redacted]"));
        assert_eq!(format!("{credential:?}"), "IssuedCredential(session)");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ended_is_renewed_once() {
    let logins = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&logins);
    let transport = MemoryTransport::new(move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        Ok(answer(StatusCode::OK, &[("x-session", &format!("session-{number}"))], ""))
    });
    let credential = credential(scheme(SessionToken::header("x-session")), &transport);
    let (_, stamp) = sent(&*credential).await.unwrap();
    pass(3600).await;
    join_all((0..50).map(|_| async {
        credential.rejected(stamp, &rejection()).await.unwrap();
        assert_eq!(sent(&*credential).await.unwrap().0, "session_id=session-1");
    }))
    .await;
    assert_eq!(logins.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_not_tried_again() {
    let mut lines = Vec::new();
    for (status, body) in [
        (401, r#"{"error":"pass\"w0rd is wrong"}"#),
        (200, r#"{"error":{"message":"Access Denied"}}"#),
        (200, r#"{"result":{"session_id":"a\nb"}}"#),
        (403, "<html>pass\"w0rd</html>"),
        (503, "down"),
    ] {
        let transport =
            MemoryTransport::new(move |_| Ok(answer(StatusCode::from_u16(status).unwrap(), &[], body)));
        let credential = credential(scheme(SessionToken::body("/result/session_id")), &transport);
        let error = sent(&*credential).await.unwrap_err();
        assert!(!error.to_string().contains("w0rd"));
        sent(&*credential).await.unwrap_err();
        assert_eq!(transport.requests().len(), 1);
        lines.push(error.to_string());
    }
    assert_snapshot!(lines.join("\n"), @r"
    Acme does not accept the login: check user name and password, and connect again (unauthenticated, HTTP 401)
    Acme does not accept the login: check user name and password, and connect again (unauthenticated, HTTP 200)
    Acme does not accept the login: check user name and password, and connect again (unauthenticated, HTTP 200)
    Acme answered a login with a web page (decode, HTTP 403)
    Acme could not answer a token request: try again later; the provider's status page tells more if it stays (unavailable, HTTP 503, method=POST, host=erp.acme.example, path=/web/session/authenticate)
    ");
}
