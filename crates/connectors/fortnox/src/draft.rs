//! The body of a create or an update, put together and checked before anything is sent. Fortnox refuses a whole request
//! for one field that it does not know or sets itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPatch, FieldPath, Patch, RawJson, Result};
use tieline_kit::{excerpt, nearest};

use crate::characters;
use crate::endpoints::Endpoint;
use crate::fields::{Field, Shape};
use crate::filters::name;

/// How long a list may lag behind a write. Fortnox publishes nothing; its lists read the company's own data.
pub(crate) const SEARCH_DELAY: Duration = Duration::from_secs(10);

/// What empties a text. Null and the empty text often leave it as it is.
pub(crate) const BLANK: &str = "\"API_BLANK\"";
/// The most characters of an external reference.
const LONGEST_MARKER: usize = 80;

/// The members of an object, each with its text: no number is parsed, so every digit stays.
pub(crate) type Members = BTreeMap<String, Box<RawValue>>;

/// A body within its wrapper.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) json: String,
    /// The financial year that goes into the query.
    pub(crate) year: Option<String>,
}

/// The body of a create.
pub(crate) fn creation(endpoint: &'static Endpoint, fields: &RawJson, marker: Option<&str>) -> Result<Body> {
    let given: Members = serde_json::from_str(fields.get())
        .map_err(|_| refused(endpoint, "the fields of a create are no JSON object".to_owned()))?;
    let mut members = Members::new();
    let mut year = None;
    for (name, value) in given {
        // Nothing and the empty text are the same, and a word is refused when it is empty.
        if matches!(value.get(), "null" | "\"\"") {
            continue;
        }
        // An account's year stands beside it.
        if endpoint.name == "accounts" && name == "Year" {
            let text = value.get().trim_matches('"');
            if !Shape::Int.takes(text) {
                return Err(refused(endpoint, "\"/Year\" takes the id of a financial year".to_owned()));
            }
            year = Some(text.to_owned());
            continue;
        }
        check(endpoint, endpoint.fields, &FieldPath::field(&name), &name, value.get())?;
        let value = as_described(endpoint.fields, &name, value);
        members.insert(name, value);
    }
    if let (Some(field), Some(marker)) = (endpoint.marker, marker) {
        mark(endpoint, &mut members, field, marker)?;
    }
    for name in endpoint.required {
        let empty = |value: &RawValue| matches!(value.get(), "\"\"" | BLANK);
        if members.get(*name).is_none_or(|value| empty(value)) {
            return Err(refused(
                endpoint,
                format!("{} cannot be created without \"/{name}\"", endpoint.name),
            ));
        }
    }
    Ok(Body { json: wrapped(endpoint, &members)?, year })
}

/// The body of an update, or `None` when nothing changes.
pub(crate) fn update(endpoint: &'static Endpoint, patch: &Patch) -> Result<Option<Body>> {
    let mut members = Members::new();
    for (path, change) in &patch.0 {
        let name = name(path);
        let is_part = path.as_str().split('/').count() > 2;
        let value = match change {
            FieldPatch::Raw(value) if !is_part => value.get(),
            _ if is_part => {
                return Err(refused(endpoint, format!("{:?} cannot be written", excerpt(path.as_str(), 80)))
                    .with_advice(format!("Fortnox takes whole fields: write \"/{}\"", excerpt(name, 48))));
            }
            FieldPatch::Set(value) if !matches!(value.get(), "null" | "\"\"") => {
                checked(endpoint, path, value.get())?;
                value.get()
            }
            FieldPatch::Set(_) | FieldPatch::Clear => empty(endpoint, path)?,
            _ => {
                checked(endpoint, path, "")?;
                return Err(refused(
                    endpoint,
                    format!("nothing can be added to or taken out of \"{path}\" of {}", endpoint.name),
                )
                .with_advice("set it as a whole"));
            }
        };
        let raw = RawValue::from_string(value.to_owned())
            .map_err(|_| refused(endpoint, format!("{:?} is given no JSON", excerpt(path.as_str(), 80))))?;
        let raw = match change {
            FieldPatch::Set(_) => as_described(endpoint.fields, name, raw),
            _ => raw,
        };
        members.insert(name.to_owned(), raw);
    }
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Some(Body { json: wrapped(endpoint, &members)?, year: None }))
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

/// Checks a field of an update. An empty text is a value that is yet to be found.
fn checked(endpoint: &'static Endpoint, path: &FieldPath, value: &str) -> Result<()> {
    let name = name(path);
    if name == endpoint.key_field && endpoint.field(name).is_some() {
        return Err(fixed(endpoint, path, "it is the record's key, which does not change"));
    }
    check(endpoint, endpoint.fields, path, name, value)
}

