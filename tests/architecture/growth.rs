//! Public enums can gain fields: a variant with named fields is `#[non_exhaustive]`, a tuple variant has one field, which
//! is a struct of its own or a plain value.

use crate::{ours, source_lines};

/// What is left from before the rule, by file. The list only shrinks.
const LEFT: &[&str] = &[];

#[test]
fn variants_of_public_enums_can_gain_fields() {
    let mut found = Vec::new();
    for package in ours() {
        if !["tieline-core", "tieline-kit"].contains(&package.name) {
            continue;
        }
        let mut inside = None::<String>;
        let mut attribute = false;
        for (file, line) in source_lines(package.manifest.parent().unwrap()) {
            let text = line.trim();
            if let Some(name) = line.strip_prefix("pub enum ") {
                inside = Some(name.trim_end_matches([' ', '{']).to_owned());
                attribute = false;
                continue;
            }
            if line == "}" {
                inside = None;
            }
            let Some(name) = &inside else { continue };
            // A variant is four spaces in; its fields are eight.
            let is_variant = line.starts_with("    ") && !line.starts_with("     ");
            if !is_variant || text.starts_with("//") || text.starts_with('}') {
                continue;
            }
            if text.starts_with("#[") {
                attribute |= text == "#[non_exhaustive]";
                continue;
            }
            let several =
                text.contains('(') && text.contains(", ") && !text.contains('<') && !text.contains("((");
            if (text.ends_with('{') || text.contains("{ ")) && !attribute || several {
                let file = file.file_name().unwrap().to_string_lossy().into_owned();
                found.push(format!("{file}: {name}::{text}"));
            }
            attribute = false;
        }
    }
    found.retain(|line| !LEFT.iter().any(|left| line.starts_with(left)));
    assert!(found.is_empty(), "these variants cannot gain a field:\n{}", found.join("\n"));
}
