use serde_json::Value;
use tieline_sandbox::oauth::{
    AccessRevocation, CLIENT_ID, CLIENT_SECRET, Client, Ended, ExpiresIn, Policy, Revocation, Rotation,
    TokenShape,
};

use super::{
    basic, code, connected, error, exchange, json, plain, post, post_with, refresh, seconds, status_of_me,
    still,
};

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[test]
fn a_one_time_token_works_once_and_reuse_ends_the_family() {
    let sandbox = plain();
    let (first, other) = (connected(&sandbox), connected(&sandbox));
    let second = json(&refresh(&sandbox, &first.refresh_token));
    assert_ne!(text(&second, "refresh_token"), first.refresh_token);
    assert_ne!(text(&second, "access_token"), first.access_token);
    let third = json(&refresh(&sandbox, text(&second, "refresh_token")));
    assert_eq!(status_of_me(&sandbox, text(&third, "access_token")), 200);

    let reply = refresh(&sandbox, &first.refresh_token);
    assert_eq!(error(&reply), (400, "invalid_grant".into()));
    assert_eq!(json(&reply)["error_description"], "Invalid refresh token");
    assert_eq!(status_of_me(&sandbox, text(&third, "access_token")), 401, "the whole family is gone");
    assert_eq!(error(&refresh(&sandbox, text(&third, "refresh_token"))), (400, "invalid_grant".into()));

    assert_eq!(status_of_me(&sandbox, &other.access_token), 200, "another consent does not care");
    let consents = sandbox.authorization().consents();
    let seen: Vec<_> = consents.iter().map(|c| (c.refreshes, c.reuses, c.ended)).collect();
    assert_eq!(seen, [(2, 1, Some(Ended::Reuse)), (0, 0, None)]);
    let counters = sandbox.authorization().counters();
    assert_eq!((counters.refreshes, counters.refresh_tokens_reused), (2, 1));
}

#[test]
fn other_servers_keep_the_token() {
    for (rotation, said) in [(Rotation::Same, true), (Rotation::Unsaid, false)] {
        let sandbox = still(Policy { rotation, ..Policy::default() });
        let first = connected(&sandbox);
        for _ in 0..3 {
            sandbox.advance(seconds(59 * 86_400));
            let next = json(&refresh(&sandbox, &first.refresh_token));
            let again = next.get("refresh_token").and_then(Value::as_str);
            assert_eq!(again, said.then_some(first.refresh_token.as_str()));
            assert_eq!(status_of_me(&sandbox, text(&next, "access_token")), 200);
        }
        sandbox.advance(seconds(60 * 86_400));
        assert_eq!(
            error(&refresh(&sandbox, &first.refresh_token)),
            (400, "invalid_grant".into()),
            "unused too long"
        );
        assert_eq!(sandbox.authorization().counters().refreshes, 3);
    }
}

#[test]
fn tokens_end_on_the_sandbox_clock() {
    let sandbox = still(Policy { access_seconds: 60, refresh_seconds: Some(600), ..Policy::default() });
    let tokens = connected(&sandbox);
    assert_eq!(tokens.expires_at, sandbox.now() + seconds(60));
    sandbox.advance(seconds(59));
    assert_eq!(status_of_me(&sandbox, &tokens.access_token), 200);
    sandbox.advance(seconds(1));
    assert_eq!(status_of_me(&sandbox, &tokens.access_token), 401);
    let next = json(&refresh(&sandbox, &tokens.refresh_token));
    sandbox.expire_access_tokens();
    assert_eq!(status_of_me(&sandbox, text(&next, "access_token")), 401);
    sandbox.advance(seconds(600));
    assert_eq!(error(&refresh(&sandbox, text(&next, "refresh_token"))), (400, "invalid_grant".into()));

    let eternal = still(Policy { refresh_seconds: None, ..Policy::default() });
    let tokens = connected(&eternal);
    eternal.advance(seconds(100 * 365 * 86_400));
    assert_eq!(refresh(&eternal, &tokens.refresh_token).status, 200);
}

