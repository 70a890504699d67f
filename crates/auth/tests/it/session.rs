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
    AuthScheme, Category, ConnectorSpec, Credential, CsrfFetch, Field, KeyPlacement, LoginPart, Logout,
    SecretGeneration, SessionLogin, SessionToken, SessionValue, SystemClock,
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

fn erp(
    login: SessionLogin,
    base: &str,
    fields: Fields,
    transport: &MemoryTransport,
) -> Arc<IssuedCredential> {
    let mut spec = ConnectorSpec::new("acme", "Acme", Category::Erp);
    spec.auth = vec![AuthScheme::Session(login)];
    let host = HttpStack::builder().transport(Arc::new(transport.clone())).build().unwrap();
    let base: url::Url = base.parse().unwrap();
    let http = host.client(ClientOptions::new(token_endpoint(&spec), base.clone())).unwrap();
    let login = Login::new(&spec, &base, &json!({}), fields, http).unwrap();
    IssuedCredential::session(login, Arc::new(SystemClock))
}

/// A server with two cookies, a CSRF token for writes and a logout.
#[tokio::test(start_paused = true)]
async fn cookies_a_csrf_token_and_a_logout() {
    let transport = MemoryTransport::new(|request| {
        let cookies = request.headers().get("cookie").map(|value| value.to_str().unwrap().to_owned());
        Ok(match request.uri().path() {
            "/b1s/v1/Login" => answer(
                StatusCode::OK,
                &[("set-cookie", "B1SESSION=5e55; HttpOnly"), ("set-cookie", "ROUTEID=.node1; path=/b1s")],
                "{}",
            ),
            "/b1s/v1/Csrf" => {
                assert_eq!(cookies.as_deref(), Some("B1SESSION=5e55; ROUTEID=.node1"));
                assert_eq!(request.headers()["x-csrf-token"], "fetch");
                answer(StatusCode::OK, &[("x-csrf-token", "c5rf"), ("set-cookie", "ROUTEID=.node2")], "")
            }
            "/b1s/v1/Logout" => {
                assert_eq!(cookies.as_deref(), Some("B1SESSION=5e55; ROUTEID=.node1"));
                answer(StatusCode::NO_CONTENT, &[], "")
            }
            other => panic!("{other}"),
        })
    });
    let route =
        || SessionValue::new(SessionToken::cookie("ROUTEID"), KeyPlacement::cookie("ROUTEID")).optional();
    let mut login =
        SessionLogin::new("Login", SessionToken::cookie("B1SESSION"), KeyPlacement::cookie("B1SESSION"));
    login.fields = vec![Field::text("user", "User"), Field::secret("password", "Password")];
    login.values.push(route());
    let mut csrf =
        CsrfFetch::new("Csrf", SessionToken::header("x-csrf-token"), KeyPlacement::header("x-csrf-token"))
            .with_header("x-csrf-token", "fetch");
    csrf.values.push(route().for_writes());
    login.csrf = Some(csrf);
    login.logout = Some(Logout::new(http::Method::POST, "Logout"));
    let fields = Fields::new([("user", "demo"), ("password", "w0rd")]);
    let credential = erp(login, "https://erp.acme.example/b1s/v1/", fields, &transport);
    let url = || "https://erp.acme.example/b1s/v1/Orders".parse().unwrap();
    let mut read = HttpRequest::get(url());
    credential.authorize(&mut read).await.unwrap();
    assert_eq!(read.headers()["cookie"], "B1SESSION=5e55; ROUTEID=.node1");
    assert!(read.headers().get("x-csrf-token").is_none());
    for _ in 0..2 {
        let mut write = HttpRequest::post(url(), "{}");
        credential.authorize(&mut write).await.unwrap();
        assert_eq!(write.headers()["cookie"], "B1SESSION=5e55; ROUTEID=.node2");
        assert_eq!(write.headers()["x-csrf-token"], "c5rf");
    }
    credential.log_out().await;
    credential.log_out().await;
    let paths: Vec<String> = transport.requests().iter().map(|sent| sent.uri().path().to_owned()).collect();
    assert_eq!(paths, ["/b1s/v1/Login", "/b1s/v1/Csrf", "/b1s/v1/Logout"]);
}

