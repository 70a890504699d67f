//! Values on their way to Odoo: what a host writes, as each type of field wants it.
//!
//! Source: <https://www.odoo.com/documentation/17.0/developer/reference/backend/orm.html#odoo.fields.Command>.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tieline_core::{Error, ErrorKind, FieldPatch, FieldPath, Patch, RawJson, Result, exact};
use tieline_kit::{excerpt, instant};

use crate::model::{Field, Model};
use crate::state::words;

/// The values of a record, by field.
pub(crate) type Values = BTreeMap<String, RawJson>;

/// The fields of a new record.
pub(crate) fn record(model: &Model, fields: &RawJson) -> Result<Values> {
    let given: BTreeMap<String, Box<RawValue>> = serde_json::from_str(fields.get()).map_err(|_| {
        Error::new(ErrorKind::Rejected, "the fields of a new record are not a JSON object")
            .with_context("entity", &model.name)
    })?;
    given
        .into_iter()
        .map(|(name, value)| {
            let (name, field) = model.field(&name).map_err(rejected)?;
            Ok((name.to_owned(), written(name, field, &RawJson::from_raw(&value))?))
        })
        .collect()
}

/// Changes, and whether sending them twice does no harm: a command that makes records makes them twice.
pub(crate) fn changes(model: &Model, patch: &Patch) -> Result<(Values, bool)> {
    let mut values = Values::new();
    let mut commands: BTreeMap<&str, Vec<RawJson>> = BTreeMap::new();
    let mut idempotent = true;
    for (path, change) in &patch.0 {
        let (name, field) = model.named(path).map_err(rejected)?;
        if path.as_str().split('/').count() > 2 {
            return Err(Error::new(
                ErrorKind::Rejected,
                format!("Odoo's fields are written as a whole, not {:?}", excerpt(path.as_str(), 80)),
            )
            .with_advice(format!("write /{name}")));
        }
        match change {
            FieldPatch::Set(value) => {
                idempotent &= !makes_records(field, value);
                values.insert(name.to_owned(), written(name, field, value)?);
            }
            FieldPatch::Clear | FieldPatch::Add(_) | FieldPatch::Remove(_) if !is_writable(name, field) => {
                return Err(written(name, field, &RawJson::of(&false)?).err().unwrap_or_else(|| {
                    Error::new(ErrorKind::Rejected, format!("the field {name:?} cannot be written"))
                }));
            }
            FieldPatch::Clear if field.is_many() => {
                values.insert(name.to_owned(), RawJson::of(&json!([[5, 0, 0]]))?);
            }
            FieldPatch::Clear => {
                values.insert(name.to_owned(), RawJson::of(&false)?);
            }
            FieldPatch::Raw(value) => {
                idempotent &= !makes_records(field, value);
                values.insert(name.to_owned(), value.clone());
            }
            FieldPatch::Add(value) | FieldPatch::Remove(value) if !field.is_many() => {
                return Err(wrong(name, field, value, "is no list, so nothing can be added or taken out"));
            }
            FieldPatch::Add(value) => {
                let command = match reference(value) {
                    Some(id) => RawJson::of(&json!([4, id, 0]))?,
                    None if value.get().starts_with('{') => {
                        idempotent = false;
                        RawJson::of(&(0, 0, value))?
                    }
                    None => {
                        return Err(wrong(
                            name,
                            field,
                            value,
                            "takes the id of a record, or the fields of a new one",
                        ));
                    }
                };
                commands.entry(name).or_default().push(command);
            }
            FieldPatch::Remove(value) => {
                let id =
                    reference(value).ok_or_else(|| wrong(name, field, value, "takes the id of a record"))?;
                commands.entry(name).or_default().push(RawJson::of(&json!([3, id, 0]))?);
            }
            _ => return Err(Error::unsupported("this kind of change to a field")),
        }
    }
    for (name, commands) in commands {
        values.insert(name.to_owned(), RawJson::of(&commands)?);
    }
    Ok((values, idempotent))
}

/// The conditions of a domain that say that a field has this value.
pub(crate) fn conditions(model: &Model, path: &FieldPath, value: &RawJson) -> Result<Vec<RawJson>> {
    let (name, field) = model.named(path)?;
    if !(field.store || field.searchable) {
        return Err(Error::new(ErrorKind::Config, format!("Odoo cannot search {} by {name:?}", model.name))
            .with_advice("it is computed on the fly: search by a stored field"));
    }
    if field.is_many()
        && let Some(id) = reference(value)
    {
        return Ok(vec![RawJson::of(&(name, "in", [id]))?]);
    }
    let value = value_of(name, field, value)?;
    if field.kind == "datetime"
        && let Some(from) = value.view::<String>().ok().as_deref().and_then(instant)
    {
        // Odoo shows whole seconds, and 17 compares the microseconds behind them.
        let to = from + TimeDelta::seconds(1);
        return Ok(vec![RawJson::of(&(name, ">=", words(from)))?, RawJson::of(&(name, "<", words(to)))?]);
    }
    Ok(vec![RawJson::of(&(name, "=", value))?])
}

