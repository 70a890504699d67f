//! What a person reads.

use secrecy::ExposeSecret;
use tieline_core::Error;
use tieline_vault::fernet::FernetKeys;
use tieline_vault::{Context, Key, KeyRing, MAX_SECRET, Sealed, Vault};

use crate::{CONTEXT, TOKEN, bytes, key, text, vault, wait};

fn join(errors: Vec<(&str, Error)>) -> String {
    errors.into_iter().map(|(what, error)| format!("{what}\n  {error}\n")).collect()
}

#[test]
fn about_keys() {
    let good = key(1).to_text().expose_secret().to_owned();
    let typo = good.replacen(&good[10..11], if &good[10..11] == "A" { "B" } else { "A" }, 1);
    let ring = |keys: &str| KeyRing::parse(&text(keys)).unwrap_err();
    let folder = tempfile::tempdir().unwrap();
    let named = |error: Error| {
        Error::new(error.kind(), error.message().replace(&folder.path().display().to_string(), "/etc/host"))
            .with_advice(error.advice().unwrap_or_default().to_owned())
    };
    let missing = folder.path().join("vault.key");
    let messages = join(vec![
        ("a variable that is not set", KeyRing::from_env("TIELINE_VAULT_NOBODY_SETS_THIS").unwrap_err()),
        ("a variable that holds something else", KeyRing::from_env("PATH").unwrap_err()),
        ("a file that is not there", named(KeyRing::from_file(&missing).unwrap_err())),
        ("a directory", named(KeyRing::from_file(folder.path()).unwrap_err())),
        ("an empty text", ring("")),
        ("another kind of key", ring("changeme")),
        ("a second key that is cut off", ring(&format!("{good},{}", &good[..40]))),
        ("a typo", ring(&typo)),
        ("a typo, one key", Key::parse(&text(&typo)).unwrap_err()),
        ("all zeros", Key::from_bytes(&bytes([0; 32])).unwrap_err()),
        ("a placeholder", Key::from_bytes(&bytes([b'x'; 32])).unwrap_err()),
        ("half a key", Key::from_bytes(&bytes([1; 16])).unwrap_err()),
    ]);
    insta::assert_snapshot!(messages);
}

#[cfg(unix)]
#[test]
fn about_a_file_that_others_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.key");
    std::fs::write(&path, key(1).to_text().expose_secret()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let error = KeyRing::from_file(&path).unwrap_err().to_string();
    let message = error.replace(&folder.path().display().to_string(), "/etc/host");
    insta::assert_snapshot!(message);
}

#[test]
fn about_stored_values() {
    let one = vault(1);
    let two = Vault::new(KeyRing::new(key(2)).with_older(key(3)));
    let sealed = wait(one.seal(&CONTEXT, &bytes(TOKEN))).unwrap();
    let check = wait(one.key_check()).unwrap();
    let mut altered = sealed.to_bytes();
    *altered.last_mut().unwrap() ^= 1;
    let altered = Sealed::from_bytes(&altered).unwrap();
    let elsewhere = Context::new("globex", "pipedrive-1", "api_token");
    let no_text = wait(one.seal(&CONTEXT, &bytes([0xff]))).unwrap();
    let messages = join(vec![
        ("another key at start", wait(two.verify(&check)).unwrap_err()),
        ("a secret in place of the key check", wait(one.verify(&sealed)).unwrap_err()),
        ("another key", wait(two.open(&CONTEXT, &sealed)).unwrap_err()),
        ("a row of another tenant", wait(one.open(&elsewhere, &sealed)).unwrap_err()),
        ("an altered value", wait(one.open(&CONTEXT, &altered)).unwrap_err()),
        ("no text", wait(one.open_text(&CONTEXT, &no_text)).unwrap_err()),
        ("too long a secret", wait(one.seal(&CONTEXT, &bytes(vec![0; MAX_SECRET + 1]))).unwrap_err()),
        ("a secret in clear", Sealed::parse(TOKEN).unwrap_err()),
        ("a value that is cut off", Sealed::parse(&sealed.to_string()[..60]).unwrap_err()),
        ("a newer version", Sealed::parse("tlv2_AAAA").unwrap_err()),
        ("an empty value", Sealed::parse("").unwrap_err()),
    ]);
    insta::assert_snapshot!(messages);
}

#[test]
fn about_fernet() {
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    let keys = FernetKeys::parse(&text("ReUEdi6Y5yj8KPJ4Ea1qYK5y_eoRXdtnUwWitQDCA0k=")).unwrap();
    let messages = join(vec![
        ("no key", FernetKeys::parse(&text("")).unwrap_err()),
        ("another kind of key", FernetKeys::parse(&text("changeme")).unwrap_err()),
        ("another key", keys.open(TOKEN).unwrap_err()),
        ("no token", keys.open("in clear").unwrap_err()),
        ("another version", keys.open("AAAA").unwrap_err()),
        ("cut off", keys.open(&TOKEN[..40]).unwrap_err()),
    ]);
    insta::assert_snapshot!(messages);
}
