use serde_json::{Value, json};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET};
use tieline_sandbox::{Fault, FaultRule, Misbehaviour, RetryAfter};

use super::{connected, error, json, plain, refresh, status_of_me};

fn on_refresh(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on("POST", "/oauth/token").body("grant_type=refresh_token")
}

#[test]
fn a_lost_answer_has_used_the_token_up() {
    let sandbox = plain();
    let tokens = connected(&sandbox);
    sandbox.inject(on_refresh(Fault::ResetBeforeAnswer).takes_effect(true));
    let lost = refresh(&sandbox, &tokens.refresh_token);
    assert_eq!(lost.misbehaviour, Some(Misbehaviour::ResetBeforeAnswer));
    let counters = sandbox.authorization().counters();
    assert_eq!((counters.refreshes, counters.refresh_tokens_reused), (1, 0));
    assert_eq!(error(&refresh(&sandbox, &tokens.refresh_token)), (400, "invalid_grant".into()));
    assert_eq!(sandbox.authorization().counters().refresh_tokens_reused, 1);
}

#[test]
fn what_fails_before_the_use_can_be_tried_again() {
    let sandbox = plain();
    let mut latest = connected(&sandbox).refresh_token;
    let before = [
        Fault::Status { status: 503, body: None },
        Fault::ResetBeforeAnswer,
        Fault::HtmlPage { status: 200 },
        Fault::TooManyRequests { retry_after: RetryAfter::Seconds(7) },
    ];
    for fault in before {
        let status = match fault {
            Fault::Status { .. } => 503,
            Fault::TooManyRequests { .. } => 429,
            Fault::HtmlPage { .. } => 200,
            _ => 502,
        };
        sandbox.inject(on_refresh(fault.clone()));
        let reply = refresh(&sandbox, &latest);
        assert_eq!(reply.status, status, "{fault:?}");
        if status == 503 {
            assert_eq!(json(&reply)["error"], "server_error", "the token endpoint's own words");
        }
        let next = json(&refresh(&sandbox, &latest));
        latest = next["refresh_token"].as_str().unwrap().to_owned();
    }
    assert_eq!(sandbox.authorization().counters().refreshes, 4);
    assert_eq!(sandbox.authorization().counters().refresh_tokens_reused, 0);
}

#[test]
fn what_fails_after_the_use_cannot() {
    for fault in [
        Fault::Status { status: 502, body: None },
        Fault::HtmlPage { status: 200 },
        Fault::MalformedJson,
        Fault::TruncateBody,
    ] {
        let sandbox = plain();
        let tokens = connected(&sandbox);
        sandbox.inject(on_refresh(fault.clone()).takes_effect(true));
        let reply = refresh(&sandbox, &tokens.refresh_token);
        let whole = reply.misbehaviour.is_none() && serde_json::from_slice::<Value>(&reply.body).is_ok();
        assert!(reply.status == 502 || !whole, "{fault:?}");
        assert_eq!(refresh(&sandbox, &tokens.refresh_token).status, 400, "{fault:?}");
        assert_eq!(status_of_me(&sandbox, &tokens.access_token), 401, "reuse ended it all");
    }
}

#[test]
fn an_error_says_the_refresh_token_back() {
    let sandbox = plain();
    let tokens = connected(&sandbox);
    sandbox.inject(on_refresh(Fault::EchoSecrets { status: 400 }));
    let reply = refresh(&sandbox, &tokens.refresh_token);
    assert!(String::from_utf8_lossy(&reply.body).contains(&tokens.refresh_token));
}

