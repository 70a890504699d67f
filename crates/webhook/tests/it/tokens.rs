//! Secrets that are sent along, and first requests that are not verified.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tieline_core::webhook::{TokenPlace, TokenScheme, Verification};
use tieline_webhook::{Identity, Refusal, Trust};

use crate::{Delivery, signatures, text};

fn token(place: TokenPlace, body: &str) -> Delivery {
    Delivery::of(Verification::Token(TokenScheme::new(place)), "t0ken", body)
}

#[test]
fn a_token_makes_a_hint() {
    let header = token(TokenPlace::Header("x-token".into()), "{}");
    let found = header.clone().header("x-token", "t0ken").verify().unwrap();
    assert_eq!((found.trust, found.identity), (Trust::Hint, Identity::None));
    assert_eq!(header.clone().header("x-token", "t0kem").verify(), Err(Refusal::Token));
    assert_eq!(header.clone().header("x-token", "").verify(), Err(Refusal::Token));
    assert_eq!(header.clone().secrets(&[""]).header("x-token", "").verify(), Err(Refusal::NoSecret));
    assert!(header.header("x-token", "t0ken").header("x-token", "t0ken").verify().is_err());

    let body = |text: &str| token(TokenPlace::Body("/auth/token".into()), text).verify();
    assert!(body(r#"{"auth":{"token":"t0ken"}}"#).is_ok());
    for wrong in [r#"{"auth":{"token":["t0ken"]}}"#, r#"{"token":"t0ken"}"#, "t0ken", "", "{"] {
        assert!(body(wrong).is_err(), "{wrong}");
    }
    let query = |url: &str| token(TokenPlace::Query("k".into()), "").at(url).verify();
    assert!(query("https://h.test/?a=1&k=t0%6ben").is_ok());
    for wrong in ["https://h.test/?k=t0ken&k=x", "https://h.test/?K=t0ken", "https://h.test/t0ken"] {
        assert!(query(wrong).is_err(), "{wrong}");
    }
    let unsigned = Delivery::of(Verification::Unsigned, "", "{}").verify().unwrap();
    assert_eq!(unsigned.trust, Trust::Hint);
}

#[test]
fn a_password_is_what_follows_the_first_colon() {
    let all = signatures();
    let password = text(&all, "/http_basic_rfc7617/password");
    let right = Delivery::named("pipedrive", password, "{}");
    let login = |value: &str| right.clone().header("authorization", value).verify();
    assert!(login(text(&all, "/http_basic_rfc7617/header")).is_ok());
    assert!(login(&format!("basic {}", STANDARD.encode(format!(":{password}")))).is_ok());
    for wrong in ["demo", "demo:word", ":", ""] {
        assert!(login(&format!("Basic {}", STANDARD.encode(wrong))).is_err(), "{wrong}");
    }
    for wrong in ["Basic", "Basic !", "Bearer x", ""] {
        assert!(login(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn tripletex_sends_the_header_that_it_was_given() {
    let right = Delivery::named("tripletex", "s3cret", "{}");
    assert!(right.clone().header("authorization", "Bearer s3cret").verify().is_ok());
    assert!(right.clone().header("authorization", "s3cret").verify().is_ok());
    assert!(right.header("authorization", "Bearer  s3cret").verify().is_err());
}

#[test]
fn each_notification_of_graph_has_its_state() {
    let graph = |body: &str| Delivery::named("microsoft-graph", "st4te", body);
    let one = |state: &str| format!(r#"{{"subscriptionId":"s","clientState":"{state}"}}"#);
    let of = |states: &[&str]| {
        let all: Vec<String> = states.iter().map(|state| one(state)).collect();
        graph(&format!(r#"{{"value":[{}]}}"#, all.join(","))).verify()
    };
    assert_eq!(of(&["st4te", "st4te"]).unwrap().trust, Trust::Hint);
    for wrong in [&["st4te", "other"] as &[&str], &["other", "st4te"], &[""], &[]] {
        assert!(of(wrong).is_err(), "{wrong:?}");
    }
    assert!(graph(r#"{"value":[{"subscriptionId":"s"}]}"#).verify().is_err());
    let asked = graph("").at("https://h.test/hook?validationToken=abc");
    assert_eq!(asked.verify().unwrap().trust, Trust::Handshake);
    assert!(asked.body(r#"{"value":[]}"#).verify().is_err(), "a body is no handshake");
}

#[test]
fn a_first_request_may_be_answered_and_no_more() {
    let meta = Delivery::named("meta", "v3rify", "").method("GET");
    let asked = |token: &str| {
        let url = format!("https://h.test/hook?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}");
        meta.clone().at(&url).verify()
    };
    assert_eq!(asked("v3rify").unwrap().trust, Trust::Handshake);
    assert!(asked("other").is_err() && asked("").is_err());

    let ping = Delivery::named("woocommerce", "s", "webhook_id=12");
    assert_eq!(ping.verify().unwrap().trust, Trust::Handshake);
    assert!(ping.clone().header("x-wc-webhook-signature", "AAAA").verify().is_err());
    for wrong in ["webhook_id=", "webhook_id=12&a=1", "webhook_id=x", "{}"] {
        assert!(ping.clone().body(wrong).verify().is_err(), "{wrong}");
    }
}
