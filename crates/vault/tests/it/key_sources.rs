//! Keys from text, from the environment, from a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::ExposeSecret;
use tempfile::TempDir;
use tieline_core::{ErrorKind, Result};
use tieline_vault::{KeyId, KeyRing};

use crate::{key, text};

fn word(number: u8) -> String {
    key(number).to_text().expose_secret().to_owned()
}

fn ids(ring: &KeyRing) -> Vec<KeyId> {
    ring.key_ids().cloned().collect()
}

#[test]
fn the_first_key_is_current_whatever_separates_them() {
    let [one, two, three] = [1, 2, 3].map(word);
    let expected: Vec<_> = [1, 2, 3].map(|number| key(number).id().clone()).into();
    for source in [
        format!("{one},{two},{three}"),
        format!("{one} {two}\t{three}\n"),
        format!("# since 2027\n{one}\r\n\r\n  # before\r\n{two}, # and\n{three} # before that"),
    ] {
        assert_eq!(ids(&KeyRing::parse(&text(&source)).unwrap()), expected, "{source}");
    }
}

#[test]
fn nothing_but_keys_is_taken() {
    let one = word(1);
    for bad in [
        String::new(),
        " ,\n# nothing".into(),
        "changeme".into(),
        format!("{one},changeme"),
        format!("{one}{one}"),
    ] {
        assert_eq!(KeyRing::parse(&text(&bad)).unwrap_err().kind(), ErrorKind::Config, "{bad}");
    }
}

const VARIABLE: &str = "TIELINE_VAULT_TEST_KEY";

/// A test may not change its own environment while others run, so it starts itself again with another one.
#[test]
fn an_environment_variable_holds_keys() {
    if std::env::var_os(VARIABLE).is_some() {
        assert_eq!(ids(&KeyRing::from_env(VARIABLE).unwrap()), [key(2).id().clone(), key(1).id().clone()]);
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "key_sources::an_environment_variable_holds_keys"])
        .env(VARIABLE, format!("{},{}", word(2), word(1)))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
}

#[test]
fn an_environment_variable_that_is_not_set_or_no_key_is_told() {
    for variable in ["TIELINE_VAULT_NOBODY_SETS_THIS", "PATH"] {
        let error = KeyRing::from_env(variable).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(variable), "{error}");
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("vault.key")
    }

    fn file(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path();
        std::fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

fn refused(loaded: Result<KeyRing>, with: &str) {
    let error = loaded.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains(with), "{error}");
}

#[test]
fn a_file_holds_keys() {
    let folder = Folder::new();
    let path = folder.file(format!("# current\n{}\n# until everything is rewrapped\n{}\n", word(2), word(1)));
    let ring = KeyRing::from_file(path).unwrap();
    assert_eq!(ids(&ring), [key(2).id().clone(), key(1).id().clone()]);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_open_is_refused() {
    let folder = Folder::new();
    let path = folder.file(word(1));
    for mode in [0o400, 0o600, 0o700] {
        set_mode(&path, mode);
        assert!(KeyRing::from_file(&path).is_ok(), "{mode:o}");
    }
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
        set_mode(&path, 0o600 | bit);
        refused(KeyRing::from_file(&path), &format!("its mode is {:04o}", 0o600 | bit));
    }
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_file_that_is_judged() {
    let folder = Folder::new();
    let path = folder.file(word(1));
    let link = folder.0.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(KeyRing::from_file(&link).is_ok());
    set_mode(&path, 0o644);
    refused(KeyRing::from_file(&link), "open to others");
    std::fs::remove_file(&path).unwrap();
    refused(KeyRing::from_file(&link), "cannot be read");
}

#[test]
fn what_is_no_file_of_keys_is_refused() {
    let folder = Folder::new();
    refused(KeyRing::from_file(folder.path()), "cannot be read");
    refused(KeyRing::from_file(folder.0.path()), "is a directory");
    refused(KeyRing::from_file(folder.file("")), "there is no key");
    refused(KeyRing::from_file(folder.file([0xff, 0xfe, 0x00])), "is UTF-16");
    refused(KeyRing::from_file(folder.file([0xc3, 0x28, 0x00])), "is not text");
    refused(
        KeyRing::from_file(folder.file("-----BEGIN PRIVATE KEY-----\n")),
        "key 1 does not begin with tlk1_",
    );
    refused(KeyRing::from_file(folder.file("#".repeat(64 * 1024 + 1))), "longer than 64 KiB");
    assert!(KeyRing::from_file(folder.file(word(1) + "\n" + &"#".repeat(64 * 1024 - 54))).is_ok());
}

/// Opening a named pipe would wait for somebody to write.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused_without_waiting() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg("-m").arg("600").arg(folder.path()).status();
    assert!(made.unwrap().success());
    refused(KeyRing::from_file(folder.path()), "no regular file");
}
