//! Values as cells. Nothing that is written is taken for a formula or a date that it was not meant to be.

use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::grid::Kind;
use crate::header::Column;
use crate::table::Table;
use crate::times;

/// The most characters of a cell.
const LONGEST: usize = 50_000;
/// Digits that every double keeps.
const DIGITS: usize = 15;

/// A cell as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewCell {
    /// The value as JSON; `None` to empty the cell.
    value: Option<String>,
    /// The number format as JSON, where the value needs one.
    format: Option<&'static str>,
}

impl NewCell {
    pub(crate) fn has_format(&self) -> bool {
        self.format.is_some()
    }

    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self { value: Some(format!("{{\"stringValue\":{}}}", serde_json::Value::from(text))), format: None }
    }

    /// Adds the cell to a request.
    pub(crate) fn put(&self, request: &mut String) {
        request.push('{');
        if let Some(value) = &self.value {
            request.push_str("\"userEnteredValue\":");
            request.push_str(value);
        }
        if let Some(format) = self.format {
            request.push_str(",\"userEnteredFormat\":{\"numberFormat\":");
            request.push_str(format);
            request.push('}');
        }
        request.push('}');
    }
}

/// The cell of a value, or the problem with it.
pub(crate) fn encode(table: &Table, column: &Column, value: &RawValue) -> Result<NewCell, &'static str> {
    let text = value.get();
    let plain = |value: String| Ok(NewCell { value: Some(value), format: None });
    match text.as_bytes().first() {
        Some(b'n') => Ok(NewCell::default()),
        Some(b't' | b'f') => plain(format!("{{\"boolValue\":{text}}}")),
        Some(b'"') => {
            let words: String = serde_json::from_str(text).map_err(|_| "the text cannot be read")?;
            if words.chars().count() > LONGEST {
                return Err("the text has more than 50,000 characters, which is the most that a cell takes");
            }
            if let Some(cell) = time(table, column, &words) {
                return Ok(cell);
            }
            plain(format!("{{\"stringValue\":{text}}}"))
        }
        Some(b'-' | b'0'..=b'9') => match fits(text) {
            true => plain(format!("{{\"numberValue\":{text}}}")),
            // As text it keeps its digits.
            false => plain(format!("{{\"stringValue\":\"{text}\"}}")),
        },
        _ => Err("a cell takes a text, a number, a boolean or null, no list and no object"),
    }
}

/// A date or time in a column of such.
fn time(table: &Table, column: &Column, text: &str) -> Option<NewCell> {
    let (number, format) = match column.kind? {
        kind @ (Kind::Date | Kind::DateTime) => {
            let (number, has_time) = times::serial(text, table.zone)?;
            let number = number.checked_sub(Decimal::from(table.days))?;
            let format = match (kind, has_time) {
                (Kind::Date, false) => r#"{"type":"DATE"}"#,
                _ => r#"{"type":"DATE_TIME"}"#,
            };
            (number, format)
        }
        Kind::Time => (times::part_of_day(text)?, r#"{"type":"TIME"}"#),
        _ => return None,
    };
    Some(NewCell { value: Some(format!("{{\"numberValue\":{}}}", number.normalize())), format: Some(format) })
}

/// Whether a double keeps all digits of a number.
fn fits(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    significant <= DIGITS
        && exponent.parse::<i32>().is_ok_and(|exponent| exponent.abs() < 250)
        && digits.len() < 50
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_double_keeps() {
        for number in ["1250.5", "-0.1", "123456789012345", "1e10", "100000000000000000000"] {
            assert!(fits(number), "{number}");
        }
        for number in ["1234567890123456789", "0.12345678901234567", "1e99999", "12345678901234567.890"] {
            assert!(!fits(number), "{number}");
        }
    }
}
