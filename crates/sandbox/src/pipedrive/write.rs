//! Create, update and delete, with the provider's checks and with what follows from a change.

use chrono::{DateTime, Utc};
use http::StatusCode;

use super::answers::Refusal;
use super::checks;
use super::custom::fields_of;
use super::schema::{Access, CONTACT_SYNC, Column, Entity, Kind};
use super::state::State;
use super::table::{Record, moment, v2_time};
use crate::{Json, Object};

type Changes = Vec<(&'static Column, Json)>;

pub(crate) fn create(
    state: &mut State,
    entity: Entity,
    body: &Json,
    now: DateTime<Utc>,
) -> Result<i64, Refusal> {
    let changes = checked(state, entity, body)?;
    let required = entity.columns().iter().find(|column| column.kind == Kind::Name);
    let of_task = entity.column("project_id").filter(|_| entity == Entity::Tasks);
    let is_left_out = |column: &&Column| !changes.iter().any(|(c, _)| c.name == column.name);
    if let Some(column) = required.into_iter().chain(of_task).find(is_left_out) {
        return Err(Refusal::bad(format!("`{}` is required", column.name)));
    }
    let id = state.table(entity).next_id();
    let mut record = Record::new(id, entity.blank(id));
    for (name, value) in defaults(state, entity, now) {
        record.set(name, value);
    }
    let before = record.clone();
    apply(&mut record, changes);
    settle(state, entity, &before, &mut record, now)?;
    state.table_mut(entity).insert(record);
    Ok(id)
}

pub(crate) fn update(
    state: &mut State,
    entity: Entity,
    id: i64,
    body: &Json,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let missing = || Refusal::missing(entity.title());
    let before =
        state.table(entity).get(id, now).filter(|record| !record.deleted()).ok_or_else(missing)?.clone();
    let changes = checked(state, entity, body)?;
    let mut record = before.clone();
    apply(&mut record, changes);
    settle(state, entity, &before, &mut record, now)?;
    // What changes nothing leaves no trace.
    if record.object() != before.object() {
        record.set("update_time", v2_time(now));
        state.table_mut(entity).insert(record);
    }
    Ok(())
}

pub(crate) fn delete(state: &mut State, entity: Entity, id: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    let record = state.table_mut(entity).get_mut(id).ok_or_else(|| Refusal::missing(entity.title()))?;
    record.set("is_deleted", true);
    record.set("update_time", v2_time(now));
    if entity == Entity::Deals {
        record.set("status", "deleted");
    }
    if entity == Entity::Tasks {
        // Its subtasks go with it.
        let of_it = |task: &&mut Record| !task.deleted() && task.get("parent_task_id").as_i64() == Some(id);
        for task in state.tasks.all_mut().filter(of_it) {
            task.set("is_deleted", true);
            task.set("update_time", v2_time(now));
        }
    }
    Ok(())
}

/// Archives a project.
pub(crate) fn archive(state: &mut State, id: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    let project = state.projects.get_mut(id).ok_or_else(|| Refusal::missing("Project"))?;
    project.set("archive_time", v2_time(now));
    project.set("update_time", v2_time(now));
    Ok(())
}

/// What a new record has when nobody says otherwise.
fn defaults(state: &State, entity: Entity, now: DateTime<Utc>) -> Vec<(&'static str, Json)> {
    let me = state.me;
    let mut values: Vec<(&str, Json)> = vec![
        ("add_time", v2_time(now).into()),
        ("update_time", v2_time(now).into()),
        ("owner_id", me.into()),
    ];
    match entity {
        Entity::Deals => values.extend([
            ("creator_user_id", me.into()),
            ("value", 0_i64.into()),
            ("currency", "SEK".into()),
            ("status", "open".into()),
            ("origin", "API".into()),
            ("pipeline_id", state.first_stage(None).map(|(_, pipeline)| pipeline).into()),
            ("stage_id", state.first_stage(None).map(|(stage, _)| stage).into()),
        ]),
        Entity::Activities => values.extend([
            ("creator_user_id", me.into()),
            ("subject", "Samtal".into()),
            ("type", "call".into()),
            ("due_date", now.format("%Y-%m-%d").to_string().into()),
        ]),
        Entity::Products => values.extend([
            ("tax", 0_i64.into()),
            ("is_linkable", true.into()),
            ("billing_frequency", "one-time".into()),
        ]),
        Entity::Projects => values.extend([
            ("description", "".into()),
            ("status", "open".into()),
            ("board_id", 1_i64.into()),
            ("phase_id", 1_i64.into()),
            ("status_change_time", v2_time(now).into()),
        ]),
        Entity::Tasks => {
            values.retain(|(name, _)| *name != "owner_id");
            values.push(("creator_id", me.into()));
        }
        _ => {}
    }
    values
}

/// The body's members as changes, each checked alone.
fn checked(state: &State, entity: Entity, body: &Json) -> Result<Changes, Refusal> {
    let body = body.as_object().ok_or_else(|| Refusal::bad("the body must be a JSON object"))?;
    let mut changes = Changes::new();
    for (name, value) in body.iter() {
        if entity == Entity::Persons && CONTACT_SYNC.contains(&name) {
            let error = format!("`{name}` needs contact sync, which is not enabled for the company");
            return Err(Refusal::new(StatusCode::FORBIDDEN, error));
        }
        // Old records are imported with the time of their creation, where the provider allows that.
        let import = name == "add_time" && matches!(entity, Entity::Persons | Entity::Organizations);
        let column = entity
            .column(name)
            .filter(|column| column.access != Access::Provider || import)
            .ok_or_else(|| Refusal::bad(format!("`{name}` is not a field that can be set")))?;
        if value.is_null() {
            if column.access == Access::Given {
                return Err(Refusal::bad(format!("`{name}` cannot be null")));
            }
        } else {
            check(state, entity, column, value)?;
        }
        changes.push((column, value.clone()));
    }
    Ok(changes)
}

fn check(state: &State, entity: Entity, column: &Column, value: &Json) -> Result<(), Refusal> {
    let text = |fits: fn(&str) -> bool| value.as_str().is_some_and(fits);
    let fits = match column.kind {
        Kind::Text => value.as_str().is_some(),
        Kind::Name => text(|name| !name.trim().is_empty()),
        Kind::Int => value.as_i64().is_some(),
        Kind::Number => checks::is_number(value),
        Kind::Bool => value.as_bool().is_some(),
        Kind::Bit => matches!(value.as_i64(), Some(0 | 1)),
        Kind::Date => text(checks::is_date),
        Kind::Clock => text(checks::is_clock),
        Kind::Time => text(checks::is_time),
        Kind::User => value.as_i64().is_some_and(|id| state.is_user(id)),
        Kind::Id(other) => value.as_i64().is_some_and(|id| state.table(other).alive(id)),
        Kind::Labels => checks::all_ints(value),
        Kind::Visibility => matches!(value.as_i64(), Some(1 | 3 | 5 | 7)),
        Kind::Status => text(|status| matches!(status, "open" | "won" | "lost")),
        Kind::Currency => text(checks::is_currency),
        Kind::Contacts => checks::are_contacts(value),
        Kind::Address => value.get("value").is_some_and(|text| text.as_str().is_some()),
        Kind::Prices => checks::are_prices(value),
        Kind::Participants => value.as_array().is_some_and(|all| {
            let known = |id| state.table(Entity::Persons).alive(id);
            all.iter().all(|one| one.get("person_id").and_then(Json::as_i64).is_some_and(known))
        }),
        Kind::Attendees => {
            value.as_array().is_some_and(|all| all.iter().all(|one| one.as_object().is_some()))
        }
        Kind::Billing => text(|frequency| checks::BILLING.contains(&frequency)),
        Kind::Custom => return check_custom(entity, value),
    };
    if column.name == "is_deleted" && value.as_bool() == Some(true) {
        return Err(Refusal::bad("a record is deleted with DELETE, not by setting `is_deleted`"));
    }
    if fits { Ok(()) } else { Err(Refusal::bad(format!("`{}` does not take this value", column.name))) }
}

fn check_custom(entity: Entity, value: &Json) -> Result<(), Refusal> {
    let values = value.as_object().ok_or_else(|| Refusal::bad("`custom_fields` must be an object"))?;
    for (code, value) in values.iter() {
        match fields_of(entity).find(|field| field.code == code) {
            Some(field) => field.check(value)?,
            None => return Err(Refusal::bad(format!("custom field `{code}` does not exist"))),
        }
    }
    Ok(())
}

fn apply(record: &mut Record, changes: Changes) {
    for (column, value) in changes {
        let value = match (column.kind, &value) {
            (Kind::Custom, Json::Object(given)) => merged(record.get("custom_fields"), given).into(),
            (Kind::Labels | Kind::Contacts | Kind::Participants | Kind::Attendees, Json::Null) => {
                Vec::new().into()
            }
            (Kind::Contacts, Json::Array(items)) => normal_contacts(items),
            (Kind::Address, Json::Object(given)) => address(given.get("value")),
            (Kind::Time, Json::Text(text)) => moment(text).map(v2_time).into(),
            (Kind::Clock, Json::Text(text)) if text.len() == 5 => format!("{text}:00").into(),
            _ => value,
        };
        record.set(column.name, value);
    }
}

/// Custom fields that are not named keep their values; null takes one away.
fn merged(current: &Json, given: &Object) -> Object {
    let mut values = current.as_object().cloned().unwrap_or_default();
    for (code, value) in given.iter() {
        if value.is_null() {
            values.remove(code);
        } else {
            values.set(code.to_owned(), value.clone());
        }
    }
    values
}

/// Each entry with all its parts, exactly one of them primary.
fn normal_contacts(items: &[Json]) -> Json {
    let chosen =
        items.iter().position(|item| item.get("primary").and_then(Json::as_bool) == Some(true)).unwrap_or(0);
    let entry = |(index, item): (usize, &Json)| {
        Object::default()
            .with("value", item.get("value").cloned().unwrap_or(Json::Null))
            .with("primary", index == chosen)
            .with("label", item.get("label").cloned().unwrap_or("work".into()))
            .into()
    };
    Json::Array(items.iter().enumerate().map(entry).collect())
}

/// Only the whole address is taken; its parts are the geocoder's business, which a sandbox does not have.
pub(crate) fn address(value: Option<&Json>) -> Json {
    const PARTS: [&str; 9] = [
        "country",
        "admin_area_level_1",
        "admin_area_level_2",
        "locality",
        "sublocality",
        "route",
        "street_number",
        "subpremise",
        "postal_code",
    ];
    let mut object = Object::default().with("value", value.cloned().unwrap_or(Json::Null));
    for part in PARTS {
        object.set(part, Json::Null);
    }
    object.into()
}

/// What follows from a change, and whether the record as a whole is sound.
fn settle(
    state: &State,
    entity: Entity,
    before: &Record,
    record: &mut Record,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match entity {
        Entity::Deals => super::deals::settle(state, before, record, now)?,
        Entity::Persons => {
            let name = record.get("name").as_str().unwrap_or_default().trim().to_owned();
            let (first, last) = name.rsplit_once(' ').unwrap_or((&name, ""));
            record.set("first_name", first.to_owned());
            record.set("last_name", (!last.is_empty()).then(|| last.to_owned()));
        }
        Entity::Activities => {
            let primary = |one: &&Json| one.get("primary").and_then(Json::as_bool) == Some(true);
            let all = record.get("participants").as_array().unwrap_or_default();
            let person =
                all.iter().find(primary).or_else(|| all.first()).and_then(|one| one.get("person_id"));
            let person = person.cloned().unwrap_or(Json::Null);
            record.set("person_id", person);
            if record.get("done") != before.get("done") {
                let done = record.get("done").as_bool() == Some(true);
                record.set("marked_as_done_time", done.then(|| v2_time(now)));
            }
        }
        Entity::Projects if record.get("status") != before.get("status") => {
            record.set("status_change_time", v2_time(now));
        }
        Entity::Tasks => {
            for (given, shown) in [("done", "is_done"), ("milestone", "is_milestone")] {
                if let Some(bit) = record.take(given) {
                    record.set(shown, bit.as_i64() == Some(1));
                }
            }
            if record.get("is_done") != before.get("is_done") {
                let done = record.get("is_done").as_bool() == Some(true);
                record.set("marked_as_done_time", done.then(|| v2_time(now)));
            }
        }
        Entity::Products => {
            let id = record.id();
            let whole = |price: &Json| {
                Object::default()
                    .with("product_id", id)
                    .with("price", price.get("price").cloned().unwrap_or(Json::Null))
                    .with("currency", price.get("currency").cloned().unwrap_or(Json::Null))
                    .with("cost", price.get("cost").cloned().unwrap_or(0_i64.into()))
                    .with("direct_cost", price.get("direct_cost").cloned().unwrap_or(Json::Null))
                    .with("notes", price.get("notes").cloned().unwrap_or("".into()))
                    .into()
            };
            let prices = record.get("prices").as_array().unwrap_or_default().iter().map(whole).collect();
            record.set("prices", Json::Array(prices));
            // The category is written as a number and read as a text.
            if let Some(category) = record.get("category").as_i64() {
                record.set("category", category.to_string());
            }
        }
        _ => {}
    }
    Ok(())
}
