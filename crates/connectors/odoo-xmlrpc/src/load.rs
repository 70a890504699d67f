//! Creates through Odoo's import, which writes a record and its external id in one call: the external id is the
//! marker by which a create whose answer was lost is found again.
//!
//! Import takes a table of texts. What cannot be said in one is created without a marker.
//! Source: `BaseModel.load` in `odoo/models.py` of Odoo 17, and
//! <https://www.odoo.com/documentation/17.0/applications/essentials/export_import_data.html>.

use serde::Deserialize;
use serde_json::{Value, json};
use tieline_core::{Error, ErrorKind, FieldPath, Key, RawJson, Result};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::client::Client;
use crate::model::{Field, Model};
use crate::values::Values;

/// The module that markers belong to. It is a name only; nothing is installed.
const MODULE: &str = "tieline";
/// The longest marker.
const LONGEST: usize = 128;
/// The path under which a marker is looked up. No field can have this name.
const PATH: &str = "@external_id";

/// The path under which a marker is looked up.
pub(crate) fn path() -> FieldPath {
    FieldPath::field(PATH)
}

/// A table of texts with one row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    columns: Vec<String>,
    row: Vec<String>,
}

/// The name of a marker in `ir.model.data`, which takes no spaces: every other character as `_XX`, so that different
/// markers stay different.
pub(crate) fn name_of(marker: &str) -> Result<String> {
    if marker.is_empty() || marker.len() > LONGEST {
        return Err(Error::new(
            ErrorKind::Rejected,
            format!("a marker has 1 to {LONGEST} bytes, not {}", marker.len()),
        ));
    }
    let mut name = String::new();
    for byte in marker.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("_{byte:02X}"));
        }
    }
    Ok(name)
}

/// The table that makes a record of these values, when they can be said in one. The lines of a
/// record cannot, nor its properties.
pub(crate) fn table(model: &Model, values: &Values, marker: &str) -> Result<Option<Table>> {
    let mut table =
        Table { columns: vec!["id".to_owned()], row: vec![format!("{MODULE}.{}", name_of(marker)?)] };
    for (name, value) in values {
        let (name, field) = model.field(name)?;
        let Some((column, cell)) = cell(name, field, value) else { return Ok(None) };
        table.columns.push(column);
        table.row.push(cell);
    }
    Ok(Some(table))
}

impl Table {
    /// The call. Sent twice it makes one record, which has the external id. Times are read in the context's zone.
    pub(crate) fn call(&self, model: &str) -> Result<Call> {
        Ok(Call::acting(model, "load")
            .idempotent(true)
            .arg("fields", &self.columns)?
            .arg("data", &[&self.row])?
            .context("tz", "UTC"))
    }
}

/// A value as a column and a text, as import reads it. An empty text is an empty field.
fn cell(name: &str, field: &Field, value: &RawJson) -> Option<(String, String)> {
    let value: Value = match field.kind.as_str() {
        // A number keeps its digits.
        "float" | "monetary" | "integer" | "many2one_reference" if value.get() != "false" => {
            return Some((name.to_owned(), value.get().to_owned()));
        }
        _ => value.view().ok()?,
    };
    let text = match (field.kind.as_str(), value) {
        ("boolean", Value::Bool(flag)) => if flag { "1" } else { "0" }.to_owned(),
        ("many2one", Value::Number(id)) => return Some((format!("{name}/.id"), id.to_string())),
        ("many2one", Value::Bool(false)) => return Some((format!("{name}/.id"), String::new())),
        ("many2many", value) => {
            // No ids would be read as one that is empty.
            let ids: Vec<String> =
                linked(&value).filter(|ids| !ids.is_empty())?.iter().map(i64::to_string).collect();
            return Some((format!("{name}/.id"), ids.join(",")));
        }
        (
            "char" | "text" | "html" | "selection" | "date" | "datetime" | "reference" | "binary" | "image",
            value,
        ) => match value {
            Value::Bool(false) => String::new(),
            Value::String(text) => text,
            _ => return None,
        },
        ("float" | "monetary" | "integer" | "many2one_reference", Value::Bool(false)) => String::new(),
        _ => return None,
    };
    Some((name.to_owned(), text))
}

/// The ids that commands link a new record to, when they do nothing else.
fn linked(commands: &Value) -> Option<Vec<i64>> {
    let mut ids = Vec::new();
    for command in commands.as_array()? {
        let part = |at: usize| command.get(at);
        match part(0)?.as_i64()? {
            4 => ids.push(part(1)?.as_i64()?),
            5 => ids.clear(),
            6 => ids = part(2)?.as_array()?.iter().map(Value::as_i64).collect::<Option<_>>()?,
            _ => return None,
        }
    }
    Some(ids)
}

/// What import answers.
#[derive(Deserialize)]
struct Loaded {
    #[serde(default)]
    ids: Value,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: Value,
    #[serde(default)]
    field: Value,
}

/// The key of the record that import made. Fails with `Rejected`: import says in its answer what is wrong, and has
/// then made nothing.
pub(crate) fn key(answer: &RawJson) -> Result<Key> {
    let loaded: Loaded = answer.view().map_err(|_| {
        Error::new(ErrorKind::Decode, "Odoo's answer does not say what became of a new record")
            .with_resend(tieline_core::Resend::IfIdempotent)
    })?;
    match loaded.ids.as_array().map(Vec::as_slice) {
        // A warning beside it does not undo it.
        Some([id]) if let Some(id) = id.as_i64() => return Ok(Key::from(id)),
        Some([_, ..]) => {
            return Err(Error::new(ErrorKind::Decode, "Odoo's import of one row names several records")
                .with_resend(tieline_core::Resend::IfIdempotent));
        }
        _ => {}
    }
    let said: Vec<String> = loaded
        .messages
        .iter()
        .take(3)
        .map(|message| {
            let text = excerpt(message.message.as_str().unwrap_or("no reason given"), 200);
            let text = text.trim_end_matches('.');
            match message.field.as_str() {
                Some(field) => format!("{}: {text}", excerpt(field, 64)),
                None => text.to_owned(),
            }
        })
        .collect();
    let said = if said.is_empty() { "no reason given".to_owned() } else { said.join("; ") };
    Err(Error::new(ErrorKind::Rejected, format!("Odoo refuses the new record: {said}")))
}

/// The id of the record that carries a marker.
pub(crate) async fn marked(client: &Client, model: &str, marker: &str) -> Result<Option<i64>> {
    #[derive(Deserialize)]
    struct Entry {
        res_id: Value,
    }
    let domain = json!([["module", "=", MODULE], ["name", "=", name_of(marker)?], ["model", "=", model]]);
    let call = Call::reading("ir.model.data", "search_read")
        .arg("domain", &domain)?
        .named("fields", &["res_id"])?
        .named("limit", &1)?;
    let entries: Vec<Entry> = client.value(&call).await?.view()?;
    Ok(entries.first().and_then(|entry| entry.res_id.as_i64()))
}

/// Whether a path means the marker.
pub(crate) fn is_marker(field: &FieldPath) -> bool {
    field.as_str().strip_prefix('/') == Some(PATH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_markers_have_different_names() {
        assert_eq!(name_of("7f3c-A9").unwrap(), "7f3c-A9");
        assert_eq!(name_of("a b.c_d").unwrap(), "a_20b_2Ec_5Fd");
        assert_ne!(name_of("a_20b").unwrap(), name_of("a b").unwrap());
        assert!(name_of("").is_err() && name_of(&"x".repeat(LONGEST + 1)).is_err());
    }
}
