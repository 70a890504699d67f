//! Notes, which only v1 has.

use chrono::{DateTime, Utc};

use super::answers::{self, Refusal};
use super::query::Params;
use super::routes_v1::{cut, sort, span};
use super::schema::Entity;
use super::state::State;
use super::table::{Record, v1_time};
use crate::reply::Reply;
use crate::{Json, Object};

/// What a note can be attached to, with the object that shows its name.
const PARENTS: [(&str, Entity, &str, &str); 3] = [
    ("deal_id", Entity::Deals, "deal", "title"),
    ("person_id", Entity::Persons, "person", "name"),
    ("org_id", Entity::Organizations, "organization", "name"),
];

const PINS: [&str; 3] = ["pinned_to_deal_flag", "pinned_to_person_flag", "pinned_to_organization_flag"];

const SORT: [&str; 8] =
    ["id", "user_id", "deal_id", "person_id", "org_id", "content", "add_time", "update_time"];

/// A note with nothing in it yet.
pub(crate) fn blank(id: i64, user: i64, now: DateTime<Utc>) -> Object {
    let mut note = Object::default().with("id", id).with("active_flag", true).with("content", "");
    for name in ["lead_id", "deal_id", "person_id", "org_id", "project_id", "task_id"] {
        note.set(name, Json::Null);
    }
    for name in
        PINS.into_iter().chain(["pinned_to_lead_flag", "pinned_to_project_flag", "pinned_to_task_flag"])
    {
        note.set(name, false);
    }
    note.with("add_time", v1_time(now))
        .with("update_time", v1_time(now))
        .with("user_id", user)
        .with("last_update_user_id", Json::Null)
}

pub(crate) fn list(state: &State, params: &Params, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let since = params.time("updated_since")?;
    let mut equal = Vec::new();
    for name in ["user_id", "deal_id", "person_id", "org_id"] {
        equal.extend(params.int(name)?.map(|id| (name, id)));
    }
    let keeps = |note: &&Record| {
        !note.deleted()
            && since.is_none_or(|since| note.updated().is_some_and(|at| at >= since))
            && equal.iter().all(|(name, id)| note.get(name).as_i64() == Some(*id))
    };
    let notes = state.notes.from(0, now).filter(keeps);
    let mut found: Vec<Json> = notes.map(|note| show(state, note, now)).collect();
    sort(&mut found, params, &SORT)?;
    Ok(cut(found, span(params)?))
}

pub(crate) fn one(state: &State, id: &str, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let note = id.parse().ok().and_then(|id| state.notes.get(id, now)).filter(|note| !note.deleted());
    note.map(|note| answers::one(show(state, note, now))).ok_or_else(|| Refusal::missing("Note"))
}

pub(crate) fn create(state: &mut State, body: &Json, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let id = state.notes.next_id();
    let mut note = Record::new(id, blank(id, state.me, now));
    if body.get("content").and_then(Json::as_str).is_none_or(str::is_empty) {
        return Err(Refusal::bad("`content` is required"));
    }
    fill(state, &mut note, body)?;
    let attached = PARENTS.iter().any(|(key, ..)| !note.get(key).is_null()) || !note.get("lead_id").is_null();
    if !attached {
        return Err(Refusal::bad("a note must be attached to a deal, a person, an organization or a lead"));
    }
    let reply = answers::one(show(state, &note, now));
    state.notes.insert(note);
    Ok(reply)
}

pub(crate) fn update(state: &mut State, id: &str, body: &Json, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let missing = || Refusal::missing("Note");
    let id = id.parse().map_err(|_| missing())?;
    let mut note = state.notes.get(id, now).filter(|note| !note.deleted()).ok_or_else(missing)?.clone();
    fill(state, &mut note, body)?;
    note.set("update_time", v1_time(now));
    note.set("last_update_user_id", state.me);
    let reply = answers::one(show(state, &note, now));
    state.notes.insert(note);
    Ok(reply)
}

pub(crate) fn delete(state: &mut State, id: &str, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let note =
        id.parse().ok().and_then(|id| state.notes.get_mut(id)).ok_or_else(|| Refusal::missing("Note"))?;
    note.set("is_deleted", true);
    note.set("active_flag", false);
    note.set("update_time", v1_time(now));
    Ok(answers::one(true))
}

fn fill(state: &State, note: &mut Record, body: &Json) -> Result<(), Refusal> {
    let body = body.as_object().ok_or_else(|| Refusal::bad("the body must be a JSON object"))?;
    for (name, value) in body.iter() {
        let parent = PARENTS.iter().find(|(key, ..)| *key == name);
        let taken: Json = if let Some((_, entity, ..)) = parent {
            if !value.is_null() && !value.as_i64().is_some_and(|id| state.table(*entity).alive(id)) {
                return Err(Refusal::bad(format!("`{name}` does not exist")));
            }
            value.clone()
        } else if name.starts_with("pinned_to_") {
            // The first version takes 0 and 1 for flags.
            (value.as_bool() == Some(true) || value.as_i64() == Some(1)).into()
        } else {
            value.clone()
        };
        // What v1 does not know it leaves aside.
        if note.object().get(name).is_some() && !["id", "active_flag", "update_time"].contains(&name) {
            note.set(name.to_owned(), taken);
        }
    }
    Ok(())
}

fn show(state: &State, note: &Record, now: DateTime<Utc>) -> Json {
    let mut object = note.object().clone();
    object.remove("is_deleted");
    for (key, entity, name, shown) in PARENTS {
        let parent = note.get(key).as_i64().and_then(|id| state.table(entity).get(id, now));
        object.set(name, parent.map(|parent| Object::default().with(shown, parent.get(shown).clone())));
    }
    let author = note.get("user_id").as_i64().and_then(|id| state.user(id)).map(|user| {
        let of = |key: &str| user.get(key).cloned().unwrap_or(Json::Null);
        Object::default()
            .with("email", of("email"))
            .with("icon_url", of("icon_url"))
            .with("is_you", of("is_you"))
            .with("name", of("name"))
    });
    object.set("user", author);
    object.into()
}
