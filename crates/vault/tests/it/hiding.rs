//! A canary that must not show anywhere.

use secrecy::ExposeSecret;
use tieline_core::Error;
use tieline_vault::fernet::FernetKeys;
use tieline_vault::{Context, Key, KeyRing, Sealed, WrappedKey};

use crate::{CONTEXT, bytes, key, text, vault, wait};

const CANARY: &str = "canary-5f2b9c";

fn chain(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

#[test]
fn no_error_quotes_what_it_was_given() {
    let vault = vault(1);
    let long = CANARY.repeat(6000);
    let prefixed = [format!("tlk1_{CANARY}"), format!("tlv1_{CANARY}"), format!("tlk1_{CANARY:é<48}")];
    let mut errors = Vec::new();
    for bad in prefixed.iter().map(String::as_str).chain([CANARY, &long, &format!("tlv9_{CANARY}")]) {
        errors.extend(Key::parse(&text(bad)).err());
        errors.extend(KeyRing::parse(&text(bad)).err());
        errors.extend(Key::from_bytes(&bytes(bad)).err());
        errors.extend(Sealed::parse(bad).err());
        errors.extend(Sealed::from_bytes(bad.as_bytes()).err());
        errors.extend(FernetKeys::parse(&text(bad)).err());
        let keys = FernetKeys::parse(&text("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")).unwrap();
        errors.extend(keys.open(bad).err());
    }
    assert_eq!(errors.len(), 6 * 7);
    errors.extend(wait(vault.seal(&CONTEXT, &bytes(long))).err());
    let sealed = wait(vault.seal(&CONTEXT, &bytes([CANARY.as_bytes(), &[0xff]].concat()))).unwrap();
    errors.extend(wait(vault.open_text(&CONTEXT, &sealed)).err());
    errors.extend(wait(vault.open(&Context::new("", "", ""), &sealed)).err());
    errors.extend(wait(crate::vault(2).open(&CONTEXT, &sealed)).err());
    assert_eq!(errors.len(), 6 * 7 + 4);
    for error in &errors {
        let text = chain(error);
        assert!(!text.contains("canary") && !text.contains("5f2b9c"), "{text}");
    }
}

#[test]
fn debug_shows_ids_and_lengths_alone() {
    let secret = bytes(CANARY);
    let vault = vault(1);
    let sealed = wait(vault.seal(&CONTEXT, &secret)).unwrap();
    let opened = wait(vault.open(&CONTEXT, &sealed)).unwrap();
    let opened_text = wait(vault.open_text(&CONTEXT, &sealed)).unwrap();
    let fernet = FernetKeys::parse(&text("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")).unwrap();
    let wrapped = WrappedKey::new(key(1).id().clone(), CANARY.into()).unwrap();
    let shown = format!(
        "{:?}\n{:?}\n{vault:?}\n{sealed:?}\n{opened:?}\n{opened_text:?}\n{fernet:?}\n{wrapped:?}\n{CONTEXT:?}",
        key(1),
        KeyRing::new(key(1)).with_older(key(2)),
    );
    insta::assert_snapshot!(shown);
    let words = key(1).to_text();
    for hidden in [CANARY, words.expose_secret(), &words.expose_secret()[5..], "cw_0x"] {
        assert!(!shown.contains(hidden));
    }
}

/// What is stored holds nothing of the secret or the key in clear.
#[test]
fn sealed_values_hold_nothing_in_clear() {
    let sealed = wait(vault(1).seal(&CONTEXT, &bytes(CANARY))).unwrap();
    let stored = sealed.to_bytes();
    assert!(!stored.windows(4).any(|part| CANARY.as_bytes().windows(4).any(|of| of == part)));
}
