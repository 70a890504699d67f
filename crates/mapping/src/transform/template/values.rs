//! Values as a template sees them: numbers are exact, and everything prints as JSON or the `text` step writes it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};

use crate::digits::Digits;
use crate::value::{self, Val};

/// Deeper values are not there.
const DEEPEST: usize = 32;
/// Marks an error: two values of different types were compared.
pub(super) const UNLIKE: &str = "values of different types are compared";

/// A number that the engine's own integers cannot hold, as it is written.
struct Number(String);

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number")
    }
}

impl Object for Number {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        Digits::parse(&self.0).is_none_or(|digits| !digits.is_zero())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list or an object, with the text that wrote it.
struct Json {
    raw: String,
    inside: Inside,
}

enum Inside {
    List(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

impl Object for Json {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.inside {
            Inside::List(_) => ObjectRepr::Seq,
            Inside::Object(_) => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.inside {
            Inside::List(items) => items.get(key.as_usize()?).cloned(),
            Inside::Object(members) => {
                let name = key.as_str()?;
                // The last of a name stands.
                members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.inside {
            Inside::List(items) => Enumerator::Seq(items.len()),
            Inside::Object(members) => {
                Enumerator::Values(members.iter().map(|(name, _)| Value::from(name.as_str())).collect())
            }
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

/// A value of a record. Null is not there, so that the engine says which one is missing. `None` for a text that is no
/// valid Unicode.
pub(super) fn convert(raw: &str, depth: usize) -> Option<Value> {
    Some(match Val::of(raw) {
        Val::Null => Value::UNDEFINED,
        Val::Bool(value) => Value::from(value),
        Val::Number(text) => match text.parse::<i64>() {
            // A number is written as it came.
            Ok(number) if number.to_string() == *text => Value::from(number),
            _ => Value::from_object(Number(text.into_owned())),
        },
        Val::Text(text) => Value::from(text.into_owned()),
        Val::Json(text) if text.starts_with('"') => return None,
        Val::Json(_) if depth >= DEEPEST => Value::UNDEFINED,
        Val::Json(text) => {
            let inside = if let Some(items) = value::items(&text) {
                Inside::List(items.into_iter().map(|item| convert(item, depth + 1)).collect::<Option<_>>()?)
            } else {
                let members = value::members_in_order(&text)?.into_iter();
                let read = |(name, member)| Some((name, convert(member, depth + 1)?));
                Inside::Object(members.map(read).collect::<Option<_>>()?)
            };
            Value::from_object(Json { raw: text.into_owned(), inside })
        }
    })
}

/// The text of a value: a text as it is, a number as it is written, `true` and `false`, lists and objects as JSON.
///
/// # Errors
///
/// `UndefinedError` for what is null or missing.
pub(super) fn text_of(value: &Value) -> Result<String, Error> {
    if value.is_undefined() || value.is_none() {
        return Err(ErrorKind::UndefinedError.into());
    }
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    if let Some(number) = value.downcast_object_ref::<Number>() {
        return Ok(number.0.clone());
    }
    if let Some(json) = value.downcast_object_ref::<Json>() {
        return Ok(json.raw.clone());
    }
    if let Ok(truth) = bool::try_from(value.clone())
        && !value.is_number()
    {
        return Ok(truth.to_string());
    }
    if value.is_number() {
        return Ok(value.to_string());
    }
    Err(Error::new(ErrorKind::InvalidOperation, "a list that the template makes has no text"))
}

fn number(value: &Value) -> Option<Digits> {
    if let Some(number) = value.downcast_object_ref::<Number>() {
        return Digits::parse(&number.0);
    }
    if value.is_number() { Digits::parse(&value.to_string()) } else { None }
}

fn unlike() -> Error {
    Error::new(ErrorKind::InvalidOperation, UNLIKE)
}

/// Which of two numbers or two texts is greater.
///
/// # Errors
///
/// `UndefinedError` when one is null or missing, `InvalidOperation` for values of different types.
pub(super) fn compare(one: &Value, other: &Value) -> Result<Ordering, Error> {
    if [one, other].iter().any(|value| value.is_undefined() || value.is_none()) {
        return Err(ErrorKind::UndefinedError.into());
    }
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return Ok(one.compare(&other));
    }
    one.as_str().zip(other.as_str()).map(|(one, other)| one.cmp(other)).ok_or_else(unlike)
}

/// Whether two values are the same: numbers by their value. What is null or missing is the same as null alone.
///
/// # Errors
///
/// `InvalidOperation` for values of different types.
pub(super) fn equal(one: &Value, other: &Value) -> Result<bool, Error> {
    let is_null = |value: &Value| value.is_undefined() || value.is_none();
    if is_null(one) || is_null(other) {
        return Ok(is_null(one) && is_null(other));
    }
    if let (Some(one), Some(other)) = (number(one), number(other)) {
        return Ok(one.compare(&other) == Ordering::Equal);
    }
    if let (Some(one), Some(other)) = (one.as_str(), other.as_str()) {
        return Ok(one == other);
    }
    let json = |value: &Value| value.downcast_object_ref::<Json>().map(|json| json.raw.clone());
    if let (Some(one), Some(other)) = (json(one), json(other)) {
        return Ok(value::same(&one, &other));
    }
    if one.kind() == other.kind() { Ok(one == other) } else { Err(unlike()) }
}

/// Whether a list has a value, an object a member, or a text a part.
pub(super) fn contains(items: &Value, wanted: &Value) -> Result<bool, Error> {
    if let (Some(text), Some(part)) = (items.as_str(), wanted.as_str()) {
        return Ok(text.contains(part));
    }
    for item in items.try_iter()? {
        // What is of another type is another value.
        if equal(&item, wanted).unwrap_or(false) {
            return Ok(true);
        }
    }
    Ok(false)
}