/// What empties a field.
fn empty(endpoint: &'static Endpoint, path: &FieldPath) -> Result<&'static str> {
    checked(endpoint, path, "")?;
    let name = name(path);
    let shape = endpoint.field(name).map(|field| field.shape);
    match shape {
        Some(Shape::Text | Shape::Ref(_)) if !endpoint.required.contains(&name) => Ok(BLANK),
        Some(Shape::Rows(_)) => Ok("[]"),
        Some(Shape::Decimal | Shape::DecimalText | Shape::Int) => {
            Err(unclearable(endpoint, path).with_advice("Fortnox has no empty number: set it to 0"))
        }
        _ => Err(unclearable(endpoint, path).with_advice("set it to another value")),
    }
}

fn unclearable(endpoint: &Endpoint, path: &FieldPath) -> Error {
    refused(endpoint, format!("\"{path}\" of {} cannot be left empty", endpoint.name))
}

/// Fails with `Rejected` unless the field is there to be written and the value has its form.
fn check(endpoint: &Endpoint, fields: &[Field], path: &FieldPath, name: &str, value: &str) -> Result<()> {
    let shown = excerpt(path.as_str(), 80);
    let Some(field) = fields.iter().find(|field| field.name == name) else {
        let error =
            refused(endpoint, format!("Fortnox's {} have no field {shown:?} to write", endpoint.name));
        let names = fields.iter().filter(|field| field.writable).map(|field| field.name);
        return Err(match nearest(name, names) {
            Some(meant) => {
                error.with_advice(format!("did you mean {meant:?}? Discover says what is writable"))
            }
            None => error.with_advice("discover says which fields are writable"),
        });
    };
    if !field.writable {
        return Err(fixed(endpoint, path, instead(name)));
    }
    if value.is_empty() {
        return Ok(());
    }
    if !field.shape.takes(value) {
        let words = field.shape.words();
        return Err(refused(endpoint, format!("{shown:?} of {} takes {words}", endpoint.name)));
    }
    let wrong = |_| refused(endpoint, format!("{shown:?} of {} cannot be read", endpoint.name));
    let rows: Vec<&RawValue> = match field.shape {
        Shape::Rows(_) => serde_json::from_str(value).map_err(wrong)?,
        Shape::Object(_) => vec![serde_json::from_str(value).map_err(wrong)?],
        _ => Vec::new(),
    };
    let is_list = matches!(field.shape, Shape::Rows(_));
    for (at, row) in rows.into_iter().enumerate() {
        let path = if is_list { path.child(&at.to_string()) } else { path.clone() };
        let parts: Members = serde_json::from_str(row.get())
            .map_err(|_| refused(endpoint, format!("\"{path}\" of {} takes an object", endpoint.name)))?;
        for (name, value) in &parts {
            if value.get() != "null" {
                check(endpoint, field.shape.parts(), &path.child(name), name, value.get())?;
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
        "SalesPrice" => "prices belong to price lists, which this connector does not write",
        _ => "Fortnox sets it",
    }
}

/// Places the marker of a create.
fn mark(endpoint: &Endpoint, members: &mut Members, field: &str, marker: &str) -> Result<()> {
    let fits = !marker.trim().is_empty()
        && marker.trim() == marker
        && marker.chars().count() <= LONGEST_MARKER
        && !marker.contains(['%', '\\']);
    if !fits {
        return Err(refused(
            endpoint,
            format!("the marker {:?} cannot be searched for", excerpt(marker, 64)),
        )
        .with_advice("take 1 to 80 characters without spaces around them, and no % or backslash"));
    }
    let value = RawJson::of(marker)?;
    if let Some(given) = members.get(field)
        && given.get() != value.get()
    {
        return Err(refused(endpoint, format!("\"/{field}\" carries the marker of a create"))
            .with_advice("write your own reference to \"/ExternalInvoiceReference2\""));
    }
    let raw = RawValue::from_string(value.get().to_owned())
        .map_err(|_| Error::new(ErrorKind::Internal, "a marker could not be written as JSON"))?;
    members.insert(field.to_owned(), raw);
    Ok(())
}

/// The body in its wrapper. Fails with `Rejected` for a character that Fortnox does not take.
fn wrapped(endpoint: &Endpoint, members: &Members) -> Result<String> {
    let inner = RawJson::of(members)?;
    if let Some((path, c)) = characters::refused(inner.get()) {
        return Err(refused(
            endpoint,
            format!(
                "{:?} holds the character U+{:04X}, which Fortnox does not take",
                excerpt(&path, 80),
                u32::from(c)
            ),
        )
        .with_code("2000359")
        .with_advice("leave out emoji, tabs, brackets and the like"));
    }
    Ok(format!("{{\"{}\":{}}}", endpoint.one, inner.get()))
}

fn fixed(endpoint: &Endpoint, path: &FieldPath, advice: &'static str) -> Error {
    let shown = excerpt(path.as_str(), 80);
    refused(endpoint, format!("{shown:?} of {} cannot be written", endpoint.name)).with_advice(advice)
}

/// What is wrong with an operation. Nothing was sent.
pub(crate) fn refused(endpoint: &Endpoint, message: String) -> Error {
    Error::new(ErrorKind::Rejected, message).with_context("entity", endpoint.name)
}
