//! What was written must stay readable. These values were made with Python's `hashlib` and `cryptography` from the
//! description in the README, so they also say that the description is complete.

use secrecy::ExposeSecret;
use tieline_core::ErrorKind;
use tieline_vault::{Key, KeyRing, Sealed, Vault};

use crate::{CONTEXT, TOKEN, bytes, shown, text, wait};

const KEY: &str = "tlk1_Jka9dY6DL-58GQFD4_wqhAvoCbW-YvLVGTGH0sJMZ6V5yS3A";
const KEY_ID: &str = "b56c880d0d397b19";
const SEALED: &str = "tlv1_ARBiNTZjODgwZDBkMzk3YjE5ADwAAQIDBAUGBwgJCgsFy921Q2eEEBKwJ3OFxQRBGsFTSGL7tial76ZUpYhycWtmF\
                      -SAJOPUGLl_Osq7YYtkZWZnaGlqa2xtbm94KuxVTdxgqQZbPoq5AQ-bcvM0Ob9ZxUWf6M0qmMfALqTYcvN4J60zzGZtaerTNm1R4e-v\
                      QNvvBQ";

#[test]
fn a_value_made_elsewhere_opens() {
    let key = Key::parse(&text(KEY)).unwrap();
    assert_eq!(key.id().as_str(), KEY_ID);
    assert_eq!(key.to_text().expose_secret(), KEY);

    let sealed = Sealed::parse(SEALED).unwrap();
    assert_eq!((sealed.key_id().as_str(), sealed.to_string().as_str()), (KEY_ID, SEALED));
    let opened = wait(Vault::new(KeyRing::new(key)).open(&CONTEXT, &sealed)).unwrap();
    assert_eq!(shown(&opened), TOKEN.as_bytes());
}

#[test]
fn every_typo_in_a_key_is_found() {
    for at in 0..KEY.len() {
        for other in ['A', 'z', '5', '-', '_', '=', 'å', ' '] {
            if !KEY[at..].starts_with(other) {
                let typo = format!("{}{other}{}", &KEY[..at], &KEY[at + 1..]);
                assert!(Key::parse(&text(&typo)).is_err(), "{other} at {at}");
            }
        }
        assert!(Key::parse(&text(&KEY[..at])).is_err(), "cut at {at}");
        if at > 0 && KEY.as_bytes()[at - 1] != KEY.as_bytes()[at] {
            let mut swapped = KEY.as_bytes().to_vec();
            swapped.swap(at - 1, at);
            assert!(Key::parse(&text(&String::from_utf8(swapped).unwrap())).is_err(), "swapped at {at}");
        }
    }
    assert!(Key::parse(&text(&format!("{KEY}A"))).is_err());
    assert!(Key::parse(&text(&format!(" {KEY}\n"))).is_ok());
}

#[test]
fn placeholders_are_no_keys() {
    for bad in [vec![0; 32], vec![0xff; 32], b"x".repeat(32), vec![], vec![1; 16], (0..33).collect()] {
        assert_eq!(Key::from_bytes(&bytes(bad)).unwrap_err().kind(), ErrorKind::Config);
    }
    // All zeros with its right checksum.
    let zero = text("tlk1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACDLHyl");
    assert!(Key::parse(&zero).unwrap_err().message().contains("all zeros"));
}

#[test]
fn generated_keys_differ() {
    let [one, other] = [(); 2].map(|()| Key::generate().unwrap());
    assert_ne!(one.id(), other.id());
    assert_ne!(one.to_text().expose_secret(), other.to_text().expose_secret());
    assert_eq!(Key::parse(&one.to_text()).unwrap().id(), one.id());
}
