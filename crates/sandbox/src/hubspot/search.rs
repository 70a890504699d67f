//! The search of objects: filters in groups, one order, and a cap.

use crate::Json;
use crate::engine::{Act, Refusal, Row, World, compared, plain};

use super::invalid;

/// The most results that a search can be paged to.
const CAP: usize = 10_000;

/// Selects and orders the records that a search asks for.
pub(super) fn select(world: &World, asked: &Act<'_>, rows: &mut Vec<&Row>) -> Result<(), Refusal> {
    let list = |json: &Json, name: &str| json.get(name).and_then(Json::as_array).unwrap_or_default().to_vec();
    let number = |name: &str| {
        let text = asked.input.get(name).map(plain).unwrap_or_default();
        text.parse::<usize>().unwrap_or_default()
    };
    if number("limit") > 200 || number("after").saturating_add(number("limit")) > CAP {
        return Err(invalid(
            "There was a problem with the request: paging beyond 10000 results is not supported",
        ));
    }
    let groups = list(asked.input, "filterGroups");
    if groups.len() > 5 || groups.iter().any(|group| list(group, "filters").len() > 6) {
        return Err(invalid("too many filters"));
    }
    let names = world.field_names(asked.table);
    let known = |name: &str| name == "hs_object_id" || names.iter().any(|own| own == name);
    for filter in groups.iter().flat_map(|group| list(group, "filters")) {
        let name = filter.get("propertyName").map(plain).unwrap_or_default();
        if !known(&name) {
            return Err(invalid("There was a problem with the request: no such property"));
        }
        for member in ["value", "highValue"] {
            if filter.get(member).is_some_and(|value| value.as_str().is_none()) {
                return Err(invalid("Invalid input JSON: a filter's value is a text"));
            }
        }
    }
    let text_ids = !world.assumes("ids_order_as_numbers");
    let value = |row: &Row, name: &str| match name {
        "hs_object_id" => Json::from(if text_ids { format!("#{}", row.key) } else { row.key.clone() }),
        other => world.value(asked.table, row, other),
    };
    let wanted = |name: &str, value: &Json| {
        let text = plain(value);
        if name == "hs_object_id" && text_ids { format!("#{text}") } else { text }
    };
    let holds = |row: &Row, filter: &Json| -> Result<bool, Refusal> {
        let name = filter.get("propertyName").map(plain).unwrap_or_default();
        let own = value(row, &name);
        let against = |member: &str| filter.get(member).map(|value| wanted(&name, value)).unwrap_or_default();
        let order = |member: &str| (!own.is_null()).then(|| compared(&own, &against(member)));
        Ok(match filter.get("operator").and_then(Json::as_str) {
            Some("EQ") => order("value").is_some_and(std::cmp::Ordering::is_eq),
            Some("NEQ") => !order("value").is_some_and(std::cmp::Ordering::is_eq),
            Some("GT") => order("value").is_some_and(std::cmp::Ordering::is_gt),
            Some("GTE") => order("value").is_some_and(std::cmp::Ordering::is_ge),
            Some("LT") => order("value").is_some_and(std::cmp::Ordering::is_lt),
            Some("LTE") => order("value").is_some_and(std::cmp::Ordering::is_le),
            Some("IN") => list(filter, "values").iter().any(|one| plain(one) == plain(&own)),
            Some("HAS_PROPERTY") => !own.is_null(),
            Some("NOT_HAS_PROPERTY") => own.is_null(),
            other => return Err(Refusal::unmodelled(format!("the operator {other:?}"))),
        })
    };
    let mut kept = Vec::new();
    for row in rows.iter() {
        let mut fits = groups.is_empty();
        for group in &groups {
            let mut all = true;
            for filter in list(group, "filters") {
                all = all && holds(row, &filter)?;
            }
            fits = fits || all;
        }
        if fits {
            kept.push(*row);
        }
    }
    let sorts = list(asked.input, "sorts");
    if sorts.len() > 1 {
        return Err(invalid("only one sort is supported"));
    }
    if let Some(sort) = sorts.first() {
        let name = sort.get("propertyName").map(plain).unwrap_or_default();
        kept.sort_by(|a, b| compared(&value(a, &name), &plain(&value(b, &name))));
        if sort.get("direction").and_then(Json::as_str) == Some("DESCENDING") {
            kept.reverse();
        }
    }
    *rows = kept;
    Ok(())
}
