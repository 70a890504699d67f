//! Values that Python's `cryptography` made, and those that the Fernet specification publishes.

use proptest::prelude::*;
use tieline_core::ErrorKind;
use tieline_vault::fernet::FernetKeys;

use crate::{CONTEXT, shown, text, vault, wait};

const KEY: &str = "ReUEdi6Y5yj8KPJ4Ea1qYK5y_eoRXdtnUwWitQDCA0k=";
const NEWER_KEY: &str = "kDFXDQaI2D3kEKpOBZiYpnpsX7k7ENiPGJRuT0dCRr0=";
/// Has `-` and `_`, so that the alphabets matter.
const SPECIFICATION_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

/// `Fernet(KEY).encrypt(…)`, cryptography 50.0.
const EMPTY: &str =
    "gAAAAABrAPFSQ-vv0hqPXP5WZaRKFKrukF_kBuGcSBhMjJjIUoY9dZ-s1HKXiRXm25d8mOY-GpXMSdxmRhu0UbnWm9JoZ8wVEA==";
const TOKEN: &str = "gAAAAABrAPFSOTOS9R44NGUbB-GehXatWQmRB-OFDf2ga6qmex7crJT1sEXhU49z2U81ENM8DkR472IdE7vNx7Bd1JjCOop5N2eBKIUQ52s1rCL2YzuFhYs3nbrSAJNTTB3XzrW4JYpH";
const ONE_BLOCK: &str = "gAAAAABrAPFSU-txdfJB8T0Jc3cJr59NeL0oBjkHrcN3BL_fZHA2aOcbrsQKrniUXXIGBq7GaYR7CjHDVrjRWiEt7QZmQy4smZ7h_i2GoF0d5P-bT0FWNzg=";
const SWEDISH: &str = "gAAAAABrAPFSHq_tqjYP5esT0qOGVfXpSNfmr7AZYICsLOy9krnClthOtEASWzDMY1Mj1lnRf0TAOVMdMCcPcumxxHKq-KPkAX3RZEbqhMhBTrQ58xuaoFQ=";
const ALL_BYTES: &str = "gAAAAABrAPFSrT8ZqWYnxYqzOOTd65g1DwD0tc3BtdveCQ4JLY43Xt2AuIzsYKeWt8V7lMzaOSS1smg9XPx7ZWTchXHEbchMxMmxfSfx4TEoGdmQBiqgiZR-0n8Mf-tPkmZ_jD1XLuPsLaG5NYPE1VrVGypRJCFXcMNNzpIziaBv-9MK_4NmhpSt9rhdVF4Mdv12i2zNW82qiy0d5faCv_-Znihn00qQIkCKbvmiO51QxDtzD_1tKj60aOHdIEM1tbKQLMEJXN8aY9yFOZTMiuy-d-AJr0QyAiAVA2zXzZ8O2-X1JpsAGS9lDvniNKxVQmH0d33XLWmyw4dkZGsrqT3C8k_jdJObhAh8Pv18DHrqvkHrwAaLe469zYMfki37HivkMtsgiE48SWUNknx53akc_g2M0-iAG6y_-sKk05FJNrQQvk9VMRo=";
/// `MultiFernet([Fernet(NEWER_KEY), Fernet(KEY)]).encrypt(…)`, so it is NEWER_KEY's.
const ROTATED: &str = "gAAAAABrAPFSmiwh8djmpbkOOk6d0U-UcPxFfdv9b-HI3mJwzrHGqY4WZjGvUfPFSLya0KG21Bl-tvsiZC8iYJiZP-aIlQ0CmSwZGWxBeeetSExQ7IKeF0M=";

fn keys(keys: &str) -> FernetKeys {
    FernetKeys::parse(&text(keys)).unwrap()
}

