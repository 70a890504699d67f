//! Tokens that nobody consents to: client credentials and service accounts.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tieline_auth::{IssuedCredential, ServiceAccount};
use tieline_core::http::HttpRequest;
use tieline_core::{Clock, Credential, Grant, OAuth2, Recovery, Scope, SecretGeneration, SettingHeader};
use tieline_sandbox::oauth::{ClientCredentials, Decision, Person, Policy};
use tieline_sandbox::{Fault, FaultRule, InProcess};

use crate::world::*;

const TOKEN_URL: &str = "https://auth.example.com/oauth/token";

fn client(world: &World, oauth: OAuth2) -> tieline_auth::OAuthClient {
    let transport = Arc::new(InProcess::new(Arc::clone(&world.sandbox)));
    client_over(transport, Arc::new(world.clock), &spec(oauth))
}

async fn access_token(credential: &dyn Credential) -> tieline_core::Result<String> {
    let mut request = HttpRequest::get("https://api.acme.example/me".parse().unwrap());
    credential.authorize(&mut request).await?;
    Ok(request.headers()["authorization"].to_str().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_application_asks_for_itself() {
    let world = World::new();
    let credential =
        IssuedCredential::client_credentials(&client(&world, oauth()), &json!({}), Arc::new(world.clock));
    let asked = join_all((0..200).map(|_| {
        let (credential, sandbox) = (Arc::clone(&credential), Arc::clone(&world.sandbox));
        tokio::spawn(async move { ask(&*credential, &sandbox).await })
    }));
    for answer in asked.await {
        assert_eq!(answer.unwrap().unwrap(), (200, SecretGeneration(1)));
    }
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 1);
    pass(3500).await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap(), (200, SecretGeneration(2)));
    // However many saw the refusal.
    pass(60).await;
    world.sandbox.expire_access_tokens();
    let refused = (0..20).map(|_| ask_twice(&*credential, &world.sandbox));
    for status in join_all(refused).await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 3);
    assert_eq!(
        credential.rejected(SecretGeneration(3), &rejection()).await.unwrap(),
        Recovery::NeedsReconnect
    );
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 3);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_is_named_in_a_header_from_the_settings() {
    let header = ClientCredentials::ForTenant { header: "tenantid".into() };
    let world = World::with(Policy { client_credentials: header, ..Policy::default() });
    let mut oauth = oauth();
    oauth.token_headers = vec![SettingHeader::new("tenantid", "tenant_id", Grant::ClientCredentials)];
    oauth.authorize_params = vec![("account_type".into(), "service".into())];
    let client = client(&world, oauth);
    let mut process = world.process();
    process.client = client.clone();
    let person = Person { user: "7".into(), tenant: "34231".into(), decision: Decision::Consents };
    world.sandbox.authorization().set_person(person);
    process.consent(&world.sandbox).await.unwrap();

    for settings in [json!({ "tenant_id": "34231" }), json!({ "tenant_id": 34231 })] {
        let credential = IssuedCredential::client_credentials(&client, &settings, Arc::new(world.clock));
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
    }
    let mut errors = Vec::new();
    for settings in [json!({}), json!({ "tenant_id": "1" }), json!({ "tenant_id": "1\r\nx: y" })] {
        let credential = IssuedCredential::client_credentials(&client, &settings, Arc::new(world.clock));
        errors.push(ask(&*credential, &world.sandbox).await.unwrap_err().to_string());
    }
    assert_snapshot!(errors.join("\n"), @r#"
    Acme wants the setting "tenant_id" in its token requests: connect the account once with a person's consent, which tells it (config)
    Acme does not accept the grant: let an administrator of the account consent once more (unauthenticated, HTTP 400, code invalid_grant, provider=No service account for this tenant)
    Acme wants the setting "tenant_id" in its token requests: connect the account once with a person's consent, which tells it (config)
    "#);
}

fn accounts() -> OAuth2 {
    let mut oauth = oauth();
    oauth.scopes = vec![Scope::new("read", "Read"), Scope::new("write", "Write").on_request()];
    oauth
}

fn key_file(world: &World) -> Value {
    let authorization = world.sandbox.authorization();
    let file =
        authorization.create_service_account("robot@acme.example", ["read", "write"], TOKEN_URL).unwrap();
    serde_json::from_str(&tieline_sandbox::Json::from(file).to_string()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_service_account_signs_for_itself() {
    let world = World::new();
    let account = ServiceAccount::parse(key_file(&world).to_string()).unwrap();
    assert_eq!(account.email(), "robot@acme.example");
    let client = client(&world, accounts());
    let credential = IssuedCredential::service_account(&client, account, Arc::new(world.clock));
    for _ in 0..5 {
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
        pass(1000).await;
    }
    assert_eq!(world.sandbox.authorization().counters().assertions, 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_is_corrected_by_the_providers() {
    for hours in [-1, 1, 24] {
        let world = World::new();
        let account = ServiceAccount::parse(key_file(&world).to_string()).unwrap();
        let clock = Arc::new(Off(world.clock, TimeDelta::hours(hours)));
        let credential = IssuedCredential::service_account(&client(&world, accounts()), account, clock);
        assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200, "{hours}");
        assert_eq!(world.sandbox.authorization().counters().assertions, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_none_is_refused_without_showing_it() {
    let world = World::new();
    let good = key_file(&world);
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key.to_string()
    };
    let mut lines = Vec::new();
    for (what, json) in [
        ("empty", String::new()),
        ("not JSON", "-----BEGIN s3cret".to_owned()),
        ("cut off", good.to_string().split_at(300).0.to_owned()),
        ("an array", "[]".to_owned()),
        ("a person's", with("type", json!("authorized_user"))),
        ("no type", with("type", Value::Null)),
        ("no email", with("client_email", json!(" "))),
        ("no key", with("private_key", Value::Null)),
        ("no PEM", with("private_key", json!("s3cret"))),
        (
            "damaged PEM",
            with("private_key", json!("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n")),
        ),
        (
            "no key in it",
            with("private_key", json!("-----BEGIN PRIVATE KEY-----\nczNjcmV0\n-----END PRIVATE KEY-----\n")),
        ),
        (
            "an elliptic one",
            with(
                "private_key",
                json!("-----BEGIN EC PRIVATE KEY-----\nczNjcmV0\n-----END EC PRIVATE KEY-----\n"),
            ),
        ),
        (
            "a certificate",
            with("private_key", json!("-----BEGIN CERTIFICATE-----\nczNjcmV0\n-----END CERTIFICATE-----\n")),
        ),
    ] {
        let error = ServiceAccount::parse(json).unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
        lines.push(format!("{what}: {error}"));
    }
    // Another address would get an assertion that is good for the right one.
    let elsewhere = ServiceAccount::parse(with("token_uri", json!("https://evil.test/token"))).unwrap();
    let credential =
        IssuedCredential::service_account(&client(&world, accounts()), elsewhere, Arc::new(world.clock));
    lines.push(format!("another token_uri: {}", access_token(&*credential).await.unwrap_err()));
    let mut oauth = accounts();
    oauth.grants = vec![Grant::AuthorizationCode];
    let account = ServiceAccount::parse(good.to_string()).unwrap();
    let credential =
        IssuedCredential::service_account(&client(&world, oauth), account.clone(), Arc::new(world.clock));
    lines.push(format!("not offered: {}", access_token(&*credential).await.unwrap_err()));
    // A key that the provider does not know any more.
    let _replaced = key_file(&world);
    let client = client(&world, accounts());
    let credential = IssuedCredential::service_account(&client, account, Arc::new(world.clock));
    lines.push(format!("replaced: {}", access_token(&*credential).await.unwrap_err()));
    let refused = world.sandbox.authorization().counters().refused;
    access_token(&*credential).await.unwrap_err();
    assert_eq!(world.sandbox.authorization().counters().refused, refused, "not asked again");
    assert_snapshot!(lines.join("\n"), @r"
    empty: the service account's key is not JSON (line 1, column 0): make a JSON key of a service account in the provider's console, and give the whole file (config)
    not JSON: the service account's key is not JSON (line 1, column 2): make a JSON key of a service account in the provider's console, and give the whole file (config)
    cut off: the service account's key is not JSON (line 1, column 300): make a JSON key of a service account in the provider's console, and give the whole file (config)
    an array: the service account's key is not of a service account: its type is another: make a JSON key of a service account in the provider's console, and give the whole file (config)
    a person's: the service account's key is not of a service account: its type is another: make a JSON key of a service account in the provider's console, and give the whole file (config)
    no type: the service account's key is not of a service account: its type is another: make a JSON key of a service account in the provider's console, and give the whole file (config)
    no email: the service account's key holds no client_email: make a JSON key of a service account in the provider's console, and give the whole file (config)
    no key: the service account's key holds no private_key: make a JSON key of a service account in the provider's console, and give the whole file (config)
    no PEM: the service account's key holds a private_key that is not in PEM form: make a JSON key of a service account in the provider's console, and give the whole file (config)
    damaged PEM: the service account's key holds a private_key that is no usable RSA key: make a JSON key of a service account in the provider's console, and give the whole file (config)
    no key in it: the service account's key holds a private_key that is no usable RSA key: make a JSON key of a service account in the provider's console, and give the whole file (config)
    an elliptic one: the service account's key holds a private_key that is not an RSA key: make a JSON key of a service account in the provider's console, and give the whole file (config)
    a certificate: the service account's key holds a private_key that is not in PEM form: make a JSON key of a service account in the provider's console, and give the whole file (config)
    another token_uri: the service account's key names another token_uri than the provider's: take the key file as the provider's console gives it (config)
    not offered: Acme takes no service accounts (config)
    replaced: Acme does not accept the grant: give the service account's key file again, or a new one (unauthenticated, HTTP 400, code invalid_grant, provider=Invalid JWT Signature.)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_is_left_alone_for_a_moment() {
    let world = World::new();
    let down = FaultRule::new(Fault::Status { status: 503, body: None }).on("POST", "/oauth/token");
    world.sandbox.inject(down.times(2));
    let credential =
        IssuedCredential::client_credentials(&client(&world, oauth()), &json!({}), Arc::new(world.clock));
    for _ in 0..50 {
        ask(&*credential, &world.sandbox).await.unwrap_err();
    }
    assert_eq!(world.sandbox.waiting_faults().len(), 1);
    pass(6).await;
    ask(&*credential, &world.sandbox).await.unwrap_err();
    pass(6).await;
    assert_eq!(ask(&*credential, &world.sandbox).await.unwrap().0, 200);
    let _ = world.clock.now();
}

/// All who connect share one login for as long as the secret is the same, and what the provider refused for good is not
/// tried again: not here, and not by the next process.
#[tokio::test(start_paused = true)]
async fn issued_credentials_are_shared_by_connection_and_generation() {
    use tieline_auth::Secret;
    use tieline_store::SecretStore as _;

    let world = World::new();
    let secret = Secret::ClientCredentials(tieline_auth::Captured::default());
    world.create(&secret).await;
    let process = world.process();
    let client = client(&world, oauth());
    let id = CONNECTION.into();
    let issued = |process: &Process, generation: u64, settings: &str| {
        let (client, clock) = (client.clone(), Arc::new(world.clock));
        process
            .keeper
            .issued(&process.store, &id, generation, &[settings], || {
                Ok(IssuedCredential::client_credentials(&client, &json!({}), clock))
            })
            .unwrap()
    };
    for _ in 0..20 {
        ask(&*issued(&process, 1, "a"), &world.sandbox).await.unwrap();
    }
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 1);
    ask(&*issued(&process, 1, "b"), &world.sandbox).await.unwrap();
    ask(&*issued(&process, 2, "b"), &world.sandbox).await.unwrap();
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 3);
    // Who read the secret before it was replaced gets the newer one.
    ask(&*issued(&process, 1, "a"), &world.sandbox).await.unwrap();
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 3);

    let stored = || async { world.memory.secret(&id, Secret::NAME).await.unwrap().unwrap() };
    assert_eq!(stored().await.refused_at, None);
    let next = world.process();
    world.sandbox.inject(
        FaultRule::new(Fault::Status { status: 400, body: Some(r#"{"error":"invalid_grant"}"#.into()) })
            .on("POST", "/oauth/token"),
    );
    for _ in 0..3 {
        ask(&*issued(&next, 1, "a"), &world.sandbox).await.unwrap_err();
    }
    assert!(stored().await.refused_at.is_some());
    assert_eq!(world.sandbox.authorization().counters().client_credentials, 3);
}
