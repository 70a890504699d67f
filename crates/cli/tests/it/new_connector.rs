//! `tieline new-connector`: the crate that it writes.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::world::{Said, bare, said};

fn made(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = bare(["new-connector"].iter().chain(arguments).copied());
    said(command.current_dir(folder))
}

fn texts(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_name_is_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path(), &["acme-crm"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.out.contains("cd ./tieline-acme-crm && cargo test"), "{}", made.out);
    let mut files = Vec::new();
    texts(&folder.path().join("tieline-acme-crm"), &mut files);
    assert_eq!(files.len(), 10);
    for (name, text) in &files {
        assert!(
            !text.to_lowercase().replace("ticket", "").contains("tick"),
            "{name} keeps the template's name"
        );
    }
    let all: String = files.into_iter().map(|(_, text)| text).collect();
    for word in
        ["tieline-acme-crm", "AcmeCrmFactory", "api.acme-crm.example", "\"Acme Crm\"", "x-acme-crm-key"]
    {
        assert!(all.contains(word), "{word}");
    }
}

#[test]
fn bad_names_and_places_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("tieline-there")).unwrap();
    let cases: [&[&str]; 8] = [
        &["Acme"],
        &["acme--crm"],
        &["1acme"],
        &["../acme"],
        &["pipedrive"],
        &["there"],
        &["acme", "--tieline", "nowhere"],
        &["acme", "--tieline", "."],
    ];
    let place = folder.path().canonicalize().unwrap().display().to_string();
    let errors = cases.map(|arguments| {
        let made = made(folder.path(), arguments);
        assert_eq!(made.code, Some(10), "{made:?}");
        format!("{}\n{}", arguments.join(" "), made.err.replace(&place, "[folder]"))
    });
    assert_snapshot!(errors.join("\n"));
    assert!(!folder.path().join("tieline-acme").exists(), "nothing is written for it");
}

/// Builds the crate and runs its suite: minutes, where nothing of it was built. `.ci/run` asks for it.
#[test]
#[ignore = "builds a crate outside the workspace"]
fn the_crate_passes_the_suite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path(), &["acme-crm", "--tieline", root.to_str().unwrap()]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let folder = folder.path().join("tieline-acme-crm");
    // The same versions of everybody else's crates, so that nothing is resolved anew.
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let out = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", root.join("target/outside"))
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.contains("test result: ok"), "{text}\n{errors}");
}
