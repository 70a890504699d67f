//! The fields of each entity, as data: what a list shows, what only a single record shows, and what can be written.
//!
//! Source: the schemas of <https://apps.fortnox.se/apidocs>.

mod documents;
mod ledger;
mod registers;
mod terms;

use tieline_core::{Choice, EntityField, EntityName, FieldPath, Text as CoreText};

use self::Shape::{Date, Decimal, DecimalText, Flag, Int, Object, Ref, Rows, Text, Word};
pub(crate) use documents::{CONTRACTS, INVOICES, OFFERS, ORDERS};
pub(crate) use ledger::{
    ACCOUNTS, COMPANY, FINANCIAL_YEARS, INVOICE_PAYMENTS, SUPPLIER_INVOICE_PAYMENTS, SUPPLIER_INVOICES,
    VOUCHERS,
};
pub(crate) use registers::{ARTICLES, COST_CENTERS, CUSTOMERS, PROJECTS, SUPPLIERS};
pub(crate) use terms::{
    CURRENCIES, DELIVERIES, FILES, LOCKED_PERIOD, MODES, PRICE_LISTS, PRICES, SUPPLIER_INVOICE_FILES, TERMS,
    UNITS, VOUCHER_FILES, VOUCHER_SERIES,
};

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

/// A number without the quotes around it.
fn bare(json: &str) -> &str {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json)
}

/// The fields of an entity, as a catalog lists them.
pub(crate) fn described(fields: &[Field]) -> Vec<EntityField> {
    fields.iter().map(entity_field).collect()
}

fn entity_field(described: &Field) -> EntityField {
    let title = readable(described.name);
    let field = EntityField::new(FieldPath::field(described.name), title, described.shape.word());
    let mut field = field.with_writable(described.writable);
    field.choices = described
        .shape
        .choices()
        .iter()
        .map(|word| Choice { value: CoreText::from_static(word), label: readable(word) })
        .collect();
    if let Ref(other) = described.shape {
        field.references.push(EntityName::from_static(other));
    }
    field
}

/// `InvoiceDate` as `Invoice date`, `VATType` as `VAT type`, `ACCRUAL` as it is.
fn readable(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins {
            words.push(' ');
        }
        // An abbreviation stays as it is.
        let alone = after.is_none_or(|after| !after.is_uppercase());
        let abbreviated = before.is_some_and(|before| before.is_uppercase()) && !begins;
        if begins && alone && !abbreviated {
            words.extend(letter.to_lowercase());
        } else {
            words.push(*letter);
        }
    }
    words
}
