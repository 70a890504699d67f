//! The books: vouchers, and what booking an invoice or a payment does.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::local_time;
use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{State, int_of};
use super::table::{Key, plain};
use super::values::{cents, json, or_zero, percent};
use crate::{Json, Object};

/// A voucher to be posted.
pub(crate) struct Entry<'a> {
    pub(crate) series: &'a str,
    pub(crate) day: NaiveDate,
    pub(crate) description: String,
    pub(crate) kind: &'static str,
    pub(crate) reference: String,
    /// Account and amount: debit above zero, credit below.
    pub(crate) rows: Vec<(i64, Decimal)>,
}

/// Where a voucher stands.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) series: String,
    pub(crate) number: i64,
    pub(crate) year: i64,
}

impl Posted {
    /// Writes it on what was booked.
    pub(crate) fn mark(&self, object: &mut Object) {
        object.set("Booked", true);
        object.set("VoucherSeries", self.series.clone());
        object.set("VoucherNumber", self.number);
        object.set("VoucherYear", self.year);
    }
}

/// The year that takes a voucher of this day, unless it is locked.
pub(crate) fn open_year(state: &State, day: NaiveDate) -> Result<i64, Refusal> {
    if state.locked_until.is_some_and(|until| day <= until) {
        return Err(Refusal::state("Perioden är låst."));
    }
    state.year_of(day).ok_or_else(|| Refusal::state("Räkenskapsåret finns inte."))
}

pub(crate) fn post(state: &mut State, entry: Entry<'_>, now: DateTime<Utc>) -> Result<Posted, Refusal> {
    let year = open_year(state, entry.day)?;
    let number = state.table(Entity::Vouchers).last_in(year, entry.series) + 1;
    for (account, amount) in &entry.rows {
        carry(state, year, *account, *amount);
    }
    let rows: Vec<Json> = entry
        .rows
        .iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(account, amount)| {
            let debit = if amount.is_sign_positive() { *amount } else { Decimal::ZERO };
            let row = Object::default().with("Account", *account).with("Debit", json(debit));
            row.with("Credit", json(debit - *amount)).with("Removed", false).into()
        })
        .collect();
    let voucher = Object::default()
        .with("VoucherSeries", entry.series.to_owned())
        .with("VoucherNumber", number)
        .with("Year", year)
        .with("TransactionDate", entry.day.to_string())
        .with("Description", entry.description)
        .with("ReferenceType", entry.kind)
        .with("ReferenceNumber", entry.reference)
        .with("ApprovalState", 0_i64)
        .with("VoucherRows", rows);
    state.put(Entity::Vouchers, voucher, now);
    Ok(Posted { series: entry.series.to_owned(), number, year })
}

/// Moves what an account carries forward. Fortnox does not call that a change of the account.
pub(crate) fn carry(state: &mut State, year: i64, account: i64, amount: Decimal) {
    let key = Key::in_year(year, "", account.to_string());
    if let Some(account) = state.table_mut(Entity::Accounts).get_mut(&key) {
        let sum = or_zero(account.object.get("BalanceCarriedForward")) + amount;
        account.object.set("BalanceCarriedForward", json(sum));
    }
}

/// Lets a year begin with what the one before it carries forward, its result included.
pub(crate) fn open_with(state: &mut State, before: i64, year: i64) {
    let sums: Vec<(i64, Decimal)> =
        balances(state, before).map(|(account, _, carried)| (account, carried)).collect();
    let result: Decimal = sums.iter().filter(|(account, _)| *account >= 3000).map(|(_, sum)| sum).sum();
    for (account, sum) in sums.into_iter().filter(|(account, _)| *account < 3000) {
        let opening = if account == 2091 { sum + result } else { sum };
        let key = Key::in_year(year, "", account.to_string());
        if let Some(record) = state.table_mut(Entity::Accounts).get_mut(&key) {
            record.object.set("BalanceBroughtForward", json(opening));
        }
        carry(state, year, account, opening);
    }
}

/// The accounts of a year with what they begin and end with.
pub(crate) fn balances(state: &State, year: i64) -> impl Iterator<Item = (i64, Decimal, Decimal)> {
    let of_year = state.table(Entity::Accounts).iter().filter(move |(key, _)| key.year == year);
    of_year.map(|(_, account)| {
        let number = int_of(account.get("Number")).unwrap_or_default();
        let sum = |name: &str| or_zero(account.object.get(name));
        (number, sum("BalanceBroughtForward"), sum("BalanceCarriedForward"))
    })
}

/// An amount of a document in kronor.
fn kronor(document: &Object, amount: Decimal) -> Decimal {
    let rate = or_zero(document.get("CurrencyRate"));
    let unit = or_zero(document.get("CurrencyUnit"));
    if rate.is_zero() || unit.is_zero() { amount } else { cents(amount * rate / unit) }
}

fn day_of(document: &Object, field: &str) -> Result<NaiveDate, Refusal> {
    let day = document.get(field).and_then(Json::as_str).and_then(local_time::parse_date);
    day.ok_or_else(|| Refusal::state("Datum saknas."))
}

/// The account that a rate's tax goes to.
const fn tax_account(rate: i64) -> i64 {
    match rate {
        12 => 2621,
        6 => 2631,
        _ => 2611,
    }
}

