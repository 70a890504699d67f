//! Values as Fortnox writes them: a number here is a text there, a flag is the text `"false"`, and `""` or
//! `"API_NORIGHT"` (a licence is missing) stand for nothing.

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tieline_core::exact;

const NO_RIGHT: &str = "API_NORIGHT";

/// The text of a value, or the JSON text of one that is none. `None` for nothing.
fn bare<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let text = if raw.starts_with('"') {
        serde_json::from_str::<String>(raw).map_err(D::Error::custom)?
    } else {
        raw.to_owned()
    };
    let trimmed = text.trim();
    let is_nothing = trimmed.is_empty() || trimmed == NO_RIGHT || raw == "null";
    Ok((!is_nothing).then_some(text))
}

fn wrong<E: serde::de::Error>(what: impl fmt::Display) -> E {
    // The value itself stays out of messages.
    E::custom(format_args!("a value is not {what}"))
}

/// A decimal, digit for digit.
pub(crate) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    match raw.get().trim_matches('"').trim() {
        "" | "null" | NO_RIGHT => Ok(None),
        _ => exact::from_raw(raw).map(Some).map_err(|_| wrong("a decimal number")),
    }
}

/// A text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    bare(deserializer)
}

/// A text that is always there.
pub(crate) fn always<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(bare(deserializer)?.unwrap_or_default())
}

/// A whole number.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    bare(deserializer)?.map(|text| text.trim().parse().map_err(|_| wrong("a whole number"))).transpose()
}

/// A flag; nothing is `false`.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match bare(deserializer)?.as_deref().map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(wrong("true or false")),
    }
}

/// A date.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    bare(deserializer)?.map(|text| text.trim().parse().map_err(|_| wrong("a date"))).transpose()
}

/// Rows; nothing is none.
pub(crate) fn rows<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?.get();
    if raw.starts_with('[') { serde_json::from_str(raw).map_err(D::Error::custom) } else { Ok(Vec::new()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "decimal")]
        sum: Option<Decimal>,
        #[serde(default, deserialize_with = "integer")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "flag")]
        is: bool,
        #[serde(default, deserialize_with = "text")]
        name: Option<String>,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn however_a_value_is_written() {
        for nothing in ["null", "\"\"", "\"API_NORIGHT\"", "\" \""] {
            let json = format!(r#"{{"sum":{nothing},"count":{nothing},"is":{nothing},"name":{nothing}}}"#);
            let row = row(&json);
            assert!(row.sum.is_none() && row.count.is_none() && !row.is && row.name.is_none(), "{nothing}");
        }
        for json in [
            r#"{"sum":12345678901234567.89,"count":7,"is":true,"name":1001}"#,
            r#"{"sum":"12345678901234567.89","count":"7","is":"true","name":"1001"}"#,
        ] {
            let row = row(json);
            assert_eq!(row.sum.unwrap().to_string(), "12345678901234567.89");
            assert_eq!((row.count, row.is, row.name.as_deref()), (Some(7), true, Some("1001")));
        }
        for wrong in [r#"{"sum":"1,5"}"#, r#"{"sum":true}"#, r#"{"count":1.5}"#, r#"{"is":"maybe"}"#] {
            let error = serde_json::from_str::<Row>(wrong).unwrap_err().to_string();
            assert!(error.contains("a value is not"), "{error}");
        }
    }
}
