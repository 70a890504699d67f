//! Pipedrive with an app instead of an API token.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, Client, Decision, Ended, REDIRECT_URI};
use tieline_sandbox::pipedrive::{Limits, Pipedrive};
use tieline_sandbox::{Fault, FaultRule, Model as _, Reply, Sandbox};

use super::{callback, connected, error, form, post, refresh, seconds};
use crate::{served, still};

fn call(sandbox: &Sandbox<Pipedrive>, method: &str, path: &str, token: &str) -> Reply {
    let url = format!("https://acme-demo.pipedrive.com{path}");
    let request = http::Request::builder().method(method).uri(url);
    let request = request.header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/json");
    sandbox.handle(request.body(Bytes::from_static(br#"{"title": "Ny"}"#)).unwrap())
}

fn get(sandbox: &Sandbox<Pipedrive>, path: &str, token: &str) -> (u16, Value) {
    let reply = call(sandbox, "GET", path, token);
    (reply.status.as_u16(), super::json(&reply))
}

#[tokio::test]
async fn an_app_is_let_in_and_reads() {
    let server = served().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let query = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("state", "s1"),
    ];
    let page = url::Url::parse_with_params(&format!("{}/oauth/authorize", server.base_url()), query).unwrap();
    let sent = client.get(page).send().await.unwrap();
    let back = url::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let members =
        [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
    let tokens: Value = client
        .post(format!("{}/oauth/token", server.base_url()))
        .basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&members))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(tokens["api_domain"], "https://acme-demo.pipedrive.com");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3599)));
    assert!(tokens["scope"].as_str().unwrap().starts_with("base,deals:full,"));
    let access = tokens["access_token"].as_str().unwrap();
    assert!(access.starts_with("v1u:") && access.len() == 768);
    let deals: Value = client
        .get(format!("{}/api/v2/deals?limit=2", server.base_url()))
        .bearer_auth(access)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(deals["data"].as_array().unwrap().len(), 2);
    let (_, me) = get(&server, "/api/v1/users/me", access);
    assert_eq!(me["data"]["company_domain"], "acme-demo");
}

#[test]
fn a_dead_token_meets_the_gateway_and_a_refresh_helps() {
    let sandbox = still();
    let tokens = connected(&sandbox);
    assert!(tokens.refresh_token.starts_with("7788001:"));
    sandbox.advance(seconds(3599));
    let (status, body) = get(&sandbox, "/api/v2/deals", &tokens.access_token);
    assert_eq!((status, &body["errorCode"]), (401, &json!(401)));
    let next = super::json(&refresh(&sandbox, &tokens.refresh_token));
    assert_eq!(next["refresh_token"], tokens.refresh_token.as_str(), "it lives on");
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(get(&sandbox, "/api/v2/deals", access).0, 200);
    assert_eq!(call(&sandbox, "GET", "/api/v2/deals", &tokens.refresh_token).status, 401);
    let elsewhere = http::Request::get("https://other.pipedrive.com/api/v2/deals");
    let elsewhere = elsewhere.header("authorization", format!("Bearer {access}")).body(Bytes::new()).unwrap();
    assert_eq!(sandbox.handle(elsewhere).status, 401);
    assert_eq!(sandbox.authorization().counters().refreshes, 1);
}

#[test]
fn scopes_open_and_close_endpoints() {
    let sandbox = still();
    let app = Client::new("reader").with_secret("reader-secret").with_redirect(REDIRECT_URI);
    sandbox.authorization().register(app.with_scopes(["base", "deals:read"])).unwrap();
    let token = sandbox.connected("reader").unwrap().access_token;
    let statuses = |calls: &[(&str, &str)]| -> Vec<u16> {
        calls.iter().map(|(method, path)| call(&sandbox, method, path, &token).status.as_u16()).collect()
    };
    let open = [
        ("GET", "/api/v1/users/me"),
        ("GET", "/api/v2/deals"),
        ("GET", "/api/v2/deals/archived"),
        ("GET", "/api/v2/stages"),
        ("GET", "/api/v2/dealFields"),
        ("GET", "/api/v1/notes"),
    ];
    assert_eq!(statuses(&open), [200; 6]);
    let closed = [
        ("POST", "/api/v2/deals"),
        ("DELETE", "/api/v2/deals/1"),
        ("GET", "/api/v2/persons"),
        ("GET", "/api/v2/activityFields"),
        ("GET", "/api/v1/users"),
        ("POST", "/api/v1/notes"),
        ("GET", "/api/v1/leads"),
        ("GET", "/api/v2/itemSearch/field"),
    ];
    assert_eq!(statuses(&closed), [403; 8]);
    assert_eq!(get(&sandbox, "/api/v2/persons", &token).1["error"], "Scope and URL mismatch");
}

