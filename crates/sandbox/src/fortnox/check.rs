//! Whether a body holds what its fields ask for.

use super::local_time;
use super::refusal::Refusal;
use super::schema::{Field, Kind, Target, Write};
use super::state::{State, not_found};
use super::table::plain;
use super::{document, registers, values};
use crate::{Json, Object};

/// What blanks a text.
const BLANK: &str = "API_BLANK";

/// What a body is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Checker<'a> {
    pub(crate) state: &'a State,
    /// The financial year whose accounts count.
    pub(crate) year: Option<i64>,
    /// The record that the body changes; `None` while it is made.
    pub(crate) stored: Option<&'a Object>,
}

impl Checker<'_> {
    /// The changes that a body asks for: null where it clears a field. What it passes over is left out.
    pub(crate) fn changes(&self, fields: &'static [Field], body: &Object) -> Result<Object, Refusal> {
        let mut changes = Object::default();
        for (name, value) in body.iter() {
            let field = fields.iter().find(|field| field.name == name).ok_or_else(|| Refusal::field(name))?;
            let settled =
                || self.stored.is_some_and(|stored| stored.get(name).map(plain) == Some(plain(value)));
            match field.write {
                Write::Never => return Err(Refusal::field(name)),
                Write::Create if self.stored.is_some() && !settled() => return Err(Refusal::field(name)),
                _ => {}
            }
            if let Some(value) = self.value(field, value)? {
                changes.set(field.name, value);
            }
        }
        Ok(changes)
    }

    /// The value in its own type, or `None` where a null or an empty text leaves things as they are.
    fn value(&self, field: &'static Field, value: &Json) -> Result<Option<Json>, Refusal> {
        if value.is_null() || value.as_str() == Some("") {
            return Ok(None);
        }
        let blanks = matches!(field.kind, Kind::Text(_) | Kind::Choice(_) | Kind::Date);
        if blanks && value.as_str() == Some(BLANK) {
            return Ok(Some(Json::Null));
        }
        let found = match field.kind {
            Kind::Text(longest) => text(value, longest)?,
            Kind::Choice(of) => of
                .iter()
                .find(|known| value.as_str() == Some(known))
                .map(|known| Json::from(*known))
                .ok_or_else(|| invalid(field.name, value))?,
            Kind::Date => value
                .as_str()
                .and_then(local_time::parse_date)
                .map(|day| Json::from(day.to_string()))
                .ok_or_else(|| invalid(field.name, value))?,
            Kind::Number => values::amount(value).map(values::json).ok_or_else(|| not_numeric(value))?,
            Kind::Int => values::amount(value)
                .filter(|number| number.is_integer())
                .map(values::json)
                .ok_or_else(|| not_numeric(value))?,
            Kind::Flag => flag(value)?,
            Kind::Rows(fields) => {
                let rows = value.as_array().ok_or_else(Refusal::body)?;
                let rows: Result<Vec<Json>, Refusal> =
                    rows.iter().map(|row| self.part(fields, row)).collect();
                rows?.into()
            }
            Kind::Group(fields) => self.part(fields, value)?,
        };
        if let Some(target) = field.refers
            && !document::exists(self.state, target, &plain(&found), self.year)
        {
            return Err(missing(target));
        }
        Ok(Some(found))
    }

    /// A row or a group: its own fields by the same rules, as if it were new.
    fn part(&self, fields: &'static [Field], value: &Json) -> Result<Json, Refusal> {
        let body = value.as_object().ok_or_else(Refusal::body)?;
        Ok(Checker { stored: None, ..*self }.changes(fields, body)?.into())
    }
}

fn text(value: &Json, longest: usize) -> Result<Json, Refusal> {
    let text = match value {
        Json::Text(text) => text.to_string(),
        Json::Int(_) | Json::Decimal(_) => plain(value),
        _ => return Err(Refusal::bad(2_000_106, format!("Värdet måste vara alfanumeriskt ({value})"))),
    };
    if !text.chars().all(allowed) {
        return Err(Refusal::bad(2_000_359, format!("Värdet innehåller ej tillåtna tecken. ({text})")));
    }
    if text.chars().count() > longest {
        return Err(Refusal::state(format!("Värdet är för långt, högst {longest} tecken. ({text})")));
    }
    Ok(text.into())
}

/// The characters that Fortnox takes: <https://www.fortnox.se/developer/guides-and-good-to-know/formats-and-encoding>
pub(crate) fn allowed(letter: char) -> bool {
    const SIGNS: &str = "’\\\u{308}\u{30a} –:.`´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u{a0}\n\r";
    letter.is_alphabetic() || letter.is_ascii_digit() || SIGNS.contains(letter)
}

fn flag(value: &Json) -> Result<Json, Refusal> {
    match (value.as_bool(), plain(value).as_str()) {
        (Some(flag), _) => Ok(flag.into()),
        (None, "true" | "1") => Ok(true.into()),
        (None, "false" | "0") => Ok(false.into()),
        _ => Err(Refusal::bad(2_000_134, format!("Värdet måste vara en boolean ({})", plain(value)))),
    }
}

fn not_numeric(value: &Json) -> Refusal {
    Refusal::bad(2_000_108, format!("Värdet måste vara numeriskt ({})", plain(value)))
}

fn invalid(name: &str, value: &Json) -> Refusal {
    Refusal::state(format!("Ogiltigt värde för {name} ({})", plain(value)))
}

/// The answer for a reference to something that is not there.
fn missing(target: Target) -> Refusal {
    match super::schema::Entity::of_target(target) {
        Some(entity) => not_found(entity).in_reference(),
        None => registers::missing(target),
    }
}
