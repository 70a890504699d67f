//! Figures worked out by hand, laws, and messages.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod figures;
mod key_figures;
mod laws;
mod messages;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use tieline_insights::{InvoiceKind, InvoiceStatus, Rules, StandardInvoice};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A booked invoice in kronor.
fn invoice(id: &str, customer: &str, date: &str, net: &str) -> StandardInvoice {
    let mut invoice = StandardInvoice::new(id, InvoiceKind::Invoice, InvoiceStatus::Booked, "SEK");
    invoice.customer_id = Some(customer.to_owned());
    invoice.customer_name = Some(format!("Kund {customer}"));
    invoice.invoice_date = Some(day(date));
    invoice.net = Some(amount(net));
    invoice
}

/// The invoice with something changed.
fn with(mut invoice: StandardInvoice, change: impl FnOnce(&mut StandardInvoice)) -> StandardInvoice {
    change(&mut invoice);
    invoice
}

fn credit_note(id: &str, customer: &str, date: &str, net: &str) -> StandardInvoice {
    let mut note = invoice(id, customer, date, net);
    note.kind = InvoiceKind::CreditNote;
    note
}

/// Three months: January to March 2026, after October to December 2025.
fn quarter() -> Rules {
    Rules::new("SEK", day("2026-04-15")).with_months(3)
}
