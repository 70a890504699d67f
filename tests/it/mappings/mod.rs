//! The ready mappings of `docs/mappings`, against the records of the sandboxes.

mod event_booking;
mod fortnox;
mod odoo;
mod pipedrive;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tieline::mapping::{CompiledMapping, Format, Mapping};
use tieline::store::{ConnectionId, SyncStore};
use tieline::{Direction, FieldMapping, FieldPatch, MappingContext, Patch, RawJson, Record};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/mappings")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn ready(name: &str) -> Arc<CompiledMapping> {
    Arc::new(Mapping::load(&text(name), Format::Yaml).unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// All mapping files, below the folder.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "yaml") {
                files.push(path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_ready_mapping_is_sound_and_listed() {
    let files = files();
    assert!(files.len() >= 12, "{files:?}");
    let list = text("README.md");
    for file in files {
        let problems: Vec<_> =
            Mapping::check(&text(&file), Format::Yaml).iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{file}: {problems:#?}");
        assert!(list.contains(&format!("({file})")), "the README does not list {file}");
    }
}

fn record(json: Value) -> Record {
    Record::new("1", RawJson::of(&json).unwrap())
}

/// What the mapping makes of a record, with what it needs from these records of other entities: entity, then the value
/// that is looked for, then the value found.
fn forward(mapping: &CompiledMapping, record: &Record, known: &[(&str, &str, &str)]) -> (Value, Vec<String>) {
    let given = resolve(mapping, Direction::Forward, record, known, MappingContext::default());
    let mapped = mapping.forward(record, &given).unwrap();
    let issues = mapped.issues.iter().map(ToString::to_string).collect();
    (mapped.fields.map_or(Value::Null, |fields| fields.view().unwrap()), issues)
}

fn resolve(
    mapping: &CompiledMapping,
    direction: Direction,
    record: &Record,
    known: &[(&str, &str, &str)],
    mut given: MappingContext,
) -> MappingContext {
    let known: HashMap<(&str, &str), &str> =
        known.iter().map(|(entity, key, value)| ((*entity, *key), *value)).collect();
    for need in mapping.needs(direction, record) {
        let found = known.get(&(need.entity.as_str(), need.key.as_str())).copied();
        if let Some(value) = found {
            given.resolved.insert(need, RawJson::of(value).unwrap());
        }
    }
    given
}

/// A patch as an object: the field with what it is set to, null where it is cleared.
fn shown(patch: &Patch) -> Value {
    let changes = patch.0.iter().map(|(path, change)| {
        let value = match change {
            FieldPatch::Set(value) => value.view().unwrap(),
            FieldPatch::Clear => Value::Null,
            other => panic!("{other:?}"),
        };
        (path.to_string(), value)
    });
    Value::Object(changes.collect())
}

async fn rows(store: &dyn SyncStore, connection: &str, target: &str) -> Vec<(String, Value)> {
    let rows = store.rows(&ConnectionId::new(connection), &target.into(), None, 10_000).await.unwrap();
    rows.into_iter().map(|row| (row.key.to_string(), row.fields.view().unwrap())).collect()
}

async fn records(store: &dyn SyncStore, connection: &str, entity: &str) -> HashMap<String, Value> {
    let records = store.records(&ConnectionId::new(connection), &entity.into(), None, 10_000).await.unwrap();
    records.into_iter().map(|record| (record.key.to_string(), record.payload.view().unwrap())).collect()
}
