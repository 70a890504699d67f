//! How a record looks: whole in an answer of its own, and thinner and with other types in a list.

use super::schema::{Entity, Field, Kind, Shape};
use super::state::State;
use super::table::{Key, Record, plain};
use crate::{Json, Object};

/// Where Fortnox says that a record lives, whatever host was asked.
const HOME: &str = "https://api.fortnox.se/3";

/// What stands where the company lacks the licence for a field.
pub(crate) const NO_RIGHT: &str = "API_NORIGHT";

#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    List,
    Detail,
}

/// A row of a list.
pub(crate) fn row(state: &State, entity: Entity, key: &Key, record: &Record) -> Json {
    shown(state, entity, key, record, View::List).into()
}

/// A record by itself.
pub(crate) fn detail(state: &State, entity: Entity, key: &Key, record: &Record) -> Object {
    shown(state, entity, key, record, View::Detail)
}

fn shown(state: &State, entity: Entity, key: &Key, record: &Record, view: View) -> Object {
    let url = format!("{HOME}/{}/{}", entity.path(), key.path());
    let mut members = vec![("@url", Json::from(url))];
    for field in entity.fields() {
        let shape = if view == View::List { field.list } else { field.detail };
        if shape == Shape::Hidden {
            continue;
        }
        let value = if no_right(state, field) {
            NO_RIGHT.into()
        } else {
            value(field, record.get(field.source), shape, blank_text(entity, view))
        };
        members.push((field.name, value));
    }
    Object::of_new(members.into_iter())
}

/// Registers leave out what they do not know; documents and lists have an empty text.
const fn blank_text(entity: Entity, view: View) -> Option<&'static str> {
    match (view, entity) {
        (View::List, _) | (_, Entity::Invoices | Entity::Orders | Entity::Offers) => Some(""),
        _ => None,
    }
}

fn no_right(state: &State, field: &Field) -> bool {
    match field.name {
        "Project" => state.unlicensed.contains(&Entity::Projects),
        "CostCenter" => state.unlicensed.contains(&Entity::CostCenters),
        _ => !state.warehouse && field.of_the_warehouse(),
    }
}

fn value(field: &Field, stored: &Json, shape: Shape, blank: Option<&'static str>) -> Json {
    if stored.is_null() {
        return match (field.kind, shape) {
            (Kind::Text(_), _) => blank.into(),
            (Kind::Flag, Shape::AsText) => "false".into(),
            (Kind::Flag, _) => false.into(),
            (Kind::Number, Shape::AsText) if field.list == Shape::Hidden => "".into(),
            (Kind::Rows(_), _) => Vec::new().into(),
            (Kind::Group(fields), _) => part(fields, &Json::Null),
            _ => Json::Null,
        };
    }
    match field.kind {
        Kind::Rows(fields) => stored
            .as_array()
            .unwrap_or_default()
            .iter()
            .map(|row| part(fields, row))
            .collect::<Vec<_>>()
            .into(),
        Kind::Group(fields) => part(fields, stored),
        _ if shape == Shape::AsText => plain(stored).into(),
        _ => stored.clone(),
    }
}

/// A row of a document, or a group of fields.
fn part(fields: &'static [Field], stored: &Json) -> Json {
    let member = |field: &'static Field| {
        let stored = stored.get(field.name).unwrap_or(&Json::Null);
        (field.name, value(field, stored, field.detail, Some("")))
    };
    Object::of_new(fields.iter().filter(|field| field.detail != Shape::Hidden).map(member)).into()
}
