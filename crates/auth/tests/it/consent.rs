//! Sending a person to the provider, and every callback that is not the answer.

use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::json;
use tieline_auth::{
    Authorized, Callback, ConsentRequest, CredentialStore, GrantWarning, OAuthClient, VerifiedCallback,
};
use tieline_core::{Capture, Clock, Error, ErrorKind, Result};
use tieline_sandbox::oauth::{Decision, Pkce, Policy, TokenShape};
use tieline_sandbox::{Fault, FaultRule, InProcess};
use tieline_store::TenantId;

use crate::world::*;

async fn finish(process: &Process, callback: &Callback) -> Result<Authorized> {
    let now = process.keeper.clock().now();
    let returned = VerifiedCallback::take(&*process.store, callback, now).await?;
    process.client.finish(process.keeper.vault(), returned, now).await
}

#[tokio::test(start_paused = true)]
async fn the_authorization_url_says_what_the_provider_needs() {
    let world = World::new();
    let mut process = world.process();
    let app = app().with_scopes(["read", "write"]).with_authorize_param("access_type", "offline");
    process.client = process.client.with_app(app);
    let request = ConsentRequest::new(CONNECTION, SESSION);
    let now = world.clock.now();
    let begun = process.client.begin(&*process.store, &world.vault, request.clone(), now).await.unwrap();
    let text = begun.url.to_string();
    let random = |name: &str| {
        let (_, value) = begun.url.query_pairs().find(|(key, _)| key == name).unwrap();
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
    };
    let (state, challenge) = (random("state"), random("code_challenge"));
    // 256 bits in base64, and the tag.
    assert_eq!(state.len(), 43 + 1 + 22);
    assert_snapshot!(text.replace(&state, "STATE").replace(&challenge, "CHALLENGE").replace('&', "\n&"), @r"
    https://auth.example.com/oauth/authorize?response_type=code
    &client_id=tieline-demo
    &redirect_uri=https%3A%2F%2Fhost.example%2Foauth%2Fcallback
    &state=STATE
    &scope=read+write
    &access_type=offline
    &code_challenge=CHALLENGE
    &code_challenge_method=S256
    ");
    assert_eq!((begun.expires_at - now).num_seconds(), 600);
    assert!(!format!("{begun:?}").contains(&state));
    // No two are alike.
    let another = process.client.begin(&*process.store, &world.vault, request, now).await.unwrap();
    assert_ne!(another.url, begun.url);
}

#[tokio::test(start_paused = true)]
async fn a_consent_becomes_tokens_and_settings() {
    let extras = [("api_domain".to_owned(), "https://acme-demo.acme.example".to_owned())].into();
    let access_token = TokenShape::Jwt { tenant_claim: "tenantId".into() };
    let world = World::with(Policy { extras, access_token, pkce: Pkce::Required, ..Policy::default() });
    let mut process = world.process();
    let mut oauth = oauth();
    oauth.captures = vec![
        Capture::field("api_domain", "company"),
        Capture::claim("tenantId", "tenant_id"),
        Capture::field("instance_url", "instance"),
    ];
    let transport = Arc::new(InProcess::new(Arc::clone(&world.sandbox)));
    process.client = client_over(transport, Arc::new(world.clock), &spec(oauth));
    let query = process.walk(&world.sandbox).await;
    let consented = finish(&process, &Callback::new(format!("?{query}"), SESSION)).await.unwrap();
    assert_eq!(consented.connection.as_str(), CONNECTION);
    assert_eq!(consented.detail, json!({ "name": "Sales" }));
    let captured = consented.tokens.captured();
    assert_eq!(captured.get("company"), Some("https://acme-demo.acme.example"));
    assert!(captured.get("tenant_id").is_some());
    assert_eq!(captured.get("instance"), None);
    assert_eq!(consented.warnings, []);
    assert!(consented.tokens.is_renewable());
    assert_eq!(consented.tokens.scopes(), ["base", "read", "write"]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_not_the_providers_is_refused() {
    let mut errors = Vec::new();
    for domain in [
        "https://evil.test",
        "http://acme-demo.acme.example",
        "//evil.test",
        "https://a.acme.example@evil.test",
        "a\nb",
    ] {
        let extras = [("api_domain".to_owned(), domain.to_owned())].into();
        let world = World::with(Policy { extras, ..Policy::default() });
        let mut process = world.process();
        let mut oauth = oauth();
        oauth.captures = vec![Capture::field("api_domain", "company")];
        let transport = Arc::new(InProcess::new(Arc::clone(&world.sandbox)));
        process.client = client_over(transport, Arc::new(world.clock), &spec(oauth));
        let query = process.walk(&world.sandbox).await;
        errors.push(finish(&process, &Callback::new(query, SESSION)).await.unwrap_err().to_string());
    }
    errors.dedup();
    assert_snapshot!(errors.join("\n"), @r"
    Acme answered a token request with an address that is not the provider's: report it; nothing was stored (decode, setting=company)
    Acme answered a token request with a setting that is no line of text: report it; nothing was stored (decode, setting=company)
    ");
}

#[tokio::test(start_paused = true)]
async fn every_other_callback_is_refused_in_its_own_words() {
    let world = World::new();
    let process = world.process();
    let sandbox = &world.sandbox;
    let mut errors: Vec<(&str, Error)> = Vec::new();

    let query = process.walk(sandbox).await;
    let callback = Callback::new(query.clone(), SESSION);
    finish(&process, &callback).await.unwrap();
    errors.push(("replayed", finish(&process, &callback).await.unwrap_err()));

    let query = process.walk(sandbox).await;
    pass(601).await;
    errors.push(("expired", finish(&process, &Callback::new(query, SESSION)).await.unwrap_err()));

    let query = process.walk(sandbox).await;
    let other = Callback::new(query.clone(), "another-browser");
    errors.push(("another session", finish(&process, &other).await.unwrap_err()));
    let head = Callback::new(query.clone(), SESSION).with_method(http::Method::HEAD);
    errors.push(("a link scanner", finish(&process, &head).await.unwrap_err()));
    // Nothing was used up by them.
    finish(&process, &Callback::new(query, SESSION)).await.unwrap();

    let query = process.walk(sandbox).await;
    let globex: Arc<dyn CredentialStore> = Arc::new(world.memory.for_tenant(TenantId::new("globex")));
    let foreign = Process { store: globex, ..world.process() };
    errors.push((
        "another tenant",
        finish(&foreign, &Callback::new(query.clone(), SESSION)).await.unwrap_err(),
    ));
    // It was not used up by that.
    finish(&process, &Callback::new(query, SESSION)).await.unwrap();

    let query = process.walk(sandbox).await;
    let expecting = Callback::new(query, SESSION).expecting("support");
    errors.push(("another connection", finish(&process, &expecting).await.unwrap_err()));

    for made_up in ["state=abc&code=def", "state=abc.def&code=def"] {
        let callback = Callback::new(made_up, SESSION);
        errors.push(("made-up state", finish(&process, &callback).await.unwrap_err()));
    }
    errors.push(("no state", finish(&process, &Callback::new("code=def", SESSION)).await.unwrap_err()));
    errors.push(("nothing", finish(&process, &Callback::new("", SESSION)).await.unwrap_err()));
    let twice = Callback::new("state=a&code=b&state=c", SESSION);
    errors.push(("state twice", finish(&process, &twice).await.unwrap_err()));
    let long = Callback::new("a".repeat(20_000), SESSION);
    errors.push(("too long", finish(&process, &long).await.unwrap_err()));

    let query = process.walk(sandbox).await;
    let state: String =
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state").unwrap().1.into();
    let without_code = Callback::new(format!("state={state}"), SESSION);
    errors.push(("no code", finish(&process, &without_code).await.unwrap_err()));

    sandbox.authorization().set_decision(Decision::Denies);
    let query = process.walk(sandbox).await;
    errors.push(("denied", finish(&process, &Callback::new(query, SESSION)).await.unwrap_err()));
    let strayed = Callback::new("error=access_denied&error_description=No+thanks", SESSION);
    errors.push(("denied without state", finish(&process, &strayed).await.unwrap_err()));
    sandbox.authorization().set_decision(Decision::Strays);
    let query = process.walk(sandbox).await;
    errors.push(("strayed", finish(&process, &Callback::new(query, SESSION)).await.unwrap_err()));
    sandbox.authorization().set_decision(Decision::Consents);

    let query = process.walk(sandbox).await;
    let state = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let failed = Callback::new(format!("error=server_error&state={state}"), SESSION);
    errors.push(("failed", finish(&process, &failed).await.unwrap_err()));

    // The verifier of one consent with the code of another.
    let query = process.walk(sandbox).await;
    let other = process.walk(sandbox).await;
    let get = |query: &str, wanted: &str| -> String {
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).unwrap().1.into()
    };
    let mixed = format!("code={}&state={}", get(&query, "code"), get(&other, "state"));
    errors.push(("wrong verifier", finish(&process, &Callback::new(mixed, SESSION)).await.unwrap_err()));

    let query = process.walk(sandbox).await;
    pass(400).await;
    errors.push(("code too old", finish(&process, &Callback::new(query, SESSION)).await.unwrap_err()));

    let query = process.walk(sandbox).await;
    sandbox.inject(FaultRule::new(Fault::HtmlPage { status: 200 }).on("POST", "/oauth/token"));
    errors.push(("a page", finish(&process, &Callback::new(query, SESSION)).await.unwrap_err()));

    // The vault's keys are not those of the beginning.
    let query = process.walk(sandbox).await;
    let elsewhere = World { vault: World::new().vault, ..world };
    let stranger = elsewhere.process();
    let error = finish(&stranger, &Callback::new(query, SESSION)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);

    let lines: Vec<String> = errors.iter().map(|(what, error)| format!("{what}: {error}")).collect();
    assert_snapshot!(lines.join("\n"), @r"
    replayed: the callback's state was used already, or ended long ago: when the connection works, nothing is left to do; else begin it again (rejected)
    expired: the callback comes too late: a consent is awaited for 10 minutes: begin the connection again (rejected)
    another session: the callback comes from another browser session than the one that began: begin the connection again, and stay in the same browser (rejected)
    a link scanner: a request by HEAD does not answer a consent: answer it without calling this; the browser comes by GET (rejected)
    another tenant: the callback's state was not made for this customer: open the page as the customer that began it, and begin again (rejected)
    another connection: the callback's state was made for another connection: begin the connection again (rejected)
    made-up state: the callback's state was not made for this customer: open the page as the customer that began it, and begin again (rejected)
    made-up state: the callback's state was not made for this customer: open the page as the customer that began it, and begin again (rejected)
    no state: the callback holds no state: begin the connection again (rejected)
    nothing: the callback holds no state: begin the connection again (rejected)
    state twice: the callback names a parameter twice: begin the connection again (rejected)
    too long: the callback's query is too long: begin the connection again (rejected)
    no code: the callback from Acme holds no code: begin the connection again (rejected)
    denied: the person did not consent at Acme: begin the connection again (forbidden, code access_denied)
    denied without state: the person did not consent at the provider: begin the connection again (forbidden, code access_denied, provider=No thanks)
    strayed: the callback holds no state: begin the connection again (rejected)
    failed: Acme could not ask the person for consent: begin the connection again later (unavailable, code server_error)
    wrong verifier: Acme does not accept the code that it sent, or the verifier that goes with it: begin the connection again; a code works once, and for a few minutes (unauthenticated, code invalid_grant, provider=The code_verifier does not match the code_challenge)
    code too old: Acme does not accept the code that it sent, or the verifier that goes with it: begin the connection again; a code works once, and for a few minutes (unauthenticated, code invalid_grant, provider=The authorization code has expired)
    a page: Acme answered a token request with a web page: try again later; check the provider's status page if it stays (decode, HTTP 200)
    ");
}

fn state_of(query: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "state").unwrap().1.into_owned()
}

/// The scopes that the app lacks are named, and how to ask for fewer.
#[tokio::test(start_paused = true)]
async fn a_refused_scope_is_named() {
    let world = World::new();
    let mut process = world.process();
    process.client = process.client.with_app(app().with_scopes(["invoice", "customer", "bookkeeping"]));
    let mut lines = Vec::new();
    for description in
        ["", "&error_description=The+scope+bookkeeping+is+not+enabled.", "&error_description=no+invoices"]
    {
        let state = state_of(&process.walk(&world.sandbox).await);
        let callback = Callback::new(format!("error=invalid_scope&state={state}{description}"), SESSION);
        lines.push(finish(&process, &callback).await.unwrap_err().to_string());
    }
    assert_snapshot!(lines.join("\n"), @r"
    Acme gives no consent, because of the scopes that were asked for, the app lacks one or more: invoice, customer, bookkeeping: enable them for the app in the provider's developer portal, or ask for fewer with OAuthApp::with_scopes (config, code invalid_scope)
    Acme gives no consent, because the app lacks scopes that were asked for: bookkeeping: enable them for the app in the provider's developer portal, or ask for fewer with OAuthApp::with_scopes (config, code invalid_scope, provider=The scope bookkeeping is not enabled.)
    Acme gives no consent, because of the scopes that were asked for, the app lacks one or more: invoice, customer, bookkeeping: enable them for the app in the provider's developer portal, or ask for fewer with OAuthApp::with_scopes (config, code invalid_scope, provider=no invoices)
    ");
}

/// Fewer scopes than asked, and no refresh token, are said at once.
#[tokio::test(start_paused = true)]
async fn what_a_grant_lacks_is_said_at_once() {
    let missing =
        |scopes: &[&str]| GrantWarning::MissingScopes(scopes.iter().map(|&scope| scope.into()).collect());
    for (response, expected) in [
        (
            r#"{"access_token":"a","refresh_token":"r","scope":"companyinformation customer"}"#,
            vec![missing(&["invoice"])],
        ),
        (r#"{"access_token":"a","refresh_token":"r","scope":"INVOICE,customer,companyinformation"}"#, vec![]),
        (
            r#"{"access_token":"a","refresh_token":"r","scope":"companyinformation customer invoice:full"}"#,
            vec![],
        ),
        (r#"{"access_token":"a","refresh_token":"r"}"#, vec![]),
        (r#"{"access_token":"a","refresh_token":""}"#, vec![GrantWarning::NoRefreshToken]),
        (
            r#"{"access_token":"a","refresh_token":null,"scope":"customer"}"#,
            vec![missing(&["companyinformation", "invoice"]), GrantWarning::NoRefreshToken],
        ),
        ("access_token=a&refresh_token=r&scope=companyinformation+customer", vec![missing(&["invoice"])]),
        ("\u{feff}{\"access_token\":\"a\",\"refresh_token\":\"r\"}", vec![]),
    ] {
        let world = World::new();
        let mut process = world.process();
        let transport = tieline_http::memory::MemoryTransport::new(move |_| {
            Ok(tieline_http::memory::answer(http::StatusCode::OK, &[], response))
        });
        let client = client_over(Arc::new(transport), Arc::new(world.clock), &spec(oauth()));
        process.client = client.with_app(app().with_scopes(["companyinformation", "invoice", "customer"]));
        let request = ConsentRequest::new(CONNECTION, SESSION);
        let url = process
            .client
            .begin(&*process.store, &world.vault, request, world.clock.now())
            .await
            .unwrap()
            .url;
        let query = format!("code=c&state={}", state_of(url.query().unwrap()));
        let authorized = finish(&process, &Callback::new(query, SESSION)).await.unwrap();
        assert_eq!(authorized.warnings, expected, "{response}");
    }
}

/// A browser that goes away while the code is exchanged, a page that is loaded twice: both find what the one exchange
/// brought, and it is stored once.
#[tokio::test(start_paused = true)]
async fn a_callback_that_comes_twice_is_exchanged_once() {
    let world = World::new();
    let process = world.process();
    let query = process.walk(&world.sandbox).await;
    world.sandbox.inject(FaultRule::new(Fault::Delay { ms: 2000 }).on("POST", "/oauth/token"));
    let callback = Callback::new(query.clone(), SESSION);
    let client = process.client.clone();
    let finish = |callback: Callback| {
        let client: OAuthClient = client.clone();
        let (keeper, store) = (process.keeper.clone(), Arc::clone(&process.store));
        async move { keeper.finish(&store, &callback, move |_| Ok(client)).await }
    };
    let aborted = tokio::time::timeout(std::time::Duration::from_millis(500), finish(callback.clone())).await;
    assert!(aborted.is_err());
    let (one, two) = tokio::join!(finish(callback.clone()), finish(callback.clone()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(world.sandbox.authorization().counters().exchanges, 1);
    assert_eq!(one.provider, "acme");
    assert_eq!(one.once.run(async { Ok(1) }).await.unwrap(), Some(1));
    assert_eq!(two.once.run(async { Ok(2) }).await.unwrap(), None);

    // Another session gets nothing of it, and a failure before the consent was used up is not remembered.
    let stranger = Callback::new(query, "another-browser");
    assert_eq!(finish(stranger).await.unwrap_err().kind(), ErrorKind::Rejected);
    let query = process.walk(&world.sandbox).await;
    let wrong = Callback::new(query.clone(), SESSION).expecting("support");
    finish(wrong).await.unwrap_err();
    finish(Callback::new(query, SESSION)).await.unwrap();
    // What was used up stays what it was.
    let query = process.walk(&world.sandbox).await;
    world.sandbox.inject(FaultRule::new(Fault::HtmlPage { status: 200 }).on("POST", "/oauth/token"));
    let callback = Callback::new(query, SESSION);
    let first = finish(callback.clone()).await.unwrap_err();
    assert_eq!(first.to_string(), finish(callback).await.unwrap_err().to_string());
}
