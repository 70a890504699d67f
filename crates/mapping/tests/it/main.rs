//! One binary for the integration tests of this crate.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backward;
mod forward;
#[cfg(feature = "jq")]
mod jq;
mod laws;
mod people;
mod real_input;
mod refused;
mod steps;
mod written;

use tieline_core::{FieldMapping, FieldPatch, MappingContext, Patch, RawJson, Record};
use tieline_mapping::{CompiledMapping, Format, Mapping};

fn record(json: &str) -> Record {
    Record::new("7", RawJson::parse(json).unwrap())
}

fn yaml(text: &str) -> CompiledMapping {
    Mapping::load(text, Format::Yaml).unwrap_or_else(|error| panic!("{error}"))
}

/// A mapping of fields alone, in YAML.
fn fields(text: &str) -> CompiledMapping {
    yaml(&format!("version: 1\nfields:\n{text}"))
}

fn mapped(plan: &CompiledMapping, json: &str, given: &MappingContext) -> String {
    // As a new record of the host.
    let mapped = plan.settle(plan.forward(&record(json), given).unwrap(), None).unwrap();
    let mut lines = vec![mapped.fields.map_or("left out".to_owned(), |fields| fields.to_string())];
    lines.extend(mapped.issues.iter().map(ToString::to_string));
    lines.join("\n")
}

fn written(patch: &Patch) -> String {
    let lines: Vec<String> = patch
        .0
        .iter()
        .map(|(path, change)| match change {
            FieldPatch::Set(value) => format!("{path} = {value}"),
            FieldPatch::Clear => format!("{path} cleared"),
            other => format!("{path} {other:?}"),
        })
        .collect();
    lines.join("\n")
}

/// The way back, as text.
fn back(plan: &CompiledMapping, wanted: &str, current: Option<&str>) -> String {
    let current = current.map(record);
    match plan.backward(&record(wanted), current.as_ref(), &MappingContext::default()) {
        Ok(patch) => written(&patch),
        Err(error) => error.to_string(),
    }
}
