//! Members of records that a request asks for by name.

use crate::{Json, Object};

/// Leaves members out of the records of a response that were not asked for.
pub(crate) fn narrow(words: &mut Object, at: &str, names: &[String]) {
    let narrowed = |value: &Json| -> Json {
        let Some(row) = value.as_object() else { return value.clone() };
        let kept = |object: &Object| {
            let named = |(name, _): &(&str, &Json)| names.iter().any(|own| own == name);
            let members = object.iter().filter(named);
            members.fold(Object::default(), |kept, (name, value)| kept.with(name.to_owned(), value.clone()))
        };
        if at.is_empty() {
            return kept(row).into();
        }
        let mut row = row.clone();
        if let Some(inner) = row.get(at).and_then(Json::as_object).map(kept) {
            row.set(at.to_owned(), inner);
        }
        row.into()
    };
    if let Some(row) = words.get("row").map(narrowed) {
        words.set("row", row);
    }
    let rows = words.get("rows").and_then(Json::as_array).map(|rows| rows.iter().map(narrowed).collect());
    if let Some(rows) = rows {
        words.set("rows", Json::Array(rows));
    }
}
