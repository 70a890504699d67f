//! Lists: which records, in which order, in which pages.

use super::behavior::Act;
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
    let mut asked: Vec<(&FilterRule, String)> = Vec::new();
    for filter in &route.filters {
        let given = if filter.param.starts_with('/') {
            at(body, &filter.param).filter(|value| !value.is_null()).map(plain)
        } else {
            query.get(&filter.param).map(str::to_owned)
        };
        let Some(given) = given.or_else(|| filter.default.clone()) else { continue };
        let Some(given) = given.strip_prefix(filter.before.as_str()) else {
            return Err(Refusal::unmodelled(format!("the filter `{}={given}`", filter.param)));
        };
        let value = filter.values.get(given).cloned().unwrap_or_else(|| given.to_owned());
        if filter.any.as_deref() != Some(value.as_str()) {
            asked.push((filter, value));
        }
    }
    let now = exchange.moment.now;
    let asks_deleted = route.deleted_param.as_deref().and_then(|param| query.get(param)) == Some("true");
    let selected = |row: &&Row| {
        row.deleted.is_some() == (route.deleted || asks_deleted)
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
    if !route.act.is_empty() {
        let (name, table) = (route.act.as_str(), route.table.as_str());
        let act = Act { name, table, parts, query: query.pairs(), input: body, caller, now };
        exchange.behavior.select(world, &act, &mut rows)?;
    }
    let unpaged = asked.iter().any(|(filter, _)| filter.unpaged);
    let paging = if unpaged { &Paging::Whole } else { &route.page };
    let key = |place: usize| rows.get(place).map_or_else(String::new, |row| row.key.clone());
    let cursor = match paging {
        Paging::Cursor { param, size_param, .. } => Some((param.as_str(), size_param.as_str())),
        _ => None,
    };
    let pointers = match paging {
        Paging::Offset { param, size_param, .. } => Some((param.as_str(), size_param.as_str())),
        _ => cursor,
    };
    let query = &query.with_pointers(pointers.into_iter().flat_map(|(param, size)| [param, size]), body);
    let Page { places, words } = paging::cut(paging, query, rows.len(), key, exchange.moment.twist)?;
    let next = cursor.and_then(|(param, _)| Some(next_url(exchange, param, words.get("next")?.as_str()?)));
    let words = words.with("next_url", next.map_or(Json::Null, Json::from));
    let shown = places.iter().filter_map(|place| rows.get(*place));
    let rows = shown.map(|row| exchange.shown(world, route, row, caller)).collect();
    Ok(Listed { rows, words })
}

/// The path and query of the next page: the request's own, with another cursor.
fn next_url(exchange: &Exchange<'_>, param: &str, cursor: &str) -> String {
    let uri = exchange.request.uri();
    let own = uri.query().unwrap_or_default().split('&');
    let kept = own.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(param));
    let pairs: Vec<String> =
        kept.map(str::to_owned).chain(std::iter::once(format!("{param}={cursor}"))).collect();
    format!("{}?{}", uri.path(), pairs.join("&"))
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
