use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::oauth::{
    CLIENT_ID, CLIENT_SECRET, Client, ClientAuth, ClientCredentials, OAuth, Person, Policy,
};

use super::{ask, authorize, basic, callback, error, json, plain, post, post_with, status_of_me, still};

const TOKEN: &str = "/oauth/token";

#[test]
fn clients_prove_who_they_are() {
    let grant = ("grant_type", "client_credentials");
    let in_form = [grant, ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let header = basic(CLIENT_ID, CLIENT_SECRET);
    for (client_auth, by_header, by_form) in
        [(ClientAuth::Either, 200, 200), (ClientAuth::Basic, 200, 401), (ClientAuth::Body, 401, 200)]
    {
        let sandbox = still(Policy { client_auth, ..Policy::default() });
        assert_eq!(post(&sandbox, TOKEN, &[grant]).status, by_header, "{client_auth:?}");
        assert_eq!(post_with(&sandbox, TOKEN, &in_form, &[]).status, by_form, "{client_auth:?}");
        assert_eq!(error(&post(&sandbox, TOKEN, &in_form)), (400, "invalid_request".into()), "both at once");
        assert_eq!(post_with(&sandbox, TOKEN, &[grant], &[]).status, 401, "nobody");
    }
    let sandbox = plain();
    for broken in ["Basic ???", "Basic bm9jb2xvbg==", &basic("nobody", "x"), &basic(CLIENT_ID, "")] {
        let reply = post_with(&sandbox, TOKEN, &[grant], &[("authorization", broken)]);
        assert_eq!(error(&reply), (401, "invalid_client".into()), "{broken}");
    }
    let odd = Client::new("odd id").with_secret("a/b+c d:e");
    sandbox.authorization().register(odd).unwrap();
    for header in [basic("odd id", "a/b+c d:e"), basic("odd+id", "a%2Fb%2Bc+d%3Ae")] {
        assert_eq!(post_with(&sandbox, TOKEN, &[grant], &[("authorization", &header)]).status, 200);
    }
    assert_eq!(post_with(&sandbox, TOKEN, &[grant], &[("authorization", &header)]).status, 200);
}

#[test]
fn only_a_form_is_understood() {
    let sandbox = plain();
    let header = basic(CLIENT_ID, CLIENT_SECRET);
    let send = |method: &str, kind: &str, body: &'static str| {
        let request = http::Request::builder().method(method).uri(TOKEN).header("authorization", &header);
        sandbox.handle(request.header("content-type", kind).body(body.into()).unwrap())
    };
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(send("POST", "application/json", "{}").status, 400);
    assert_eq!(send("GET", kind, "grant_type=client_credentials").status, 405);
    assert_eq!(send("POST", kind, "grant_type=client_credentials&grant_type=refresh_token").status, 400);
    assert_eq!(error(&send("POST", kind, "")), (400, "invalid_request".into()));
    assert_eq!(error(&send("POST", kind, "grant_type=password")), (400, "unsupported_grant_type".into()));
    assert_eq!(send("POST", &format!("{kind}; charset=UTF-8"), "grant_type=client_credentials").status, 200);
}

#[test]
fn an_application_gets_tokens_for_itself() {
    let sandbox = plain();
    let reply = json(&post(&sandbox, TOKEN, &[("grant_type", "client_credentials"), ("scope", "read")]));
    assert_eq!((reply["scope"].as_str(), reply.get("refresh_token")), (Some("read"), None));
    assert_eq!(status_of_me(&sandbox, reply["access_token"].as_str().unwrap()), 200);
    assert_eq!(sandbox.authorization().counters().client_credentials, 1);
    sandbox.authorization().change_policy(|p| p.client_credentials = ClientCredentials::Refused);
    let reply = post(&sandbox, TOKEN, &[("grant_type", "client_credentials")]);
    assert_eq!(error(&reply), (400, "unauthorized_client".into()));
}

#[test]
fn a_service_account_belongs_to_a_tenant_that_consented() {
    let per_tenant = ClientCredentials::ForTenant { header: "tenantid".into() };
    let sandbox = still(Policy { client_credentials: per_tenant, ..Policy::default() });
    let credential = basic(CLIENT_ID, CLIENT_SECRET);
    let ask_for = |tenant: Option<&str>| {
        let mut headers = vec![("authorization", credential.as_str())];
        headers.extend(tenant.map(|tenant| ("TenantId", tenant)));
        post_with(&sandbox, TOKEN, &[("grant_type", "client_credentials")], &headers)
    };
    assert_eq!(error(&ask_for(None)), (400, "invalid_request".into()));
    assert_eq!(error(&ask_for(Some("34231"))), (400, "invalid_grant".into()), "nobody consented");

    let person = Person { user: "7".into(), tenant: "34231".into(), decision: Default::default() };
    sandbox.authorization().set_person(person);
    callback(&authorize(&sandbox, &ask(&[("scope", "read")])));
    assert_eq!(ask_for(Some("34231")).status, 400, "that consent was for the person");
    callback(&authorize(&sandbox, &ask(&[("scope", "read"), ("account_type", "service")])));
    let tokens = json(&ask_for(Some("34231")));
    assert_eq!((tokens["scope"].as_str(), tokens.get("refresh_token")), (Some("read"), None));
    assert_eq!(ask_for(Some("34232")).status, 400);

    let ordinary =
        Client::new("ordinary").with_secret("s").with_redirect("https://host.example/oauth/callback");
    sandbox.authorization().register(ordinary).unwrap();
    let members = [
        ("client_id", "ordinary"),
        ("redirect_uri", "https://host.example/oauth/callback"),
        ("response_type", "code"),
        ("account_type", "service"),
    ];
    let back = callback(&authorize(&sandbox, &members));
    assert_eq!(back[1], ("error_description".into(), "Client does not allow service account".into()));
}

