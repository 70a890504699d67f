//! The features of the facade are those that the README names, and are named like the modules that they add.

use std::collections::BTreeSet;

use crate::root;

/// Features that add no module.
const ADDITIONS: [&str; 4] = ["default", "full", "jq", "metrics"];

fn features() -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split_once("\n[features]\n").unwrap().1.split_once("\n[").unwrap().0;
    let names =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn the_readme_names_features_that_exist() {
    let (readme, features) = (std::fs::read_to_string(root().join("README.md")).unwrap(), features());
    let mut named = BTreeSet::new();
    for list in readme.split("features = [").skip(1) {
        let list = list.split_once(']').unwrap().0;
        named.extend(list.split(',').map(|name| name.trim().trim_matches('"').to_owned()));
    }
    assert!(named.contains("full"), "the lists are found: {named:?}");
    let sentence = readme.split_once("The features are ").unwrap().1.split_once("; a feature").unwrap().0;
    named.extend(sentence.split('`').skip(1).step_by(2).map(str::to_owned));
    let unknown: Vec<_> = named.difference(&features).collect();
    assert!(unknown.is_empty(), "the README names features that are not there: {unknown:?}");
}

#[test]
fn features_are_named_like_their_modules() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let lines: Vec<&str> = lib.lines().map(str::trim).collect();
    for feature in features().iter().filter(|feature| !ADDITIONS.contains(&feature.as_str())) {
        let module = feature.replace('-', "_");
        let condition = format!("#[cfg(feature = \"{feature}\")]");
        let mut exports = lines.windows(2).filter(|pair| pair[0] == condition).map(|pair| pair[1]);
        assert!(
            exports
                .any(|line| line.ends_with(&format!(" as {module};"))
                    || line.ends_with(&format!("::{module};"))),
            "the feature {feature} adds no module tieline::{module}"
        );
    }
}
