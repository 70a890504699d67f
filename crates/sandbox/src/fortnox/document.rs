//! What follows from an invoice's, an order's or an offer's rows and customer: defaults and sums.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::schema::{Entity, Target};
use super::state::{State, int_of};
use super::table::{Key, plain};
use super::values::{cents, json, or_zero, percent, reference, whole};
use super::{local_time, registers};
use crate::{Json, Object};

/// What a new document has when nobody says otherwise.
pub(crate) fn complete(state: &mut State, entity: Entity, document: &mut Object, now: DateTime<Utc>) {
    let number = document.get("DocumentNumber").map(plain).filter(|number| !number.is_empty());
    let number = number.unwrap_or_else(|| state.table(entity).next_number().to_string());
    document.set("DocumentNumber", number.clone());
    let customer = document.get("CustomerNumber").map(plain).unwrap_or_default();
    let customer = state.get(Entity::Customers, &Key::new(customer)).map(|record| record.object.clone());
    let customer = customer.unwrap_or_default();
    let mut unless_set = |name: &'static str, value: Json| {
        if document.get(name).is_none_or(Json::is_null) && !value.is_null() {
            document.set(name, value);
        }
    };
    for (name, from) in [
        ("CustomerName", "Name"),
        ("OrganisationNumber", "OrganisationNumber"),
        ("Address1", "Address1"),
        ("Address2", "Address2"),
        ("ZipCode", "ZipCode"),
        ("City", "City"),
        ("Country", "Country"),
        ("Phone1", "Phone1"),
        ("Currency", "Currency"),
        ("TermsOfPayment", "TermsOfPayment"),
        ("TermsOfDelivery", "TermsOfDelivery"),
        ("WayOfDelivery", "WayOfDelivery"),
        ("PriceList", "PriceList"),
        ("OurReference", "OurReference"),
        ("YourReference", "YourReference"),
        ("CostCenter", "CostCenter"),
        ("Project", "Project"),
    ] {
        unless_set(name, customer.get(from).cloned().unwrap_or(Json::Null));
    }
    let day = match entity {
        Entity::Orders => "OrderDate",
        Entity::Offers => "OfferDate",
        _ => "InvoiceDate",
    };
    unless_set(day, local_time::today(now).to_string().into());
    unless_set("Currency", "SEK".into());
    unless_set("TermsOfPayment", "30".into());
    unless_set("PriceList", "A".into());
    unless_set("Language", "SV".into());
    unless_set("TaxReductionType", "none".into());
    for name in ["AdministrationFee", "Freight", "BasisTaxReduction"] {
        unless_set(name, 0_i64.into());
    }
    let (rate, unit) = registers::currency(&document.get("Currency").map(plain).unwrap_or_default());
    let mut unless_set = |name: &'static str, value: Json| {
        if document.get(name).is_none_or(Json::is_null) {
            document.set(name, value);
        }
    };
    unless_set("CurrencyRate", Json::decimal(rate));
    unless_set("CurrencyUnit", unit.into());
    for name in ["OfferReference", "OrderReference", "InvoiceReference", "CreditInvoiceReference"] {
        unless_set(name, "0".into());
    }
    if entity == Entity::Invoices {
        unless_set("OCR", reference(&number).into());
        unless_set("InvoiceType", "INVOICE".into());
        unless_set("AccountingMethod", "ACCRUAL".into());
        unless_set("ContractReference", 0_i64.into());
        unless_set("Reminders", 0_i64.into());
        let from = document.get("InvoiceDate").and_then(Json::as_str).and_then(local_time::parse_date);
        let days = document.get("TermsOfPayment").and_then(int_of).unwrap_or(30);
        let due = from.and_then(|from| from.checked_add_signed(TimeDelta::days(days)));
        if document.get("DueDate").is_none_or(Json::is_null) {
            document.set("DueDate", due.map(|day| day.to_string()));
        }
    } else if entity == Entity::Orders {
        unless_set("OrderType", "Order".into());
    }
}

/// Fills the rows from the articles and works out all sums.
pub(crate) fn price(state: &mut State, entity: Entity, document: &mut Object) {
    let customer = document.get("CustomerNumber").map(plain).unwrap_or_default();
    let customer = state.get(Entity::Customers, &Key::new(customer));
    let vat_type = customer.map(|record| record.text("VATType")).unwrap_or_default();
    let included = document.get("VATIncluded").and_then(Json::as_bool).unwrap_or_default();
    let mut sums = Sums::default();
    let mut rows = Vec::new();
    for row in document.get(entity.rows_field()).and_then(Json::as_array).unwrap_or_default() {
        let mut row = row.as_object().cloned().unwrap_or_default();
        fill(state, entity, &mut row, &vat_type);
        sums.add(state, entity, &mut row, included);
        if row.get("RowId").is_none_or(Json::is_null) {
            state.last_row += 1;
            row.set("RowId", state.last_row);
        }
        rows.push(Json::from(row));
    }
    document.set(entity.rows_field(), rows);
    let fees = ["Freight", "AdministrationFee"].map(|name| or_zero(document.get(name)));
    let rate = if taxed(&vat_type) { Decimal::from(25) } else { Decimal::ZERO };
    let [freight_vat, fee_vat] = fees.map(|fee| cents(percent(fee, rate)));
    document.set("FreightVAT", json(freight_vat));
    document.set("AdministrationFeeVAT", json(fee_vat));
    let vat: Decimal = sums.vat.values().copied().map(cents).sum::<Decimal>() + freight_vat + fee_vat;
    let exact = sums.net + fees.iter().sum::<Decimal>() + vat;
    // Kronor are rounded to whole ones, other currencies are not.
    let total =
        if document.get("Currency").and_then(Json::as_str) == Some("SEK") { whole(exact) } else { exact };
    let margin = sums.net - sums.cost;
    let share =
        if sums.net.is_zero() { Decimal::ZERO } else { cents(margin * Decimal::ONE_HUNDRED / sums.net) };
    for (name, value) in [
        ("Gross", sums.gross),
        ("Net", sums.net),
        ("TotalVAT", vat),
        ("RoundOff", total - exact),
        ("Total", total),
        ("TotalToPay", total),
        ("ContributionValue", margin),
        ("ContributionPercent", share),
    ] {
        document.set(name, json(value));
    }
}