struct KeyFile {
    pair: KeyPair,
    email: String,
    key_id: String,
}

impl KeyFile {
    fn made_by(sandbox: &Sandbox<OAuth>, email: &str) -> Self {
        let file =
            sandbox.authorization().create_service_account(email, ["sheets", "drive"], "https://oauth/token");
        let file: Value =
            serde_json::from_str(&tieline_sandbox::Json::from(file.unwrap()).to_string()).unwrap();
        assert_eq!(file["type"], "service_account");
        let pem: String =
            file["private_key"].as_str().unwrap().lines().filter(|line| !line.starts_with("--")).collect();
        let pair = KeyPair::from_pkcs8(&STANDARD.decode(pem).unwrap()).unwrap();
        let text = |name: &str| file[name].as_str().unwrap().to_owned();
        Self { pair, email: text("client_email"), key_id: text("private_key_id") }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn assert_with(sandbox: &Sandbox<OAuth>, assertion: &str) -> tieline_sandbox::Reply {
    let url = "https://accounts.example/oauth/token";
    post_with(sandbox, url, &[("grant_type", GRANT), ("assertion", assertion)], &[])
}

#[test]
fn a_signed_assertion_becomes_a_token() {
    let sandbox = plain();
    let key = KeyFile::made_by(&sandbox, "sync@demo.iam.example");
    let stranger = KeyFile::made_by(&plain(), "sync@demo.iam.example");
    let now = sandbox.now().timestamp();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key.key_id});
    let claims = json!({
        "iss": key.email, "scope": "sheets", "aud": "https://accounts.example/oauth/token",
        "iat": now - 30, "exp": now + 3000,
    });
    let tokens = json(&assert_with(&sandbox, &key.sign(&header, &claims)));
    assert_eq!(tokens.get("refresh_token"), None);
    assert_eq!(status_of_me(&sandbox, tokens["access_token"].as_str().unwrap()), 200);
    assert_eq!(sandbox.authorization().consents()[0].user, key.email);

    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        let reply = assert_with(&sandbox, &key.sign(&header, &claims));
        (error(&reply).1, json(&reply)["error_description"].as_str().unwrap().to_owned())
    };
    let mut refusals = Vec::new();
    for (name, value) in [
        ("iss", json!("other@demo.iam.example")),
        ("aud", json!("https://elsewhere.example/oauth/token")),
        ("scope", json!("")),
        ("scope", json!("sheets calendar")),
        ("exp", json!(now + 3601)),
        ("exp", json!("soon")),
        ("iat", Value::Null),
    ] {
        refusals.push(format!("{name} = {value}: {:?}", with(name, value.clone())));
    }
    for (what, iat) in [("an hour behind", now - 3901), ("an hour ahead", now + 3600)] {
        let mut claims = claims.clone();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(iat + 3600));
        refusals.push(format!(
            "a clock {what}: {:?}",
            error(&assert_with(&sandbox, &key.sign(&header, &claims)))
        ));
    }
    let none = json!({"alg": "none"});
    let good = key.sign(&header, &claims);
    let cut = good.rsplit_once('.').unwrap().0;
    for (what, assertion) in [
        ("no algorithm", key.sign(&none, &claims)),
        ("another's key", stranger.sign(&json!({"alg": "RS256"}), &claims)),
        ("another's key id", stranger.sign(&header, &claims)),
        ("no signature", cut.to_owned()),
        ("an empty signature", format!("{cut}.")),
        ("no JWT", "x.y.z".to_owned()),
    ] {
        refusals.push(format!("{what}: {}", json(&assert_with(&sandbox, &assertion))));
    }
    insta::assert_snapshot!("refused_assertions", refusals.join("\n"));
    assert_eq!(sandbox.authorization().counters().assertions, 1);

    sandbox
        .authorization()
        .change_policy(|policy| policy.audience = Some("https://pinned.example/token".into()));
    let mut pinned = claims.clone();
    pinned["aud"] = json!("https://pinned.example/token");
    assert_eq!(assert_with(&sandbox, &key.sign(&header, &pinned)).status, 200);
    sandbox.authorization().change_policy(|policy| policy.jwt_bearer = false);
    assert_eq!(error(&assert_with(&sandbox, &good)), (400, "unsupported_grant_type".into()));
    let secrets = tieline_sandbox::Model::secrets(sandbox.model());
    assert!(secrets.contains(&good) && secrets.iter().any(|secret| secret.contains("BEGIN PRIVATE KEY")));
}
