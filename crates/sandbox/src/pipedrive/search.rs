//! Search: by a term in an entity, or by the exact value of a field.

use chrono::{DateTime, Utc};

use super::answers::{self, Refusal};
use super::custom::fields_of;
use super::query::Params;
use super::schema::Entity;
use super::state::State;
use super::table::Record;
use crate::reply::Reply;
use crate::{Json, Object};

/// `GET /{entity}/search`: one page, best first, which here is oldest first.
pub(crate) fn by_term(
    state: &State,
    entity: Entity,
    params: &Params,
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    if !entity.writable() || entity == Entity::Activities {
        return Err(Refusal::no_route());
    }
    let exact = params.flag("exact_match")? == Some(true);
    let term = term(params, if exact { 1 } else { 2 })?;
    let fields = params.list("fields");
    let wanted = |name: &str| fields.is_empty() || fields.contains(&name);
    let matches = |text: &str| {
        let text = text.to_lowercase();
        if exact { text == term } else { text.contains(&term) }
    };
    let hit = |record: &Record| {
        let own = ["title", "name", "code"].into_iter().filter(|name| wanted(name));
        own.filter_map(|name| record.get(name).as_str()).any(matches)
            || [("emails", "email"), ("phones", "phone")].into_iter().any(|(column, field)| {
                let all = record.get(column).as_array().unwrap_or_default();
                wanted(field)
                    && all.iter().filter_map(|one| one.get("value").and_then(Json::as_str)).any(matches)
            })
            || (wanted("custom_fields") && texts(record).any(matches))
    };
    let found = alive(state, entity, now).filter(|record| hit(record));
    let items = found.take(params.limit()?).map(|record| {
        Object::default()
            .with("result_score", Json::decimal("0.75"))
            .with("item", item(state, entity, record, now))
    });
    answer_items(items)
}

/// `GET /itemSearch/field`: the records whose field has a value.
pub(crate) fn by_field(state: &State, params: &Params, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let entity = match params.get("entity_type") {
        Some("deal") => Entity::Deals,
        Some("person") => Entity::Persons,
        Some("organization") => Entity::Organizations,
        Some("product") => Entity::Products,
        Some(_) | None => {
            return Err(Refusal::bad("`entity_type` must be deal, person, organization or product"));
        }
    };
    let field = params.get("field").ok_or_else(|| Refusal::bad("`field` is required"))?;
    let how = params.get("match").unwrap_or("exact");
    let term = term(params, if how == "exact" { 1 } else { 2 })?;
    let hit = |record: &&Record| {
        let value = record.get("custom_fields").get(field).unwrap_or_else(|| record.get(field));
        value.as_str().is_some_and(|text| {
            let text = text.to_lowercase();
            match how {
                "beginning" => text.starts_with(&term),
                "middle" => text.contains(&term),
                _ => text == term,
            }
        })
    };
    let shown = |record: &Record| {
        let value = record.get("custom_fields").get(field).unwrap_or_else(|| record.get(field));
        Object::default().with("id", record.id()).with(field.to_owned(), value.clone()).into()
    };
    let items: Vec<Json> = alive(state, entity, now).filter(hit).take(params.limit()?).map(shown).collect();
    Ok(answers::page(items, None))
}

fn term(params: &Params, shortest: usize) -> Result<String, Refusal> {
    let term = params.get("term").unwrap_or_default().trim().to_lowercase();
    if term.chars().count() < shortest {
        return Err(Refusal::bad(format!("`term` must have at least {shortest} characters")));
    }
    Ok(term)
}

fn alive(state: &State, entity: Entity, now: DateTime<Utc>) -> impl Iterator<Item = &Record> {
    state.table(entity).from(0, now).filter(|record| !record.deleted())
}

fn texts(record: &Record) -> impl Iterator<Item = &str> {
    let values = record.get("custom_fields").as_object();
    values.into_iter().flat_map(Object::iter).filter_map(|(_, value)| value.as_str())
}

fn answer_items(items: impl Iterator<Item = Object>) -> Result<Reply, Refusal> {
    let items: Vec<Json> = items.map(Json::from).collect();
    let data = Object::default().with("items", items);
    let more = Object::default().with("next_cursor", Json::Null);
    let body = Object::default().with("success", true).with("data", data).with("additional_data", more);
    Ok(Reply::json(http::StatusCode::OK, &body.into()))
}

fn item(state: &State, entity: Entity, record: &Record, now: DateTime<Utc>) -> Object {
    let owner = Object::default().with("id", record.get("owner_id").clone());
    let customs: Vec<Json> = fields_of(entity)
        .filter_map(|field| record.get("custom_fields").get(field.code))
        .filter(|value| value.as_str().is_some())
        .cloned()
        .collect();
    let mut item = Object::default()
        .with("id", record.id())
        .with("type", entity.title().to_lowercase())
        .with("owner", owner)
        .with("visible_to", record.get("visible_to").clone())
        .with("custom_fields", customs)
        .with("notes", Vec::<Json>::new());
    for name in ["title", "name", "value", "currency", "status", "is_archived", "code"] {
        if let Some(value) = record.object().get(name) {
            item.set(name, value.clone());
        }
    }
    for (name, column) in [("emails", "emails"), ("phones", "phones")] {
        if let Some(all) = record.get(column).as_array() {
            let values = all.iter().filter_map(|one| one.get("value").cloned());
            item.set(name, values.collect::<Vec<Json>>());
        }
    }
    for (name, column, other) in
        [("person", "person_id", Entity::Persons), ("organization", "org_id", Entity::Organizations)]
    {
        if record.object().get(column).is_some() {
            let linked = record.get(column).as_i64().and_then(|id| state.table(other).get(id, now));
            item.set(
                name,
                linked
                    .map(|one| Object::default().with("id", one.id()).with("name", one.get("name").clone())),
            );
        }
    }
    if let Some(stage) = record.get("stage_id").as_i64().and_then(|id| state.stages.get(id, now)) {
        item.set("stage", Object::default().with("id", stage.id()).with("name", stage.get("name").clone()));
    }
    item
}
