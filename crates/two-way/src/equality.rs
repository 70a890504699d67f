//! Whether two values of a field are the same, by the field's type.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, NaiveDate};
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use tieline_core::{RawJson, comparable, exact};

/// The type of a field's values: when two of them count as the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueType {
    /// Texts that differ in letters, and any other JSON that differs in a value. White space at the ends, invisible
    /// characters and the Unicode form of a text make no difference.
    #[default]
    Text,
    /// Decimal numbers, as JSON numbers or as texts: `1.5`, `1.50` and `"1.5"` are the same.
    Decimal,
    /// Times with a zone: the same instant. A date is the same date.
    Time,
    /// A list whose order and repetitions mean nothing.
    Set,
}

impl ValueType {
    /// Returns whether two values are the same.
    pub fn same(self, left: &RawJson, right: &RawJson) -> bool {
        left == right || self.normal(left) == self.normal(right)
    }

    /// Returns the value in a form of which two are the same text when the values are the same.
    pub(crate) fn normal(self, value: &RawJson) -> String {
        let plain = || normal_json(value.get());
        match self {
            Self::Text => plain(),
            Self::Decimal => decimal(value.get()).map_or_else(plain, |number| number.normalize().to_string()),
            Self::Time => time(value.get()).unwrap_or_else(plain),
            Self::Set => match elements(value) {
                Some(elements) => {
                    let normal: BTreeSet<String> =
                        elements.iter().map(|element| normal_json(element.get())).collect();
                    normal.into_iter().collect::<Vec<_>>().join("\u{1f}")
                }
                None => plain(),
            },
        }
    }
}

/// The elements of a list; null is the empty list.
pub(crate) fn elements(value: &RawJson) -> Option<Vec<RawJson>> {
    if value.get() == "null" {
        return Some(Vec::new());
    }
    let elements: Vec<&RawValue> = value.view().ok()?;
    Some(elements.into_iter().map(RawJson::from_raw).collect())
}

/// A JSON text without white space between tokens, with members in the order of their names, texts in their comparable
/// form and numbers without zeros at the end of a fraction. Texts and numbers stay apart.
fn normal_json(text: &str) -> String {
    let trimmed = text.trim();
    match trimmed.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(trimmed) {
            Ok(text) => format!("\"{}", comparable(&text)),
            Err(_) => trimmed.to_owned(),
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(trimmed) {
            Ok(elements) => {
                let elements: Vec<String> =
                    elements.into_iter().map(|element| normal_json(element.get())).collect();
                format!("[{}]", elements.join("\u{1e}"))
            }
            Err(_) => trimmed.to_owned(),
        },
        Some(b'{') => match serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(trimmed) {
            Ok(members) => {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, member)| format!("{name}\u{1d}{}", normal_json(member.get())))
                    .collect();
                format!("{{{}}}", members.join("\u{1e}"))
            }
            Err(_) => trimmed.to_owned(),
        },
        Some(b'-' | b'0'..=b'9') => {
            decimal(trimmed).map_or_else(|| trimmed.to_owned(), |number| number.normalize().to_string())
        }
        _ => trimmed.to_owned(),
    }
}

/// The decimal that a number or a text writes.
fn decimal(json: &str) -> Option<Decimal> {
    let json = json.trim();
    if json.starts_with('"') {
        let text: String = serde_json::from_str(json).ok()?;
        return exact::decimal(text.trim()).ok();
    }
    exact::decimal(json).ok()
}

/// The instant or the date that a text writes.
fn time(json: &str) -> Option<String> {
    let text: String = serde_json::from_str(json).ok()?;
    let text = text.trim();
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.to_string());
    }
    let instant = text.parse::<DateTime<FixedOffset>>().ok()?;
    Some(instant.to_utc().to_rfc3339())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(kind: ValueType, left: &str, right: &str) -> bool {
        kind.same(&RawJson::parse(left).unwrap(), &RawJson::parse(right).unwrap())
    }

    #[test]
    fn values_are_compared_by_their_type() {
        use ValueType::{Decimal, Set, Text, Time};
        for (kind, left, right) in [
            (Text, r#"" Åkeri AB""#, r#""A\u030akeri AB\u200b""#),
            (Text, "1.50", "1.5"),
            (Text, r#"{"a":1,"b":[1, 2]}"#, r#"{ "b":[1,2], "a":1.0 }"#),
            (Decimal, "\"1250.10\"", "1250.1"),
            (Decimal, "1e3", "1000"),
            (Time, r#""2026-01-10T08:00:00Z""#, r#""2026-01-10T09:00:00+01:00""#),
            (Time, r#""2026-01-10T08:00:00.000Z""#, r#""2026-01-10 08:00:00+00:00""#),
            (Set, "[1,2,2]", "[2,1]"),
            (Set, "null", "[]"),
        ] {
            assert!(same(kind, left, right), "{kind:?} {left} {right}");
        }
        for (kind, left, right) in [
            (Text, r#""a""#, r#""A""#),
            (Text, r#""1""#, "1"),
            (Text, "null", r#""""#),
            (Decimal, "0", "null"),
            (Decimal, "12345678901234567890.01", "12345678901234567890.02"),
            (Time, r#""2026-01-10""#, r#""2026-01-11""#),
            (Time, r#""2026-01-10T08:00:00Z""#, r#""2026-01-10T08:00:01Z""#),
            (Set, "[1]", "[2]"),
            (Text, "[1,2]", "[2,1]"),
        ] {
            assert!(!same(kind, left, right), "{kind:?} {left} {right}");
        }
    }
}
