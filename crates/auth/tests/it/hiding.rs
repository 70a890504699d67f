use insta::assert_snapshot;
use proptest::prelude::*;
use tieline_auth::{ApiKey, Basic, Bearer, Password};
use tieline_core::{ErrorKind, IntoCredential};

use crate::{basic, bearer, bind, header, query, secret};

#[test]
fn the_wrong_kind_is_named() {
    assert_snapshot!(
        ApiKey::new("s3cret").into_credential(&bearer()).unwrap_err(),
        @"the connector takes a bearer token, not an API key (config)"
    );
    assert_snapshot!(
        Bearer::new("s3cret").into_credential(&[header("x-key", ""), basic()].concat()).unwrap_err(),
        @"the connector takes an API key or a user name and password, not a bearer token (config)"
    );
    assert_snapshot!(
        Basic::new("demo", "s3cret").into_credential(&[]).unwrap_err(),
        @"the connector takes no credential, not a user name and password (config)"
    );
    assert_snapshot!(
        Basic::new("demo", "s3cret").into_credential(&secret()).unwrap_err(),
        @"the connector takes an API key or a password, not a user name and password (config)"
    );
    assert_snapshot!(
        Password::new("s3cret").into_credential(&basic()).unwrap_err(),
        @"the connector takes a user name and password, not a password alone (config)"
    );
}

#[test]
fn what_cannot_be_sent_is_refused_without_showing_it() {
    assert_snapshot!(
        ApiKey::new("s3cret\r\nhost: evil.test").into_credential(&header("x-key", "")).unwrap_err(),
        @"the API key holds a line end or a control character: copy it again from the provider, without anything around it (config)"
    );
    assert_snapshot!(
        ApiKey::new(" \n").into_credential(&query("key")).unwrap_err(),
        @"the API key is empty: copy it from the provider's settings (config)"
    );
    assert_snapshot!(
        Bearer::new("“s3cret”").into_credential(&bearer()).unwrap_err(),
        @"the bearer token holds a character that a header cannot carry: copy it again from the provider, without anything around it (config)"
    );
    assert_snapshot!(
        Basic::new("demo:s3cret", "").into_credential(&basic()).unwrap_err(),
        @"a user name must not contain a colon: check that user name and password are in their own fields (config)"
    );
    assert_snapshot!(
        Basic::new("demo", "s3\u{0}cret").into_credential(&basic()).unwrap_err(),
        @"the password holds a line end or a control character: copy it again from the provider, without anything around it (config)"
    );
    assert_snapshot!(
        Password::new("\n").into_credential(&secret()).unwrap_err(),
        @"the password is empty: enter the user's password (config)"
    );
}

#[test]
fn debug_shows_nothing() {
    for text in [
        format!("{:?}", ApiKey::new("s3cret")),
        format!("{:?}", Bearer::new("s3cret")),
        format!("{:?}", Basic::new("s3cret", "s3cret")),
        format!("{:?}", bind(ApiKey::new("s3cret"), &query("key"))),
        format!("{:?}", Password::new("s3cret")),
        format!("{:?}", bind(Password::new("s3cret"), &secret())),
        format!("{:?}", bind(Bearer::new("s3cret"), &bearer())),
        format!("{:?}", bind(Basic::new("s3cret", "s3cret"), &basic())),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn every_form_of_a_secret_is_scrubbed() {
    let key = bind(ApiKey::new("a b/c\"d"), &query("key"));
    for form in ["a b/c\"d", "a+b%2Fc%22d", "a%20b%2Fc%22d", "a+b%2fc%22d", "a b/c\\\"d"] {
        assert_eq!(key.scrub(&format!("<{form}><{form}>")).unwrap(), "<[redacted]><[redacted]>", "{form}");
    }
    assert_eq!(key.scrub("nothing here"), None);
    let key = bind(ApiKey::new("a<b>&'c"), &query("key"));
    assert_eq!(key.scrub("<k>a&lt;b&gt;&amp;&apos;c</k>").unwrap(), "<k>[redacted]</k>");

    let login = bind(Basic::new("demo", "pâss:word"), &basic());
    for form in ["pâss:word", "p%C3%A2ss%3Aword", "ZGVtbzpww6Jzczp3b3Jk"] {
        assert_eq!(login.scrub(&format!("<{form}>")).unwrap(), "<[redacted]>", "{form}");
    }
    assert_eq!(login.scrub("user demo"), None);
    let unpadded = bind(Basic::new("k3y-as-user", ""), &basic());
    assert_eq!(unpadded.scrub("k3y-as-user azN5LWFzLXVzZXI6").unwrap(), "[redacted] [redacted]");
}

#[test]
fn a_secret_that_is_a_word_of_ours_ends() {
    let key = bind(ApiKey::new("red"), &query("key"));
    assert_eq!(key.scrub("red shift, red").unwrap(), "[redacted] shift, [redacted]");
}

proptest! {
    #[test]
    fn no_text_keeps_the_secret(secret in "[!-~]{2,40}", before in "[α-ω ]{0,40}", after in "[α-ω ]{0,40}") {
        let key = ApiKey::new(secret.clone()).into_credential(&query("key")).unwrap();
        let clean = key.scrub(&format!("{before}{secret}{after}{secret}")).unwrap();
        prop_assert_eq!(clean, format!("{before}[redacted]{after}[redacted]"));
    }

    #[test]
    fn any_text_is_taken_or_refused_as_config(secret in any::<String>()) {
        for result in [
            ApiKey::new(secret.clone()).into_credential(&header("x-key", "")),
            ApiKey::new(secret.clone()).into_credential(&query("key")),
            Bearer::new(secret.clone()).into_credential(&bearer()),
            Basic::new(secret.clone(), secret.clone()).into_credential(&basic()),
        ] {
            if let Err(error) = result {
                prop_assert_eq!(error.kind(), ErrorKind::Config);
            }
        }
    }
}
