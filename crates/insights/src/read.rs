//! Reading a standard invoice from JSON, with one word on what is wrong and never the value itself.

use std::borrow::Cow;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use tieline_core::{FieldPath, Issue, Key, RawJson, exact};

use crate::invoice::{InvoiceKind, InvoiceStatus, StandardInvoice};

/// The fields as they stand in the text.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    number: Option<&'a RawValue>,
    #[serde(borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    customer_id: Option<&'a RawValue>,
    #[serde(borrow)]
    customer_name: Option<&'a RawValue>,
    #[serde(borrow)]
    invoice_date: Option<&'a RawValue>,
    #[serde(borrow)]
    due_date: Option<&'a RawValue>,
    #[serde(borrow)]
    currency: Option<&'a RawValue>,
    #[serde(borrow)]
    net: Option<&'a RawValue>,
    #[serde(borrow)]
    vat: Option<&'a RawValue>,
    #[serde(borrow)]
    gross: Option<&'a RawValue>,
    #[serde(borrow)]
    accounting_currency: Option<&'a RawValue>,
    #[serde(borrow)]
    accounting_net: Option<&'a RawValue>,
    #[serde(borrow)]
    currency_rate: Option<&'a RawValue>,
    #[serde(borrow)]
    currency_unit: Option<&'a RawValue>,
    #[serde(borrow)]
    paid: Option<&'a RawValue>,
    #[serde(borrow)]
    open: Option<&'a RawValue>,
    #[serde(borrow)]
    credit_reference: Option<&'a RawValue>,
}

impl StandardInvoice {
    /// Reads it. The issue names the invoice, the field, and what stands there in place of what was expected.
    pub fn read(json: &RawJson) -> Result<Self, Issue> {
        let fields: Fields<'_> = serde_json::from_str(json.get())
            .map_err(|_| Issue::new("this is no object with each field at most once").refused())?;
        let id = text("id", fields.id)?.ok_or_else(|| missing("id"))?;
        fields.read(id.clone()).map_err(|mut issue| {
            issue.key = Some(Key::new(id));
            issue
        })
    }
}

impl Fields<'_> {
    fn read(&self, id: String) -> Result<StandardInvoice, Issue> {
        let kind = word("kind", self.kind, |word| match word {
            "invoice" => Some(InvoiceKind::Invoice),
            "credit_note" => Some(InvoiceKind::CreditNote),
            _ => None,
        })?;
        let status = word("status", self.status, |word| match word {
            "draft" => Some(InvoiceStatus::Draft),
            "booked" => Some(InvoiceStatus::Booked),
            "cancelled" => Some(InvoiceStatus::Cancelled),
            _ => None,
        })?;
        let currency = text("currency", self.currency)?.ok_or_else(|| missing("currency"))?;
        Ok(StandardInvoice {
            number: text("number", self.number)?,
            customer_id: text("customer_id", self.customer_id)?,
            customer_name: text("customer_name", self.customer_name)?,
            invoice_date: date("invoice_date", self.invoice_date)?,
            due_date: date("due_date", self.due_date)?,
            net: amount("net", self.net)?,
            vat: amount("vat", self.vat)?,
            gross: amount("gross", self.gross)?,
            accounting_currency: text("accounting_currency", self.accounting_currency)?,
            accounting_net: amount("accounting_net", self.accounting_net)?,
            currency_rate: amount("currency_rate", self.currency_rate)?,
            currency_unit: amount("currency_unit", self.currency_unit)?,
            paid: amount("paid", self.paid)?,
            open: amount("open", self.open)?,
            credit_reference: text("credit_reference", self.credit_reference)?,
            ..StandardInvoice::new(id, kind, status, currency)
        })
    }
}

impl TryFrom<RawJson> for StandardInvoice {
    type Error = Issue;

    fn try_from(json: RawJson) -> Result<Self, Issue> {
        Self::read(&json)
    }
}

fn missing(field: &str) -> Issue {
    bad(field, "it is missing".to_owned())
}

/// An invoice that is left out because of a field.
pub(crate) fn bad(field: &str, why: String) -> Issue {
    Issue::new(why).at(FieldPath::field(field)).refused()
}

fn expected(field: &str, raw: &RawValue, what: &str) -> Issue {
    let kind = match raw.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    };
    bad(field, format!("{kind} stands where {what} is expected"))
}

/// A text, or a number as it is written; `None` when it is absent or empty.
fn text(field: &str, raw: Option<&RawValue>) -> Result<Option<String>, Issue> {
    let Some(raw) = raw else { return Ok(None) };
    let text = match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Cow<'_, str>>(raw.get())
            .map_err(|_| expected(field, raw, "a text"))?
            .trim()
            .to_owned(),
        Some(b'-' | b'0'..=b'9') => raw.get().to_owned(),
        _ => return Err(expected(field, raw, "a text")),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn word<T>(field: &str, raw: Option<&RawValue>, known: impl Fn(&str) -> Option<T>) -> Result<T, Issue> {
    let word = text(field, raw)?.ok_or_else(|| missing(field))?;
    let words = if field == "kind" { "invoice or credit_note" } else { "draft, booked or cancelled" };
    known(&word).ok_or_else(|| bad(field, format!("another word stands where {words} is expected")))
}

fn amount(field: &str, raw: Option<&RawValue>) -> Result<Option<Decimal>, Issue> {
    let Some(raw) = raw else { return Ok(None) };
    if raw.get().trim_matches('"').trim().is_empty() {
        return Ok(None);
    }
    exact::from_raw(raw).map(Some).map_err(|_| expected(field, raw, "a decimal of at most 28 digits"))
}

fn date(field: &str, raw: Option<&RawValue>) -> Result<Option<NaiveDate>, Issue> {
    let Some(text) = text(field, raw)? else { return Ok(None) };
    let parsed = NaiveDate::parse_from_str(&text, "%Y-%m-%d");
    match (parsed, raw) {
        (Ok(date), _) => Ok(Some(date)),
        (Err(_), Some(raw)) => Err(expected(field, raw, "a date such as 2026-01-31")),
        (Err(_), None) => Ok(None),
    }
}
