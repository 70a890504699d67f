//! What is written, checked before anything is sent, and put into the forms that Fortnox describes. Fortnox refuses a whole
//! request for one field that it does not know or sets itself.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPatch, FieldPath, Key, Patch, RawJson, Result, WriteOp};
use tieline_kit::{excerpt, nearest};

use crate::characters;
use crate::entities::Entity;
use crate::fields::{Field, Shape};

/// What empties a text. Null and the empty text often leave it as it is.
const BLANK: &str = "API_BLANK";
/// The most characters of an external reference.
const MAX_MARKER: usize = 80;

/// The members of an object, each with its text: no number is parsed, so every digit stays.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// The name at the top of a path.
pub(crate) fn name(field: &FieldPath) -> &str {
    field.as_str().split('/').nth(1).unwrap_or_default()
}

/// The value that empties a part of a row.
pub(crate) fn blank(shape: Shape) -> serde_json::Value {
    match shape {
        Shape::Decimal | Shape::Int => 0.into(),
        Shape::DecimalText => "0".into(),
        Shape::Flag => false.into(),
        Shape::Rows(_) => serde_json::Value::Array(Vec::new()),
        _ => BLANK.into(),
    }
}

/// Checks an operation.
///
/// # Errors
/// `Rejected` with the place of what is wrong.
pub(crate) fn validate(entity: &Entity, marker_field: Option<&str>, op: &WriteOp) -> Result<()> {
    match op {
        WriteOp::Create { fields, marker, .. } => {
            let given = members(entity, fields.get(), "the fields of a create are no JSON object")?;
            let carried = entity.field(marker_field.unwrap_or_default()).map(|field| field.name);
            if let (Some(field), Some(marker)) = (carried, marker) {
                check_marker(entity, &given, field, marker.as_str())?;
            }
            creation(entity, &given)
        }
        WriteOp::Update { if_version: Some(_), .. } => {
            Err(refused(entity, "Fortnox counts no versions of a record".to_owned())
                .with_advice("compare the record yourself, and update it without a version"))
        }
        WriteOp::Update { key, patch, .. } => {
            check_key(entity, key)?;
            update(entity, patch)
        }
        WriteOp::Delete { key, .. } => check_key(entity, key),
        WriteOp::Invoke { action, key, input, .. } => {
            if let Some(key) = key {
                check_key(entity, key)?;
            }
            // An upload names its folder.
            if matches!(input.get().trim(), "{}" | "null") || action.as_str() == "upload" {
                return Ok(());
            }
            Err(refused(entity, format!("{:?} takes no input", excerpt(action.as_str(), 64)))
                .with_advice("write the record's fields first, then invoke it with {}"))
        }
        _ => Ok(()),
    }
}

/// The fields of a write as Fortnox takes them.
///
/// # Errors
/// `Rejected` for a character that Fortnox does not take.
pub(crate) fn body(entity: &Entity, op: &WriteOp, body: &RawJson) -> Result<RawJson> {
    let mut given = members(entity, body.get(), "the fields of a write are no JSON object")?;
    let mut written = Members::new();
    if entity.name == "accounts" && matches!(op, WriteOp::Create { .. }) {
        // An account's year stands beside it, in the address.
        given.remove("Year");
    }
    for (name, value) in given {
        let is_empty = matches!(value.get(), "null" | "\"\"");
        let is_raw = |patch: &Patch| {
            patch
                .0
                .iter()
                .any(|(path, change)| self::name(path) == name && matches!(change, FieldPatch::Raw(_)))
        };
        let value = match op {
            WriteOp::Create { .. } if is_empty => continue,
            WriteOp::Update { patch, .. } if is_raw(patch) => value,
            WriteOp::Update { .. } if is_empty || value.get() == format!("\"{BLANK}\"") => {
                let shape = entity.field(&name).map_or(Shape::Text, |field| field.shape);
                raw(entity, RawJson::of(&blank(shape))?.get())?
            }
            _ => as_described(entity.fields, &name, value),
        };
        written.insert(name, value);
    }
    let written = RawJson::of(&written)?;
    let Some((path, c)) = characters::refused(written.get()) else { return Ok(written) };
    let code = u32::from(c);
    let message =
        format!("{:?} holds the character U+{code:04X}, which Fortnox does not take", excerpt(&path, 80));
    Err(refused(entity, message)
        .with_code("2000359")
        .with_advice("leave out emoji, tabs, brackets and the like"))
}

