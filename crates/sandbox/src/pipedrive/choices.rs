//! What an account chooses from: the types of its activities and the labels of its leads. Lists of v1 without pages.

use chrono::{DateTime, Utc};

use super::answers::{self, Refusal};
use super::state::State;
use super::table::v1_time;
use crate::reply::Reply;
use crate::{Json, Object};

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    ActivityTypes,
    LeadLabels,
}

/// The colours of a lead's label.
const COLORS: [&str; 10] =
    ["blue", "brown", "dark-gray", "gray", "green", "orange", "pink", "purple", "red", "yellow"];

impl List {
    pub(crate) fn of(path: &str) -> Self {
        if path == "leadLabels" { Self::LeadLabels } else { Self::ActivityTypes }
    }

    fn rows(self, state: &mut State) -> &mut Vec<Object> {
        match self {
            Self::ActivityTypes => &mut state.activity_types,
            Self::LeadLabels => &mut state.lead_labels,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::ActivityTypes => "Activity type",
            Self::LeadLabels => "Lead label",
        }
    }

    const fn required(self) -> [&'static str; 2] {
        match self {
            Self::ActivityTypes => ["name", "icon_key"],
            Self::LeadLabels => ["name", "color"],
        }
    }

    /// A time as the list writes it.
    fn time(self, now: DateTime<Utc>) -> String {
        match self {
            Self::ActivityTypes => v1_time(now),
            Self::LeadLabels => now.format("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        }
    }

    pub(crate) fn all(self, state: &mut State) -> Reply {
        answers::v1_list(self.rows(state).iter().cloned().map(Json::from).collect())
    }

    pub(crate) fn create(self, state: &mut State, body: &Json, now: DateTime<Utc>) -> Result<Reply, Refusal> {
        let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        if let Some(name) = self.required().into_iter().find(|name| text(name).is_none()) {
            return Err(Refusal::bad(format!("`{name}` is required")));
        }
        let number = self.rows(state).len() + 1;
        let name = text("name").unwrap_or_default();
        let row = match self {
            Self::ActivityTypes => activity_type(
                i64::try_from(number).unwrap_or_default(),
                name,
                text("icon_key").unwrap_or_default(),
                true,
            ),
            Self::LeadLabels => Object::default()
                .with("id", format!("a11ce001-5a4d-4b0c-8001-{number:012x}"))
                .with("name", name.to_owned())
                .with("color", Json::Null),
        };
        let time = self.time(now);
        let mut row = row.with("add_time", time.clone()).with("update_time", time);
        self.fill(&mut row, body)?;
        self.rows(state).push(row.clone());
        Ok(answers::one(row))
    }

    pub(crate) fn update(
        self,
        state: &mut State,
        id: &str,
        body: &Json,
        now: DateTime<Utc>,
    ) -> Result<Reply, Refusal> {
        let row = self.row(state, id)?;
        let mut changed = row.clone();
        self.fill(&mut changed, body)?;
        changed.set("update_time", self.time(now));
        *row = changed.clone();
        Ok(answers::one(changed))
    }

    /// A type stays in the list without being active; a label is gone.
    pub(crate) fn delete(self, state: &mut State, id: &str, now: DateTime<Utc>) -> Result<Reply, Refusal> {
        let time = self.time(now);
        let row = self.row(state, id)?;
        if self == Self::ActivityTypes {
            row.set("active_flag", false);
            row.set("update_time", time);
            return Ok(answers::one(row.clone()));
        }
        self.rows(state).retain(|row| !is_of(row, id));
        Ok(answers::one(Object::default().with("id", id.to_owned())))
    }

    fn row<'s>(self, state: &'s mut State, id: &str) -> Result<&'s mut Object, Refusal> {
        let is_active = |row: &&mut Object| row.get("active_flag").and_then(Json::as_bool) != Some(false);
        let row = self.rows(state).iter_mut().filter(is_active).find(|row| is_of(row, id));
        row.ok_or_else(|| Refusal::missing(self.title()))
    }

    fn fill(self, row: &mut Object, body: &Json) -> Result<(), Refusal> {
        let body = body.as_object().ok_or_else(|| Refusal::bad("the body must be a JSON object"))?;
        for (name, value) in body.iter() {
            let text = value.as_str().filter(|text| !text.is_empty());
            let fits = match (name, self) {
                ("name", _) | ("icon_key", Self::ActivityTypes) => text.is_some(),
                ("color", Self::LeadLabels) => text.is_some_and(|color| COLORS.contains(&color)),
                ("color", Self::ActivityTypes) => {
                    text.is_some_and(|text| text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit()))
                }
                ("order_nr", Self::ActivityTypes) => value.as_i64().is_some(),
                _ => return Err(Refusal::bad(format!("`{name}` is not a field that can be set"))),
            };
            if !fits {
                return Err(Refusal::bad(format!("`{name}` does not take this value")));
            }
            row.set(name.to_owned(), value.clone());
        }
        Ok(())
    }
}

fn is_of(row: &Object, id: &str) -> bool {
    match row.get("id") {
        Some(Json::Int(number)) => number.to_string() == id,
        Some(other) => other.as_str() == Some(id),
        None => false,
    }
}

/// A type of activity. Its word follows from its first name and stays.
pub(crate) fn activity_type(id: i64, name: &str, icon: &str, custom: bool) -> Object {
    Object::default()
        .with("id", id)
        .with("order_nr", id)
        .with("name", name.to_owned())
        .with("key_string", if custom { name.to_lowercase().replace(' ', "_") } else { icon.to_owned() })
        .with("icon_key", icon.to_owned())
        .with("active_flag", true)
        .with("color", "FFFFFF")
        .with("is_custom_flag", custom)
}
