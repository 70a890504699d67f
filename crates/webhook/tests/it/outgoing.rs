//! Notifications that are sent, verified by the reference library and by our own verifier.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Clock, SystemClock};
use tieline_webhook::{Trust, new_secret, signed_headers};

use crate::Delivery;

const BODY: &[u8] = "{\"type\":\"sync.failed\",\"data\":{\"name\":\"G\u{e4}vle\"}}".as_bytes();

#[test]
fn the_reference_library_verifies_what_is_sent() {
    let now = SystemClock.now();
    let (old, new) = (new_secret().unwrap(), new_secret().unwrap());
    let headers = signed_headers("msg_1", now, BODY, &[new.clone(), old.clone()]).unwrap();
    for secret in [&old, &new] {
        let verifier = standardwebhooks::Webhook::new(secret.expose_secret()).unwrap();
        verifier.verify(BODY, &headers).unwrap();
        assert!(verifier.verify(&BODY[1..], &headers).is_err());
        let mut other = headers.clone();
        other.insert("webhook-id", "msg_2".parse().unwrap());
        assert!(verifier.verify(BODY, &other).is_err());
    }
    let stranger = new_secret().unwrap();
    assert!(
        standardwebhooks::Webhook::new(stranger.expose_secret()).unwrap().verify(BODY, &headers).is_err()
    );
}

#[test]
fn what_is_sent_is_what_is_taken() {
    let secret = new_secret().unwrap();
    let text = std::str::from_utf8(BODY).unwrap();
    let mut delivery = Delivery::named("standard-webhooks", secret.expose_secret(), text);
    let headers = signed_headers("msg_1", delivery.now, BODY, &[secret]).unwrap();
    delivery.request.headers_mut().extend(headers);
    assert_eq!(delivery.verify().unwrap().trust, Trust::Content);
}

#[test]
fn ids_and_secrets_have_a_form() {
    let secret = || vec![new_secret().unwrap()];
    let sign =
        |id: &str, secrets: &[SecretString]| signed_headers(id, DateTime::<Utc>::UNIX_EPOCH, BODY, secrets);
    assert!(sign("msg_1", &secret()).is_ok());
    // A dot would let one id and time pass as another.
    for id in ["", "a.b", "a b", "\u{e4}", "a\r\nx: y"] {
        assert!(sign(id, &secret()).is_err(), "{id:?}");
    }
    assert!(sign("msg_1", &[]).is_err());
    for wrong in ["whsec_AAAA", "s3kret", "whpk_ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ="] {
        let error = sign("msg_1", &[SecretString::from(wrong)]).unwrap_err();
        assert!(!format!("{error:?}").contains(wrong));
    }
    let one = new_secret().unwrap();
    assert_ne!(one.expose_secret(), new_secret().unwrap().expose_secret());
}
