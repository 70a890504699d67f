//! A sandbox shares nothing with the connector that is tried against it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{connectors, names, root, tree};

#[test]
fn invariant_13_a_sandbox_depends_on_no_connector_and_no_engine() {
    let tree = tree("tieline-sandbox");
    let names = names(&tree);
    let own = connectors();
    let forbidden = own.iter().map(|connector| connector.name).chain(["tieline-rest", "tieline-kit"]);
    for name in forbidden {
        assert!(!names.contains(name), "tieline-sandbox depends on {name}");
    }
}

#[test]
fn invariant_13_a_sandbox_shares_no_text_with_a_description() {
    let definitions = files(&root().join("crates/sandbox/definitions"), "toml");
    assert!(!definitions.is_empty());
    let descriptions = files(&root().join("crates/connectors"), "yaml");
    for definition in &definitions {
        let windows = windows(definition);
        for description in &descriptions {
            let shared = self::windows(description).into_iter().find(|window| windows.contains(window));
            assert_eq!(shared, None, "{} and {}", definition.display(), description.display());
        }
    }
}

/// Every eight lines in a row of a file, without white space at their ends.
fn windows(file: &Path) -> BTreeSet<Vec<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<String> =
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    lines.windows(8).map(<[String]>::to_vec).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    found
}
