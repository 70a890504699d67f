//! Offers and orders on the way to invoices, and what is booked by hand.

use chrono::{Datelike, Days};
use rust_decimal::Decimal;

use super::Soil;
use super::names::ARTICLES;
use super::parties::FIRST_CUSTOMER;
use crate::fortnox::actions::turn_into;
use crate::fortnox::document::{complete, price, quantity_field};
use crate::fortnox::ledger::{Entry, post};
use crate::fortnox::schema::Entity;
use crate::fortnox::state::State;
use crate::{Json, Object};

pub(super) fn offers(state: &mut State, soil: &mut Soil, count: i64) {
    for index in 0..count {
        let key = document(state, soil, Entity::Offers, index, 120 - index * 5);
        let at = state.get(Entity::Offers, &key).map_or(soil.now, |record| record.modified);
        match index % 6 {
            0 => {
                let _made = turn_into(state, Entity::Offers, &key, Entity::Orders, at);
            }
            4 => state.change(Entity::Offers, &key, at, |offer| offer.set("Cancelled", true)),
            _ => {}
        }
    }
}

pub(super) fn orders(state: &mut State, soil: &mut Soil, count: i64) {
    for index in 0..count {
        let key = document(state, soil, Entity::Orders, index, 95 - index * 3);
        if index % 10 == 9 {
            let at = state.get(Entity::Orders, &key).map_or(soil.now, |record| record.modified);
            state.change(Entity::Orders, &key, at, |order| order.set("Cancelled", true));
        }
    }
}

fn document(
    state: &mut State,
    soil: &mut Soil,
    entity: Entity,
    index: i64,
    days_ago: i64,
) -> crate::fortnox::table::Key {
    let day = soil.day(days_ago.max(1));
    let customers = i64::try_from(state.table(Entity::Customers).len()).unwrap_or(1);
    let mut rows = Vec::new();
    for step in 0..=index % 3 {
        let at = usize::try_from(index * 5 + step * 7).unwrap_or_default() % ARTICLES.len().max(1);
        let Some((number, ..)) = ARTICLES.get(at) else { continue };
        rows.push(Json::from(
            Object::default()
                .with("ArticleNumber", *number)
                .with(quantity_field(entity), 1 + soil.chance.below(6)),
        ));
    }
    let is_offer = entity == Entity::Offers;
    let mut record = Object::default()
        .with("CustomerNumber", (FIRST_CUSTOMER + soil.chance.below(customers)).to_string())
        .with(if is_offer { "OfferDate" } else { "OrderDate" }, day.to_string())
        .with(entity.rows_field(), rows)
        .with("VATIncluded", false)
        .with("Sent", index % 3 != 2)
        .with("NotCompleted", index % 8 == 7);
    let later = day.checked_add_days(Days::new(30)).unwrap_or(day).to_string();
    record.set(if is_offer { "ExpireDate" } else { "DeliveryDate" }, later);
    let made = soil.at_work(day);
    complete(state, entity, &mut record, made);
    price(state, entity, &mut record);
    state.put(entity, record, made)
}

/// Salaries on the 25th of each month, booked by hand in series A.
pub(super) fn salaries(state: &mut State, soil: &mut Soil) {
    for days_ago in (1..360).rev() {
        let day = soil.day(days_ago);
        if day.day() != 25 {
            continue;
        }
        let at = soil.at_work(day);
        let entry = Entry {
            series: "A",
            day,
            description: format!("Löner {}", day.format("%Y-%m")),
            kind: "MANUAL",
            reference: String::new(),
            rows: [(7210, 182_000), (7510, 57_184), (2710, -54_600), (2731, -57_184), (1930, -127_400)]
                .map(|(account, amount)| (account, Decimal::from(amount)))
                .to_vec(),
        };
        let _posted = post(state, entry, at);
    }
}
