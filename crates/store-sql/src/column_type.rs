//! The types of columns in the host's own tables.

use serde_json::Value;

use crate::sql::Dialect;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// A text.
    Text,
    /// A decimal number, exact: `numeric`. SQLite keeps it as text, so that no digit is lost.
    Decimal,
    /// A whole number of up to 64 bits: `bigint`.
    Integer,
    /// `true` or `false`: `boolean`.
    Boolean,
    /// A calendar date, as `2026-01-31`: `date`.
    Date,
    /// A time with its zone: `timestamptz`.
    Time,
    /// Any JSON value: `jsonb`.
    Json,
}

impl ColumnType {
    /// Returns the type that takes every value of a JSON Schema.
    pub fn of_schema(schema: &Value) -> Self {
        let mut kinds = Vec::new();
        collect_types(schema, &mut kinds);
        kinds.sort_unstable();
        kinds.dedup();
        kinds.retain(|kind| *kind != ("null", ""));
        match kinds.as_slice() {
            [("integer", _)] => Self::Integer,
            [("number", _)] | [("integer", _), ("number", _)] => Self::Decimal,
            [("boolean", _)] => Self::Boolean,
            [("string", "date")] => Self::Date,
            [("string", "date-time")] => Self::Time,
            texts if !texts.is_empty() && texts.iter().all(|(kind, _)| *kind == "string") => Self::Text,
            _ => Self::Json,
        }
    }

    pub(crate) fn sql(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Integer | Self::Boolean, Dialect::Sqlite) => "INTEGER",
            (_, Dialect::Sqlite) => "TEXT",
            (Self::Text, _) => "text",
            (Self::Decimal, _) => "numeric",
            (Self::Integer, _) => "bigint",
            (Self::Boolean, _) => "boolean",
            (Self::Date, _) => "date",
            (Self::Time, _) => "timestamptz",
            (Self::Json, _) => "jsonb",
        }
    }

    /// Returns the SQL that makes the column's value of a text.
    pub(crate) fn cast(self, dialect: Dialect, text: &str) -> String {
        match (self, dialect) {
            (Self::Integer | Self::Boolean, Dialect::Sqlite) => format!("CAST({text} AS INTEGER)"),
            (Self::Text, _) | (_, Dialect::Sqlite) => text.to_owned(),
            (kind, Dialect::Postgres) => format!("CAST({text} AS {})", kind.sql(dialect)),
        }
    }
}

/// Adds the types that a schema allows, each with the format of its texts. What it does not say is the type `any`.
fn collect_types<'s>(schema: &'s Value, to: &mut Vec<(&'s str, &'s str)>) {
    let format = schema.get("format").and_then(Value::as_str);
    let format = format.filter(|format| ["date", "date-time"].contains(format)).unwrap_or_default();
    let format_of = |kind: &str| if kind == "string" { format } else { "" };
    match (schema.get("type"), schema.get("anyOf").or_else(|| schema.get("oneOf"))) {
        (Some(Value::String(kind)), _) => to.push((kind, format_of(kind))),
        (Some(Value::Array(kinds)), _) => {
            to.extend(kinds.iter().filter_map(Value::as_str).map(|kind| (kind, format_of(kind))));
        }
        (_, Some(Value::Array(schemas))) => schemas.iter().for_each(|schema| collect_types(schema, to)),
        _ => to.push(("any", "")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_takes_every_value_of_its_schema() {
        for (schema, kind) in [
            (json!({"type": "string"}), ColumnType::Text),
            (json!({"type": ["integer", "null"]}), ColumnType::Integer),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}),
                ColumnType::Decimal,
            ),
            (json!({"type": ["string", "null"], "format": "date"}), ColumnType::Date),
            (
                json!({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
                ColumnType::Time,
            ),
            (json!({"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}), ColumnType::Text),
            (json!({"type": ["boolean"]}), ColumnType::Boolean),
            (json!({"type": ["string", "number"]}), ColumnType::Json),
            (json!({"type": "object"}), ColumnType::Json),
            (json!({}), ColumnType::Json),
            (json!({"type": "null"}), ColumnType::Json),
        ] {
            assert_eq!(ColumnType::of_schema(&schema), kind, "{schema}");
        }
    }
}
