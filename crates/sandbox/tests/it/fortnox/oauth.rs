use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::fortnox::{Fortnox, TENANT};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::{Reply, Sandbox};

use super::{json as read, still};

fn basic() -> String {
    use base64::Engine as _;
    let pair = format!("{CLIENT_ID}:{CLIENT_SECRET}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn post(sandbox: &Sandbox<Fortnox>, path: &str, form: &str, tenant: Option<&str>) -> Reply {
    let mut request = http::Request::post(format!("https://apps.fortnox.se{path}"))
        .header("authorization", basic())
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(tenant) = tenant {
        request = request.header("TenantId", tenant);
    }
    sandbox.handle(request.body(Bytes::from(form.to_owned())).unwrap())
}

/// Where the person is sent back to after the consent.
fn consent(sandbox: &Sandbox<Fortnox>, more: &str) -> url::Url {
    let redirect: String = url::form_urlencoded::byte_serialize(REDIRECT_URI.as_bytes()).collect();
    let path = format!(
        "https://apps.fortnox.se/oauth-v1/auth?client_id={CLIENT_ID}&redirect_uri={redirect}\
         &scope=companyinformation%20customer&state=abc&response_type=code{more}"
    );
    let reply = sandbox.handle(http::Request::get(path).body(Bytes::new()).unwrap());
    assert_eq!(reply.status, 302, "{:?}", reply.body);
    reply.headers["location"].to_str().unwrap().parse().unwrap()
}

fn code(sandbox: &Sandbox<Fortnox>, more: &str) -> String {
    let back = consent(sandbox, more);
    let member =
        |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(member("state").as_deref(), Some("abc"));
    let code = member("code").unwrap();
    let redirect: String = url::form_urlencoded::byte_serialize(REDIRECT_URI.as_bytes()).collect();
    format!("grant_type=authorization_code&code={code}&redirect_uri={redirect}")
}

fn status_with(sandbox: &Sandbox<Fortnox>, tokens: &Value, path: &str) -> u16 {
    let request = http::Request::get(path)
        .header("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()))
        .header("accept", "application/json");
    sandbox.handle(request.body(Bytes::new()).unwrap()).status.as_u16()
}

#[test]
fn a_consent_leads_to_tokens_whose_refresh_token_is_good_once() {
    let sandbox = still();
    let tokens = read(&post(&sandbox, "/oauth-v1/token", &code(&sandbox, "&access_type=offline"), None));
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3600), &json!("bearer")));
    assert_eq!(tokens["scope"], "companyinformation customer");
    assert_eq!(status_with(&sandbox, &tokens, "/3/customers"), 200);
    assert_eq!(status_with(&sandbox, &tokens, "/3/invoices"), 403);

    sandbox.advance(std::time::Duration::from_secs(3600));
    assert_eq!(status_with(&sandbox, &tokens, "/3/customers"), 401);
    let refresh =
        format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    let next = read(&post(&sandbox, "/oauth-v1/token", &refresh, None));
    assert_eq!(status_with(&sandbox, &next, "/3/customers"), 200);
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    let again = post(&sandbox, "/oauth-v1/token", &refresh, None);
    assert_eq!((again.status.as_u16(), &read(&again)["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn without_offline_access_there_is_no_refresh_token_and_codes_live_ten_minutes() {
    let sandbox = still();
    let tokens = read(&post(&sandbox, "/oauth-v1/token", &code(&sandbox, ""), None));
    assert!(tokens["access_token"].is_string() && tokens.get("refresh_token").is_none());
    let late = code(&sandbox, "&access_type=offline");
    sandbox.advance(std::time::Duration::from_secs(601));
    assert_eq!(read(&post(&sandbox, "/oauth-v1/token", &late, None))["error"], "invalid_grant");
}

#[test]
fn refresh_tokens_live_45_days() {
    for (days, works) in [(44, true), (46, false)] {
        let sandbox = still();
        let tokens = sandbox.connected(CLIENT_ID).unwrap();
        sandbox.advance(std::time::Duration::from_secs(days * 86_400));
        let refresh = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh_token);
        assert_eq!(post(&sandbox, "/oauth-v1/token", &refresh, None).status == 200, works, "{days}");
    }
}

#[test]
fn a_service_account_asks_by_its_tenant_after_one_consent() {
    let sandbox = still();
    let tenant = TENANT.to_string();
    let ask = || post(&sandbox, "/oauth-v1/token", "grant_type=client_credentials", Some(&tenant));
    assert_eq!(ask().status, 400, "nobody has consented yet");
    consent(&sandbox, "&access_type=offline&account_type=service");
    let tokens = read(&ask());
    assert!(tokens.get("refresh_token").is_none());
    assert_eq!(status_with(&sandbox, &tokens, "/3/companyinformation"), 200);
    let other = post(&sandbox, "/oauth-v1/token", "grant_type=client_credentials", Some("1"));
    assert_eq!(other.status, 400);
    let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    use base64::Engine as _;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["tenantId"], TENANT);
}

#[test]
fn revoking_a_refresh_token_is_confirmed() {
    let sandbox = still();
    let tokens = sandbox.connected(CLIENT_ID).unwrap();
    let form = format!("token_type_hint=refresh_token&token={}", tokens.refresh_token);
    let reply = post(&sandbox, "/oauth-v1/revoke", &form, None);
    assert_eq!((reply.status.as_u16(), read(&reply)), (200, json!({"revoked": true})));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", tokens.refresh_token);
    assert_eq!(post(&sandbox, "/oauth-v1/token", &refresh, None).status, 400);
}
