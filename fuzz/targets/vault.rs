//! What a vault reads: sealed values, keys, Fernet tokens. The first line is a list of Fernet keys, the rest is each of
//! them in turn.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::{ExposeSecret, SecretString};
use tieline_core::Error;
use tieline_vault::fernet::FernetKeys;
use tieline_vault::{KeyRing, MAX_SECRET, Sealed, mask};

/// A text of this length that an error repeats cannot be chance.
const TELLING: usize = 12;

fuzz_target!(|text: &str| {
    let (keys, rest) = text.split_once('\n').unwrap_or((text, ""));

    match Sealed::parse(rest) {
        Ok(sealed) => {
            assert_eq!(Sealed::parse(&sealed.to_string()).ok().as_ref(), Some(&sealed));
            assert_eq!(Sealed::from_bytes(&sealed.to_bytes()).ok(), Some(sealed));
        }
        Err(error) => tells_nothing(&error, rest),
    }
    if let Ok(sealed) = Sealed::from_bytes(rest.as_bytes()) {
        assert_eq!(sealed.to_bytes(), rest.as_bytes());
    }
    match KeyRing::parse(&SecretString::from(rest)) {
        Ok(ring) => assert!(ring.key_ids().next().is_some()),
        Err(error) => tells_nothing(&error, rest),
    }
    match FernetKeys::parse(&SecretString::from(keys)) {
        Ok(keys) => match keys.open(rest) {
            Ok(secret) => assert!(secret.expose_secret().len() <= MAX_SECRET),
            Err(error) => tells_nothing(&error, rest),
        },
        Err(error) => tells_nothing(&error, keys),
    }
    assert!(mask(&SecretString::from(rest)).chars().count() <= 12);
});

fn tells_nothing(error: &Error, secret: &str) {
    let shown = format!("{error} {error:?}");
    for word in secret.split(|c: char| !c.is_ascii_alphanumeric()) {
        assert!(word.len() < TELLING || !shown.contains(word), "{shown}");
    }
}
