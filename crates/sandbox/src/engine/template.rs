//! JSON with words in braces: a text that is one word becomes the word's value, of its own type.

use crate::{Json, Object};

/// Fills the words of a template.
pub(crate) fn fill(template: &Json, words: &Object) -> Json {
    match template {
        Json::Text(text) => fill_text(text, words),
        Json::Array(items) => Json::Array(items.iter().map(|item| fill(item, words)).collect()),
        Json::Object(object) => {
            let mut filled = Object::default();
            for (key, value) in object.iter() {
                let filled_value = fill(value, words);
                match key.strip_suffix('?') {
                    // `"paging?"` is there where no word in it is null.
                    Some(_) if has_null(&filled_value) => {}
                    key_if => filled.set(key_if.unwrap_or(key).to_owned(), filled_value),
                }
            }
            Json::Object(filled)
        }
        other => other.clone(),
    }
}

fn has_null(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.iter().any(has_null),
        Json::Object(object) => object.iter().any(|(_, value)| has_null(value)),
        _ => false,
    }
}

fn fill_text(text: &str, words: &Object) -> Json {
    let whole = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    if let Some(value) = whole.and_then(|word| words.get(word)) {
        return value.clone();
    }
    // `{page:text}` is the word as a text, for providers that quote their numbers.
    if let Some(value) = whole.and_then(|word| words.get(word.strip_suffix(":text")?)) {
        if value.is_null() {
            return Json::Null;
        }
        return Json::Text(plain(value).into());
    }
    let mut filled = text.to_owned();
    for (word, value) in words.iter() {
        let place = format!("{{{word}}}");
        if filled.contains(&place) {
            filled = filled.replace(&place, &plain(value));
        }
    }
    Json::Text(filled.into())
}

/// A value as it stands within a text.
pub(crate) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_one_word_takes_its_type() {
        let template =
            Json::parse(br#"{"a":"{n}","b":"page {n} of {m}","c":"{other}","d":["{n}"],"e":"{n:text}"}"#)
                .unwrap();
        let words = Object::default().with("n", 2_i64).with("m", "9");
        assert_eq!(
            fill(&template, &words).to_string(),
            r#"{"a":2,"b":"page 2 of 9","c":"{other}","d":[2],"e":"2"}"#
        );
        let optional = Json::parse(br#"{"next?":{"at":"{next:text}"}}"#).unwrap();
        let here = fill(&optional, &Object::default().with("next", 4_i64));
        assert_eq!(here.to_string(), r#"{"next":{"at":"4"}}"#);
        assert_eq!(fill(&optional, &Object::default().with("next", Json::Null)).to_string(), "{}");
    }
}
