//! Lists: which records, in which order, in which pages.

use super::compare;
use super::definition::{FilterRule, Paging, RouteRule};
use super::paging::{self, Page};
use super::path::Parts;
use super::serve::{Caller, Exchange, Query, Refusal};
use super::template::plain;
use super::world::{Row, World};
use crate::{Json, Object};

/// A page of records and the words that the response may use.
pub(crate) struct Listed {
    pub(crate) rows: Vec<Object>,
    pub(crate) words: Object,
}

pub(crate) fn list(
    exchange: &Exchange<'_>,
    world: &World,
    route: &RouteRule,
    (parts, query, body): (&Parts, &Query, &Json),
    caller: &Caller,
) -> Result<Listed, Refusal> {
    let asked: Vec<(&FilterRule, String)> = route
        .filters
        .iter()
        .filter_map(|filter| {
            let given = if filter.param.starts_with('/') {
                at(body, &filter.param).map(plain)
            } else {
                query.get(&filter.param).map(str::to_owned)
            };
            let given = given.or_else(|| filter.default.clone())?;
            let value = filter.values.get(&given).cloned().unwrap_or(given);
            (filter.any.as_deref() != Some(value.as_str())).then_some((filter, value))
        })
        .collect();
    let now = exchange.moment.now;
    let selected = |row: &&Row| {
        row.deleted.is_some() == route.deleted
            && belongs(world, route, parts, row)
            && asked.iter().all(|(filter, wanted)| {
                filter.fields.iter().any(|field| {
                    compare::holds(&world.value(&route.table, row, field), filter.op, wanted, now)
                })
            })
            && exchange.behavior.visible(world, caller, &route.table, row)
    };
    let mut rows: Vec<&Row> = world.rows(&route.table).filter(selected).collect();
    if let Some(order) = order(route, query)? {
        let (field, descending) = order.strip_prefix('-').map_or((order, false), |field| (field, true));
        rows.sort_by(|a, b| {
            let (a, b) = (world.value(&route.table, a, field), world.value(&route.table, b, field));
            let by = compare::order(&a, &b);
            if descending { by.reverse() } else { by }
        });
    }
    let unpaged = asked.iter().any(|(filter, _)| filter.unpaged);
    let paging = if unpaged { &Paging::Whole } else { &route.page };
    let key = |place: usize| rows.get(place).map_or_else(String::new, |row| row.key.clone());
    let Page { places, words } = paging::cut(paging, query, rows.len(), key, exchange.moment.twist)?;
    let shown = places.iter().filter_map(|place| rows.get(*place));
    let rows = shown.map(|row| exchange.shown(world, route, row, caller)).collect();
    Ok(Listed { rows, words })
}

/// Whether a record is one that the route knows at all.
pub(crate) fn belongs(world: &World, route: &RouteRule, parts: &Parts, row: &Row) -> bool {
    let part = |name: &String| parts.iter().find(|(part, _)| part == name).map(|(_, value)| value);
    route.within.iter().all(|(field, name)| {
        part(name).is_some_and(|wanted| plain(&world.value(&route.table, row, field)) == *wanted)
    }) && route.only.iter().all(|(field, wanted)| plain(&world.value(&route.table, row, field)) == *wanted)
}

fn order<'a>(route: &'a RouteRule, query: &Query) -> Result<Option<&'a str>, Refusal> {
    let Some(sort) = &route.sort else { return Ok(None) };
    let Some((param, asked)) = sort.param.as_deref().and_then(|param| Some((param, query.get(param)?)))
    else {
        return Ok(Some(&sort.default));
    };
    match sort.values.get(asked) {
        Some(order) => Ok(Some(order)),
        None => Err(Refusal::unmodelled(format!("the order `{param}={asked}`"))),
    }
}

/// The value at a JSON Pointer.
pub(crate) fn at<'a>(json: &'a Json, pointer: &str) -> Option<&'a Json> {
    pointer.split('/').skip(1).try_fold(json, |json, step| match json {
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}
