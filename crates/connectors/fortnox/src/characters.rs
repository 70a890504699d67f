//! The characters that Fortnox takes. One that it does not take fails a whole request, so it is found before.
//!
//! Source: <https://www.fortnox.se/developer/guides-and-good-to-know/formats-and-encoding>.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

/// Whether Fortnox takes a character. Its page prints two kinds of quotation marks as others, so those pass here and
/// Fortnox decides.
fn is_taken(c: char) -> bool {
    match c {
        c if c.is_ascii_alphanumeric() => true,
        ' ' | '\n' | '\r' | '\'' | '"' | '’' | '\\' | '–' | ':' | '.' | '`' | '´' | ',' | ';' | '^' | '¤'
        | '#' | '%' | '§' | '£' | '$' | '€' | '¢' | '¥' | '©' | '™' | '°' | '&' | '/' | '(' | ')' | '='
        | '+' | '-' | '*' | '_' | '!' | '?' | '²' | '³' | '®' | '½' | '@' | '\u{a0}' => true,
        // Dots and rings above, of letters that are written in two parts.
        '\u{308}' | '\u{30a}' => true,
        // Beyond the basic plane there are hardly letters of living languages, and all emoji.
        c => c.is_alphabetic() && u32::from(c) <= 0xffff,
    }
}

/// The first character that Fortnox does not take in the texts of a JSON value, with the place of its text as a path.
pub(crate) fn refused(json: &str) -> Option<(String, char)> {
    let mut found = None;
    let mut path = Vec::new();
    let seed = Walk { path: &mut path, found: &mut found };
    // What is no JSON was refused before.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(json));
    found
}

struct Walk<'w> {
    path: &'w mut Vec<String>,
    found: &'w mut Option<(String, char)>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.found.is_none()
            && let Some(c) = text.chars().find(|c| !is_taken(*c))
        {
            *self.found = Some((self.path.iter().map(|part| format!("/{part}")).collect(), c));
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut at = 0_usize;
        loop {
            self.path.push(at.to_string());
            let more = seq.next_element_seed(Walk { path: &mut *self.path, found: &mut *self.found })?;
            self.path.pop();
            if more.is_none() {
                return Ok(());
            }
            at += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.path.push(name);
            map.next_value_seed(Walk { path: &mut *self.path, found: &mut *self.found })?;
            self.path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fortnox_takes_and_what_not() {
        for taken in [
            "Räksmörgås & Søn AB",
            "50 % på 3 m²; 1–2 st (à 100 €)",
            "rad ett\r\nrad två",
            "Łódź, Київ",
            "it's",
        ] {
            assert_eq!(refused(&serde_json::to_string(taken).unwrap()), None, "{taken}");
        }
        for (text, c) in [
            ("hej 🙂", '🙂'),
            ("a\tb", '\t'),
            ("<b>", '<'),
            ("[1]", '['),
            ("→", '→'),
            ("a\u{200b}", '\u{200b}'),
        ] {
            assert_eq!(refused(&serde_json::to_string(text).unwrap()), Some((String::new(), c)), "{text}");
        }
        let body = r#"{"Comments":"ok","InvoiceRows":[{"Price":1.10},{"Description":"stol 🪑"}]}"#;
        assert_eq!(refused(body), Some(("/InvoiceRows/1/Description".to_owned(), '🪑')));
    }
}
