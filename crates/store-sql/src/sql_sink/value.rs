//! A row's fields as texts that its columns take.

use serde_json::Value;
use tieline_core::{Issue, Key, RawJson, Result};
use tieline_store::RowIssue;

use super::{Mapped, SqlSink};
use crate::column_type::ColumnType;

impl SqlSink {
    /// The values of a row, a text for each column. One that does not fit its column is absent, and an issue.
    pub(super) fn values(
        &self,
        key: &Key,
        fields: &RawJson,
        issues: &mut Vec<RowIssue>,
    ) -> Result<Vec<Option<String>>> {
        let mut values = Vec::with_capacity(self.columns.len());
        for mapped in &self.columns {
            values.push(match value(fields, mapped)? {
                Fit::Value(value) => value,
                Fit::Misfit => {
                    let kind = format!("{:?}", mapped.kind).to_lowercase();
                    let message = format!(
                        "the value is no {kind}, so the column {} has none in this row",
                        mapped.column
                    );
                    issues.push(RowIssue::new(self.issue(key, Some(mapped), message)));
                    None
                }
            });
        }
        Ok(values)
    }

    /// An issue with a row, without any value of it.
    pub(super) fn issue(&self, key: &Key, mapped: Option<&Mapped>, message: String) -> Issue {
        let mut issue = Issue::new(format!("{}: {message}", self.table));
        issue.key = Some(key.clone());
        issue.path = mapped.map(|mapped| mapped.field.clone());
        issue
    }
}

/// A value as a column takes it.
enum Fit {
    /// The text that it takes, or nothing.
    Value(Option<String>),
    /// It cannot take it.
    Misfit,
}

/// A field's value as the column takes it. No number goes through a float.
fn value(fields: &RawJson, mapped: &Mapped) -> Result<Fit> {
    let Some(raw) = fields.at(mapped.field.as_str())? else { return Ok(Fit::Value(None)) };
    let text = raw.get();
    if text == "null" {
        return Ok(Fit::Value(None));
    }
    if mapped.kind == ColumnType::Json {
        return Ok(Fit::Value(Some(text.to_owned())));
    }
    let plain = match text.as_bytes().first() {
        Some(b'"') => match RawJson::from_raw(raw).view::<String>() {
            Ok(plain) => plain,
            // Half a surrogate is no text.
            Err(_) => return Ok(Fit::Misfit),
        },
        Some(b'{' | b'[') if mapped.kind != ColumnType::Text => return Ok(Fit::Misfit),
        _ => text.to_owned(),
    };
    let fits = match mapped.kind {
        ColumnType::Integer => plain.parse::<i64>().is_ok(),
        ColumnType::Boolean => matches!(plain.as_str(), "true" | "false"),
        ColumnType::Decimal => is_decimal(&plain),
        ColumnType::Date => chrono::NaiveDate::parse_from_str(&plain, "%Y-%m-%d").is_ok(),
        ColumnType::Time => chrono::DateTime::parse_from_rfc3339(&plain).is_ok(),
        ColumnType::Text | ColumnType::Json => true,
    };
    if !fits || plain.contains('\0') {
        return Ok(Fit::Misfit);
    }
    Ok(Fit::Value(Some(match (mapped.kind, plain.as_str()) {
        (ColumnType::Boolean, "true") => "1".to_owned(),
        (ColumnType::Boolean, _) => "0".to_owned(),
        _ => plain,
    })))
}

/// Digits with an optional sign, point and exponent, as JSON and both databases write numbers.
fn is_decimal(text: &str) -> bool {
    matches!(serde_json::from_str::<Value>(text), Ok(Value::Number(_)))
}
