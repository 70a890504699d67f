//! Customers, articles, projects and cost centers.

use chrono::TimeDelta;

use super::Soil;
use super::names::{ABROAD, ARTICLES, HEADS, PEOPLE, PLACES, TRADES};
use crate::fortnox::schema::Entity;
use crate::fortnox::state::State;
use crate::{Json, Object};

/// The number of the first customer.
pub(super) const FIRST_CUSTOMER: i64 = 1001;

pub(super) fn registers(state: &mut State, soil: &mut Soil) {
    for (code, name, active) in [
        ("STHLM", "Stockholm", true),
        ("NORR", "Norrland", true),
        ("UTV", "Utveckling", true),
        ("GBG", "Göteborg", false),
    ] {
        let record = Object::default().with("Code", code).with("Description", name).with("Active", active);
        let made = soil.now - TimeDelta::days(500);
        state.put(Entity::CostCenters, record, made);
    }
    for (number, name, status) in [
        (1, "Införande Björkö", "COMPLETED"),
        (2, "Nytt lager Umeå", "ONGOING"),
        (3, "Export Norden", "ONGOING"),
        (4, "Mässan i vår", "NOTSTARTED"),
    ] {
        let started = soil.day(400 - 90 * number);
        let record = Object::default()
            .with("ProjectNumber", number.to_string())
            .with("Description", name)
            .with("Status", status)
            .with("ProjectLeader", soil.chance.pick(PEOPLE))
            .with("StartDate", started.to_string())
            .with(
                "EndDate",
                if status == "COMPLETED" { soil.day(60).to_string().into() } else { Json::Null },
            );
        let made = soil.at_work(started);
        state.put(Entity::Projects, record, made);
    }
}

pub(super) fn articles(state: &mut State, soil: &mut Soil) {
    for (number, name, kind, unit, price, cost, vat, account) in ARTICLES {
        let stock = *kind == "STOCK";
        let quantity = if stock { soil.chance.below(180) } else { 0 };
        let mut record = article(number, name, kind, unit, price, cost)
            .with("VAT", *vat)
            .with("SalesAccount", *account)
            .with("StockGoods", stock)
            .with("QuantityInStock", quantity);
        if stock {
            record.set(
                "StockPlace",
                format!("{}-{:02}", soil.chance.pick(&["A", "B", "C"]), soil.chance.below(40)),
            );
            record.set("EAN", format!("735000{:07}", soil.chance.below(10_000_000)));
            record.set("StockValue", 0_i64);
            record.set("SupplierNumber", "3");
            record.set("SupplierName", "Handdatorimport Sverige AB");
        }
        let made = soil.now - TimeDelta::days(300 + soil.chance.below(300));
        state.put(Entity::Articles, record, made);
    }
    // An amount beyond what a float can hold, an article out of use whose account nobody has, and one without a price.
    let made = soil.now - TimeDelta::days(250);
    let exact = article("PRIS-1", "Provpris med många siffror", "SERVICE", "st", "12345678901234567.89", "0");
    state.put(Entity::Articles, exact.with("VAT", 25_i64).with("SalesAccount", 3001_i64), made);
    let old = article("GML-1", "Utgången skanner", "STOCK", "st", "990", "500").with("Active", false);
    state.put(Entity::Articles, old.with("VAT", 25_i64).with("SalesAccount", 3999_i64), made);
    let free = article("FRI-1", "Pris enligt överenskommelse", "SERVICE", "tim", "0", "0");
    state.put(
        Entity::Articles,
        free.with("SalesPrice", Json::Null).with("VAT", 25_i64).with("SalesAccount", 3041_i64),
        made,
    );
}

fn article(
    number: &'static str,
    name: &'static str,
    kind: &'static str,
    unit: &'static str,
    price: &'static str,
    cost: &'static str,
) -> Object {
    Object::default()
        .with("ArticleNumber", number)
        .with("Description", name)
        .with("Active", true)
        .with("Type", kind)
        .with("Unit", unit)
        .with("SalesPrice", Json::decimal(price))
        .with("PurchasePrice", Json::decimal(cost))
        .with("QuantityInStock", 0_i64)
        .with("ReservedQuantity", 0_i64)
        .with("DisposableQuantity", 0_i64)
        .with("StockValue", 0_i64)
        .with("StockAccount", 1220_i64)
        .with("PurchaseAccount", 4010_i64)
        .with("EUAccount", 3108_i64)
        .with("EUVATAccount", 3108_i64)
        .with("ExportAccount", 3105_i64)
        .with("ConstructionAccount", 3231_i64)
}

