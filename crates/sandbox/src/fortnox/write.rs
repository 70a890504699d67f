//! Create, update and delete, with Fortnox's checks and with what follows from a change.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::check::Checker;
use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{State, int_of, not_found};
use super::table::{Key, plain};
use super::values::{json, or_zero};
use super::{document, ledger, local_time, payments};
use crate::{Json, Object};

/// Makes a record of the fields of a body.
pub(crate) fn create(
    state: &mut State,
    entity: Entity,
    body: &Object,
    year: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Key, Refusal> {
    let current = state.year_of(local_time::today(now));
    let year = if entity.by_year() { year.or_else(|| body.get("Year").and_then(int_of)) } else { None };
    let year = year.or(current);
    let mut record = Checker { state, year, stored: None }.changes(entity.fields(), body)?;
    for name in entity.required() {
        if record.get(name).is_none_or(Json::is_null) {
            return Err(Refusal::bad(2_001_392, format!("Fältet {name} saknas.")));
        }
    }
    match entity {
        Entity::Vouchers => return voucher(state, record, year, now),
        Entity::Accounts => record.set("Year", year),
        Entity::FinancialYears => return financial_year(state, record, now),
        Entity::InvoicePayments => payment(state, &mut record, now)?,
        Entity::SupplierInvoices => supplier_invoice(state, &mut record, now),
        _ => {}
    }
    number(state, entity, &mut record)?;
    defaults(entity, &mut record);
    if entity.is_sales_document() {
        document::complete(state, entity, &mut record, now);
        document::price(state, entity, &mut record);
        if entity == Entity::Invoices {
            record.set("Balance", record.get("Total").cloned().unwrap_or(Json::Null));
        }
    }
    Ok(state.put(entity, record, now))
}

/// Gives a record its number, or looks whether the given one is free.
fn number(state: &State, entity: Entity, record: &mut Object) -> Result<(), Refusal> {
    let name = entity.key_field();
    let given = record.get(name).filter(|value| !value.is_null()).map(plain);
    match given {
        None => record.set(name, state.table(entity).next_number().to_string()),
        Some(given) => {
            if entity.is_sales_document() && given.parse::<u32>().is_err() {
                return Err(Refusal::bad(2_000_108, format!("Värdet måste vara numeriskt ({given})")));
            }
            if state.table(entity).is_taken(&Key::of(entity, record)) {
                return Err(Refusal::bad(2_000_637, format!("Nummer {given} används redan.")));
            }
        }
    }
    Ok(())
}

/// What a new record has when nobody says otherwise.
fn defaults(entity: Entity, record: &mut Object) {
    let values: &[(&'static str, Json)] = match entity {
        Entity::Customers => &[
            ("Active", Json::Bool(true)),
            ("Type", Json::Text(std::borrow::Cow::Borrowed("COMPANY"))),
            ("Currency", Json::Text(std::borrow::Cow::Borrowed("SEK"))),
            ("VATType", Json::Text(std::borrow::Cow::Borrowed("SEVAT"))),
            ("PriceList", Json::Text(std::borrow::Cow::Borrowed("A"))),
        ],
        Entity::Articles => &[
            ("Active", Json::Bool(true)),
            ("Type", Json::Text(std::borrow::Cow::Borrowed("STOCK"))),
            ("VAT", Json::Int(25)),
            ("SalesAccount", Json::Int(3001)),
            ("PurchasePrice", Json::Int(0)),
            ("QuantityInStock", Json::Int(0)),
        ],
        Entity::Suppliers | Entity::CostCenters | Entity::Accounts => &[("Active", Json::Bool(true))],
        Entity::Projects => &[("Status", Json::Text(std::borrow::Cow::Borrowed("NOTSTARTED")))],
        _ => &[],
    };
    for (name, value) in values {
        if record.get(name).is_none() {
            record.set(*name, value.clone());
        }
    }
    if entity == Entity::Customers {
        country(record);
    }
}

/// The country's name follows from its code.
fn country(record: &mut Object) {
    for (name, code) in [
        ("Country", "CountryCode"),
        ("DeliveryCountry", "DeliveryCountryCode"),
        ("VisitingCountry", "VisitingCountryCode"),
    ] {
        let country = match record.get(code).and_then(Json::as_str) {
            None => Json::Null,
            Some("SE") => "Sverige".into(),
            Some("NO") => "Norway".into(),
            Some("DK") => "Denmark".into(),
            Some("FI") => "Finland".into(),
            Some("DE") => "Germany".into(),
            Some("GB") => "United Kingdom".into(),
            Some(other) => other.to_owned().into(),
        };
        record.set(name, country);
    }
}

fn payment(state: &mut State, record: &mut Object, now: DateTime<Utc>) -> Result<(), Refusal> {
    let invoice = Key::new(record.get("InvoiceNumber").map(plain).unwrap_or_default());
    let invoice = state.get(Entity::Invoices, &invoice);
    let invoice = invoice.ok_or_else(|| not_found(Entity::Invoices).in_reference())?;
    if !invoice.flag("Booked") {
        return Err(Refusal::state("Fakturan är inte bokförd."));
    }
    if ["Amount", "AmountCurrency"].iter().all(|name| record.get(name).is_none_or(Json::is_null)) {
        record.set("AmountCurrency", invoice.get("Balance").clone());
    }
    if record.get("PaymentDate").is_none_or(Json::is_null) {
        record.set("PaymentDate", local_time::today(now).to_string());
    }
    payments::complete(state, record);
    Ok(())
}

fn supplier_invoice(state: &State, record: &mut Object, now: DateTime<Utc>) {
    let supplier = Key::new(record.get("SupplierNumber").map(plain).unwrap_or_default());
    let supplier = state.get(Entity::Suppliers, &supplier);
    let name = supplier.map_or(Json::Null, |supplier| supplier.get("Name").clone());
    let mut unless_set = |name: &'static str, value: Json| {
        if record.get(name).is_none_or(Json::is_null) {
            record.set(name, value);
        }
    };
    let today = local_time::today(now).to_string();
    unless_set("SupplierName", name);
    unless_set("InvoiceDate", today.clone().into());
    unless_set("DueDate", today.into());
    for name in ["Total", "VAT", "Freight", "AdministrationFee", "RoundOffValue", "CreditReference"] {
        unless_set(name, 0_i64.into());
    }
    unless_set("Currency", "SEK".into());
    unless_set("CurrencyRate", 1_i64.into());
    unless_set("CurrencyUnit", 1_i64.into());
    for name in ["Booked", "Cancelled", "Credit", "PaymentPending"] {
        unless_set(name, false.into());
    }
    record.set("Balance", record.get("Total").cloned().unwrap_or(Json::Null));
}

fn financial_year(state: &mut State, mut record: Object, now: DateTime<Utc>) -> Result<Key, Refusal> {
    let day = |name: &str| record.get(name).and_then(Json::as_str).and_then(local_time::parse_date);
    let free = day("FromDate")
        .zip(day("ToDate"))
        .is_some_and(|(from, to)| from < to && state.year_of(from).is_none() && state.year_of(to).is_none());
    if !free {
        return Err(Refusal::state("Räkenskapsåret överlappar ett annat."));
    }
    record.set("Id", state.table(Entity::FinancialYears).next_number());
    Ok(state.put(Entity::FinancialYears, record, now))
}

fn voucher(
    state: &mut State,
    mut record: Object,
    year: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Key, Refusal> {
    let day = record.get("TransactionDate").and_then(Json::as_str).and_then(local_time::parse_date);
    let day = day.ok_or_else(|| Refusal::state("Datum saknas."))?;
    if Some(ledger::open_year(state, day)?) != year {
        return Err(Refusal::state("Datumet ligger utanför räkenskapsåret."));
    }
    let rows = record.get("VoucherRows").and_then(Json::as_array).unwrap_or_default();
    let sum: Decimal = rows.iter().map(|row| or_zero(row.get("Debit")) - or_zero(row.get("Credit"))).sum();
    if rows.len() < 2 || !sum.is_zero() {
        return Err(Refusal::state("Verifikationen balanserar inte."));
    }
    let rows: Vec<Json> = rows
        .iter()
        .map(|row| {
            let mut row = row.as_object().cloned().unwrap_or_default();
            for name in ["Debit", "Credit"] {
                row.set(name, json(or_zero(row.get(name))));
            }
            row.into()
        })
        .collect();
    for row in &rows {
        let account = row.get("Account").and_then(int_of).unwrap_or_default();
        let amount = or_zero(row.get("Debit")) - or_zero(row.get("Credit"));
        ledger::carry(state, year.unwrap_or_default(), account, amount);
    }
    let series = record.get("VoucherSeries").map(plain).unwrap_or_default();
    let number = state.table(Entity::Vouchers).last_in(year.unwrap_or_default(), &series) + 1;
    record.set("VoucherRows", rows);
    record.set("Year", year);
    record.set("VoucherNumber", number);
    record.set("ReferenceType", "MANUAL");
    record.set("ApprovalState", 0_i64);
    Ok(state.put(Entity::Vouchers, record, now))
}

/// Changes the fields of a record that a body names.
pub(crate) fn update(
    state: &mut State,
    entity: Entity,
    key: &Key,
    body: &Object,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let stored = state.find(entity, key)?.object.clone();
    let is = |name: &str| stored.get(name).and_then(Json::as_bool) == Some(true);
    if is("Booked") || is("Cancelled") {
        return Err(Refusal::state("Dokumentet är bokfört eller makulerat och kan inte ändras."));
    }
    let year = if entity.by_year() { Some(key.year) } else { state.year_of(local_time::today(now)) };
    let changes = Checker { state, year, stored: Some(&stored) }.changes(entity.fields(), body)?;
    let mut record = stored.clone();
    if entity.is_sales_document() && changes.get("CustomerNumber").is_some() {
        for name in
            ["CustomerName", "OrganisationNumber", "Address1", "Address2", "ZipCode", "City", "Country"]
        {
            record.remove(name);
        }
    }
    for (name, value) in changes.iter().filter(|(name, _)| *name != entity.rows_field()) {
        record.set(name.to_owned(), value.clone());
    }
    if let Some(rows) = changes.get(entity.rows_field()).and_then(Json::as_array) {
        let old = stored.get(entity.rows_field()).and_then(Json::as_array).unwrap_or_default();
        record.set(entity.rows_field(), merged(old, rows, state.replaces_rows)?);
    }
    if entity == Entity::Articles {
        own_accounts(state, &record, year)?;
    }
    if entity == Entity::Customers {
        country(&mut record);
    }
    if entity.is_sales_document() {
        document::complete(state, entity, &mut record, now);
        document::price(state, entity, &mut record);
    }
    let balance = if entity == Entity::SupplierInvoices || entity == Entity::Invoices {
        record.get("Total")
    } else {
        None
    };
    if let Some(balance) = balance.cloned() {
        record.set("Balance", balance);
    }
    state.put(entity, record, now);
    Ok(())
}

/// The rows after a change: by their ids where one is named, by their order otherwise. Those not mentioned are gone.
fn merged(old: &[Json], new: &[Json], replaces: bool) -> Result<Vec<Json>, Refusal> {
    let by_id = new.iter().any(|row| row.get("RowId").is_some());
    let merge = |(at, row): (usize, &Json)| {
        let old = match row.get("RowId") {
            Some(id) => {
                let same = old.iter().find(|old| old.get("RowId").map(plain) == Some(plain(id)));
                Some(same.ok_or_else(|| Refusal::state("Kan inte hitta raden."))?)
            }
            None if by_id || replaces => None,
            None => old.get(at),
        };
        let changed =
            |name: &str| old.is_some_and(|old| row.get(name).is_some_and(|new| old.get(name) != Some(new)));
        // Another article brings its own price and account.
        let kept = old.filter(|_| !changed("ArticleNumber")).and_then(Json::as_object).cloned();
        let mut merged = kept.unwrap_or_default();
        for (name, value) in row.as_object().into_iter().flat_map(Object::iter) {
            merged.set(name.to_owned(), value.clone());
        }
        // Every change gives new ids to all rows.
        merged.remove("RowId");
        Ok(merged.into())
    };
    new.iter().enumerate().map(merge).collect()
}

/// An article can name an account that is gone; whoever touches the article then learns of it.
fn own_accounts(state: &State, article: &Object, year: Option<i64>) -> Result<(), Refusal> {
    let names = [
        "SalesAccount",
        "PurchaseAccount",
        "EUAccount",
        "EUVATAccount",
        "ExportAccount",
        "ConstructionAccount",
        "StockAccount",
    ];
    for number in names.iter().filter_map(|name| article.get(name)).filter(|number| !number.is_null()) {
        let account = Key::in_year(year.unwrap_or_default(), "", plain(number));
        if state.get(Entity::Accounts, &account).is_none() {
            return Err(not_found(Entity::Accounts).in_reference());
        }
    }
    Ok(())
}

/// Deletes a record, where nothing else needs it.
pub(crate) fn delete(state: &mut State, entity: Entity, key: &Key) -> Result<(), Refusal> {
    if state.find(entity, key)?.flag("Booked") {
        return Err(Refusal::state("En bokförd post kan inte tas bort."));
    }
    if is_used(state, entity, key) {
        return Err(Refusal::state("Posten används och kan inte tas bort."));
    }
    state.table_mut(entity).remove(key);
    Ok(())
}

/// Whether a document or a voucher names the record.
fn is_used(state: &State, entity: Entity, key: &Key) -> bool {
    let of = |documents: Entity, named: &dyn Fn(&Object) -> bool| {
        state.table(documents).iter().any(|(_, document)| named(&document.object))
    };
    let same = |object: &Object, name: &str| object.get(name).map(plain).as_deref() == Some(&key.text);
    let in_rows = |object: &Object, rows: &str, name: &str| {
        let rows = object.get(rows).and_then(Json::as_array).unwrap_or_default();
        rows.iter().filter_map(Json::as_object).any(|row| same(row, name))
    };
    let documents = [Entity::Invoices, Entity::Orders, Entity::Offers];
    match entity {
        Entity::Customers => {
            documents.iter().any(|kind| of(*kind, &|document| same(document, "CustomerNumber")))
        }
        Entity::Articles => documents
            .iter()
            .any(|kind| of(*kind, &|document| in_rows(document, kind.rows_field(), "ArticleNumber"))),
        Entity::Projects => documents.iter().any(|kind| of(*kind, &|document| same(document, "Project"))),
        Entity::CostCenters => {
            documents.iter().any(|kind| of(*kind, &|document| same(document, "CostCenter")))
        }
        Entity::Accounts => of(Entity::Vouchers, &|voucher| {
            voucher.get("Year").and_then(int_of) == Some(key.year)
                && in_rows(voucher, "VoucherRows", "Account")
        }),
        _ => false,
    }
}
