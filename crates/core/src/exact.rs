//! Decimals read from JSON text without a detour through `f64`.
//!
//! ```
//! use rust_decimal::Decimal;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Deal {
//!     #[serde(with = "tieline_core::exact")]
//!     value: Decimal,
//!     #[serde(default, with = "tieline_core::exact::option")]
//!     tax: Option<Decimal>,
//! }
//!
//! let deal: Deal = serde_json::from_str(r#"{"value":12345678901234567.89,"tax":"0.25"}"#)?;
//! assert_eq!(deal.value.to_string(), "12345678901234567.89");
//! assert_eq!(deal.tax, Some(Decimal::new(25, 2)));
//! # Ok::<(), serde_json::Error>(())
//! ```

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;

use crate::{Error, ErrorKind, Result};

/// The decimal that a text writes, digit for digit; an error when `Decimal` cannot hold it exactly.
/// Exponents (`1.5e3`) are understood.
pub fn decimal(text: &str) -> Result<Decimal> {
    let refuse = |why: &'static str| {
        // The text may be anything that a customer typed, so it is not quoted.
        Error::new(ErrorKind::Decode, format!("a text of {} characters {why}", text.chars().count()))
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| refuse("is not a decimal number"))?)
        }
        None => (text, 0),
    };
    // `Decimal` also takes "1_000", which no provider writes.
    if mantissa.contains('_') {
        return Err(refuse("is not a decimal number"));
    }
    let value = Decimal::from_str_exact(mantissa).map_err(|error| match error {
        rust_decimal::Error::Underflow
        | rust_decimal::Error::ExceedsMaximumPossibleValue
        | rust_decimal::Error::LessThanMinimumPossibleValue
        | rust_decimal::Error::ScaleExceedsMaximumPrecision(_) => {
            refuse("has more digits than a decimal can hold exactly")
        }
        _ => refuse("is not a decimal number"),
    })?;
    shifted(value, exponent).ok_or_else(|| refuse("has more digits than a decimal can hold exactly"))
}

fn shifted(mut value: Decimal, exponent: i32) -> Option<Decimal> {
    if exponent == 0 || value.is_zero() {
        return Some(value);
    }
    let scale = i64::from(value.scale()) - i64::from(exponent);
    if scale >= 0 {
        value.set_scale(u32::try_from(scale).ok()?).ok()?;
        return Some(value);
    }
    value.set_scale(0).ok()?;
    let factor = 10i128.checked_pow(u32::try_from(-scale).ok()?)?;
    value.checked_mul(Decimal::try_from_i128_with_scale(factor, 0).ok()?)
}

/// The decimal of a JSON number, or of a JSON string that holds one.
pub fn from_raw(raw: &RawValue) -> Result<Decimal> {
    let text = raw.get();
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => decimal(inner.trim()),
        None => decimal(text),
    }
}

/// Reads a required decimal.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    from_raw(<&RawValue>::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// Writes a decimal as a JSON number, digit for digit.
pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(value.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// The same for a decimal that may be null, absent or the empty string.
pub mod option {
    use super::*;

    /// Reads an optional decimal.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        match raw.get() {
            "null" | "\"\"" => Ok(None),
            _ => from_raw(raw).map(Some).map_err(de::Error::custom),
        }
    }

    /// Writes an optional decimal as a JSON number or null.
    pub fn serialize<S: Serializer>(value: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_kept_or_the_number_is_refused() {
        for (text, expected) in [
            ("12345678901234567.89", "12345678901234567.89"),
            ("-0.10", "-0.10"),
            ("1.5e3", "1500"),
            ("1.5E-3", "0.0015"),
            ("0e9", "0"),
            ("100", "100"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ] {
            assert_eq!(decimal(text).unwrap().to_string(), expected, "{text}");
        }
        for text in
            ["", "x", "1_000", "1e", "1e99", "1e-99", "0.00000000000000000000000000001", "NaN", "1.2.3"]
        {
            assert!(decimal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn null_and_empty_are_none() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, with = "option")]
            v: Option<Decimal>,
        }
        for (json, expected) in
            [(r#"{"v":null}"#, None), (r#"{"v":""}"#, None), ("{}", None), (r#"{"v":" 1.0 "}"#, Some("1.0"))]
        {
            let row: Row = serde_json::from_str(json).unwrap();
            assert_eq!(row.v.map(|v| v.to_string()).as_deref(), expected, "{json}");
        }
        assert!(serde_json::from_str::<Row>(r#"{"v":true}"#).is_err());
    }
}
