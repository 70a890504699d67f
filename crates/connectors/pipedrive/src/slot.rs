//! Where a path of a patch leads, and what is said when it leads nowhere.

use tieline_core::{Error, ErrorKind, FieldPath, Result};
use tieline_kit::{excerpt, nearest};

use crate::discover::is_code;
use crate::fields::{EntityFields, Form, When, Writable};

/// What the account's own fields stand below, in version 2.
pub(crate) const CUSTOM: &str = "custom_fields";

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Field(&'static str, Form, bool),
    /// One of the account's own fields.
    Custom(String),
    /// All of them.
    Whole,
    /// What only a raw change may name.
    Unknown(String),
}

/// Where a path leads, when it can be written.
pub(crate) fn slot(entity: &EntityFields, way: &[String], path: &FieldPath, now: When) -> Result<Slot> {
    let name = way.first().map(String::as_str).unwrap_or_default();
    if let Some((name, Some(Writable { form, when, open }))) =
        entity.field(name).map(|field| (field.name, field.write))
    {
        return match when {
            When::Always => Ok(Slot::Field(name, form, open)),
            when if when == now => Ok(Slot::Field(name, form, open)),
            When::Creating => Err(fixed(entity, path, "it can be given when the record is created only")),
            _ if name == "is_deleted" => Err(fixed(entity, path, "a new record is not deleted")),
            _ => Err(fixed(entity, path, "create the record first, then update it")),
        };
    }
    if entity.custom && entity.is_nested() && name == CUSTOM {
        return match way.get(1) {
            None => Ok(Slot::Whole),
            Some(code) if is_code(code) => Ok(Slot::Custom(code.clone())),
            Some(code) => Err(unknown_custom(entity, code)),
        };
    }
    if entity.custom && !entity.is_nested() && is_code(name.split('_').next().unwrap_or_default()) {
        return Ok(Slot::Custom(name.to_owned()));
    }
    if entity.field(name).is_some() {
        return Err(fixed(entity, path, instead(entity.name, name)));
    }
    let shown = excerpt(path.as_str(), 80);
    let written = entity.fields.iter().filter(|field| field.write.is_some());
    let error = refused(entity, format!("Pipedrive's {} have no field {shown:?} to write", entity.name));
    Err(match nearest(name, written.map(|field| field.name)) {
        Some(meant) => {
            error.with_advice(format!("did you mean \"/{meant}\"? Discover says which fields are writable"))
        }
        None => error.with_advice("discover says which fields are writable"),
    })
}

/// What to do about a field that only Pipedrive writes.
fn instead(entity: &str, name: &str) -> &'static str {
    match (entity, name) {
        ("activities", "person_id") => {
            r#"it is the main participant: write "/participants", such as [{"person_id":1,"primary":true}]"#
        }
        ("persons", "first_name" | "last_name") => "write \"/name\"",
        ("tasks", "is_done") => "write \"/done\"",
        ("tasks", "is_milestone") => "write \"/milestone\"",
        ("projects", "archive_time") => "invoke \"archive\"",
        (_, "is_deleted" | "active_flag") => "send a delete",
        _ => "Pipedrive sets it",
    }
}

fn fixed(entity: &EntityFields, path: &FieldPath, advice: &'static str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(entity, format!("{shown:?} of {} cannot be written", entity.name)).with_advice(advice)
}

pub(crate) fn takes(entity: &EntityFields, path: &FieldPath, words: &str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(entity, format!("{shown:?} of {} takes {words}", entity.name))
}

pub(crate) fn unknown_custom(entity: &EntityFields, code: &str) -> Error {
    let shown = excerpt(code, 48);
    refused(entity, format!("{shown:?} is not the code of a field of {}", entity.name))
        .with_advice("a code has 40 hexadecimal digits; discover lists the account's fields")
}

/// A segment of a JSON Pointer (RFC 6901).
pub(crate) fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// What is wrong with an operation. Nothing was sent.
pub(crate) fn refused(entity: &EntityFields, message: String) -> Error {
    Error::new(ErrorKind::Rejected, message).with_context("entity", entity.name)
}
