//! A year of invoices with their payments and vouchers.

use chrono::{Days, NaiveDate};

use super::names::ARTICLES;
use super::parties::FIRST_CUSTOMER;
use super::{DAYS, Soil};
use crate::fortnox::document::{complete, price};
use crate::fortnox::ledger::{bookkeep_invoice, bookkeep_payment};
use crate::fortnox::schema::Entity;
use crate::fortnox::state::State;
use crate::fortnox::table::Key;
use crate::fortnox::{actions, local_time, payments};
use crate::{Json, Object};

/// The number before that of the first invoice.
const BEFORE_THE_FIRST: i64 = 10_000;

/// What becomes of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Draft,
    Cancelled,
    Booked,
    Paid,
    PartlyPaid,
    /// Credited by the next invoice.
    Credited,
}

pub(super) fn invoices(state: &mut State, soil: &mut Soil, count: u32) {
    state.table_mut(Entity::Invoices).begin_after(BEFORE_THE_FIRST);
    let customers = i64::try_from(state.table(Entity::Customers).len()).unwrap_or(1);
    let count = i64::from(count);
    let mut index = 0;
    while index < count {
        // From a year ago to yesterday, in order, as numbers are given.
        let days_ago = DAYS - 1 - index * (DAYS - 1) / count.max(1);
        let day = soil.day(days_ago);
        let fate = fate(soil, index, days_ago, count);
        let key = invoice(state, soil, customers, index, day, fate);
        index += 1;
        if fate == Fate::Credited && index < count {
            let credited = soil.at_work(soil.day(days_ago.saturating_sub(3)));
            if let Ok(credit) = actions::credit_invoice(state, &key, credited) {
                let _booked = bookkeep_invoice(state, &credit, credited);
            }
            index += 1;
        }
    }
}

/// Chosen so that even a small account has some of each.
fn fate(soil: &mut Soil, index: i64, days_ago: i64, count: i64) -> Fate {
    match index {
        3 => Fate::Credited,
        7 => Fate::Cancelled,
        _ if days_ago < 4 || index + 2 >= count => Fate::Draft,
        11 => Fate::PartlyPaid,
        _ if days_ago < 25 => Fate::Booked,
        _ => match soil.chance.below(100) {
            // The next number must be free for the credit note.
            0..4 if !matches!(index, 2 | 6 | 10) => Fate::Credited,
            4..7 => Fate::Cancelled,
            7..10 => Fate::PartlyPaid,
            10..18 => Fate::Booked,
            _ => Fate::Paid,
        },
    }
}

fn invoice(
    state: &mut State,
    soil: &mut Soil,
    customers: i64,
    index: i64,
    day: NaiveDate,
    fate: Fate,
) -> Key {
    // A few customers buy often.
    let pick = if soil.chance.percent(40) { customers.min(9) } else { customers };
    let customer = FIRST_CUSTOMER + soil.chance.below(pick);
    let mut document = Object::default()
        .with("CustomerNumber", customer.to_string())
        .with("InvoiceDate", day.to_string())
        .with("InvoiceRows", rows(soil))
        .with("VATIncluded", false)
        .with("NotCompleted", fate == Fate::Draft && index % 2 == 0);
    if soil.chance.percent(12) {
        document.set("Freight", 195_i64);
    }
    if soil.chance.percent(20) {
        document.set("Project", (soil.chance.below(3) + 1).to_string());
    }
    if soil.chance.percent(15) {
        document.set("YourOrderNumber", format!("PO-{}", 40_000 + index));
    }
    if index % 13 == 5 {
        document.set("ExternalInvoiceReference1", format!("WEB-{}", 7_000 + index));
    }
    if index % 29 == 0 {
        document.set("Comments", "Leverans före kl. 15,\nring först.");
    }
    let made = soil.at_work(day);
    complete(state, Entity::Invoices, &mut document, made);
    price(state, Entity::Invoices, &mut document);
    document.set("Balance", document.get("Total").cloned().unwrap_or(Json::Null));
    for name in
        ["Booked", "Cancelled", "Credit", "NoxFinans", "HouseWork", "WarehouseReady", "EUQuarterlyReport"]
    {
        document.set(name, false);
    }
    document.set("Sent", fate != Fate::Draft && fate != Fate::Cancelled);
    let key = state.put(Entity::Invoices, document, made);
    settle(state, soil, &key, day, fate);
    key
}

fn settle(state: &mut State, soil: &mut Soil, key: &Key, day: NaiveDate, fate: Fate) {
    let later = soil.at_work(day);
    match fate {
        Fate::Draft => {}
        Fate::Cancelled => {
            let _cancelled = actions::cancel_invoice(state, key, later);
        }
        Fate::Booked | Fate::Credited => {
            let _booked = bookkeep_invoice(state, key, later);
        }
        Fate::Paid | Fate::PartlyPaid => {
            let _booked = bookkeep_invoice(state, key, later);
            let wait = 8 + soil.chance.below(24).unsigned_abs();
            let yesterday = soil.day(1);
            let paid = day.checked_add_days(Days::new(wait)).unwrap_or(day).min(yesterday);
            let at = soil.at_work(paid);
            let part = if fate == Fate::PartlyPaid { 2 } else { 1 };
            if let Some(payment) = payments::of_invoice(state, key, local_time::today(at), part, at) {
                let _booked = bookkeep_payment(state, &payment, at);
            }
        }
    }
}

fn rows(soil: &mut Soil) -> Vec<Json> {
    let count = 1 + soil.chance.below(4);
    let mut rows = Vec::new();
    for _ in 0..count {
        let at = usize::try_from(soil.chance.below(i64::try_from(ARTICLES.len()).unwrap_or(1)))
            .unwrap_or_default();
        let Some((number, _, _, unit, ..)) = ARTICLES.get(at) else { continue };
        let quantity = match *unit {
            "km" => Json::decimal(format!("{}.5", 20 + soil.chance.below(300))),
            "tim" => Json::decimal(format!("{}.25", 1 + soil.chance.below(30))),
            _ => (1 + soil.chance.below(12)).into(),
        };
        let mut row = Object::default().with("ArticleNumber", *number).with("DeliveredQuantity", quantity);
        if soil.chance.percent(10) {
            row.set("Discount", soil.chance.pick(&[5, 10, 15]));
        }
        rows.push(row.into());
    }
    if soil.chance.percent(10) {
        // A line of text between the others.
        rows.push(
            Object::default()
                .with("Description", "Enligt överenskommelse med Åsa")
                .with("DeliveredQuantity", 0_i64)
                .into(),
        );
    }
    rows
}