/// One customer for eight invoices, and never fewer than twelve.
pub(super) fn customers(state: &mut State, soil: &mut Soil, invoices: u32) {
    let count = (i64::from(invoices) / 8).clamp(12, 400);
    for index in 0..count {
        let number = FIRST_CUSTOMER + index;
        let abroad = usize::try_from(index / 7).ok().filter(|_| index % 7 == 3).and_then(|at| ABROAD.get(at));
        let record = match abroad {
            Some(customer) => foreign(customer),
            None if index % 11 == 5 => private(soil),
            None => swedish(soil, index),
        };
        let record = record
            .with("CustomerNumber", number.to_string())
            .with("Active", index % 23 != 22)
            .with("TermsOfPayment", soil.chance.pick(&["30", "30", "30", "10", "20", "60"]))
            .with("PriceList", "A")
            .with("ShowPriceVATIncluded", false)
            .with("OurReference", soil.chance.pick(PEOPLE))
            .with(
                "DefaultDeliveryTypes",
                Object::default().with("Invoice", "EMAIL").with("Offer", "EMAIL").with("Order", "PRINT"),
            );
        // Some were changed lately; most have stood as they are for long.
        let days = if index % 9 == 0 { soil.chance.below(20) } else { 60 + soil.chance.below(600) };
        let day = soil.day(days);
        let changed = soil.at_work(day);
        state.put(Entity::Customers, record, changed);
    }
}

fn swedish(soil: &mut Soil, index: i64) -> Object {
    let at = |from: usize| usize::try_from(index).unwrap_or_default() % from.max(1);
    let head = HEADS.get(at(HEADS.len())).copied().unwrap_or_default();
    let trade = TRADES.get(at(TRADES.len())).copied().unwrap_or_default();
    // 17 heads and 11 trades give 187 pairs before one repeats.
    let name = if index < 187 { format!("{head} {trade}") } else { format!("{head} {trade} nr {index}") };
    let reverse = trade.starts_with("Bygg");
    let (town, street, code) = soil.chance.pick(PLACES);
    let mut record = Object::default()
        .with("Name", name)
        .with("Type", "COMPANY")
        .with(
            "OrganisationNumber",
            format!("556{:03}-{:04}", soil.chance.below(1000), soil.chance.below(10_000)),
        )
        .with("Address1", format!("{street} {}", soil.chance.below(80) + 1))
        .with("ZipCode", code)
        .with("City", town)
        .with("CountryCode", "SE")
        .with("Country", "Sverige")
        .with("Currency", "SEK")
        .with("VATType", if reverse && index % 3 == 0 { "SEREVERSEDVAT" } else { "SEVAT" })
        .with("Email", format!("faktura.{index}@kund.example"))
        .with("YourReference", soil.chance.pick(PEOPLE));
    if soil.chance.percent(70) {
        record.set("Phone1", format!("08-465 004 {:02}", soil.chance.below(100)));
    }
    if soil.chance.percent(25) {
        record.set("CostCenter", soil.chance.pick(&["STHLM", "NORR"]));
    }
    record
}

fn private(soil: &mut Soil) -> Object {
    let (town, street, code) = soil.chance.pick(PLACES);
    Object::default()
        .with("Name", soil.chance.pick(PEOPLE))
        .with("Type", "PRIVATE")
        .with("Address1", format!("{street} {} B", soil.chance.below(80) + 1))
        .with("Address2", "c/o Exempel")
        .with("ZipCode", code)
        .with("City", town)
        .with("CountryCode", "SE")
        .with("Country", "Sverige")
        .with("Currency", "SEK")
        .with("VATType", "SEVAT")
}

fn foreign(
    customer: &(&'static str, &'static str, &'static str, &'static str, &'static str, &'static str),
) -> Object {
    let (name, town, code, country, currency, vat) = *customer;
    Object::default()
        .with("Name", name)
        .with("Type", "COMPANY")
        .with("VATNumber", format!("{code}999999999"))
        .with("Address1", "Example Road 7")
        .with("City", town)
        .with("CountryCode", code)
        .with("Country", country)
        .with("Currency", currency)
        .with("VATType", vat)
        .with("Email", format!("invoice@{}.example", code.to_lowercase()))
}
