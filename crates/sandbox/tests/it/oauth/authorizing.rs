use bytes::Bytes;
use tieline_sandbox::oauth::{CLIENT_ID, Client, Decision, Ended, Pkce, Policy, REDIRECT_URI};

use super::{
    VERIFIER, ask, authorize, callback, challenge, code, connected, error, exchange, form, json, plain, post,
    seconds, status_of_me, still,
};

#[test]
fn a_consent_becomes_tokens() {
    let sandbox = plain();
    let made = challenge(VERIFIER);
    assert_eq!(made, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "the example of RFC 7636");
    let more = [
        ("state", "s&=å"),
        ("scope", "read"),
        ("code_challenge", made.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let members = callback(&authorize(&sandbox, &ask(&more)));
    assert_eq!(members.len(), 2);
    assert_eq!((members[0].0.as_str(), &members[1]), ("code", &("state".into(), "s&=å".into())));

    let answer = exchange(&sandbox, &members[0].1);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let tokens = json(&answer);
    assert_eq!(
        (tokens["token_type"].as_str(), tokens["expires_in"].as_i64(), tokens["scope"].as_str()),
        (Some("Bearer"), Some(3600), Some("read"))
    );
    assert!(tokens["refresh_token"].as_str().is_some_and(|token| token.len() == 40));
    assert_eq!(status_of_me(&sandbox, tokens["access_token"].as_str().unwrap()), 200);
    let counters = sandbox.authorization().counters();
    assert_eq!((counters.consents, counters.exchanges, counters.refreshes), (1, 1, 0));
}

#[test]
fn nobody_is_sent_to_a_callback_that_is_not_registered() {
    let sandbox = plain();
    for redirect in [
        "https://evil.example/oauth/callback",
        "https://host.example/oauth/callback/",
        "https://host.example/oauth/callback?more=1",
        "http://host.example/oauth/callback",
        "",
    ] {
        let members = [("client_id", CLIENT_ID), ("redirect_uri", redirect), ("response_type", "code")];
        let reply = authorize(&sandbox, &members);
        assert_eq!(reply.status, 400, "{redirect}");
        assert!(!reply.headers.contains_key("location"));
    }
    let stranger = [("client_id", "<b>nobody"), ("redirect_uri", REDIRECT_URI), ("response_type", "code")];
    assert_eq!(authorize(&sandbox, &stranger).status, 400);
    let twice = ask(&[("client_id", "another")]);
    assert_eq!(authorize(&sandbox, &twice).status, 400);
}

#[test]
fn mistakes_go_back_to_the_application() {
    let sandbox = plain();
    sandbox.authorization().change_policy(|policy| policy.pkce = Pkce::Required);
    let short = [("code_challenge", "abc"), ("code_challenge_method", "S256")];
    let unhashed = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    for (more, wanted) in [
        (&[][..], "invalid_request"),
        (&short[..], "invalid_request"),
        (&unhashed[..], "invalid_request"),
        (&[("scope", "read everything")][..], "invalid_request"),
    ] {
        let members = callback(&authorize(&sandbox, &ask(more)));
        assert_eq!(members[0], ("error".into(), wanted.into()), "{more:?}");
    }
    sandbox.authorization().change_policy(|policy| policy.pkce = Pkce::Checked);
    let members = callback(&authorize(&sandbox, &ask(&[("scope", "read everything"), ("state", "7")])));
    assert_eq!((members[0].1.as_str(), &members[2]), ("invalid_scope", &("state".into(), "7".into())));
    let implicit = [("client_id", CLIENT_ID), ("redirect_uri", REDIRECT_URI), ("response_type", "token")];
    assert_eq!(callback(&authorize(&sandbox, &implicit))[0].1, "unsupported_response_type");
}

#[test]
fn people_deny_and_stray() {
    let policy = Policy { denied: "user_denied".into(), ..Policy::default() };
    let sandbox = still(policy);
    sandbox.authorization().set_decision(Decision::Denies);
    let members = callback(&authorize(&sandbox, &ask(&[("state", "7")])));
    assert_eq!(members, [("error".into(), "user_denied".into()), ("state".into(), "7".into())]);
    sandbox.authorization().set_decision(Decision::Strays);
    assert_eq!(callback(&authorize(&sandbox, &ask(&[("state", "7")]))), []);
    let counters = sandbox.authorization().counters();
    assert_eq!((counters.consents, counters.denials), (0, 1));
}

#[test]
fn a_person_at_a_browser_decides() {
    let sandbox = plain();
    sandbox.authorization().set_decision(Decision::Asked);
    let nasty = "\"><script>";
    let page = authorize(&sandbox, &ask(&[("state", nasty), ("decision", "allow")]));
    assert_eq!(page.status, 200, "a link cannot consent");
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(html.contains("<li>read</li>") && html.contains("value=\"allow\""), "{html}");
    assert!(!html.contains(nasty), "{html}");
    assert_eq!(html.matches("name=\"decision\"").count(), 2);

    let press = |decision| {
        let members = ask(&[("state", nasty), ("decision", decision)]);
        let request = http::Request::post("/oauth/authorize")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form(&members)));
        callback(&sandbox.handle(request.unwrap()))
    };
    assert_eq!(press("deny"), [("error".into(), "access_denied".into()), ("state".into(), nasty.into())]);
    assert_eq!(press("allow")[0].0, "code");
}

