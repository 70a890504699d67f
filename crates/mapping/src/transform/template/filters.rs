//! The filters and tests of a template, and the comparisons that its operators become.

use std::cmp::Ordering;

use minijinja::{Environment, Error, ErrorKind, Value};

use super::LONGEST_TEXT;
use super::values::{compare, contains, equal, text_of};

fn bounded(text: String) -> Result<String, Error> {
    if text.len() > LONGEST_TEXT {
        return Err(Error::new(ErrorKind::InvalidOperation, "the text is too long"));
    }
    Ok(text)
}

fn joined(items: &Value, separator: &str) -> Result<String, Error> {
    let mut text = String::new();
    for (index, item) in items.try_iter()?.enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(&text_of(&item)?);
        text = bounded(text)?;
    }
    Ok(text)
}

fn replaced(text: &str, from: &str, to: &str) -> Result<String, Error> {
    if from.is_empty() || text.matches(from).count().saturating_mul(to.len()) > LONGEST_TEXT {
        return Err(Error::new(ErrorKind::InvalidOperation, "the text would be too long"));
    }
    bounded(text.replace(from, to))
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + &characters.as_str().to_lowercase()
}

pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("lower", |text: Value| Ok::<_, Error>(text_of(&text)?.to_lowercase()));
    environment.add_filter("upper", |text: Value| Ok::<_, Error>(text_of(&text)?.to_uppercase()));
    environment
        .add_filter("trim", |text: Value| Ok::<_, Error>(tieline_core::trimmed(&text_of(&text)?).to_owned()));
    environment.add_filter("capitalize", |text: Value| Ok::<_, Error>(capitalized(&text_of(&text)?)));
    environment.add_filter("default", |value: Value, otherwise: Option<Value>| {
        if value.is_undefined() || value.is_none() { otherwise.unwrap_or_else(|| "".into()) } else { value }
    });
    environment.add_filter("replace", |text: Value, from: Value, to: Value| {
        replaced(&text_of(&text)?, &text_of(&from)?, &text_of(&to)?)
    });
    environment.add_filter("join", |items: Value, separator: Option<String>| {
        joined(&items, separator.as_deref().unwrap_or_default())
    });
    environment.add_filter("first", |items: Value| {
        items.try_iter().map(|mut items| items.next().unwrap_or(Value::UNDEFINED))
    });
    environment.add_filter("last", |items: Value| {
        items.try_iter().map(|items| items.last().unwrap_or(Value::UNDEFINED))
    });
    environment.add_filter("length", |items: Value| {
        items.len().ok_or_else(|| Error::from(ErrorKind::UndefinedError))
    });
    environment.add_test("defined", |value: Value| !value.is_undefined());
    environment.add_test("undefined", |value: Value| value.is_undefined());
    environment.add_test("none", |value: Value| value.is_undefined() || value.is_none());
    environment.add_filter("_lt", |one: Value, other: Value| compare(&one, &other).map(Ordering::is_lt));
    environment.add_filter("_le", |one: Value, other: Value| compare(&one, &other).map(Ordering::is_le));
    environment.add_filter("_gt", |one: Value, other: Value| compare(&one, &other).map(Ordering::is_gt));
    environment.add_filter("_ge", |one: Value, other: Value| compare(&one, &other).map(Ordering::is_ge));
    environment.add_filter("_eq", |one: Value, other: Value| equal(&one, &other));
    environment.add_filter("_ne", |one: Value, other: Value| equal(&one, &other).map(|same| !same));
    environment.add_filter("_in", |wanted: Value, items: Value| contains(&items, &wanted));
    environment
        .add_filter("_not_in", |wanted: Value, items: Value| contains(&items, &wanted).map(|found| !found));
}
