//! A value on its way through the steps: borrowed from the record's text as long as possible.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tieline_core::{RawJson, comparable};

use crate::digits::Digits;
use crate::scan::plain_end;

/// Deeper values are compared as they are written.
const DEEPEST: usize = 64;

#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    /// As JSON writes it.
    Number(Cow<'a, str>),
    /// Unescaped.
    Text(Cow<'a, str>),
    /// A list or an object, as JSON writes it. Also a text that holds no valid Unicode.
    Json(Cow<'a, str>),
}

/// A set of JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(pub(crate) u8);

impl Kinds {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOL: Self = Self(2);
    pub(crate) const NUMBER: Self = Self(4);
    pub(crate) const TEXT: Self = Self(8);
    pub(crate) const LIST: Self = Self(16);
    pub(crate) const OBJECT: Self = Self(32);
    pub(crate) const SCALAR: Self = Self(2 | 4 | 8);
    pub(crate) const ANY: Self = Self(63);

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl<'a> Val<'a> {
    /// Of a value as it stands in a record.
    pub(crate) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'"') => match text(raw) {
                Some(text) => Self::Text(text),
                None => Self::Json(Cow::Borrowed(raw)),
            },
            Some(b'{' | b'[') => Self::Json(Cow::Borrowed(raw)),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(Cow::Borrowed(raw)),
        }
    }

    /// The same for a text that does not live as long.
    pub(crate) fn owned(raw: &str) -> Val<'static> {
        Val::of(raw).into_owned()
    }

    pub(crate) fn into_owned(self) -> Val<'static> {
        match self {
            Self::Null => Val::Null,
            Self::Bool(value) => Val::Bool(value),
            Self::Number(text) => Val::Number(Cow::Owned(text.into_owned())),
            Self::Text(text) => Val::Text(Cow::Owned(text.into_owned())),
            Self::Json(text) => Val::Json(Cow::Owned(text.into_owned())),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Its type, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Json(text) => match text.as_bytes().first() {
                Some(b'{') => "an object",
                Some(b'[') => "a list",
                _ => "a text that is no valid Unicode",
            },
        }
    }

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) | Self::Json(text) => out.push_str(text),
            Self::Text(text) => quote(text, out),
        }
    }

    pub(crate) fn to_json(&self) -> RawJson {
        let mut text = String::new();
        self.write(&mut text);
        RawJson::from_checked(&text)
    }

    /// As it is compared in tables, rules and look-ups: a text in its comparable form, a number as the shortest text
    /// that writes it, anything else as it is written.
    pub(crate) fn word(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed("null"),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(text) => plain_number(text),
            Self::Json(text) => Cow::Borrowed(text),
            Self::Text(text) => comparable(text),
        }
    }
}

/// `7` for `7.0` and `7e0`: a number whose digits write it in one way.
pub(crate) fn plain_number(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    Digits::parse(text).map_or(Cow::Borrowed(text), |digits| Cow::Owned(digits.trimmed().write()))
}

/// The text of a JSON string; `None` when it is none, or holds half a surrogate pair.
pub(crate) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Writes a text as a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    if plain_end(text.as_bytes(), 0) < text.len() {
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                low if low < ' ' => {
                    const HEX: [char; 16] =
                        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                    let low = low as usize;
                    out.push_str("\\u00");
                    out.extend(HEX.get(low >> 4));
                    out.extend(HEX.get(low & 15));
                }
                other => out.push(other),
            }
        }
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// The items of a list as they are written.
pub(crate) fn items(json: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// Whether two JSON texts say the same: numbers by their value, objects whatever the order of their members.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one == other || same_at(one, other, 0)
}

fn same_at(one: &str, other: &str, depth: usize) -> bool {
    let (one, other) = (one.trim_ascii(), other.trim_ascii());
    if one == other {
        return true;
    }
    let kind = |text: &str| match text.as_bytes().first() {
        Some(first @ (b'"' | b'{' | b'[')) => *first,
        Some(b'-' | b'0'..=b'9') => b'0',
        _ => b'n',
    };
    if kind(one) != kind(other) || depth > DEEPEST {
        return false;
    }
    match kind(one) {
        b'"' => text(one).is_some_and(|text_one| Some(text_one) == text(other)),
        b'0' => Digits::parse(one)
            .zip(Digits::parse(other))
            .is_some_and(|(one, other)| one.trimmed() == other.trimmed()),
        b'[' => items(one).zip(items(other)).is_some_and(|(one, other)| {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| same_at(one, other, depth + 1))
        }),
        b'{' => members(one).zip(members(other)).is_some_and(|(one, other)| {
            one.len() == other.len()
                && one.iter().zip(&other).all(|((name_one, one), (name, other))| {
                    name_one == name && same_at(one.get(), other.get(), depth + 1)
                })
        }),
        _ => false,
    }
}

/// The members of an object by name; the last of a name stands.
fn members(json: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(json).ok()
}

/// The members of an object in the order in which they are written.
pub(crate) fn members_in_order(json: &str) -> Option<Vec<(String, &str)>> {
    struct Members;

    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                members.push((name, value.get()));
            }
            Ok(members)
        }
    }

    serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(json), Members).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_the_same() {
        for (one, other) in [
            ("1.50", "1.5"),
            ("1e2", "100"),
            ("0", "-0.0"),
            (r#""\u00e5""#, r#""å""#),
            (r#"{"a":1,"b":[2.0]}"#, r#"{ "b": [2], "a": 1 }"#),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("1", r#""1""#),
            ("12345678901234567.89", "12345678901234567.88"),
            ("null", "false"),
            ("true", "false"),
            ("[1,2]", "[2,1]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            (r#""\ud800""#, r#""\ud801""#),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(!same(&deep, &format!(" {deep} ").replace("[]", "[1]")));
    }

    #[test]
    fn texts_are_quoted_as_serde_json_quotes_them() {
        for text in ["", "plain å", "a\"b\\c", "\n\r\t\u{1}\u{1f}\u{7f}\u{8}\u{c}"] {
            let mut out = String::new();
            quote(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
