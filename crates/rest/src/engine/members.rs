//! Members of pages and records, read as flags, tokens and keys.

use std::collections::BTreeMap;

use tieline_core::{Error, ErrorKind, Result};
use tieline_kit::HeadJson;

/// Keeps a member of the last record, in the place of the one before.
pub(super) fn keep_last(last: &mut BTreeMap<String, String>, name: &str, json: HeadJson<'_>) {
    match last.get_mut(name) {
        Some(text) => {
            text.clear();
            text.push_str(json.json());
        }
        None => {
            last.insert(name.to_owned(), json.json().to_owned());
        }
    }
}

/// A flag; texts and numbers as well.
pub(super) fn flag(json: HeadJson<'_>) -> Option<bool> {
    if json.is_null() {
        return Some(false);
    }
    json.flag().or_else(|| match json.text()?.as_ref() {
        "true" | "True" | "1" => Some(true),
        "false" | "False" | "0" | "" => Some(false),
        _ => None,
    })
}

/// A page token or address: empty values of any type, null and false say that there is none.
///
/// # Errors
/// `Decode` for a list or an object: a list that seems to end would lose its other pages.
pub(super) fn token(json: HeadJson<'_>) -> Result<Option<String>> {
    let is_empty = |inside: Option<&str>| inside.is_some_and(|inside| inside.trim().is_empty());
    let text = json.json();
    let list = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let object = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if matches!(text, "false" | "null") || is_empty(list) || is_empty(object) {
        return Ok(None);
    }
    let wrong = || {
        Error::new(
            ErrorKind::Decode,
            "the token of the next page is a list or an object, and should be a text",
        )
        .with_advice("compare `next` and `token` with the documentation, and go on from the last state")
    };
    json.scalar().map(|text| Some(text.into_owned()).filter(|text| !text.is_empty())).ok_or_else(wrong)
}

/// The keys that were merged into a record.
pub(super) fn merged_keys(json: HeadJson<'_>, split: &str) -> Vec<String> {
    if json.json().starts_with('[') {
        let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(json.json()).unwrap_or_default();
        return items
            .iter()
            .filter_map(|item| {
                serde_json::from_str::<String>(item.get()).ok().or_else(|| Some(item.get().to_owned()))
            })
            .collect();
    }
    let text = json.scalar().unwrap_or_default();
    text.split(split).map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()
}