#[test]
fn a_code_works_once_and_soon() {
    let sandbox = plain();
    let late = code(&sandbox);
    sandbox.advance(seconds(300));
    let reply = exchange(&sandbox, &late);
    assert_eq!(json(&reply)["error_description"], "The authorization code has expired");

    let once = code(&sandbox);
    let tokens = json(&exchange(&sandbox, &once));
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(status_of_me(&sandbox, access), 200);
    assert_eq!(error(&exchange(&sandbox, &once)), (400, "invalid_grant".into()));
    assert_eq!(status_of_me(&sandbox, access), 401, "what the code gave is worth nothing any more");
    assert_eq!(sandbox.authorization().counters().codes_reused, 1);
    let consent = sandbox.authorization().consents().pop().unwrap();
    assert_eq!((consent.reuses, consent.ended), (1, Some(Ended::Reuse)));
}

#[test]
fn a_code_belongs_to_its_client_callback_and_verifier() {
    let sandbox = plain();
    let other = Client::new("other").with_secret("other-secret").with_redirect(REDIRECT_URI);
    sandbox.authorization().register(other).unwrap();
    let code = code(&sandbox);
    let ask = |verifier: Option<&str>, redirect: &str, credential: &str| {
        let mut members =
            vec![("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", redirect)];
        members.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        super::post_with(&sandbox, "/oauth/token", &members, &[("authorization", credential)])
    };
    let demo = super::basic(CLIENT_ID, tieline_sandbox::oauth::CLIENT_SECRET);
    let wrong = format!("{VERIFIER}x");
    for reply in [
        ask(None, REDIRECT_URI, &demo),
        ask(Some(&wrong), REDIRECT_URI, &demo),
        ask(Some("short"), REDIRECT_URI, &demo),
        ask(Some(VERIFIER), "https://host.example/", &demo),
        ask(Some(VERIFIER), REDIRECT_URI, &super::basic("other", "other-secret")),
    ] {
        assert_eq!(error(&reply), (400, "invalid_grant".into()));
    }
    assert_eq!(ask(Some(VERIFIER), REDIRECT_URI, &demo).status, 200, "none of these used it up");
    assert_eq!(sandbox.authorization().counters().refused, 5);

    let without = callback(&authorize(&sandbox, &super::ask(&[])))[0].1.clone();
    assert_eq!(
        error(&exchange(&sandbox, &without)),
        (400, "invalid_grant".into()),
        "a verifier without challenge"
    );
}

#[test]
fn refresh_tokens_may_have_to_be_asked_for() {
    let sandbox = still(Policy { offline_on_request: true, ..Policy::default() });
    for (more, given) in [(&[][..], false), (&[("access_type", "offline")][..], true)] {
        let code = callback(&authorize(&sandbox, &ask(more)))[0].1.clone();
        let members =
            [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
        let tokens = json(&post(&sandbox, "/oauth/token", &members));
        assert_eq!(tokens.get("refresh_token").is_some(), given);
    }
}

#[test]
fn a_consent_taken_back_ends_everything() {
    let sandbox = plain();
    let tokens = connected(&sandbox);
    sandbox.authorization().withdraw(tokens.consent).unwrap();
    assert_eq!(status_of_me(&sandbox, &tokens.access_token), 401);
    assert_eq!(error(&super::refresh(&sandbox, &tokens.refresh_token)), (400, "invalid_grant".into()));
    assert_eq!(sandbox.authorization().consents()[0].ended, Some(Ended::Withdrawn));
    assert!(sandbox.authorization().withdraw(77).is_err());
}
