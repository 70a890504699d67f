//! Deliveries that must be refused.

use http::StatusCode;
use tieline_webhook::Refusal;

use crate::vectors::signed;
use crate::{Delivery, computed, text};

/// The headers that hold signatures and times, by scheme.
fn own_headers(delivery: &Delivery) -> Vec<String> {
    let names = delivery.request.headers().keys().map(|name| name.as_str().to_owned());
    names.filter(|name| name != "content-type").collect()
}

fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'b' { b'c' } else { b'b' };
    String::from_utf8(bytes).unwrap()
}

/// Returns hostile forms of a delivery that is right.
fn hostile(name: &str, right: &Delivery) -> Vec<(String, Delivery)> {
    let mut all = Vec::new();
    let mut add = |what: &str, delivery: Delivery| all.push((format!("{name}: {what}"), delivery));
    let body = right.request.body().clone();
    if !body.is_empty() {
        add("cut", right.clone().body(body.slice(..body.len() - 1)));
        add("emptied", right.clone().body(""));
        let mut longer = body.to_vec();
        longer.push(b'&');
        longer.push(b'a');
        add("lengthened", right.clone().body(longer));
        let mut changed = body.to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        add("one bit changed", right.clone().body(changed));
    }
    for header in own_headers(right) {
        let value = right.request.headers()[&header].to_str().unwrap().to_owned();
        add(&format!("without {header}"), right.clone().without(&header));
        add(&format!("{header} twice"), right.clone().header(&header, &value));
        add(
            &format!("{header} twice, the first wrong"),
            right.clone().with(&header, "x").header(&header, &value),
        );
        add(&format!("{header} empty"), right.clone().with(&header, ""));
        add(&format!("{header} cut"), right.clone().with(&header, &value[..value.len() - 1]));
        let encoded = value.replace('=', "%3D").replace('a', "%61");
        if encoded != value {
            add(&format!("{header} re-encoded"), right.clone().with(&header, &encoded));
        }
        let last = value.len() - 3;
        add(&format!("{header} changed"), right.clone().with(&header, &flipped(&value, last)));
    }
    add("another secret", right.clone().secrets(&["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]));
    add("no secret", right.clone().secrets(&[]));
    add("an empty secret", right.clone().secrets(&[""]));
    all
}

#[test]
fn hostile_deliveries_are_refused() {
    let mut tried = 0;
    for (name, right) in signed() {
        if name.starts_with("standard-webhooks, ") {
            continue;
        }
        for (what, delivery) in hostile(name, &right) {
            // Stripe's and Paddle's time is in the signature's header, and the form of Twilio has no order.
            let refusal = match delivery.verify() {
                Ok(verified) => panic!("accepted {what}: {verified:?}"),
                Err(refusal) => refusal,
            };
            assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED, "{what}");
            tried += 1;
        }
    }
    println!("{tried} hostile deliveries");
    assert!(tried >= 200, "{tried}");
}

#[test]
fn a_signed_time_is_near_in_both_directions() {
    for (name, right) in signed() {
        let has_time = right.clone().later(86_400).verify().is_err();
        let timeless = ["github", "shopify", "woocommerce", "twilio", "meta", "square", "visma"];
        assert_eq!(has_time, !timeless.iter().any(|scheme| name.starts_with(scheme)), "{name}");
        if has_time {
            let allowed = if name == "xledger" { 900 } else { 300 };
            assert!(right.clone().later(allowed).verify().is_ok(), "{name}");
            assert!(right.clone().later(-allowed).verify().is_ok(), "{name}");
            for wrong in [allowed + 1, -allowed - 1] {
                let refusal = right.clone().later(wrong).verify().unwrap_err();
                assert!(matches!(refusal, Refusal::Stale { .. }), "{name}: {refusal}");
            }
        }
    }
}

#[test]
fn a_stale_delivery_of_a_stranger_learns_nothing_of_the_clock() {
    let (_, right) = signed().into_iter().find(|(name, _)| *name == "stripe").unwrap();
    let refusal = right.secrets(&["another"]).later(9_999).verify().unwrap_err();
    assert!(matches!(refusal, Refusal::Signature { .. }), "{refusal}");
}

#[test]
fn a_public_key_is_no_secret() {
    // Whoever knows the public key signs with it as if it were the secret of the other algorithm.
    let more = computed();
    let pem = text(&more, "/sendgrid/public_key_pem");
    let body = r#"{"type":"forged"}"#;
    let tag = |key: &[u8], message: &str| {
        use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
        use base64::Engine;
        let tag = sign(&Key::new(HMAC_SHA256, key), message.as_bytes());
        base64::engine::general_purpose::STANDARD.encode(tag)
    };
    let public = "whpk_ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=";
    use base64::Engine;
    let raw = base64::engine::general_purpose::STANDARD.decode(&public[5..]).unwrap();
    let forged = tag(&raw, &format!("m1.1767225600.{body}"));
    let delivery = Delivery::named("standard-webhooks", public, body)
        .header("webhook-id", "m1")
        .header("webhook-timestamp", "1767225600")
        .header("webhook-signature", &format!("v1,{forged}"));
    assert!(delivery.verify().is_err());
    let delivery =
        Delivery::named("shopify", pem, body).header("x-shopify-hmac-sha256", &tag(pem.as_bytes(), body));
    assert_eq!(delivery.verify().unwrap_err(), Refusal::NoSecret);
}

#[test]
fn the_number_of_signatures_is_bounded() {
    let (_, right) = signed().into_iter().next().unwrap();
    let good = right.request.headers()["webhook-signature"].to_str().unwrap().to_owned();
    let many = |wrong: usize| {
        let list = "v1,AAAA ".repeat(wrong) + &good;
        right.clone().with("webhook-signature", &list).verify()
    };
    assert!(many(31).is_ok(), "any one that is right counts");
    assert!(matches!(many(32).unwrap_err(), Refusal::TooManySignatures { limit: 32, .. }));
    assert!(matches!(many(10_000).unwrap_err(), Refusal::TooManySignatures { .. }));
    let versions = format!("v1a,AAAA v9,{} v1,AAAA {good}", &good[3..]);
    assert!(right.clone().with("webhook-signature", &versions).verify().is_ok());
    let later = format!("v9,{}", &good[3..]);
    assert!(right.with("webhook-signature", &later).verify().is_err(), "another version is no signature");
}

#[test]
fn a_refusal_says_nothing_of_the_delivery() {
    for (name, right) in signed() {
        for (what, delivery) in hostile(name, &right) {
            if let Err(refusal) = delivery.verify() {
                let shown = format!("{refusal} {refusal:?}");
                let body = String::from_utf8_lossy(right.request.body()).into_owned();
                assert!(body.len() < 8 || !shown.contains(&body), "{what}: {shown}");
                for secret in &right.secrets {
                    assert!(!shown.contains(secrecy::ExposeSecret::expose_secret(secret)), "{what}: {shown}");
                }
            }
        }
    }
}