fn makes_records(field: &Field, value: &RawJson) -> bool {
    let first = |command: &Value| command.get(0).and_then(Value::as_i64) == Some(0);
    field.is_many() && value.view::<Vec<Value>>().is_ok_and(|commands| commands.iter().any(first))
}

/// The fields that Odoo writes itself.
pub(crate) const LOGGED: [&str; 5] = ["id", "create_date", "write_date", "create_uid", "write_uid"];

/// Whether a value can be written to a field.
pub(crate) fn is_writable(name: &str, field: &Field) -> bool {
    field.takes_values() && !LOGGED.contains(&name)
}

/// A value as the field's type wants it. Odoo itself takes nearly anything and makes something of it: `"false"` is true
/// to it, and what is written to a computed field is dropped without a word.
fn written(name: &str, field: &Field, value: &RawJson) -> Result<RawJson> {
    if !is_writable(name, field) {
        return Err(Error::new(
            ErrorKind::Rejected,
            format!("Odoo computes the field {name:?} itself and drops what is written to it"),
        )
        .with_advice("write the fields that it is computed from")
        .with_context("type", &field.kind));
    }
    value_of(name, field, value)
}

/// A value as the field's type wants it, to be written or to be searched by.
fn value_of(name: &str, field: &Field, value: &RawJson) -> Result<RawJson> {
    let text = value.get();
    if text == "null" {
        return RawJson::of(&false);
    }
    let (is_text, is_false) = (text.starts_with('"'), text == "false");
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let kept = |fits: bool, why: &str| {
        if fits || is_false { Ok(value.clone()) } else { Err(wrong(name, field, value, why)) }
    };
    match field.kind.as_str() {
        "boolean" => kept(text == "true", "takes true or false"),
        "char" | "text" | "html" => kept(is_text, "takes a text"),
        "selection" => kept(is_text || is_number, "takes one of its keys"),
        "reference" => kept(is_text && text.contains(','), "takes a text such as \"res.partner,7\""),
        "binary" | "image" => kept(is_text && is_base64(text), "takes base64"),
        "many2one" if is_false => Ok(value.clone()),
        "many2one" => match reference(value) {
            Some(id) => RawJson::of(&id),
            None => Err(wrong(name, field, value, "takes the id of a record")),
        },
        "date" => {
            let day = |text: String| chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok();
            kept(value.view::<String>().is_ok_and(day), "takes a day such as 2026-11-20")
        }
        "datetime" if is_text => {
            let given: String = value.view()?;
            RawJson::of(&moment(&given).ok_or_else(|| {
                wrong(
                    name,
                    field,
                    value,
                    "takes a time such as 2026-11-20T15:17:16Z, or 2026-11-20 15:17:16 in UTC",
                )
            })?)
        }
        "datetime" => kept(false, "takes a time such as 2026-11-20T15:17:16Z"),
        // A host that keeps decimals exact writes them as text.
        "float" | "monetary" | "integer" | "many2one_reference" if is_text => {
            let digits: String = value.view()?;
            let digits = digits.trim();
            let number = exact::decimal(digits).ok().and_then(|_| RawJson::parse(digits).ok());
            match number {
                Some(number) => value_of(name, field, &number),
                None => Err(wrong(name, field, value, "takes a number")),
            }
        }
        "float" | "monetary" => kept(is_number, "takes a number"),
        "integer" | "many2one_reference" => {
            kept(is_number && !text.contains(['.', 'e', 'E']), "takes a whole number")
        }
        "one2many" | "many2many" => many(name, field, value),
        _ => Ok(value.clone()),
    }
}

/// Whether a JSON text holds base64, which may be broken into lines.
fn is_base64(json: &str) -> bool {
    let body = json.trim_matches('"');
    body.replace("\\r", "").replace("\\n", "").bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
    })
}

/// What a field holds, compared with a value as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The same.
    Same,
    /// Something else.
    Other,
    /// Odoo may write it otherwise than it was sent: rounded, sanitized, put together.
    Unknown,
}

