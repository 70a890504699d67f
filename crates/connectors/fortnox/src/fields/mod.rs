//! The fields of each entity, as data: what a list shows, what only a single record shows, and what can be written.
//!
//! Source: the schemas of <https://apps.fortnox.se/apidocs>.

mod documents;
mod ledger;
mod registers;

use serde_json::{Map, Value, json};

use self::Shape::{Date, Decimal, DecimalText, Flag, Int, Object, Ref, Rows, Text, Word};
pub(crate) use documents::{INVOICES, OFFERS, ORDERS};
pub(crate) use ledger::{ACCOUNTS, COMPANY, FINANCIAL_YEARS, INVOICE_PAYMENTS, SUPPLIER_INVOICES, VOUCHERS};
pub(crate) use registers::{ARTICLES, COST_CENTERS, CUSTOMERS, PROJECTS, SUPPLIERS};

/// A field of a record, or of a part of one.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Whether the rows of a list have it.
    pub(crate) listed: bool,
    /// Whether a single record has it.
    pub(crate) detailed: bool,
    pub(crate) writable: bool,
}

/// What a field holds. Fortnox writes the same number as a number here and as a text there, so that each may be either.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    Decimal,
    /// A number that Fortnox describes as a text.
    DecimalText,
    Int,
    Flag,
    Date,
    /// One of these words.
    Word(&'static [&'static str]),
    /// The number of a record of another entity.
    Ref(&'static str),
    Object(&'static [Field]),
    Rows(&'static [Field]),
}

const fn field(name: &'static str, shape: Shape, listed: bool, detailed: bool, writable: bool) -> Field {
    Field { name, shape, listed, detailed, writable }
}

/// In lists and single records, and writable.
const fn list_rw(name: &'static str, shape: Shape) -> Field {
    field(name, shape, true, true, true)
}

/// In lists and single records; Fortnox sets it.
const fn list_ro(name: &'static str, shape: Shape) -> Field {
    field(name, shape, true, true, false)
}

/// In lists alone.
const fn list_only(name: &'static str, shape: Shape) -> Field {
    field(name, shape, true, false, false)
}

/// In single records alone, and writable.
const fn detail_rw(name: &'static str, shape: Shape) -> Field {
    field(name, shape, false, true, true)
}

/// In single records alone; Fortnox sets it.
const fn detail_ro(name: &'static str, shape: Shape) -> Field {
    field(name, shape, false, true, false)
}

/// Within a row or an object, and writable.
const fn part(name: &'static str, shape: Shape) -> Field {
    field(name, shape, false, true, true)
}

/// Within a row or an object; Fortnox sets it.
const fn part_ro(name: &'static str, shape: Shape) -> Field {
    field(name, shape, false, true, false)
}

impl Shape {
    /// The word for it in a field's description.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Text | Ref(_) => "string",
            Decimal | DecimalText => "decimal",
            Int => "integer",
            Flag => "boolean",
            Date => "date",
            Word(_) => "enum",
            Object(_) => "object",
            Rows(_) => "array",
        }
    }

    /// Its JSON Schema. Any field may be null, and a text in place of what it holds: `""` for nothing, `"API_NORIGHT"`
    /// where a licence is missing.
    pub(crate) fn schema(self) -> Value {
        match self {
            Text | Ref(_) | Word(_) | Decimal | DecimalText => {
                json!({ "type": ["string", "number", "null"] })
            }
            Int => json!({ "type": ["integer", "string", "null"] }),
            Flag => json!({ "type": ["boolean", "string", "null"] }),
            Date => json!({ "type": ["string", "null"] }),
            Object(parts) => {
                json!({ "type": ["object", "string", "null"], "properties": properties(parts) })
            }
            Rows(parts) => json!({
                "type": ["array", "string", "null"],
                "items": { "type": "object", "properties": properties(parts) },
            }),
        }
    }

    /// Whether a JSON text can be written to it.
    pub(crate) fn takes(self, json: &str) -> bool {
        let is_text = json.starts_with('"');
        match self {
            Text | Ref(_) | Date | Word(_) => is_text,
            Decimal | DecimalText => tieline_core::exact::decimal(bare(json)).is_ok(),
            Int => {
                let text = bare(json);
                let digits = text.strip_prefix('-').unwrap_or(text);
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
            Flag => matches!(json, "true" | "false"),
            Object(_) => json.starts_with('{'),
            Rows(_) => json.starts_with('['),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Text | Ref(_) | Word(_) => "a text",
            Date => "a date such as \"2026-01-31\"",
            Decimal | DecimalText => "a number",
            Int => "a whole number",
            Flag => "true or false",
            Object(_) => "an object",
            Rows(_) => "a list of objects",
        }
    }

    /// The fields of its parts.
    pub(crate) fn parts(self) -> &'static [Field] {
        match self {
            Object(parts) | Rows(parts) => parts,
            _ => &[],
        }
    }

    /// The values that it can take, when they are a list.
    pub(crate) fn choices(self) -> &'static [&'static str] {
        match self {
            Word(words) => words,
            _ => &[],
        }
    }
}

fn properties(parts: &[Field]) -> Map<String, Value> {
    parts.iter().map(|part| (part.name.to_owned(), part.shape.schema())).collect()
}

/// A number without the quotes around it.
fn bare(json: &str) -> &str {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json)
}
