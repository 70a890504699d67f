//! The standard invoice.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tieline_core::RawJson;

/// An invoice or a credit note to a customer, the same whatever accounting system it comes from.
///
/// As JSON it is one flat object; amounts are texts such as `"1250.00"` (numbers are read too, digit for digit), dates
/// are `2026-01-31`. A field that is absent, null or an empty text is not known. Unknown fields are passed over.
///
/// ```
/// use tieline_core::RawJson;
/// use tieline_insights::StandardInvoice;
///
/// let invoice = StandardInvoice::read(&RawJson::parse(
///     r#"{"id":"204","kind":"invoice","status":"booked","customer_id":"1001","customer_name":"Åkeri AB",
///         "invoice_date":"2026-01-31","currency":"SEK","net":"1250.00","vat":"312.50","gross":"1562.50"}"#,
/// )?);
/// assert_eq!(invoice.ok().and_then(|invoice| invoice.net).map(|net| net.to_string()).as_deref(), Some("1250.00"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawJson")]
#[non_exhaustive]
pub struct StandardInvoice {
    /// What identifies it in the accounting system.
    pub id: String,
    /// The number that the customer reads on it.
    pub number: Option<String>,
    /// Invoice or credit note.
    pub kind: InvoiceKind,
    /// How far it got.
    pub status: InvoiceStatus,
    /// What identifies the customer.
    pub customer_id: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The date of the invoice. It decides which month the revenue belongs to.
    pub invoice_date: Option<NaiveDate>,
    /// When it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// The currency of the document, as three letters (ISO 4217).
    pub currency: String,
    /// Without VAT, in the document's currency. On a credit note the sign does not matter: it is always a deduction.
    pub net: Option<Decimal>,
    /// The VAT, in the document's currency.
    pub vat: Option<Decimal>,
    /// With VAT, in the document's currency.
    pub gross: Option<Decimal>,
    /// The currency that the books are kept in, for `accounting_net` and `currency_rate`.
    pub accounting_currency: Option<String>,
    /// The net amount in the currency of the books, where the system gives it.
    pub accounting_net: Option<Decimal>,
    /// What `currency_unit` units of the document's currency cost in the currency of the books.
    pub currency_rate: Option<Decimal>,
    /// How many units the rate is for. 1 when not known.
    pub currency_unit: Option<Decimal>,
    /// What was paid, with VAT, in the document's currency.
    pub paid: Option<Decimal>,
    /// What is still to be paid, with VAT, in the document's currency.
    pub open: Option<Decimal>,
    /// The other half of a credit: on a credit note the id of the invoice that it is for, on a credited invoice the id of
    /// its credit note.
    pub credit_reference: Option<String>,
}

impl StandardInvoice {
    /// An invoice of which nothing else is known.
    pub fn new(
        id: impl Into<String>,
        kind: InvoiceKind,
        status: InvoiceStatus,
        currency: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            number: None,
            kind,
            status,
            customer_id: None,
            customer_name: None,
            invoice_date: None,
            due_date: None,
            currency: currency.into(),
            net: None,
            vat: None,
            gross: None,
            accounting_currency: None,
            accounting_net: None,
            currency_rate: None,
            currency_unit: None,
            paid: None,
            open: None,
            credit_reference: None,
        }
    }
}

/// Whether something is owed or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceKind {
    /// `invoice`.
    Invoice,
    /// `credit_note`.
    CreditNote,
}

/// How far an invoice got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// `draft`: not in the books yet. It counts nowhere.
    Draft,
    /// `booked`: in the books, whether paid or not. Only these count.
    Booked,
    /// `cancelled`: taken back. It counts nowhere.
    Cancelled,
}