/// Whether a field holds a value that is to be written, or that was written.
pub(crate) fn held(field: &Field, sent: &RawJson, current: Option<&RawJson>) -> Held {
    let Some(current) = current else { return Held::Unknown };
    let (sent_text, current_text) = (sent.get(), current.get());
    let empty = sent_text == "false";
    let told = |same: bool| if same { Held::Same } else { Held::Other };
    match field.kind.as_str() {
        "boolean" => told(sent_text == current_text),
        "integer" | "many2one_reference" => {
            told(sent_text == current_text || empty && matches!(current_text, "0" | "null"))
        }
        "float" | "monetary" => {
            let number = |text: &str| exact::decimal(text).ok();
            let zero = empty && number(current_text).is_none_or(|number| number.is_zero());
            match (number(sent_text), number(current_text)) {
                (Some(sent), Some(current)) if sent == current => Held::Same,
                _ if zero => Held::Same,
                _ => Held::Unknown,
            }
        }
        "char" | "text" | "html" | "selection" | "date" | "datetime" | "reference" => {
            let same = empty && current_text == "null" || sent.view::<Value>().ok() == current.view().ok();
            match field.kind.as_str() {
                "html" | "char" | "text" if !same => Held::Unknown,
                _ => told(same),
            }
        }
        "many2one" => told(match reference(current) {
            Some(id) => sent_text == id.to_string(),
            None => empty,
        }),
        "one2many" | "many2many" => links(sent, current),
        _ => Held::Unknown,
    }
}

/// Whether commands leave a list as it is.
fn links(commands: &RawJson, current: &RawJson) -> Held {
    let (Ok(commands), Ok(current)) = (commands.view::<Vec<Vec<Value>>>(), current.view::<Vec<i64>>()) else {
        return Held::Unknown;
    };
    let same = |command: &Vec<Value>| {
        let id = command.get(1).and_then(Value::as_i64);
        match command.first().and_then(Value::as_i64) {
            Some(3) => id.is_some_and(|id| !current.contains(&id)),
            Some(4) => id.is_some_and(|id| current.contains(&id)),
            Some(5) => current.is_empty(),
            Some(6) => {
                let ids = command.get(2).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let ids: Option<BTreeSet<i64>> = ids.iter().map(Value::as_i64).collect();
                ids.is_some_and(|ids| ids == current.iter().copied().collect())
            }
            _ => false,
        }
    };
    if commands.iter().all(same) { Held::Same } else { Held::Unknown }
}

/// A list of ids replaces what is there; a list of commands is sent as it is.
fn many(name: &str, field: &Field, value: &RawJson) -> Result<RawJson> {
    if let Ok(ids) = value.view::<Vec<i64>>() {
        return RawJson::of(&json!([[6, 0, ids]]));
    }
    if value.view::<Vec<Vec<Value>>>().is_ok() {
        return Ok(value.clone());
    }
    Err(wrong(
        name,
        field,
        value,
        "takes a list of ids, or a list of commands such as [[0, 0, {…}], [4, 7, 0]]",
    ))
}

/// The id in a reference: a number, a text of digits, `{"id":7,…}`, or `[7, "name"]`.
pub(crate) fn reference(value: &RawJson) -> Option<i64> {
    fn id(value: &Value) -> Option<i64> {
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }
    let value: Value = value.view().ok()?;
    match &value {
        Value::Object(members) => id(members.get("id")?),
        Value::Array(pair) => match pair.as_slice() {
            [first, Value::String(_)] => id(first),
            _ => None,
        },
        other => id(other),
    }
}

/// A time as Odoo takes it: UTC, whole seconds, no zone. A day alone is midnight.
pub(crate) fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let naive =
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc());
    let day = || {
        chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
            .map(|time| time.and_utc())
    };
    Some(words(instant(text).or_else(naive).or_else(day)?).to_string())
}

/// Never with the value itself.
fn wrong(name: &str, field: &Field, value: &RawJson, why: &str) -> Error {
    let kind = match value.get().bytes().next().unwrap_or_default() {
        b'"' => "a text",
        b'{' => "an object",
        b'[' => "a list",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    };
    Error::new(ErrorKind::Rejected, format!("the field {name:?} {why}; it got {kind}"))
        .with_context("type", &field.kind)
}

/// An unknown field is wrong settings for a read, and wrong data for a write.
fn rejected(error: Error) -> Error {
    let again = Error::new(ErrorKind::Rejected, error.message().to_owned());
    match error.advice() {
        Some(advice) => again.with_advice(advice.to_owned()),
        None => again,
    }
}
