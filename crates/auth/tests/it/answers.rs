//! Token answers that are none, or hard to read.

use std::sync::Arc;

use http::StatusCode;
use insta::assert_snapshot;
use tieline_auth::{Secret, Tokens};
use tieline_core::{Clock, Credential, Error, ErrorKind, Resend};
use tieline_http::memory::{MemoryTransport, answer, body_of};
use tieline_sandbox::oauth::CLIENT_SECRET;
use tieline_store::SecretStore;

use crate::world::*;

/// A process whose token requests get this answer, and a connection that must be renewed.
async fn answered(
    status: u16,
    content_type: &str,
    body: &str,
) -> (World, Result<Tokens, Error>, MemoryTransport) {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let (content_type, body) = (content_type.to_owned(), body.to_owned());
    let transport = MemoryTransport::new(move |_| {
        Ok(answer(StatusCode::from_u16(status).unwrap(), &[("content-type", &content_type)], body.clone()))
    });
    let mut process = world.process();
    process.client = client_over(Arc::new(transport.clone()), Arc::new(world.clock), &spec(oauth()));
    let credential = process.credential();
    let mut request = tieline_core::http::HttpRequest::get("https://api.acme.example/me".parse().unwrap());
    let result = credential.authorize(&mut request).await;
    let result = match result {
        Ok(_) => match process.secret().await {
            Secret::Tokens(tokens) => Ok(tokens),
            other => panic!("{other:?}"),
        },
        Err(error) => Err(error),
    };
    (world, result, transport)
}

const JSON: &str = "application/json";