fn creation(entity: &Entity, given: &Members) -> Result<()> {
    for (name, value) in given {
        let is_year = entity.name == "accounts" && name == "Year";
        if is_year && !Shape::Int.takes(value.get()) {
            return Err(refused(entity, "\"/Year\" takes the id of a financial year".to_owned()));
        }
        if !is_year && !matches!(value.get(), "null" | "\"\"") {
            check(entity, entity.fields, &FieldPath::field(name), name, value.get())?;
        }
    }
    for name in entity.required {
        let empty = |value: &RawValue| matches!(value.get(), "\"\"" | "null" | "\"API_BLANK\"");
        if given.get(*name).is_none_or(|value| empty(value)) {
            return Err(refused(entity, format!("{} cannot be created without \"/{name}\"", entity.name)));
        }
    }
    Ok(())
}

fn update(entity: &Entity, patch: &Patch) -> Result<()> {
    for (path, change) in &patch.0 {
        let name = name(path);
        match change {
            _ if path.as_str().split('/').count() > 2 => {
                return Err(refused(entity, format!("{:?} cannot be written", excerpt(path.as_str(), 80)))
                    .with_advice(format!("Fortnox takes whole fields: write \"/{}\"", excerpt(name, 48))));
            }
            FieldPatch::Raw(_) => {}
            FieldPatch::Set(value) if !matches!(value.get(), "null" | "\"\"") => {
                checked(entity, path, value.get())?;
            }
            FieldPatch::Set(_) | FieldPatch::Clear => clearable(entity, path)?,
            _ => {
                checked(entity, path, "")?;
                let message =
                    format!("nothing can be added to or taken out of \"{path}\" of {}", entity.name);
                return Err(refused(entity, message).with_advice("set it as a whole"));
            }
        }
    }
    Ok(())
}

/// Checks a field of an update. An empty text is a value that is yet to be found.
fn checked(entity: &Entity, path: &FieldPath, value: &str) -> Result<()> {
    let name = name(path);
    if name == entity.key && entity.field(name).is_some() {
        return Err(fixed(entity, path, "it is the record's key, which does not change"));
    }
    check(entity, entity.fields, path, name, value)
}

fn clearable(entity: &Entity, path: &FieldPath) -> Result<()> {
    checked(entity, path, "")?;
    let name = name(path);
    let unclearable = || refused(entity, format!("\"{path}\" of {} cannot be left empty", entity.name));
    match entity.field(name).map(|field| field.shape) {
        Some(Shape::Text | Shape::Ref(_)) if !entity.required.contains(&name) => Ok(()),
        Some(Shape::Rows(_)) => Ok(()),
        Some(Shape::Decimal | Shape::DecimalText | Shape::Int) => {
            Err(unclearable().with_advice("Fortnox has no empty number: set it to 0"))
        }
        _ => Err(unclearable().with_advice("set it to another value")),
    }
}

/// Fails with `Rejected` unless the field is there to be written and the value has its form.
fn check(entity: &Entity, fields: &[Field], path: &FieldPath, name: &str, value: &str) -> Result<()> {
    let shown = excerpt(path.as_str(), 80);
    let Some(field) = fields.iter().find(|field| field.name == name) else {
        let error = refused(entity, format!("Fortnox's {} have no field {shown:?} to write", entity.name));
        let names = fields.iter().filter(|field| field.writable).map(|field| field.name);
        return Err(match nearest(name, names) {
            Some(meant) => {
                error.with_advice(format!("did you mean {meant:?}? Discover says what is writable"))
            }
            None => error.with_advice("discover says which fields are writable"),
        });
    };
    if !field.writable {
        return Err(fixed(entity, path, instead(name)));
    }
    if value.is_empty() {
        return Ok(());
    }
    if !field.shape.takes(value) {
        let words = field.shape.words();
        return Err(refused(entity, format!("{shown:?} of {} takes {words}", entity.name)));
    }
    let wrong = |_| refused(entity, format!("{shown:?} of {} cannot be read", entity.name));
    let rows: Vec<&RawValue> = match field.shape {
        Shape::Rows(_) => serde_json::from_str(value).map_err(wrong)?,
        Shape::Object(_) => vec![serde_json::from_str(value).map_err(wrong)?],
        _ => Vec::new(),
    };
    let is_list = matches!(field.shape, Shape::Rows(_));
    for (at, row) in rows.into_iter().enumerate() {
        let path = if is_list { path.child(&at.to_string()) } else { path.clone() };
        let parts = members(entity, row.get(), &format!("\"{path}\" of {} takes an object", entity.name))?;
        for (name, value) in &parts {
            if value.get() != "null" {
                check(entity, field.shape.parts(), &path.child(name), name, value.get())?;
            }
        }
    }
    Ok(())
}