#[tokio::test]
async fn another_process_can_do_everything() {
    let server = plain().serve().await.unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let tell = |method: &str, path: &str, body: Value| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = client.request(method, format!("{}/_sandbox{path}", server.base_url()));
        let request = if body.is_null() { request } else { request.json(&body) };
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let (_, about) = tell("GET", "", Value::Null).await;
    assert_eq!(
        (about["client_id"].as_str(), about["client_secret"].as_str()),
        (Some(CLIENT_ID), Some(CLIENT_SECRET))
    );

    let callback = "http://127.0.0.1:8976/callback";
    let app = json!({"id": "app", "secret": "app-secret", "redirects": [callback], "scopes": ["read"]});
    assert_eq!(tell("POST", "/oauth/clients", app).await.0, 200);
    assert_eq!(tell("POST", "/oauth/clients", json!({"id": "app", "redirects": ["nowhere"]})).await.0, 400);
    let person = json!({"user": "Åsa", "tenant": "9", "decision": "consents"});
    assert_eq!(tell("PUT", "/oauth/person", person).await.0, 200);
    let page = format!("{}/oauth/authorize", server.base_url());
    let query = [("client_id", "app"), ("redirect_uri", callback), ("response_type", "code"), ("state", "1")];
    let page = url::Url::parse_with_params(&page, query).unwrap();
    let back = client.get(page.clone()).send().await.unwrap();
    let location = back.headers()["location"].to_str().unwrap().to_owned();
    assert!(back.status() == 302 && location.starts_with(&format!("{callback}?code=")), "{location}");
    assert_eq!(tell("PUT", "/oauth/decision", json!({"decision": "denies"})).await.0, 200);
    assert_eq!(tell("PUT", "/oauth/decision", json!({"decision": "perhaps"})).await.0, 400);
    let back = client.get(page).send().await.unwrap();
    assert!(back.headers()["location"].to_str().unwrap().contains("error=access_denied"));

    let (_, tokens) = tell("POST", "/oauth/tokens", json!({"client_id": "app"})).await;
    assert_eq!(tell("POST", "/oauth/tokens", json!({"client_id": "nobody"})).await.0, 400);
    let me = |token: &str| {
        let request = client.get(format!("{}/me", server.base_url())).bearer_auth(token);
        async move { request.send().await.unwrap() }
    };
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(me(access).await.json::<Value>().await.unwrap()["user"], "Åsa");
    assert_eq!(tell("POST", "/oauth/tokens/expire", Value::Null).await.0, 200);
    let refused = me(access).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["www-authenticate"]),
        (401, &"Bearer error=\"invalid_token\"".parse().unwrap())
    );

    let change = json!({"rotation": "unsaid", "expires_in": "text", "access_seconds": 7});
    assert_eq!(tell("PATCH", "/oauth/policy", change).await.0, 200);
    assert_eq!(tell("PATCH", "/oauth/policy", json!({"rotaton": "same"})).await.0, 400);
    assert_eq!(tell("GET", "/oauth/policy", Value::Null).await.1["access_seconds"], 7);
    let refreshed = client
        .post(format!("{}/oauth/token", server.base_url()))
        .basic_auth("app", Some("app-secret"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(super::form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ]))
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!((&refreshed["expires_in"], refreshed.get("refresh_token")), (&json!("7"), None));
    let (_, counters) = tell("GET", "/oauth/counters", Value::Null).await;
    assert_eq!((&counters["refreshes"], &counters["denials"]), (&json!(1), &json!(1)));
    let (_, consents) = tell("GET", "/oauth/consents", Value::Null).await;
    let last = consents.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["tenant"], &last["refreshes"], &last["how"]), (&json!("9"), &json!(1), &json!("code")));
    assert_eq!(tell("DELETE", &format!("/oauth/consents/{}", last["id"]), Value::Null).await.0, 200);
    assert_eq!(me(refreshed["access_token"].as_str().unwrap()).await.status(), 401);
    let account =
        json!({"email": "sync@demo.example", "scopes": ["sheets"], "token_uri": "https://x.example/token"});
    let (_, file) = tell("POST", "/oauth/service-accounts", account).await;
    assert_eq!(file["client_email"], "sync@demo.example");
    assert_eq!(tell("GET", "/oauth/nothing", Value::Null).await.0, 400);
}
