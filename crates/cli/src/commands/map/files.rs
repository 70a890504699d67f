//! What the commands read: mappings, records, and what a mapping asks for.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use tieline::connector::comparable_value;
use tieline::mapping::{CompiledMapping, Format, Mapping};
use tieline::{
    Direction, Error, ErrorKind, FieldMapping as _, Key, MappingContext, RawJson, Record, Result, Text,
};

use crate::commands::stdin::whole;
use crate::credential::read_file;

/// The longest mapping or schema.
const LARGEST: u64 = 1 << 20;
/// The longest input.
const LARGEST_INPUT: u64 = 64 << 20;

/// A text file, and its format by its name; YAML when the name says none.
pub(super) fn text(path: &Path, what: &str, largest: u64) -> Result<(String, Format)> {
    let bytes = read_file(path, largest, what, |_| Ok(()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the {what} file {path:?} is no text")).with_source(error)
    })?;
    let format = path.to_str().and_then(Format::of_name).unwrap_or(Format::Yaml);
    Ok((text.to_owned(), format))
}

pub(super) fn mapping_text(path: &Path) -> Result<(String, Format)> {
    text(path, "mapping", LARGEST)
}

pub(super) fn mapping(path: &Path) -> Result<CompiledMapping> {
    let (text, format) = mapping_text(path)?;
    Mapping::load(&text, format).map_err(|error| error.with_context("mapping", path.display()))
}

pub(super) fn json(path: &Path, what: &str) -> Result<RawJson> {
    let (text, _) = text(path, what, LARGEST)?;
    RawJson::parse(text).map_err(|error| named(error, path))
}

fn named(error: Error, path: &Path) -> Error {
    let what = if path == Path::new("-") { "standard input".to_owned() } else { format!("{path:?}") };
    let named = Error::new(ErrorKind::Config, format!("{what} holds no JSON that fits here"));
    named
        .with_context("why", std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string))
}

/// A line of `tieline read`, or a record on its own.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

/// The records of a file: objects, one after another or in a list, or the lines of `tieline read`.
pub(super) fn records(path: &Path) -> Result<Vec<Record>> {
    let text =
        if path == Path::new("-") { whole(LARGEST_INPUT)? } else { text(path, "input", LARGEST_INPUT)?.0 };
    let not_json =
        |error: serde_json::Error| named(Error::new(ErrorKind::Config, "no JSON").with_source(error), path);
    let mut records = Vec::new();
    for value in serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>() {
        let value = value.map_err(not_json)?;
        if value.get().starts_with('[') {
            let values: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(not_json)?;
            for value in values {
                records.extend(record(value, records.len(), path)?);
            }
        } else {
            records.extend(record(value, records.len(), path)?);
        }
    }
    if records.is_empty() {
        return Err(Error::new(ErrorKind::Config, format!("{path:?} holds no record"))
            .with_advice("give a JSON object, or what `tieline read` wrote"));
    }
    Ok(records)
}

/// The record of a value; `None` for a line that is about something else.
fn record(value: &RawValue, before: usize, path: &Path) -> Result<Option<Record>> {
    if !value.get().starts_with('{') {
        return Err(Error::new(ErrorKind::Config, format!("{path:?} holds something that is no record"))
            .with_advice("a record is a JSON object"));
    }
    let line: Line<'_> = serde_json::from_str(value.get())
        .map_err(|error| named(Error::new(ErrorKind::Config, "no object").with_source(error), path))?;
    let plain = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
    let kind = line.kind.and_then(plain);
    let key = line.key.and_then(plain);
    Ok(match (kind.as_deref(), line.record) {
        (Some("upsert" | "record"), Some(record)) => {
            Some(Record::new(Key::new(key.unwrap_or_default()), RawJson::from_raw(record)))
        }
        (Some("delete" | "merged" | "present" | "issue" | "schema_changed" | "state" | "end"), None) => None,
        _ => Some(Record::new(Key::new((before + 1).to_string()), RawJson::from_raw(value))),
    })
}

/// What a host would hand in, as a file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Handed {
    values: BTreeMap<String, RawJson>,
    records: BTreeMap<String, BTreeMap<String, RawJson>>,
}

impl Handed {
    pub(super) fn read(path: Option<&Path>) -> Result<Self> {
        match path {
            None => Ok(Self::default()),
            Some(path) => json(path, "given")?.view().map_err(|error| {
                named(error, path)
                    .with_advice(r#"write it as {"values":{…},"records":{"entity":{"key":{…}}}}"#)
            }),
        }
    }

    /// What the mapping asks for, as far as the file knows it.
    pub(super) fn given(
        &self,
        mapping: &CompiledMapping,
        direction: Direction,
        record: &Record,
    ) -> Result<MappingContext> {
        let mut given = MappingContext::default();
        for (name, value) in &self.values {
            given.values.insert(Text::new(name), value.clone());
        }
        for need in mapping.needs(direction, record) {
            let Some(known) = self.records.get(need.entity.as_str()) else { continue };
            let Some(by) = need.by.clone() else {
                let found = known.get(need.key.as_str());
                let value = found.map(|other| other.at(need.field.as_str())).transpose()?.flatten();
                if let Some(value) = value.map(RawJson::from_raw) {
                    given.resolved.insert(need, value);
                }
                continue;
            };
            // As a sync finds them, so that two records with the value are ambiguous here too.
            for other in known.values() {
                let value = other.at(by.as_str())?.and_then(comparable_value);
                if value.is_some_and(|value| value == need.key.as_str()) {
                    let field = other.at(need.field.as_str())?;
                    let field = field.map_or_else(|| RawJson::from_checked("null"), RawJson::from_raw);
                    given.add_found(&need, field);
                }
            }
        }
        Ok(given)
    }
}