#[tokio::test(start_paused = true)]
async fn what_can_be_read_is_read() {
    for (content_type, body) in [
        (
            JSON,
            r#"{"access_token":"new-a","refresh_token":"new-r","expires_in":"3600","token_type":"bearer"}"#,
        ),
        (
            JSON,
            r#"{"access_token":"new-a","refresh_token":"new-r","expires_in":3600.0,"scope":["read","write"]}"#,
        ),
        (
            "text/html; charset=utf-8",
            r#"{"access_token":"new-a","refresh_token":"new-r","token_type":"BEARER"}"#,
        ),
        (JSON, "\u{feff}{\"access_token\":\"new-a\",\"refresh_token\":\"new-r\"}"),
        ("application/x-www-form-urlencoded", "access_token=new-a&refresh_token=new-r&expires_in=3600"),
        (
            "",
            r#" {"access_token":"new-a","expires_in":null,"refresh_token":"","scope":"read,write","error":null}"#,
        ),
    ] {
        let (world, result, transport) = answered(200, content_type, body).await;
        let tokens = result.unwrap();
        assert!(tokens.is_renewable());
        assert_eq!((tokens.expires_at() - world.clock.now()).num_seconds(), 3600, "{body}");
        if body.contains("scope") {
            assert_eq!(tokens.scopes(), ["read", "write"]);
        } else {
            assert_eq!(tokens.scopes(), ["base", "read", "write"], "as before");
        }
        assert_eq!(transport.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_request_carries_its_secrets_where_they_belong() {
    let (_, result, transport) = answered(200, JSON, r#"{"access_token":"new-a"}"#).await;
    result.unwrap();
    let requests = transport.requests();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!(request.uri(), "https://auth.example.com/oauth/token");
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    assert!(request.headers()["authorization"].is_sensitive());
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    assert!(body.starts_with("grant_type=refresh_token&refresh_token="), "{body}");
    assert!(!body.contains(CLIENT_SECRET));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said_and_nothing_is_overwritten() {
    let mut lines = Vec::new();
    for (what, status, body) in [
        ("a page with 200", 200, "<!DOCTYPE html><html>Sign in</html>"),
        ("a page with 502", 502, "<html>Bad gateway</html>"),
        ("a page with 403", 403, "  <html>Attention required</html>"),
        ("truncated", 200, r#"{"access_token":"s3cret-a","refresh_tok"#),
        ("empty", 200, ""),
        ("no object", 200, r#""s3cret-a""#),
        ("no access_token", 200, r#"{"refresh_token":"s3cret-r","expires_in":3600}"#),
        ("a number for a token", 200, r#"{"access_token":12345678901}"#),
        ("a line end in the token", 200, "{\"access_token\":\"s3cret\\r\\nx: y\"}"),
        ("another type of token", 200, r#"{"access_token":"s3cret-a","token_type":"mac"}"#),
        ("429", 429, r#"{"error":"slow down"}"#),
        ("503", 503, r#"{"error":"down"}"#),
        ("a redirect", 302, ""),
        ("404", 404, "not here"),
        ("400 without words", 400, ""),
        ("an unknown error", 400, r#"{"error":"tenant_locked","error_description":"Pay your\nbill"}"#),
        ("invalid_request", 400, r#"{"error":"invalid_request"}"#),
        ("invalid_client", 401, r#"{"error":"invalid_client"}"#),
        ("401 without words", 401, ""),
        ("invalid_scope", 400, r#"{"error":"invalid_scope"}"#),
        ("temporarily_unavailable", 400, r#"{"error":"temporarily_unavailable"}"#),
        (
            "invalid_grant",
            400,
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
        ),
        ("an error with 200", 200, r#"{"error":"invalid_grant"}"#),
        ("a sentence", 400, r#"{"success":false,"message":"Refresh token is invalid or already exchanged"}"#),
    ] {
        let (world, result, transport) = answered(status, JSON, body).await;
        let error = result.unwrap_err();
        assert_ne!(error.resend(), Resend::Safe, "{what}");
        assert!(!format!("{error:?}").contains("s3cret"), "{what}: {error:?}");
        assert_eq!(transport.requests().len(), 1, "{what}: sent once");
        let stored = world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().unwrap();
        assert_eq!(stored.generation, 1, "{what}");
        let intent = if stored.intent.is_some() { "open" } else { "none" };
        let error = error.to_string().replace(", method=POST, host=auth.example.com, path=/oauth/token", "");
        let error = error.replace(", connection=sales", "");
        let error = error.replace(
            ", renewal=its outcome is not known; the next one tries the refresh token once more",
            "",
        );
        lines.push(format!("{what}, intent {intent}: {error}"));
    }
    assert_snapshot!(lines.join("\n"), @r"
    a page with 200, intent open: Acme answered a token request with a web page: try again later; check the provider's status page if it stays (decode, HTTP 200)
    a page with 502, intent open: Acme could not answer a token request: try again later; the provider's status page tells more if it stays (unavailable, HTTP 502)
    a page with 403, intent open: Acme answered a token request with a web page: try again later; check the provider's status page if it stays (decode, HTTP 403)
    truncated, intent open: Acme answered a token request with what is no token: EOF while parsing a string at line 1 column 39: try again; report it if it stays (decode)
    empty, intent open: Acme answered a token request with what is no token: it is empty: try again; report it if it stays (decode)
    no object, intent open: Acme answered a token request with what is no token: it is not a JSON object: try again; report it if it stays (decode)
    no access_token, intent open: Acme answered a token request with what is no token: it holds no access_token: try again; report it if it stays (decode)
    a number for a token, intent open: Acme answered a token request with what is no token: its access_token is not a text: try again; report it if it stays (decode)
    a line end in the token, intent open: Acme answered a token request with what is no token: its access_token holds a character that a header cannot carry: try again; report it if it stays (decode)
    another type of token, intent open: Acme answered a token request with what is no token: its token_type is not Bearer: try again; report it if it stays (decode)
    429, intent none: Acme takes no more token requests for now: wait before the next one (rate_limited, HTTP 429)
    503, intent open: Acme could not answer a token request: try again later; the provider's status page tells more if it stays (unavailable, HTTP 503)
    a redirect, intent open: Acme redirects token requests (config, HTTP 302)
    404, intent none: Acme has no token endpoint at this address: check the addresses that the host put in place of the provider's (config, HTTP 404)
    400 without words, intent open: Acme refuses a token request without saying why (rejected, HTTP 400)
    an unknown error, intent open: Acme refuses a token request (rejected, HTTP 400, code tenant_locked, provider=Pay your bill)
    invalid_request, intent none: Acme refuses this application's token requests: check the app at the provider and the connector's description; connecting again does not help (config, HTTP 400, code invalid_request)
    invalid_client, intent none: Acme does not accept this application's client id and secret: check them against the provider's developer portal (config, HTTP 401, code invalid_client)
    401 without words, intent none: Acme does not accept this application's client id and secret: check them against the provider's developer portal (config, HTTP 401)
    invalid_scope, intent none: Acme does not give this app the scopes that were asked for: enable them for the app in the provider's developer portal, or ask for fewer (config, HTTP 400, code invalid_scope)
    temporarily_unavailable, intent open: Acme takes no token request just now: try again later; the grant stays as it is (unavailable, HTTP 400, code temporarily_unavailable)
    invalid_grant, intent none: Acme does not accept the refresh token any more: it was revoked, or has ended: let the customer connect again (unauthenticated, code invalid_grant, provider=Token has been expired or revoked.)
    an error with 200, intent none: Acme does not accept the refresh token any more: it was revoked, or has ended: let the customer connect again (unauthenticated, code invalid_grant)
    a sentence, intent none: Acme does not accept the refresh token any more: it was revoked, or has ended: let the customer connect again (unauthenticated, provider=Refresh token is invalid or already exchanged)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_bounded_and_may_break() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    let mut lines = Vec::new();
    let endless = || Ok(answer(StatusCode::OK, &[], vec![b' '; 300 << 10]));
    let broken = || {
        let reset = Error::new(ErrorKind::Transport, "the answer broke off, connection reset");
        Ok(http::Response::new(body_of([Ok("{\"access_token\"".into()), Err(reset)])))
    };
    let refused = || Err(Error::new(ErrorKind::Transport, "connection refused").with_resend(Resend::Safe));
    let sent = |answer: fn() -> _| MemoryTransport::new(move |_| answer());
    for transport in [sent(endless), sent(broken), sent(refused)] {
        let mut process = world.process();
        process.client = client_over(Arc::new(transport.clone()), Arc::new(world.clock), &spec(oauth()));
        let mut request =
            tieline_core::http::HttpRequest::get("https://api.acme.example/me".parse().unwrap());
        let error = process.credential().authorize(&mut request).await.unwrap_err();
        let stored = world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().unwrap();
        lines.push(format!(
            "{} requests, intent {}: {error}",
            transport.requests().len(),
            stored.intent.is_some()
        ));
        world.reconnect().await;
        pass(4000).await;
    }
    assert_snapshot!(lines.join("\n"), @r"
    1 requests, intent true: the answer is larger than 262144 bytes: ask for smaller pages, or raise the limit of the body (decode, method=POST, host=auth.example.com, path=/oauth/token, renewal=its outcome is not known; the next one tries the refresh token once more, connection=sales)
    1 requests, intent true: the answer broke off, connection reset (transport, method=POST, host=auth.example.com, path=/oauth/token, renewal=its outcome is not known; the next one tries the refresh token once more, connection=sales)
    5 requests, intent false: connection refused (transport, 5 attempts, method=POST, host=auth.example.com, path=/oauth/token, connection=sales)
    ");
}