fn python_made() -> [(&'static str, Vec<u8>); 5] {
    [
        (EMPTY, vec![]),
        (TOKEN, b"0123456789abcdef0123456789abcdef01234567".to_vec()),
        (ONE_BLOCK, b"sixteen bytes!!!".to_vec()),
        (SWEDISH, "lösenord på svenska ✓".into()),
        (ALL_BYTES, (0..=255).collect()),
    ]
}

#[test]
fn what_python_made_opens() {
    let keys = keys(KEY);
    for (token, expected) in python_made() {
        assert_eq!(shown(&keys.open(token).unwrap()), expected);
        assert_eq!(shown(&keys.open(&format!("\n{token} ")).unwrap()), expected);
        assert_eq!(shown(&keys.open(token.trim_end_matches('=')).unwrap()), expected);
    }
}

#[test]
fn several_keys_open_what_each_of_them_made() {
    let keys = keys(&format!("{NEWER_KEY},\n{KEY}"));
    assert_eq!(shown(&keys.open(ROTATED).unwrap()), b"made after a rotation");
    assert_eq!(shown(&keys.open(ONE_BLOCK).unwrap()), b"sixteen bytes!!!");
    assert_eq!(self::keys(KEY).open(ROTATED).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn importing_is_opening_and_sealing() {
    let vault = vault(1);
    let sealed = wait(vault.seal(&CONTEXT, &keys(KEY).open(SWEDISH).unwrap())).unwrap();
    let opened = wait(vault.open(&CONTEXT, &sealed)).unwrap();
    assert_eq!(shown(&opened), "lösenord på svenska ✓".as_bytes());
}

/// `generate.json` and `verify.json` of <https://github.com/fernet/spec>.
#[test]
fn the_specifications_token_opens() {
    let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    assert_eq!(shown(&keys(SPECIFICATION_KEY).open(token).unwrap()), b"hello");
}

/// `invalid.json` of <https://github.com/fernet/spec>, without the cases that depend on the time.
#[test]
fn the_specifications_invalid_tokens_are_refused() {
    let invalid = [
        // incorrect mac
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
            ErrorKind::Config,
        ),
        // too short
        ("gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==", ErrorKind::Rejected),
        // invalid base64
        (
            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
            ErrorKind::Rejected,
        ),
        // payload size not multiple of block size
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
            ErrorKind::Rejected,
        ),
        // payload padding error
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
            ErrorKind::Rejected,
        ),
        // incorrect IV (causes padding error)
        (
            "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
            ErrorKind::Rejected,
        ),
    ];
    for (token, kind) in invalid {
        assert_eq!(keys(SPECIFICATION_KEY).open(token).unwrap_err().kind(), kind, "{token}");
    }
}

/// The same file's "expired TTL": a stored secret does not expire.
#[test]
fn age_does_not_matter() {
    let old = "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==";
    assert_eq!(shown(&keys(SPECIFICATION_KEY).open(old).unwrap()), b"");
}

#[test]
fn every_changed_character_and_every_cut_is_refused() {
    let keys = keys(KEY);
    // The last character before the padding has bits that mean nothing; decoders refuse them when they are set.
    for at in 0..ONE_BLOCK.len() - 1 {
        let other = if ONE_BLOCK.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        let bad = format!("{}{other}{}", &ONE_BLOCK[..at], &ONE_BLOCK[at + 1..]);
        assert!(keys.open(&bad).is_err(), "character {at}");
        assert!(keys.open(&ONE_BLOCK[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn keys_are_32_bytes_in_base64() {
    // Python takes both alphabets, with the padding.
    for good in
        [KEY.to_owned(), KEY.replace('_', "/"), KEY.trim_end_matches('=').to_owned(), format!(" {KEY}\n")]
    {
        assert_eq!(shown(&keys(&good).open(EMPTY).unwrap()), b"");
    }
    let short = &KEY[..KEY.len() - 2];
    for bad in ["", " ,\n", "changeme", short, &format!("{KEY}A"), &"A".repeat(44), &"A".repeat(100_000)] {
        assert_eq!(FernetKeys::parse(&text(bad)).unwrap_err().kind(), ErrorKind::Config, "{bad:.50}");
    }
    assert!(FernetKeys::parse(&text(&format!("{KEY} nokey"))).is_err());
}

proptest! {
    #[test]
    fn no_token_makes_opening_panic(any: String, word in "[A-Za-z0-9_-]{0,200}={0,2}") {
        let keys = keys(KEY);
        prop_assert!(keys.open(&any).is_err());
        let tagged = format!("gAAAA{}", word);
        prop_assert!(keys.open(&tagged).is_err());
        if word.trim_end_matches('=').len() != 43 {
            prop_assert!(FernetKeys::parse(&text(&word)).is_err());
        }
    }
}

#[test]
fn a_token_is_bounded() {
    let error = keys(KEY).open(&"A".repeat(1_000_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
}
