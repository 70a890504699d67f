//! The form in which texts of two systems are compared: tables of mappings and look-ups by a field use it on both sides.

use std::borrow::Cow;

use serde_json::value::RawValue;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Characters without a width, which people paste without seeing them: zero-width spaces and joiners, marks of
/// direction, word joiners, soft hyphens, byte order marks.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    )
}

/// The text without white space and invisible characters at its ends.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || is_invisible(character))
}

/// The form in which a text is compared: composed (NFC), without invisible characters, with plain spaces for all others
/// (no-break, thin, ideographic), trimmed. Letters keep their case.
///
/// ```
/// use tieline_core::comparable;
///
/// assert_eq!(comparable(" fo\u{308}rhandling\u{200b}"), "förhandling");
/// assert_eq!(comparable("Stor\u{a0}kund"), "Stor kund");
/// ```
pub fn comparable(text: &str) -> Cow<'_, str> {
    let text = trimmed(text);
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let is_plain = |character: char| {
        !is_invisible(character) && (character == ' ' || character.is_ascii() || !character.is_whitespace())
    };
    if text.chars().all(is_plain) && is_nfc(text) {
        return Cow::Borrowed(text);
    }
    let visible = text.chars().filter(|character| !is_invisible(*character));
    let spaced = visible
        .map(|character| if !character.is_ascii() && character.is_whitespace() { ' ' } else { character });
    Cow::Owned(trimmed(&spaced.nfc().collect::<String>()).to_owned())
}

/// The form in which a look-up by a field compares a text: [`comparable`], and an e-mail address in lower case.
///
/// Only ASCII letters are lowered, so that no other letter becomes one of an address.
pub fn comparable_lookup(text: &str) -> Cow<'_, str> {
    let text = comparable(text);
    let is_address = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    });
    if is_address && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    text
}

/// The form in which a look-up by a field compares a record's value: [`comparable_lookup`] of a text, a number or boolean
/// as it is written, with `7` for `7.0`. `None` for what no look-up finds: null, lists, objects, and texts that are no
/// valid Unicode.
pub fn comparable_value(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(raw).ok()?;
            Some(comparable_lookup(&text).into_owned())
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(plain_number(raw).to_owned()),
    }
}

/// A number without zeros at the end of its fraction: `7` for `7.0`, `1.5` for `1.50`.
pub fn plain_number(number: &str) -> &str {
    if !number.contains('.') || number.contains(['e', 'E']) {
        return number;
    }
    number.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_see_alike_is_alike() {
        for (one, other) in [
            ("förhandling", "fo\u{308}rhandling"),
            ("a@b.se", "a@b.se\u{200b}"),
            ("a@b.se", "\u{feff}a@b.se\u{a0}"),
            ("+46 70", "\u{202a}+46\u{a0}70\u{202c}"),
            ("Stor kund", "Stor\u{202f}kund"),
        ] {
            assert_eq!(comparable(one), comparable(other), "{one}");
        }
        assert_ne!(comparable("Ny"), comparable("ny"));
        assert_ne!(comparable("a b"), comparable("ab"));
    }

    #[test]
    fn addresses_are_compared_without_case_and_nothing_else_is() {
        assert_eq!(comparable_lookup(" Ada@Example.COM"), "ada@example.com");
        assert_eq!(comparable_lookup("\u{130}da@x.se"), "\u{130}da@x.se");
        for text in ["Ada", "@Ada", "Ada@", "A@b@c", "Ada @ b"] {
            assert_eq!(comparable_lookup(text), text);
        }
        let value = |raw: &str| comparable_value(&RawValue::from_string(raw.to_owned()).unwrap());
        assert_eq!(value("7.0").as_deref(), Some("7"));
        assert_eq!(value("true").as_deref(), Some("true"));
        assert_eq!(value(r#""A@b.se""#).as_deref(), Some("a@b.se"));
        for none in ["null", "[1]", "{}", r#""\ud83d""#] {
            assert_eq!(value(none), None, "{none}");
        }
    }
}
