//! The invariants of the workspace that can be read off the workspace itself. `ARCHITECTURE.md` lists them all, each
//! with its check.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod descriptions;
mod features;
mod growth;
mod outside;
mod sandboxes;
mod voice;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// `cargo metadata` of the workspace, run once.
static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

struct Package<'a> {
    id: &'a str,
    name: &'a str,
    manifest: PathBuf,
}

fn packages() -> Vec<Package<'static>> {
    let packages = METADATA["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| Package {
            id: package["id"].as_str().unwrap(),
            name: package["name"].as_str().unwrap(),
            manifest: package["manifest_path"].as_str().unwrap().into(),
        })
        .collect()
}

fn ours() -> Vec<Package<'static>> {
    let members = METADATA["workspace_members"].as_array().unwrap();
    packages().into_iter().filter(|package| members.iter().any(|id| id == package.id)).collect()
}

fn connectors() -> Vec<Package<'static>> {
    let connectors: Vec<_> =
        ours().into_iter().filter(|p| p.manifest.to_string_lossy().contains("crates/connectors/")).collect();
    assert!(!connectors.is_empty());
    connectors
}

/// Everything that a host builds when it depends on the package, as cargo resolves it for that package alone.
fn tree(package: &str) -> BTreeSet<String> {
    cargo_tree(&["-e", "normal,build", "--format", "{p}", "-p", package])
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

fn cargo_tree(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none"])
        .args(args)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn names(tree: &BTreeSet<String>) -> BTreeSet<&str> {
    tree.iter().filter_map(|line| line.split(' ').next()).collect()
}

fn assert_without(package: &str, forbidden: &[&str]) -> usize {
    let tree = tree(package);
    let names = names(&tree);
    for name in forbidden {
        assert!(!names.contains(name), "{package} brings {name}");
    }
    tree.len()
}

#[test]
fn invariant_1_core_has_no_runtime_and_is_small() {
    let size = assert_without("tieline-core", &["tokio", "reqwest", "hyper", "rustls", "sqlx", "axum"]);
    assert!(size <= 60, "tieline-core brings {size} crates");
}

#[test]
fn invariant_2_a_connector_brings_no_transport_and_no_neighbour() {
    for connector in connectors() {
        let forbidden =
            ["tokio", "reqwest", "hyper", "rustls", "sqlx", "axum", "tieline-http", "tieline-sync"];
        let size = assert_without(connector.name, &forbidden);
        assert!(size <= 100, "{} brings {size} crates", connector.name);
        let tree = tree(connector.name);
        for name in names(&tree).into_iter().filter(|name| name.starts_with("tieline-")) {
            assert!(
                [
                    connector.name,
                    "tieline-core",
                    "tieline-kit",
                    "tieline-rest",
                    "tieline-document",
                    "tieline-webhook"
                ]
                .contains(&name),
                "{} depends on {name}",
                connector.name
            );
        }
    }
}

#[test]
fn invariant_3_signatures_name_only_the_public_vocabulary() {
    // A type can only be named by a crate that depends on it directly, so the direct dependencies bound it.
    let vocabulary =
        ["http", "bytes", "url", "chrono", "rust_decimal", "futures-core", "secrecy", "serde", "serde_json"];
    let private = [
        "async-trait",
        "smol_str",
        "futures-util",
        "tieline-kit",
        "tieline-rest",
        "base64",
        "chrono-tz",
        "percent-encoding",
        "thiserror",
        "unicode-normalization",
        "quick-xml",
        "simdutf8",
    ];
    let mut checked = connectors();
    checked.extend(ours().into_iter().filter(|package| package.name == "tieline-core"));
    for package in checked {
        let manifest =
            METADATA["packages"].as_array().unwrap().iter().find(|p| p["id"] == package.id).unwrap();
        for dependency in manifest["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap();
            if dependency["kind"].is_null() && name != "tieline-core" {
                assert!(
                    vocabulary.contains(&name) || private.contains(&name),
                    "{} depends on {name}: is it meant to show in public signatures?",
                    package.name
                );
            }
        }
        // Of the private ones, none may stand in a public item's signature.
        for (file, line) in source_lines(package.manifest.parent().unwrap()) {
            let line_start = line.trim_start();
            // A tuple struct's fields are private unless they say so.
            let hides = line_start.starts_with("pub use") || line_start.starts_with("pub struct");
            let is_public = line_start.starts_with("pub ") && !hides;
            for name in ["smol_str::", "SmolStr", "tieline_kit::", "futures_util::"] {
                assert!(!(is_public && line.contains(name)), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn invariant_10_one_tls_provider() {
    let everything = tree("tieline");
    let names = names(&everything);
    assert!(names.contains("aws-lc-rs"), "TLS is aws-lc");
    for other in ["ring", "openssl", "openssl-sys", "native-tls"] {
        assert!(!names.contains(other), "the facade brings {other}");
    }
    for (file, line) in ours().iter().flat_map(|package| source_lines(package.manifest.parent().unwrap())) {
        for global in ["install_default(", "set_global_default(", "panic::set_hook("] {
            let is_program =
                file.ends_with("main.rs") || file.components().any(|part| part.as_os_str() == "bin");
            assert!(is_program || !line.contains(global), "{} installs a global: {line}", file.display());
        }
    }
}

#[test]
fn invariant_11_other_peoples_types_stay_as_they_are() {
    let tree = cargo_tree(&["--workspace", "--format", "{p} {f}"]);
    let features: Vec<_> = tree.lines().filter(|line| line.starts_with("serde_json ")).collect();
    assert!(features[0].contains("raw_value"), "the features are listed: {features:?}");
    for feature in ["arbitrary_precision", "preserve_order"] {
        assert!(!features.iter().any(|line| line.contains(feature)), "serde_json has {feature}");
    }
}

#[test]
fn every_crate_documents_itself() {
    for package in ours() {
        let folder = package.manifest.parent().unwrap();
        let readme = folder.join("README.md");
        assert!(readme.is_file(), "{} has no README", package.name);
        let lib = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
        assert!(
            lib.contains("include_str!(\"../README.md\")")
                || ["tieline-bench", "tieline-xtask"].contains(&package.name),
            "the README of {} is not its documentation",
            package.name
        );
        let manifest = std::fs::read_to_string(&package.manifest).unwrap();
        assert!(!manifest.contains("\nversion.workspace"), "{} shares a version", package.name);
        assert!(
            manifest.contains("\n[lints]\nworkspace = true"),
            "{} leaves the workspace's lints out",
            package.name
        );
    }
}

#[test]
fn every_connector_has_the_same_files() {
    for connector in connectors() {
        let src = connector.manifest.parent().unwrap().join("src");
        // A description has its files in the engine.
        if std::fs::read_to_string(&connector.manifest).unwrap().contains("\ntieline-rest.workspace") {
            assert!(src.join("lib.rs").is_file() && src.join("config.rs").is_file(), "{}", connector.name);
            continue;
        }
        for file in [
            "lib.rs",
            "config.rs",
            "factory.rs",
            "connector.rs",
            "check.rs",
            "discover.rs",
            "read.rs",
            "lookup.rs",
            "state.rs",
            "types.rs",
        ] {
            let is_there = src.join(file).is_file() || src.join(file.trim_end_matches(".rs")).is_dir();
            assert!(is_there, "{} has no {file}", connector.name);
        }
    }
}

#[test]
fn files_are_short_and_speak_of_the_project_alone() {
    for package in ours() {
        let folder = package.manifest.parent().unwrap();
        let mut lengths: BTreeMap<PathBuf, usize> = BTreeMap::new();
        for (file, _) in source_lines(folder) {
            *lengths.entry(file).or_default() += 1;
        }
        for (file, lines) in lengths {
            assert!(lines <= 450, "{} has {lines} lines", file.display());
        }
    }
}

/// The lines of the package's `src`, not of packages below it.
fn source_lines(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut lines = Vec::new();
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                lines.extend(text.lines().map(|line| (path.clone(), line.to_owned())));
            }
        }
    }
    lines
}