#[derive(Default)]
struct Sums {
    gross: Decimal,
    net: Decimal,
    cost: Decimal,
    /// By rate: the tax is rounded once for each.
    vat: BTreeMap<Decimal, Decimal>,
}

impl Sums {
    fn add(&mut self, state: &State, entity: Entity, row: &mut Object, included: bool) {
        let quantity = or_zero(row.get(quantity_field(entity)));
        let (price, vat) = (or_zero(row.get("Price")), or_zero(row.get("VAT")));
        let gross = quantity * price;
        let discount = or_zero(row.get("Discount"));
        let off = match row.get("DiscountType").and_then(Json::as_str) {
            Some("AMOUNT") => discount,
            _ => percent(gross, discount),
        };
        let total = cents(gross - off);
        let bare = |amount: Decimal| {
            let divisor = Decimal::ONE + vat / Decimal::ONE_HUNDRED;
            if included { cents(amount / divisor) } else { amount }
        };
        let net = bare(total);
        row.set("Total", json(total));
        if entity == Entity::Invoices {
            row.set("PriceExcludingVAT", json(bare(price)));
            row.set("TotalExcludingVAT", json(net));
        }
        let article = row.get("ArticleNumber").map(plain).unwrap_or_default();
        let article = state.get(Entity::Articles, &Key::new(article));
        let cost = article.map(|article| or_zero(article.object.get("PurchasePrice"))).unwrap_or_default();
        let margin = net - cost * quantity;
        let share = if net.is_zero() { Decimal::ZERO } else { cents(margin * Decimal::ONE_HUNDRED / net) };
        row.set("ContributionValue", json(margin));
        row.set("ContributionPercent", json(share));
        self.gross += cents(bare(gross));
        self.net += net;
        self.cost += cost * quantity;
        let tax = if included { total - net } else { percent(net, vat) };
        *self.vat.entry(vat).or_default() += tax;
    }
}

/// How many: each kind of document has its own word.
pub(crate) const fn quantity_field(entity: Entity) -> &'static str {
    match entity {
        Entity::Orders => "OrderedQuantity",
        Entity::Offers => "Quantity",
        _ => "DeliveredQuantity",
    }
}

/// Whether Swedish VAT is charged.
fn taxed(vat_type: &str) -> bool {
    matches!(vat_type, "" | "SEVAT")
}

/// What a row has from its article when nobody says otherwise.
fn fill(state: &State, entity: Entity, row: &mut Object, vat_type: &str) {
    let number = row.get("ArticleNumber").map(plain).unwrap_or_default();
    let article = state.get(Entity::Articles, &Key::new(number));
    let of_article = |name: &str| article.map_or(Json::Null, |article| article.get(name).clone());
    let account = match vat_type {
        "EUREVERSEDVAT" => of_article("EUAccount"),
        "EUVAT" => of_article("EUVATAccount"),
        "SEREVERSEDVAT" => of_article("ConstructionAccount"),
        "EXPORT" => of_article("ExportAccount"),
        _ => of_article("SalesAccount"),
    };
    let vat = if taxed(vat_type) { of_article("VAT") } else { 0_i64.into() };
    let mut unless_set = |name: &'static str, value: Json, fallback: Json| {
        if row.get(name).is_none_or(Json::is_null) {
            row.set(name, if value.is_null() { fallback } else { value });
        }
    };
    unless_set("AccountNumber", account, 3001_i64.into());
    unless_set("Description", of_article("Description"), Json::Null);
    unless_set("Price", of_article("SalesPrice"), 0_i64.into());
    unless_set("Unit", of_article("Unit"), Json::Null);
    unless_set("VAT", vat, 25_i64.into());
    unless_set(quantity_field(entity), Json::Null, 0_i64.into());
    unless_set("Discount", Json::Null, 0_i64.into());
    unless_set("DiscountType", Json::Null, "PERCENT".into());
    if entity == Entity::Orders {
        let ordered = row.get("OrderedQuantity").cloned().unwrap_or(Json::Null);
        if row.get("DeliveredQuantity").is_none_or(Json::is_null) {
            row.set("DeliveredQuantity", ordered);
        }
    }
}

/// Whether something that a field refers to exists.
pub(crate) fn exists(state: &State, target: Target, value: &str, year: Option<i64>) -> bool {
    match Entity::of_target(target) {
        Some(Entity::Accounts) => {
            let key = |year| Key::in_year(year, "", value);
            year.is_some_and(|year| state.get(Entity::Accounts, &key(year)).is_some())
        }
        Some(entity) => state.get(entity, &Key::new(value)).is_some(),
        None => registers::knows(target, value),
    }
}
