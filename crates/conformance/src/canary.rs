//! A text that stands in for what customers write, so that a search finds where it gets to.

use bytes::Bytes;
use serde_json::Value;

/// No code, no key, no word of a program: whatever prints it printed a customer's text.
pub(crate) const CANARY: &str = "Kanarie Ånöm, Storgatan 7f3a91b2";

/// A body with the canary in place of every text that a person wrote, and of every number when `mistyped`. JSON and XML
/// are understood; anything else stays.
pub(crate) fn marked(body: &Bytes, mistyped: bool) -> Bytes {
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        mark(&mut value, mistyped);
        return value.to_string().into();
    }
    match std::str::from_utf8(body) {
        Ok(text) if text.trim_start().starts_with('<') => marked_xml(text).into(),
        _ => body.clone(),
    }
}

fn mark(value: &mut Value, mistyped: bool) {
    match value {
        Value::String(text) if is_written(text) => *text = CANARY.to_owned(),
        Value::Number(_) if mistyped => *value = Value::from(CANARY),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, mistyped)),
        Value::Object(members) => members.values_mut().for_each(|member| mark(member, mistyped)),
        _ => {}
    }
}

/// Texts between tags.
fn marked_xml(text: &str) -> String {
    let mut marked = String::with_capacity(text.len());
    for piece in text.split_inclusive('>') {
        match piece.split_once('<') {
            Some((words, tag)) if is_written(words) => {
                marked.push_str(CANARY);
                marked.push('<');
                marked.push_str(tag);
            }
            _ => marked.push_str(piece),
        }
    }
    marked
}

/// Whether a person wrote it: words, a name, an address. Keys, codes, times and numbers are none.
fn is_written(text: &str) -> bool {
    let has_name =
        text.chars().zip(text.chars().skip(1)).any(|(one, two)| one.is_uppercase() && two.is_lowercase());
    let is_time = text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("/Date(");
    !is_time && (has_name || text.contains([' ', '@']) && text.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_is_marked_and_keys_are_not() {
        let body =
            Bytes::from(r#"{"id":"BOK-06","name":"Anna","at":"2026-01-10 08:12:43","note":["a b",1]}"#);
        let text = String::from_utf8(marked(&body, false).to_vec()).unwrap();
        assert_eq!(text.matches(CANARY).count(), 2, "{text}");
        assert!(text.contains("BOK-06") && text.contains("2026-01-10"));
        assert_eq!(String::from_utf8(marked(&body, true).to_vec()).unwrap().matches(CANARY).count(), 3);
        let xml = Bytes::from("<?xml version='1.0'?><r><s>Anna B</s><i>7</i></r>");
        let text = String::from_utf8(marked(&xml, false).to_vec()).unwrap();
        assert_eq!(text, format!("<?xml version='1.0'?><r><s>{CANARY}</s><i>7</i></r>"));
    }
}
