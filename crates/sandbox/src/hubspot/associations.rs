//! Associations: which records are linked, read one by one and many at once.

use chrono::{DateTime, Utc};

use crate::engine::{Act, Refusal, Row, World, plain};
use crate::{Json, Object};

use super::inputs;

/// Ids of kinds of associations, by the types on both sides.
pub(super) const KINDS: [(&str, &str, i64); 12] = [
    ("contacts", "companies", 279),
    ("companies", "contacts", 280),
    ("deals", "contacts", 3),
    ("contacts", "deals", 4),
    ("deals", "companies", 341),
    ("companies", "deals", 342),
    ("deals", "line_items", 19),
    ("line_items", "deals", 20),
    ("tickets", "contacts", 16),
    ("contacts", "tickets", 15),
    ("tickets", "companies", 339),
    ("companies", "tickets", 340),
];

fn kind_of(from: &str, to: &str) -> i64 {
    KINDS.iter().find(|(own, other, _)| *own == from && *other == to).map_or(1, |(_, _, id)| *id)
}

/// Carries out a request about associations.
pub(super) fn act(world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    match act.name {
        "associations_read" => read(world, act),
        "associations" => Ok(Json::Array(
            links(world, act.part("from"), act.part("key"), act.part("to"))
                .into_iter()
                .map(|(to, kind)| linked(&to, kind))
                .collect(),
        )),
        "associate" => {
            link(world, act.part("from"), act.part("key"), (act.part("to"), act.part("to_key")), act.now);
            let of = |id: &str| Json::from(Object::default().with("id", id.to_owned()));
            let spec = Object::default()
                .with("associationCategory", "HUBSPOT_DEFINED")
                .with("associationTypeId", kind_of(act.part("from"), act.part("to")));
            let result = Object::default()
                .with("from", of(act.part("key")))
                .with("to", of(act.part("to_key")))
                .with("associationSpec", spec);
            Ok(Json::Array(vec![result.into()]))
        }
        "dissociate" => {
            unlink(world, act.part("from"), act.part("key"), act.part("to"), act.part("to_key"));
            Ok(Json::Null)
        }
        other => Err(Refusal::unmodelled(format!("the act `{other}`"))),
    }
}

/// The records that one is linked with, each with the id of the kind.
fn links(world: &World, from: &str, key: &str, to: &str) -> Vec<(String, i64)> {
    let own = world.rows("associations").filter(|row| {
        row.text("from_type") == from && row.text("from_id") == key && row.text("to_type") == to
    });
    own.map(|row| (row.text("to_id").to_owned(), kind_of(from, to))).collect()
}

fn linked(to: &str, kind: i64) -> Json {
    let kind =
        Object::default().with("category", "HUBSPOT_DEFINED").with("typeId", kind).with("label", Json::Null);
    Object::default()
        .with("toObjectId", Json::decimal(to.to_owned()))
        .with("associationTypes", vec![Json::from(kind)])
        .into()
}

pub(super) fn link(world: &mut World, from: &str, key: &str, (to, other): (&str, &str), now: DateTime<Utc>) {
    for (from, key, to, other) in [(from, key, to, other), (to, other, from, key)] {
        if links(world, from, key, to).iter().any(|(own, _)| own == other) {
            continue;
        }
        let row = Object::default()
            .with("from_type", from.to_owned())
            .with("from_id", key.to_owned())
            .with("to_type", to.to_owned())
            .with("to_id", other.to_owned());
        world.insert("associations", row, now);
    }
}

fn unlink(world: &mut World, from: &str, key: &str, to: &str, other: &str) {
    let is_one = |row: &Row, from: &str, key: &str, to: &str, other: &str| {
        row.text("from_type") == from
            && row.text("from_id") == key
            && row.text("to_type") == to
            && row.text("to_id") == other
    };
    let rows = world.rows("associations");
    let both = rows.filter(|row| is_one(row, from, key, to, other) || is_one(row, to, other, from, key));
    let keys: Vec<String> = both.map(|row| row.key.clone()).collect();
    for key in keys {
        world.remove("associations", &key);
    }
}

/// The most associations of one record in an answer about many.
const MOST_LINKS: usize = 500;

fn read(world: &World, act: &Act<'_>) -> Result<Json, Refusal> {
    let (from, to) = (act.part("from"), act.part("to"));
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for input in inputs(act)? {
        let id = input.get("id").map(plain).unwrap_or_default();
        let start = input.get("after").map(plain).and_then(|after| after.parse::<usize>().ok()).unwrap_or(0);
        let all = links(world, from, &id, to);
        if all.is_empty() {
            let error = Object::default()
                .with("status", "error")
                .with("category", "OBJECT_NOT_FOUND")
                .with("subCategory", "crm.associations.NO_ASSOCIATIONS_FOUND")
                .with("message", format!("No {to} is associated with {from} {id}."))
                .with("context", Object::default().with("fromObjectId", vec![Json::from(id)]));
            errors.push(Json::from(error));
            continue;
        }
        let shown = all.iter().skip(start).take(MOST_LINKS).map(|(to, kind)| linked(to, *kind)).collect();
        let mut result =
            Object::default().with("from", Object::default().with("id", id)).with("to", Json::Array(shown));
        if all.len() > start + MOST_LINKS {
            let after = (start + MOST_LINKS).to_string();
            result.set("paging", Object::default().with("next", Object::default().with("after", after)));
        }
        results.push(Json::from(result));
    }
    if errors.is_empty() || !world.assumes("no_association_is_an_error") {
        return Ok(Json::Array(results));
    }
    let count = i64::try_from(errors.len()).unwrap_or(i64::MAX);
    Err(Refusal::named("some_failed")
        .with_value("results", results)
        .with_value("errors", errors)
        .with_value("count", count))
}
