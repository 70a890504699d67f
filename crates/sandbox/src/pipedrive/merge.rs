//! Merging two persons: one stays and takes over what belonged to the other.

use chrono::{DateTime, Utc};

use super::answers::Refusal;
use super::schema::Entity;
use super::state::State;
use super::table::{moment, v1_time, v2_time};
use super::write;
use crate::{Json, Object};

/// Merges `from` into `into`. `from` is deleted; its addresses, deals, activities and notes go over.
pub(crate) fn persons(state: &mut State, from: i64, into: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    if from == into || !state.persons.alive(from) || !state.persons.alive(into) {
        return Err(Refusal::missing("Person"));
    }
    let gone = state.persons.get(from, now).cloned().ok_or_else(|| Refusal::missing("Person"))?;
    write::delete(state, Entity::Persons, from, now)?;
    if let Some(stays) = state.persons.get_mut(into) {
        for name in ["emails", "phones"] {
            let both = joined(stays.get(name), gone.get(name));
            stays.set(name, both);
        }
        if stays.get("org_id").is_null() {
            stays.set("org_id", gone.get("org_id").clone());
        }
        stays.set("update_time", v2_time(now));
    }
    for entity in [Entity::Deals, Entity::Activities] {
        for record in state.table_mut(entity).all_mut().filter(|record| !record.deleted()) {
            if record.get("person_id").as_i64() != Some(from) {
                continue;
            }
            record.set("person_id", into);
            if entity == Entity::Activities {
                let one = Object::default().with("person_id", into).with("primary", true);
                record.set("participants", vec![one.into()]);
            }
            record.set("update_time", v2_time(now));
        }
    }
    for note in state.notes.all_mut().filter(|note| note.get("person_id").as_i64() == Some(from)) {
        note.set("person_id", into);
        note.set("update_time", v1_time(now));
    }
    Ok(())
}

/// The addresses of the one who stays, then those of the other that are new.
fn joined(stays: &Json, gone: &Json) -> Json {
    let mut all = stays.as_array().unwrap_or_default().to_vec();
    for entry in gone.as_array().unwrap_or_default() {
        if !all.iter().any(|known| known.get("value") == entry.get("value")) {
            let mut entry = entry.as_object().cloned().unwrap_or_default();
            entry.set("primary", all.is_empty());
            all.push(entry.into());
        }
    }
    all.into()
}

/// The person who stays, as v1 shows it.
pub(crate) fn shown(state: &State, from: i64, into: i64, now: DateTime<Utc>) -> Object {
    let mut person = Object::default().with("id", into).with("company_id", state.account.company_id);
    let Some(record) = state.persons.get(into, now) else { return person };
    for name in ["owner_id", "org_id", "name", "first_name", "last_name"] {
        person.set(name, record.get(name).clone());
    }
    for (name, column) in [("phone", "phones"), ("email", "emails")] {
        person.set(name, record.get(column).clone());
    }
    let old = |name: &str| record.get(name).as_str().and_then(moment).map(v1_time);
    let visible_to = record.get("visible_to").as_i64().map(|group| group.to_string());
    person
        .with("active_flag", true)
        .with("add_time", old("add_time"))
        .with("update_time", old("update_time"))
        .with("visible_to", visible_to)
        .with("label_ids", record.get("label_ids").clone())
        .with("merge_what_id", from)
}