/// A login by PUT with its secrets in the query and a day of its end, whose token is the password of a `Basic` login.
#[tokio::test(start_paused = true)]
async fn a_login_by_put_with_its_keys_in_the_query() {
    let transport = MemoryTransport::new(|request| {
        assert_eq!(request.method(), "PUT");
        Ok(answer(StatusCode::OK, &[], "\u{feff}{\"value\":{\"token\":\"t0ken\"}}"))
    });
    let mut login = SessionLogin::new(
        "/v2/token/session/:create",
        SessionToken::body("/value/token"),
        KeyPlacement::basic_password("0"),
    );
    login.method = http::Method::PUT;
    login.fields =
        vec![Field::secret("consumer", "Consumer token"), Field::secret("employee", "Employee token")];
    login.query = vec![
        ("consumerToken".into(), vec![LoginPart::field("consumer", None)]),
        ("employeeToken".into(), vec![LoginPart::field("employee", None)]),
        ("expirationDate".into(), vec![LoginPart::day(2)]),
    ];
    let fields = Fields::new([("consumer", "c0n&sumer"), ("employee", "empl0yee")]);
    let credential = erp(login, "https://erp.acme.example/", fields, &transport);
    let mut request = HttpRequest::get("https://erp.acme.example/v2/invoice".parse().unwrap());
    credential.authorize(&mut request).await.unwrap();
    assert_eq!(request.headers()["authorization"], "Basic MDp0MGtlbg==");
    let sent = transport.requests();
    let day = (chrono::Utc::now() + chrono::TimeDelta::days(2)).date_naive();
    assert_eq!(
        sent[0].uri().query(),
        Some(format!("consumerToken=c0n%26sumer&employeeToken=empl0yee&expirationDate={day}").as_str())
    );
    assert_eq!(credential.scrub("c0n&sumer t0ken").as_deref(), Some("[redacted] [redacted]"));
}

/// A `Basic` login beside a CSRF token: both parts of a scheme of several.
#[tokio::test(start_paused = true)]
async fn several_secrets_are_put_into_one_request() {
    use tieline_core::IntoCredential as _;

    let scheme = AuthScheme::All(vec![
        AuthScheme::api_key(KeyPlacement::header("x-app-key"), Field::secret("app_key", "App key")),
        AuthScheme::basic(Field::text("user", "User"), Field::secret("password", "Password")),
    ]);
    let names: Vec<String> = scheme.fields().iter().map(|field| field.name.to_string()).collect();
    assert_eq!(names, ["app_key", "user", "password"]);
    let fields = Fields::new([("app_key", "k3y"), ("user", "demo"), ("password", "w0rd")]);
    let credential = fields.into_credential(&[scheme]).unwrap();
    let mut request = HttpRequest::get("https://erp.acme.example/".parse().unwrap());
    credential.authorize(&mut request).await.unwrap();
    assert_eq!(request.headers()["x-app-key"], "k3y");
    assert_eq!(request.headers()["authorization"], "Basic ZGVtbzp3MHJk");
    assert_eq!(credential.scrub("k3y, w0rd").as_deref(), Some("[redacted], [redacted]"));
}

#[tokio::test]
async fn a_key_goes_wherever_the_spec_says() {
    use tieline_auth::ApiKey;
    use tieline_core::IntoCredential as _;

    for (placement, header, expected) in [
        (KeyPlacement::prefixed("authorization", "Token "), "authorization", "Token k3y"),
        (KeyPlacement::cookie("key"), "cookie", "lang=sv; key=k3y"),
        (KeyPlacement::basic_user("X"), "authorization", "Basic azN5Olg="),
        (KeyPlacement::basic_password("key"), "authorization", "Basic a2V5OmszeQ=="),
    ] {
        let scheme = AuthScheme::api_key(placement, Field::secret("key", "Key"));
        let credential = ApiKey::new("k3y").into_credential(&[scheme]).unwrap();
        let mut request = HttpRequest::get("https://erp.acme.example/".parse().unwrap())
            .with_header(http::header::COOKIE, http::HeaderValue::from_static("lang=sv; key=old"));
        credential.authorize(&mut request).await.unwrap();
        assert_eq!(request.headers()[header], expected);
        assert!(request.headers()[header].is_sensitive());
        let echoed = expected.rsplit(' ').next().unwrap().trim_start_matches("key=");
        assert!(credential.scrub(&format!("not {echoed}!")).is_some_and(|clean| !clean.contains(echoed)));
    }
    for (placement, key) in [
        (KeyPlacement::cookie("key"), "a;b"),
        (KeyPlacement::basic_user(""), "a:b"),
        (KeyPlacement::header("x"), "å"),
    ] {
        let scheme = AuthScheme::api_key(placement, Field::secret("key", "Key"));
        let error = ApiKey::new(key).into_credential(&[scheme]).unwrap_err();
        assert!(!error.to_string().contains(key), "{error}");
    }
}
