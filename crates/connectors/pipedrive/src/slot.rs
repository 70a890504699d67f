//! Where a path of a patch leads, and what is said when it leads nowhere.

use tieline_core::{Error, ErrorKind, FieldPath, Result};
use tieline_kit::{excerpt, nearest};

use crate::discover::is_code;
use crate::endpoints::{Endpoint, Paging};
use crate::writable::{Form, When, Writable, Writes};

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

/// Whether the account's own fields stand together, as in version 2.
pub(crate) fn nested(endpoint: &Endpoint) -> bool {
    endpoint.paging == Paging::Cursor
}

/// Where a path leads, when it can be written.
pub(crate) fn slot(
    endpoint: &Endpoint,
    writes: &Writes,
    way: &[String],
    path: &FieldPath,
    now: When,
) -> Result<Slot> {
    let name = way.first().map(String::as_str).unwrap_or_default();
    if let Some(field) = writes.field(name) {
        let Writable { name, form, when, open } = *field;
        return match when {
            When::Always => Ok(Slot::Field(name, form, open)),
            when if when == now => Ok(Slot::Field(name, form, open)),
            When::Creating => Err(fixed(endpoint, path, "it can be given when the record is created only")),
            _ if name == "is_deleted" => Err(fixed(endpoint, path, "a new record is not deleted")),
            _ => Err(fixed(endpoint, path, "create the record first, then update it")),
        };
    }
    if writes.custom && nested(endpoint) && name == CUSTOM {
        return match way.get(1) {
            None => Ok(Slot::Whole),
            Some(code) if is_code(code) => Ok(Slot::Custom(code.clone())),
            Some(code) => Err(unknown_custom(endpoint, code)),
        };
    }
    if writes.custom && !nested(endpoint) && is_code(name.split('_').next().unwrap_or_default()) {
        return Ok(Slot::Custom(name.to_owned()));
    }
    if endpoint.standard.iter().any(|(known, _)| *known == name) {
        return Err(fixed(endpoint, path, instead(endpoint.name, name)));
    }
    let shown = excerpt(path.as_str(), 80);
    let error = refused(endpoint, format!("Pipedrive's {} have no field {shown:?} to write", endpoint.name));
    Err(match nearest(name, writes.fields.iter().map(|field| field.name)) {
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
        (_, "is_deleted" | "active_flag") => "send a delete",
        _ => "Pipedrive sets it",
    }
}

fn fixed(endpoint: &Endpoint, path: &FieldPath, advice: &'static str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(endpoint, format!("{shown:?} of {} cannot be written", endpoint.name)).with_advice(advice)
}

pub(crate) fn takes(endpoint: &Endpoint, path: &FieldPath, words: &str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(endpoint, format!("{shown:?} of {} takes {words}", endpoint.name))
}

pub(crate) fn unknown_custom(endpoint: &Endpoint, code: &str) -> Error {
    let shown = excerpt(code, 48);
    refused(endpoint, format!("{shown:?} is not the code of a field of {}", endpoint.name))
        .with_advice("a code has 40 hexadecimal digits; discover lists the account's fields")
}

/// A segment of a JSON Pointer (RFC 6901).
pub(crate) fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// What is wrong with an operation. Nothing was sent.
pub(crate) fn refused(endpoint: &Endpoint, message: String) -> Error {
    Error::new(ErrorKind::Rejected, message).with_context("entity", endpoint.name)
}