#[test]
fn apps_have_a_burst_of_their_own() {
    let sandbox = still();
    sandbox.set_limits(Limits { burst: 1, oauth_burst: 3, ..Limits::default() });
    let token = connected(&sandbox).access_token;
    let statuses: Vec<u16> = (0..4).map(|_| get(&sandbox, "/api/v2/stages", &token).0).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let reply = crate::call(&sandbox, "GET", "/api/v2/stages", None);
    assert_eq!((reply.status.as_u16(), reply.headers["x-ratelimit-limit"].to_str().unwrap()), (200, "1"));
    assert_eq!(crate::call(&sandbox, "GET", "/api/v2/stages", None).status, 429);
    sandbox.advance(seconds(2));
    let reply = call(&sandbox, "GET", "/api/v2/stages", &token);
    assert_eq!(reply.headers["x-ratelimit-remaining"], "2");
}

#[test]
fn an_app_acts_for_the_person_who_let_it_in() {
    let sandbox = still();
    let token = connected(&sandbox).access_token;
    let other = crate::get(&sandbox, "/api/v1/users")["data"][1]["id"].as_i64().unwrap();
    let person = tieline_sandbox::oauth::Person {
        user: other.to_string(),
        tenant: "7788001".into(),
        decision: Decision::Consents,
    };
    sandbox.authorization().set_person(person);
    let theirs = connected(&sandbox).access_token;
    let me = |token: &str| get(&sandbox, "/api/v1/users/me", token).1["data"]["id"].as_i64().unwrap();
    assert_eq!(me(&theirs), other);
    assert_ne!(me(&token), other);
    let made = super::json(&call(&sandbox, "POST", "/api/v2/deals", &theirs));
    assert_eq!(made["data"]["creator_user_id"], other);
    let api = crate::get(&sandbox, "/api/v1/users/me");
    assert_ne!(api["data"]["id"], other, "the API token is still its owner's");
}

#[test]
fn a_person_who_says_no() {
    let sandbox = still();
    sandbox.authorization().set_decision(Decision::Denies);
    let query = super::ask(&[("state", "s1"), ("code_challenge", "ignored here")]);
    let members = callback(&super::authorize(&*sandbox, &query));
    assert_eq!(members, [("error".into(), "user_denied".into()), ("state".into(), "s1".into())]);
}

#[test]
fn revoking_the_refresh_token_uninstalls() {
    let sandbox = still();
    let tokens = connected(&sandbox);
    assert_eq!(post(&sandbox, "/oauth/revoke", &[("token", &tokens.access_token)]).status, 200);
    assert_eq!(get(&sandbox, "/api/v2/deals", &tokens.access_token).0, 401);
    let next = super::json(&refresh(&sandbox, &tokens.refresh_token));
    let hint = [("token", tokens.refresh_token.as_str()), ("token_type_hint", "refresh_token")];
    assert_eq!(post(&sandbox, "/oauth/revoke", &hint).status, 200);
    assert_eq!(get(&sandbox, "/api/v2/deals", next["access_token"].as_str().unwrap()).0, 401);
    assert_eq!(error(&refresh(&sandbox, &tokens.refresh_token)), (400, "invalid_grant".into()));
    assert_eq!(sandbox.authorization().consents()[0].ended, Some(Ended::Revoked));
}

#[tokio::test]
async fn a_user_uninstalls() {
    let server = served().await;
    let sandbox: Arc<_> = server.sandbox().clone();
    let tokens = connected(&sandbox);
    let call = sandbox.uninstall(tokens.consent).unwrap();
    assert_eq!((call.method().as_str(), call.uri().to_string().as_str()), ("DELETE", REDIRECT_URI));
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    assert_eq!(call.headers()["authorization"], expected.as_str());
    let body: Value = serde_json::from_slice(call.body()).unwrap();
    assert_eq!((&body["client_id"], &body["company_id"]), (&json!(CLIENT_ID), &json!(7_788_001)));
    assert!(body["user_id"].is_i64());
    assert_eq!(body["timestamp"], "2026-11-02T08:00:00.000Z");
    assert_eq!(get(&sandbox, "/api/v2/deals", &tokens.access_token).0, 401);
    assert!(sandbox.uninstall(77).is_err());

    let again = connected(&sandbox);
    let url = format!("{}/_sandbox/consents/{}/uninstall", server.base_url(), again.consent);
    let told: Value = reqwest::Client::new().post(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["method"], &told["url"]), (&json!("DELETE"), &json!(REDIRECT_URI)));
    assert_eq!(told["headers"]["authorization"], expected);
    assert!(serde_json::from_str::<Value>(told["body"].as_str().unwrap()).unwrap()["user_id"].is_i64());
}

#[test]
fn what_is_secret_is_known() {
    let sandbox = still();
    let tokens = connected(&sandbox);
    let secrets = sandbox.model().secrets();
    for secret in [tokens.access_token.as_str(), &tokens.refresh_token, CLIENT_SECRET, &sandbox.token()] {
        assert!(secrets.iter().any(|known| known == secret));
    }
    // Its colons are spelled differently in a form.
    sandbox.inject(FaultRule::new(Fault::EchoSecrets { status: 400 }).on("POST", "/oauth/token"));
    let said = refresh(&sandbox, &tokens.refresh_token);
    assert!(said.headers["x-debug-credential"].to_str().unwrap().contains(&tokens.refresh_token));
    sandbox.inject(FaultRule::new(Fault::Status { status: 503, body: None }).on("POST", "/oauth/token"));
    assert_eq!(error(&refresh(&sandbox, &tokens.refresh_token)), (503, "server_error".into()));
}