/// Books an invoice to a customer.
pub(crate) fn bookkeep_invoice(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<(), Refusal> {
    let invoice = state.find(Entity::Invoices, key)?.object.clone();
    let flag = |name: &str| invoice.get(name).and_then(Json::as_bool).unwrap_or_default();
    if flag("Booked") {
        return Err(Refusal::state("Fakturan är redan bokförd."));
    }
    if flag("Cancelled") {
        return Err(Refusal::state("Fakturan är makulerad."));
    }
    let mut sums = BTreeMap::<i64, Decimal>::new();
    let total = kronor(&invoice, or_zero(invoice.get("Total")));
    *sums.entry(1510).or_default() += total;
    for row in invoice.get("InvoiceRows").and_then(Json::as_array).unwrap_or_default() {
        let net = or_zero(row.get("TotalExcludingVAT"));
        let rate = row.get("VAT").and_then(int_of).unwrap_or_default();
        let account = row.get("AccountNumber").and_then(int_of).unwrap_or(3001);
        *sums.entry(account).or_default() -= kronor(&invoice, net);
        let tax = cents(percent(net, Decimal::from(rate)));
        *sums.entry(tax_account(rate)).or_default() -= kronor(&invoice, tax);
    }
    let rest: Decimal = sums.values().sum();
    *sums.entry(3740).or_default() -= rest;
    let number = invoice.get("DocumentNumber").map(plain).unwrap_or_default();
    let name = invoice.get("CustomerName").map(plain).unwrap_or_default();
    let entry = Entry {
        series: "B",
        day: day_of(&invoice, "InvoiceDate")?,
        description: format!("Faktura {number} {name}"),
        kind: "INVOICE",
        reference: number,
        rows: sums.into_iter().collect(),
    };
    let posted = post(state, entry, now)?;
    state.change(Entity::Invoices, key, now, |invoice| posted.mark(invoice));
    Ok(())
}

/// Books a customer's payment: the invoice's balance sinks, and it is paid when nothing is left.
pub(crate) fn bookkeep_payment(state: &mut State, key: &Key, now: DateTime<Utc>) -> Result<(), Refusal> {
    let payment = state.find(Entity::InvoicePayments, key)?.object.clone();
    if payment.get("Booked").and_then(Json::as_bool) == Some(true) {
        return Err(Refusal::state("Betalningen är redan bokförd."));
    }
    let invoice_key = Key::new(payment.get("InvoiceNumber").map(plain).unwrap_or_default());
    let invoice = state.find(Entity::Invoices, &invoice_key)?.object.clone();
    let day = day_of(&payment, "PaymentDate")?;
    let paid = or_zero(payment.get("AmountCurrency"));
    let in_kronor = or_zero(payment.get("Amount"));
    let owed = kronor(&invoice, paid);
    let bank = payment.get("ModeOfPaymentAccount").and_then(int_of).unwrap_or(1930);
    let entry = Entry {
        series: "C",
        day,
        description: format!("Inbetalning faktura {}", invoice_key.text),
        kind: "INVOICEPAYMENT",
        reference: key.text.clone(),
        // What the rate has moved since the invoice is a gain or a loss.
        rows: vec![(bank, in_kronor), (1510, -owed), (3960, owed - in_kronor)],
    };
    let posted = post(state, entry, now)?;
    state.change(Entity::InvoicePayments, key, now, |payment| posted.mark(payment));
    let left = or_zero(invoice.get("Balance")) - paid;
    state.change(Entity::Invoices, &invoice_key, now, |invoice| {
        invoice.set("Balance", json(left));
        if left.is_zero() {
            invoice.set("FinalPayDate", day.to_string());
        }
    });
    Ok(())
}

/// Books an invoice from a supplier by its own rows.
pub(crate) fn bookkeep_supplier_invoice(
    state: &mut State,
    key: &Key,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let invoice = state.find(Entity::SupplierInvoices, key)?.object.clone();
    let flag = |name: &str| invoice.get(name).and_then(Json::as_bool).unwrap_or_default();
    if flag("Booked") || flag("Cancelled") {
        return Err(Refusal::state("Leverantörsfakturan kan inte bokföras."));
    }
    let rows: Vec<(i64, Decimal)> = invoice
        .get("SupplierInvoiceRows")
        .and_then(Json::as_array)
        .unwrap_or_default()
        .iter()
        .map(|row| {
            let account = row.get("Account").and_then(int_of).unwrap_or_default();
            (account, or_zero(row.get("Debit")) - or_zero(row.get("Credit")))
        })
        .collect();
    if !rows.iter().map(|(_, amount)| amount).sum::<Decimal>().is_zero() {
        return Err(Refusal::bad(2_000_755, "Leverantörsfakturan balanserar inte."));
    }
    let name = invoice.get("SupplierName").map(plain).unwrap_or_default();
    let entry = Entry {
        series: "D",
        day: day_of(&invoice, "InvoiceDate")?,
        description: format!("Leverantörsfaktura {} {name}", key.text),
        kind: "SUPPLIERINVOICE",
        reference: key.text.clone(),
        rows,
    };
    let posted = post(state, entry, now)?;
    let reference = Object::default()
        .with("Number", posted.number)
        .with("ReferenceType", "SUPPLIERINVOICE")
        .with("Series", posted.series.clone())
        .with("Year", posted.year);
    state.change(Entity::SupplierInvoices, key, now, |invoice| {
        posted.mark(invoice);
        invoice.set("Vouchers", vec![Json::from(reference)]);
    });
    Ok(())
}
