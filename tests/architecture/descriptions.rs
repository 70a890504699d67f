//! Shipped descriptions say everything, and connectors that are descriptions stay small.

use std::path::{Path, PathBuf};

use tieline_rest::{Description, Format, LoadOptions};

use super::root;

/// The most lines of a shipped description, and of the Rust of its crate.
const MAX_DESCRIPTION: usize = 400;
const MAX_CRATE: usize = 900;

/// The connectors that ship a description: `crates/connectors/NAME/NAME.yaml`.
fn shipped() -> Vec<(PathBuf, PathBuf)> {
    let folders = std::fs::read_dir(root().join("crates/connectors")).unwrap();
    let mut found: Vec<(PathBuf, PathBuf)> = folders
        .map(|folder| folder.unwrap().path())
        .filter_map(|folder| {
            let file = folder.join(folder.file_name()?).with_extension("yaml");
            file.exists().then_some((folder, file))
        })
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn lines(path: &Path) -> usize {
    if path.is_dir() {
        return std::fs::read_dir(path).unwrap().map(|entry| lines(&entry.unwrap().path())).sum();
    }
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[test]
fn every_shipped_description_loads_strictly() {
    for (_, file) in shipped() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        if let Err(findings) = Description::load_with(&name, &text, Format::Yaml, &LoadOptions::shipped()) {
            panic!("{findings}");
        }
    }
}

#[test]
fn a_connector_by_description_is_small_or_says_why() {
    for (folder, file) in shipped() {
        let description = lines(&file);
        assert!(description <= MAX_DESCRIPTION, "{}: {description} lines", file.display());
        let own = lines(&folder.join("src"));
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        // A reason names the bound: `More than 900 lines, because …`.
        let has_reason = readme.contains(&format!("{MAX_CRATE} lines, because"));
        assert!(own <= MAX_CRATE || has_reason, "{}: {own} lines of Rust, and no reason", folder.display());
    }
}
