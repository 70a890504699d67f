//! The product lines of deals, which v2 keeps below their deal.

use chrono::{DateTime, Utc};
use http::StatusCode;
use rust_decimal::Decimal;

use super::answers::{self, Refusal};
use super::checks;
use super::query::Params;
use super::schema::Entity;
use super::state::State;
use super::table::{Record, v2_time};
use crate::reply::Reply;
use crate::{Json, Object};

const SORT: [&str; 4] = ["id", "deal_id", "add_time", "update_time"];
/// The most deals whose lines one request lists.
const MOST_DEALS: usize = 100;

/// The lines of some deals, by id.
pub(crate) fn of_deals(state: &State, params: &Params, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let ids: Result<Vec<i64>, _> = params.list("deal_ids").into_iter().map(str::parse).collect();
    let ids = ids.map_err(|_| Refusal::bad("`deal_ids` must be a list of integers"))?;
    if ids.is_empty() || ids.len() > MOST_DEALS {
        return Err(Refusal::bad("`deal_ids` must hold 1 to 100 ids"));
    }
    page(state, &ids, params, now)
}

/// A request for the lines of one deal.
pub(crate) fn answer(
    state: &mut State,
    (method, deal, rest): (&str, &str, &[&str]),
    params: &Params,
    body: impl FnOnce() -> Result<Json, Refusal>,
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    let number = |text: &str| text.parse().map_err(|_| Refusal::bad("an id must be an integer"));
    let deal: i64 = number(deal)?;
    if !state.deals.alive(deal) {
        return Err(Refusal::missing(Entity::Deals.title()));
    }
    match (method, rest) {
        ("GET", []) => page(state, &[deal], params, now),
        ("POST", []) => create(state, deal, &body()?, now),
        ("PATCH", [id]) => {
            let mut line = find(state, deal, number(id)?)?.clone();
            fill(state, &mut line, &body()?)?;
            line.set("update_time", v2_time(now));
            let shown = line.object().clone();
            state.lines.insert(line);
            Ok(answers::one(shown))
        }
        ("DELETE", [id]) => {
            let id = find(state, deal, number(id)?)?.id();
            if let Some(line) = state.lines.get_mut(id) {
                line.set("is_deleted", true);
            }
            Ok(answers::one(Object::default().with("id", id)))
        }
        _ => Err(Refusal::not_modelled()),
    }
}

fn page(state: &State, deals: &[i64], params: &Params, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let (order, limit) = (params.order(&SORT)?, params.limit()?);
    let start = params.get("cursor").map(|cursor| order.place(cursor)).transpose()?;
    let place = |line: &Record| match order.field {
        "deal_id" => (line.get("deal_id").as_i64(), String::new(), line.id()),
        "add_time" => (Some(line.added()), String::new(), line.id()),
        "update_time" => (line.updated(), String::new(), line.id()),
        _ => (Some(line.id()), String::new(), line.id()),
    };
    let is_of = |line: &&Record| line.get("deal_id").as_i64().is_some_and(|deal| deals.contains(&deal));
    let lines = state.lines.from(0, now).filter(|line| !line.deleted()).filter(is_of);
    let mut found: Vec<_> = lines.map(|line| (place(line), line)).collect();
    found.retain(|(place, _)| start.as_ref().is_none_or(|(start, _)| order.compare(place, start).is_ge()));
    found.sort_by(|(left, _), (right, _)| order.compare(left, right));
    let next = found.get(limit).map(|(place, _)| order.cursor(place, 0));
    let shown = found.into_iter().take(limit).map(|(_, line)| line.object().clone().into());
    Ok(answers::page(shown.collect(), next))
}

fn find(state: &State, deal: i64, id: i64) -> Result<&Record, Refusal> {
    let is_of = |line: &&Record| !line.deleted() && line.get("deal_id").as_i64() == Some(deal);
    let line = state.lines.get(id, DateTime::<Utc>::UNIX_EPOCH).filter(is_of);
    line.ok_or_else(|| Refusal::missing("Deal product"))
}

fn create(state: &mut State, deal: i64, body: &Json, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    for name in ["product_id", "item_price", "quantity"] {
        if body.get(name).is_none_or(Json::is_null) {
            return Err(Refusal::bad(format!("`{name}` is required")));
        }
    }
    let id = state.lines.next_id();
    let currency = state.deals.get(deal, now).map(|deal| deal.get("currency").clone());
    let mut line = Record::new(id, blank(id, deal, currency.unwrap_or(Json::Null), &v2_time(now)));
    fill(state, &mut line, body)?;
    let shown = line.object().clone();
    state.lines.insert(line);
    Ok(answers::with_status(StatusCode::CREATED, shown))
}

/// A line with nothing in it yet.
pub(crate) fn blank(id: i64, deal: i64, currency: Json, time: &str) -> Object {
    Object::default()
        .with("id", id)
        .with("sum", 0_i64)
        .with("tax", 0_i64)
        .with("deal_id", deal)
        .with("name", "")
        .with("product_id", Json::Null)
        .with("product_variation_id", Json::Null)
        .with("order_nr", id)
        .with("add_time", time.to_owned())
        .with("update_time", time.to_owned())
        .with("comments", "")
        .with("currency", currency)
        .with("discount", 0_i64)
        .with("discount_type", "percentage")
        .with("quantity", 1_i64)
        .with("item_price", 0_i64)
        .with("tax_method", "inclusive")
        .with("is_enabled", true)
        .with("billing_frequency", "one-time")
        .with("billing_frequency_cycles", Json::Null)
        .with("billing_start_date", Json::Null)
}

/// Sets the members of a body, each checked, and what follows from them: the product's name and the sum.
pub(crate) fn fill(state: &State, line: &mut Record, body: &Json) -> Result<(), Refusal> {
    let body = body.as_object().ok_or_else(|| Refusal::bad("the body must be a JSON object"))?;
    for (name, value) in body.iter() {
        let word = |words: &[&str]| value.as_str().is_some_and(|text| words.contains(&text));
        let fits = match name {
            "product_id" => value.as_i64().is_some_and(|id| state.products.alive(id)),
            "item_price" | "quantity" | "tax" | "discount" => checks::is_number(value),
            "comments" => value.as_str().is_some(),
            "is_enabled" => value.as_bool().is_some(),
            "tax_method" => word(&["exclusive", "inclusive", "none"]),
            "discount_type" => word(&["percentage", "amount"]),
            "billing_frequency" => word(&checks::BILLING),
            "product_variation_id" | "billing_frequency_cycles" => {
                value.is_null() || value.as_i64().is_some()
            }
            "billing_start_date" => value.is_null() || value.as_str().is_some_and(checks::is_date),
            _ => return Err(Refusal::bad(format!("`{name}` is not a field that can be set"))),
        };
        if !fits {
            return Err(Refusal::bad(format!("`{name}` does not take this value")));
        }
        line.set(name.to_owned(), value.clone());
    }
    let product =
        line.get("product_id").as_i64().and_then(|id| state.products.get(id, DateTime::<Utc>::UNIX_EPOCH));
    if let Some(product) = product {
        line.set("name", product.get("name").clone());
    }
    let number = |name: &str| line.get(name).to_string().parse::<Decimal>().unwrap_or_default();
    let whole = number("quantity") * number("item_price");
    let sum = match line.get("discount_type").as_str() {
        Some("amount") => whole - number("discount"),
        _ => whole - whole * number("discount") / Decimal::ONE_HUNDRED,
    };
    line.set("sum", Json::decimal(sum.normalize().to_string()));
    Ok(())
}
