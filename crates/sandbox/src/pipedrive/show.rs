//! How a record of v2 looks in an answer: which custom fields, labels and optional fields it shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::answers::Refusal;
use super::custom::{CustomField, fields_of};
use super::fields;
use super::query::Params;
use super::schema::Entity;
use super::state::State;
use super::table::Record;
use crate::{Json, Object};

/// What a request wants to see of each record.
pub(crate) struct View {
    entity: Entity,
    customs: Vec<&'static CustomField>,
    extras: Vec<&'static str>,
    option_labels: bool,
    labels: bool,
    activities: BTreeMap<i64, (i64, i64)>,
    notes: BTreeMap<i64, i64>,
}

impl View {
    pub(crate) fn of(
        state: &State,
        entity: Entity,
        params: &Params,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        let keys = params.list("custom_fields");
        if keys.len() > 15 {
            return Err(Refusal::bad("`custom_fields` must hold at most 15 keys"));
        }
        let customs =
            fields_of(entity).filter(|field| keys.is_empty() || keys.contains(&field.code)).collect();
        let known = fields::optional(entity);
        let mut extras = Vec::new();
        for name in params.list("include_fields") {
            match known.iter().find(|known| **known == name) {
                Some(known) => extras.push(*known),
                None => return Err(Refusal::bad(format!("`include_fields` does not know `{name}`"))),
            }
        }
        let mut view = Self {
            entity,
            customs,
            extras,
            option_labels: params.flag("include_option_labels")? == Some(true),
            labels: params.flag("include_labels")? == Some(true),
            activities: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        view.count(state, now);
        Ok(view)
    }

    /// Counts what belongs to the records, when somebody asks for a count.
    fn count(&mut self, state: &State, now: DateTime<Utc>) {
        let key = match self.entity {
            Entity::Deals => "deal_id",
            Entity::Persons => "person_id",
            Entity::Organizations => "org_id",
            _ => return,
        };
        if !self.extras.iter().any(|name| name.ends_with("_count")) {
            return;
        }
        for activity in state.activities.from(0, now).filter(|activity| !activity.deleted()) {
            if let Some(id) = activity.get(key).as_i64() {
                let (done, open) = self.activities.entry(id).or_default();
                *(if activity.get("done").as_bool() == Some(true) { done } else { open }) += 1;
            }
        }
        for note in state.notes.from(0, now) {
            if let Some(id) = note.get(key).as_i64() {
                *self.notes.entry(id).or_default() += 1;
            }
        }
    }

    pub(crate) fn show(&self, record: &Record) -> Json {
        let mut object = record.object().clone();
        if self.entity.has_custom_fields() {
            object.set("custom_fields", self.customs(record.get("custom_fields")));
        }
        if self.entity == Entity::Activities && !self.extras.contains(&"attendees") {
            object.remove("attendees");
        }
        if self.labels {
            let names = fields::labels(self.entity);
            let shown = |id: &Json| {
                let label =
                    names.iter().find(|(known, _)| id.as_i64() == Some(*known)).map(|(_, name)| *name);
                Object::default().with("id", id.clone()).with("label", label).into()
            };
            let ids = record.get("label_ids").as_array().unwrap_or_default();
            object.set("labels", ids.iter().map(shown).collect::<Vec<Json>>());
        }
        let (done, open) = self.activities.get(&record.id()).copied().unwrap_or_default();
        for name in self.extras.iter().filter(|name| object.get(name).is_none()).copied().collect::<Vec<_>>()
        {
            let value: Json = match name {
                "activities_count" => (done + open).into(),
                "done_activities_count" => done.into(),
                "undone_activities_count" => open.into(),
                "notes_count" => self.notes.get(&record.id()).copied().unwrap_or_default().into(),
                "smart_bcc_email" => {
                    format!("acme-demo+{}{}@mail.example", self.entity.path(), record.id()).into()
                }
                "first_won_time" => record.get("won_time").clone(),
                name if name.ends_with("_count") => 0_i64.into(),
                _ => Json::Null,
            };
            object.set(name, value);
        }
        object.into()
    }

    /// Every custom field of the entity, null where the record has no value.
    fn customs(&self, values: &Json) -> Object {
        let mut shown = Object::default();
        for field in &self.customs {
            let value = values.get(field.code).unwrap_or(&Json::Null);
            shown.set(field.code, if self.option_labels { field.with_labels(value) } else { value.clone() });
        }
        shown
    }
}