/// What to do about a field that only Fortnox sets.
fn instead(name: &str) -> &'static str {
    match name {
        "Booked" => "invoke \"bookkeep\"",
        "Cancelled" | "Cancel" => "invoke \"cancel\"",
        "Sent" => "invoke \"email\", or \"externalprint\" when it was sent in another way",
        "Credit" => "invoke \"credit\"",
        "Phone" => "write \"/Phone1\"",
        "Country" => "write \"/CountryCode\"",
        "PriceExcludingVAT" => "write \"Price\"; \"/VATIncluded\" says whether it includes VAT",
        "SalesPrice" => "write the article's price to a price list: the entity prices",
        _ => "Fortnox sets it",
    }
}

/// A checked value in the form that Fortnox's description gives it: numbers that were given as texts, as money often is,
/// become numbers, and the few that it wants as texts become those, also in rows. Every digit stays.
fn as_described(fields: &[Field], name: &str, value: Box<RawValue>) -> Box<RawValue> {
    let Some(field) = fields.iter().find(|field| field.name == name) else { return value };
    let written = match field.shape {
        Shape::Decimal | Shape::Int => serde_json::from_str::<&str>(value.get())
            .ok()
            .and_then(|text| tieline_core::exact::decimal(text).ok())
            .map(|number| number.to_string()),
        Shape::DecimalText if !value.get().starts_with('"') => Some(format!("\"{}\"", value.get())),
        Shape::Rows(parts) => serde_json::from_str::<Vec<Members>>(value.get()).ok().and_then(|rows| {
            let rows: Vec<Members> = rows.into_iter().map(|row| parts_as_described(parts, row)).collect();
            serde_json::to_string(&rows).ok()
        }),
        Shape::Object(parts) => serde_json::from_str::<Members>(value.get())
            .ok()
            .and_then(|members| serde_json::to_string(&parts_as_described(parts, members)).ok()),
        _ => None,
    };
    written.and_then(|text| RawValue::from_string(text).ok()).unwrap_or(value)
}

fn parts_as_described(parts: &[Field], members: Members) -> Members {
    let described = |(name, value): (String, Box<RawValue>)| {
        let value = as_described(parts, &name, value);
        (name, value)
    };
    members.into_iter().map(described).collect()
}

/// Checks the marker of a create, and that nothing else is given for its field.
fn check_marker(entity: &Entity, given: &Members, field: &str, marker: &str) -> Result<()> {
    let fits = !marker.trim().is_empty()
        && marker.trim() == marker
        && marker.chars().count() <= MAX_MARKER
        && !marker.contains(['%', '\\']);
    if !fits {
        let message = format!("the marker {:?} cannot be searched for", excerpt(marker, 64));
        return Err(refused(entity, message)
            .with_advice("take 1 to 80 characters without spaces around them, and no % or backslash"));
    }
    let value = RawJson::of(marker)?;
    match given.get(field) {
        Some(own) if own.get() != value.get() => {
            Err(refused(entity, format!("\"/{field}\" carries the marker of a create")).with_advice(
                "write your own reference to the other of the two, or choose with the setting \"marker\" which one carries it",
            ))
        }
        _ => Ok(()),
    }
}

fn check_key(entity: &Entity, key: &Key) -> Result<()> {
    if !entity.numbered
        || (!key.as_str().is_empty() && key.as_str().bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Ok(());
    }
    Err(refused(entity, format!("{:?} is no key of {}", excerpt(key.as_str(), 64), entity.name)))
}

fn members(entity: &Entity, json: &str, otherwise: &str) -> Result<Members> {
    serde_json::from_str(json).map_err(|_| refused(entity, otherwise.to_owned()))
}

fn raw(entity: &Entity, json: &str) -> Result<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).map_err(|_| refused(entity, "a value is no JSON".to_owned()))
}

fn fixed(entity: &Entity, path: &FieldPath, advice: &'static str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(entity, format!("{shown:?} of {} cannot be written", entity.name)).with_advice(advice)
}

/// What is wrong with an operation. Nothing was sent.
fn refused(entity: &Entity, message: String) -> Error {
    Error::new(ErrorKind::Rejected, message).with_context("entity", entity.name)
}