#[test]
fn answers_differ_in_shape() {
    let sandbox = plain();
    let mut latest = connected(&sandbox).refresh_token;
    let mut next = |change: &dyn Fn(&mut Policy)| {
        sandbox.authorization().change_policy(change);
        let tokens = json(&refresh(&sandbox, &latest));
        text(&tokens, "refresh_token").clone_into(&mut latest);
        tokens
    };
    assert_eq!(next(&|policy| policy.expires_in = ExpiresIn::Text)["expires_in"], "3600");
    assert_eq!(next(&|policy| policy.expires_in = ExpiresIn::Missing).get("expires_in"), None);
    assert_eq!(next(&|policy| policy.scope_separator = ",".into())["scope"], "base,read,write");
    let extra = next(&|policy| {
        policy.extras.insert("api_domain".into(), "https://acme-demo.pipedrive.com".into());
    });
    assert_eq!(extra["api_domain"], "https://acme-demo.pipedrive.com");
    let shaped = next(&|policy| {
        policy.access_token = TokenShape::Opaque { prefix: "v1u:".into(), length: 800 };
        policy.refresh_token_prefix = "1234567:8901234:".into();
    });
    assert!(text(&shaped, "access_token").starts_with("v1u:") && text(&shaped, "access_token").len() == 804);
    assert!(text(&shaped, "refresh_token").starts_with("1234567:8901234:"));
    let jwt = next(&|policy| policy.access_token = TokenShape::Jwt { tenant_claim: "tenantId".into() });
    let claims = text(&jwt, "access_token").split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["tenantId"], 1);
    assert_eq!(status_of_me(&sandbox, text(&jwt, "access_token")), 200);
}

#[test]
fn a_refresh_token_belongs_to_its_client() {
    let sandbox = plain();
    sandbox.authorization().register(Client::new("other").with_secret("other-secret")).unwrap();
    let tokens = connected(&sandbox);
    let members = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh_token.as_str())];
    let theirs = basic("other", "other-secret");
    let reply = post_with(&sandbox, "/oauth/token", &members, &[("authorization", &theirs)]);
    assert_eq!(error(&reply), (400, "invalid_grant".into()));
    let wrong = basic(CLIENT_ID, "wrong");
    let reply = post_with(&sandbox, "/oauth/token", &members, &[("authorization", &wrong)]);
    assert_eq!(error(&reply), (401, "invalid_client".into()));
    assert!(reply.headers.contains_key("www-authenticate"));
    let more = [&members[..], &[("scope", "read admin")]].concat();
    assert_eq!(error(&post(&sandbox, "/oauth/token", &more)), (400, "invalid_scope".into()));
    assert_eq!(refresh(&sandbox, &tokens.access_token).status, 400, "an access token is no refresh token");
    assert_eq!(refresh(&sandbox, &tokens.refresh_token).status, 200, "it is still unused");
}

#[test]
fn taking_back_a_token() {
    let sandbox = plain();
    let revoke = |token: &str| post(&sandbox, "/oauth/revoke", &[("token", token)]);
    let tokens = connected(&sandbox);
    assert_eq!(revoke("nobody knows it").status, 200);
    assert_eq!(revoke(&tokens.access_token).status, 200);
    assert_eq!(status_of_me(&sandbox, &tokens.access_token), 401);
    let next = json(&refresh(&sandbox, &tokens.refresh_token));
    assert_eq!(revoke(text(&next, "refresh_token")).status, 200);
    assert_eq!(status_of_me(&sandbox, text(&next, "access_token")), 401);
    assert_eq!(sandbox.authorization().consents()[0].ended, Some(Ended::Revoked));
    assert_eq!(sandbox.authorization().counters().revocations, 2);

    let stranger = post_with(&sandbox, "/oauth/revoke", &[("token", &tokens.access_token)], &[]);
    assert_eq!(error(&stranger), (401, "invalid_client".into()));

    let revocation = Revocation {
        access_token: AccessRevocation::Refused,
        anonymous: true,
        body: r#"{"revoked":true}"#.into(),
    };
    let strict = still(Policy { revocation, ..Policy::default() });
    let tokens = connected(&strict);
    let access = post_with(&strict, "/oauth/revoke", &[("token", &tokens.access_token)], &[]);
    assert_eq!(error(&access), (400, "unsupported_token_type".into()));
    let done = post_with(&strict, "/oauth/revoke", &[("token", &tokens.refresh_token)], &[]);
    assert_eq!(json(&done)["revoked"], true);
}

#[test]
fn everything_secret_is_known_and_struck_out() {
    let sandbox = plain();
    let tokens = connected(&sandbox);
    let code = code(&sandbox);
    let exchanged = json(&exchange(&sandbox, &code));
    let secrets = tieline_sandbox::Model::secrets(sandbox.model());
    for secret in [
        code.as_str(),
        super::VERIFIER,
        text(&exchanged, "access_token"),
        text(&exchanged, "refresh_token"),
        &tokens.access_token,
        &tokens.refresh_token,
        CLIENT_SECRET,
        basic(CLIENT_ID, CLIENT_SECRET).trim_start_matches("Basic "),
    ] {
        assert!(secrets.iter().any(|known| known == secret), "{secret}");
        let path = format!("/me?{secret}");
        sandbox.handle(http::Request::get(path).body(bytes::Bytes::new()).unwrap());
        assert!(!format!("{:?} {sandbox:?} {tokens:?}", sandbox.requests()).contains(secret), "{secret}");
    }
}
