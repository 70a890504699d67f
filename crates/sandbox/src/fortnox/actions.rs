//! What documents can be told to do besides being changed.

use chrono::{DateTime, Utc};

use super::document::{price, quantity_field};
use super::refusal::Refusal;
use super::schema::Entity;
use super::state::State;
use super::table::Key;
use super::values::{json, or_zero, reference};
use super::{document, ledger, local_time, mailing, routes};
use crate::{Json, Object};

/// Cancels an invoice that is not in the books yet.
pub(crate) fn cancel_invoice(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<(), Refusal> {
    if state.find(Entity::Invoices, key)?.flag("Booked") {
        return Err(Refusal::state("En bokförd faktura kan inte makuleras."));
    }
    state.change(Entity::Invoices, key, now, |invoice| {
        invoice.set("Cancelled", true);
        invoice.set("Balance", 0_i64);
    });
    Ok(())
}

/// Makes a credit note of an invoice; each names the other. Answers with the credit note's key.
pub(crate) fn credit_invoice(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<Key, Refusal> {
    let invoice = state.find(Entity::Invoices, key)?;
    if invoice.flag("Cancelled") || invoice.flag("Credit") {
        return Err(Refusal::state("Fakturan kan inte krediteras."));
    }
    if invoice.text("CreditInvoiceReference") != "0" {
        return Err(Refusal::state("Fakturan är redan krediterad."));
    }
    let mut credit = invoice.object.clone();
    for name in [
        "VoucherNumber",
        "VoucherSeries",
        "VoucherYear",
        "FinalPayDate",
        "LastRemindDate",
        "ExternalInvoiceReference1",
        "ExternalInvoiceReference2",
    ] {
        credit.remove(name);
    }
    let number = state.table(Entity::Invoices).next_number().to_string();
    let today = local_time::today(now).to_string();
    credit.set("OCR", reference(&number));
    credit.set("DocumentNumber", number.clone());
    credit.set("Credit", true);
    credit.set("Booked", false);
    credit.set("Sent", false);
    credit.set("Reminders", 0_i64);
    credit.set("CreditInvoiceReference", key.text.clone());
    credit.set("InvoiceDate", today.clone());
    credit.set("DueDate", today);
    for name in ["Freight", "AdministrationFee"] {
        let fee = or_zero(credit.get(name));
        credit.set(name, json(-fee));
    }
    let rows = credit
        .get("InvoiceRows")
        .and_then(Json::as_array)
        .unwrap_or_default()
        .iter()
        .map(reversed)
        .collect::<Vec<_>>();
    credit.set("InvoiceRows", rows);
    price(state, Entity::Invoices, &mut credit);
    credit.set("Balance", credit.get("Total").cloned().unwrap_or(Json::Null));
    let made = state.put(Entity::Invoices, credit, now);
    state.change(Entity::Invoices, key, now, |invoice| invoice.set("CreditInvoiceReference", number));
    Ok(made)
}

/// A row that takes back another.
fn reversed(row: &Json) -> Json {
    let mut row = row.as_object().cloned().unwrap_or_default();
    let quantity = or_zero(row.get("DeliveredQuantity"));
    row.set("DeliveredQuantity", json(-quantity));
    row.remove("RowId");
    row.into()
}

/// Makes an invoice of an order or an offer, or an order of an offer. Answers with the new document's key.
pub(crate) fn turn_into(
    state: &mut State,
    from: Entity,
    key: &Key,
    into: Entity,
    now: DateTime<Utc>,
) -> Result<Key, Refusal> {
    let record = state.find(from, key)?;
    let made = if into == Entity::Invoices { "InvoiceReference" } else { "OrderReference" };
    if record.flag("Cancelled") || record.text(made) != "0" {
        return Err(Refusal::state("Dokumentet kan inte göras om."));
    }
    let source = record.object.clone();
    let mut target = Object::default();
    for field in into.fields() {
        if let Some(value) = source.get(field.name).filter(|_| SHARED.contains(&field.name)) {
            target.set(field.name, value.clone());
        }
    }
    let rows = source.get(from.rows_field()).and_then(Json::as_array).unwrap_or_default();
    let rows: Vec<Json> = rows.iter().map(|row| carried(row, from, into)).collect();
    target.set(into.rows_field(), rows);
    target.set(if from == Entity::Orders { "OrderReference" } else { "OfferReference" }, key.text.clone());
    document::complete(state, into, &mut target, now);
    price(state, into, &mut target);
    if into == Entity::Invoices {
        target.set("Balance", target.get("Total").cloned().unwrap_or(Json::Null));
    }
    let new = state.put(into, target, now);
    state.change(from, key, now, |document| document.set(made, new.text.clone()));
    Ok(new)
}

/// Fields that a document hands on to the one that is made of it.
const SHARED: &[&str] = &[
    "CustomerNumber",
    "CustomerName",
    "Address1",
    "Address2",
    "ZipCode",
    "City",
    "Country",
    "OrganisationNumber",
    "Currency",
    "CurrencyRate",
    "CurrencyUnit",
    "TermsOfPayment",
    "OurReference",
    "YourReference",
    "YourOrderNumber",
    "CostCenter",
    "Project",
    "Freight",
    "AdministrationFee",
    "VATIncluded",
    "Comments",
    "Remarks",
    "Language",
    "ExternalInvoiceReference1",
    "ExternalInvoiceReference2",
];

fn carried(row: &Json, from: Entity, into: Entity) -> Json {
    let mut row = row.as_object().cloned().unwrap_or_default();
    let quantity = row.remove(quantity_field(from)).unwrap_or(Json::Null);
    for name in ["RowId", "DeliveredQuantity", "OrderedQuantity", "Quantity"] {
        row.remove(name);
    }
    row.set(quantity_field(into), quantity);
    row.into()
}

/// What a PUT below a document does: its answer is the document, or the one that was made of it.
pub(crate) fn perform(
    state: &mut State,
    entity: Entity,
    key: &Key,
    action: &str,
    now: DateTime<Utc>,
) -> Result<(Entity, Key), Refusal> {
    state.find(entity, key)?;
    match (entity, action) {
        (Entity::Invoices, "bookkeep") => ledger::bookkeep_invoice(state, key, now)?,
        (Entity::Invoices, "cancel") => cancel_invoice(state, key, now)?,
        (Entity::Invoices, "credit") => {
            credit_invoice(state, key, now)?;
        }
        (Entity::Invoices, "warehouseready") => {
            state.change(entity, key, now, |invoice| invoice.set("WarehouseReady", true));
        }
        (Entity::Invoices | Entity::Orders | Entity::Offers, "externalprint") => {
            mailing::mark_sent(state, entity, key, now);
        }
        (Entity::Orders | Entity::Offers, "cancel") => {
            state.change(entity, key, now, |document| document.set("Cancelled", true));
        }
        (Entity::Orders | Entity::Offers, "createinvoice") => {
            return Ok((Entity::Invoices, turn_into(state, entity, key, Entity::Invoices, now)?));
        }
        (Entity::Offers, "createorder") => {
            return Ok((Entity::Orders, turn_into(state, entity, key, Entity::Orders, now)?));
        }
        (Entity::InvoicePayments, "bookkeep") => ledger::bookkeep_payment(state, key, now)?,
        (Entity::SupplierInvoices, "bookkeep" | "approvalbookkeep") => {
            ledger::bookkeep_supplier_invoice(state, key, now)?;
        }
        (Entity::SupplierInvoices, "approvalpayment") => {
            state.change(entity, key, now, |invoice| invoice.set("PaymentPending", true));
        }
        (Entity::SupplierInvoices, "cancel") => cancel_supplier_invoice(state, key, now)?,
        (Entity::SupplierInvoices, "credit") => credit_supplier_invoice(state, key, now)?,
        _ => return Err(routes::no_route()),
    }
    Ok((entity, key.clone()))
}

fn cancel_supplier_invoice(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<(), Refusal> {
    if state.find(Entity::SupplierInvoices, key)?.flag("Booked") {
        return Err(Refusal::state("En bokförd leverantörsfaktura kan inte makuleras."));
    }
    state.change(Entity::SupplierInvoices, key, now, |invoice| {
        invoice.set("Cancelled", true);
        invoice.set("Balance", 0_i64);
    });
    Ok(())
}

/// Takes back an invoice from a supplier: the same rows on the other side.
fn credit_supplier_invoice(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<(), Refusal> {
    let invoice = state.find(Entity::SupplierInvoices, key)?;
    if invoice.flag("Cancelled") || invoice.flag("Credit") || invoice.text("CreditReference") != "0" {
        return Err(Refusal::state("Leverantörsfakturan kan inte krediteras."));
    }
    let mut credit = invoice.object.clone();
    for name in ["VoucherNumber", "VoucherSeries", "VoucherYear", "Vouchers", "FinalPayDate"] {
        credit.remove(name);
    }
    let number = state.table(Entity::SupplierInvoices).next_number();
    let rows: Vec<Json> = credit
        .get("SupplierInvoiceRows")
        .and_then(Json::as_array)
        .unwrap_or_default()
        .iter()
        .map(|row| {
            let mut row = row.as_object().cloned().unwrap_or_default();
            let [debit, credit] = ["Debit", "Credit"].map(|name| or_zero(row.get(name)));
            row.set("Debit", json(credit));
            row.set("Credit", json(debit));
            row.into()
        })
        .collect();
    let total = json(-or_zero(credit.get("Total")));
    credit.set("GivenNumber", number.to_string());
    credit.set("SupplierInvoiceRows", rows);
    credit.set("Total", total.clone());
    credit.set("Balance", total);
    credit.set("Credit", true);
    credit.set("Booked", false);
    credit.set("InvoiceDate", local_time::today(now).to_string());
    credit.set("CreditReference", Json::decimal(key.text.clone()));
    state.put(Entity::SupplierInvoices, credit, now);
    state.change(Entity::SupplierInvoices, key, now, |invoice| invoice.set("CreditReference", number));
    Ok(())
}
