//! Payments from customers.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::schema::Entity;
use super::state::State;
use super::table::{Key, plain};
use super::values::{cents, json, or_zero};
use crate::{Json, Object};

/// Somebody pays what is left of an invoice, or one part in `parts` of it.
pub(crate) fn of_invoice(
    state: &mut State,
    invoice: &Key,
    day: NaiveDate,
    parts: i64,
    now: DateTime<Utc>,
) -> Option<Key> {
    let left = or_zero(state.get(Entity::Invoices, invoice)?.object.get("Balance"));
    let amount = cents(left / Decimal::from(parts.max(1)));
    let mut payment = Object::default()
        .with("InvoiceNumber", Json::decimal(invoice.text.clone()))
        .with("PaymentDate", day.to_string())
        .with("AmountCurrency", json(amount));
    complete(state, &mut payment);
    Some(state.put(Entity::InvoicePayments, payment, now))
}

/// What a payment has from its invoice.
pub(crate) fn complete(state: &mut State, payment: &mut Object) {
    let number = payment.get("InvoiceNumber").map(plain).unwrap_or_default();
    let Some(invoice) = state.get(Entity::Invoices, &Key::new(number)) else { return };
    let invoice = invoice.object.clone();
    let of_invoice = |name: &str| invoice.get(name).cloned().unwrap_or(Json::Null);
    for (name, from) in [
        ("InvoiceCustomerName", "CustomerName"),
        ("InvoiceCustomerNumber", "CustomerNumber"),
        ("InvoiceDueDate", "DueDate"),
        ("InvoiceOCR", "OCR"),
        ("InvoiceTotal", "Total"),
        ("ExternalInvoiceReference1", "ExternalInvoiceReference1"),
        ("ExternalInvoiceReference2", "ExternalInvoiceReference2"),
    ] {
        payment.set(name, of_invoice(from));
    }
    let mut unless_set = |name: &'static str, value: Json| {
        if payment.get(name).is_none_or(Json::is_null) {
            payment.set(name, value);
        }
    };
    for name in ["Currency", "CurrencyRate", "CurrencyUnit"] {
        unless_set(name, of_invoice(name));
    }
    unless_set("ModeOfPayment", "BG".into());
    unless_set("ModeOfPaymentAccount", 1930_i64.into());
    unless_set("Source", "manual".into());
    unless_set("Booked", false.into());
    // Either amount follows from the other by the rate.
    let (rate, unit) = (or_zero(payment.get("CurrencyRate")), or_zero(payment.get("CurrencyUnit")));
    let amount = payment.get("Amount").filter(|value| !value.is_null()).map(|value| or_zero(Some(value)));
    let foreign =
        payment.get("AmountCurrency").filter(|value| !value.is_null()).map(|value| or_zero(Some(value)));
    if rate.is_zero() || unit.is_zero() {
        return;
    }
    match (amount, foreign) {
        (None, Some(foreign)) => payment.set("Amount", json(cents(foreign * rate / unit))),
        (Some(amount), None) => payment.set("AmountCurrency", json(cents(amount * unit / rate))),
        _ => {}
    }
    if payment.get("Number").is_none_or(Json::is_null) {
        payment.set("Number", state.table(Entity::InvoicePayments).next_number().to_string());
    }
}
