//! How values are compared, and in which order rows come.

use std::cmp::Ordering;

use super::Version;
use super::computed::number;
use super::database::Record;
use super::env::Env;
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use crate::Json;

/// What a comparison asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    AtMost,
    Same,
    AtLeast,
    More,
}

impl Order {
    pub(crate) fn of(operator: &str) -> Option<Self> {
        Some(match operator {
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">=" => Self::AtLeast,
            ">" => Self::More,
            _ => return None,
        })
    }

    pub(crate) fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::Same => found.is_eq(),
            Self::AtLeast => found.is_ge(),
            Self::More => found.is_gt(),
        }
    }
}

/// Compares a value with a bound; a value that is not there compares with nothing.
pub(crate) fn cmp(kind: &Kind, value: &Json, bound: &Json) -> Option<Ordering> {
    if value.is_null() {
        return None;
    }
    match kind {
        kind if kind.is_number() || matches!(kind, Kind::Many2one(_)) => {
            number(value).partial_cmp(&number(bound))
        }
        _ => Some(value.as_str()?.cmp(bound.as_str()?)),
    }
}

/// A pattern of `like`: `%` for any text, `_` for any character.
pub(crate) struct Pattern {
    parts: Vec<char>,
    any_case: bool,
}

impl Pattern {
    pub(crate) fn new(text: &str, any_case: bool, anywhere: bool) -> Self {
        let text = if any_case { text.to_lowercase() } else { text.to_owned() };
        let parts = if anywhere { format!("%{text}%") } else { text };
        Self { parts: parts.chars().collect(), any_case }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> =
            if self.any_case { text.to_lowercase() } else { text.to_owned() }.chars().collect();
        // The usual walk with one way back: to the last `%`, one character further on.
        let (mut at, mut pattern, mut back) = (0, 0, None);
        while let Some(char) = text.get(at) {
            match self.parts.get(pattern) {
                Some('%') => {
                    back = Some((pattern, at));
                    pattern += 1;
                }
                Some(part) if part == char || *part == '_' => {
                    at += 1;
                    pattern += 1;
                }
                _ => {
                    let Some((star, from)) = back else { return false };
                    back = Some((star, from + 1));
                    (pattern, at) = (star + 1, from + 1);
                }
            }
        }
        self.parts.iter().skip(pattern).all(|part| *part == '%')
    }
}

/// A column to sort by.
pub(crate) struct Column {
    field: Field,
    falling: bool,
}

impl Env<'_> {
    /// Reads an order such as `write_date desc, id`.
    pub(crate) fn order(&self, model: &ModelDef, order: Option<&str>) -> Result<Vec<Column>, Trouble> {
        let order = order.filter(|order| !order.trim().is_empty()).unwrap_or(model.order);
        let mut columns = Vec::new();
        for part in order.split(',') {
            let mut words = part.split_whitespace();
            let name = words.next().unwrap_or_default();
            let direction = words.next().unwrap_or("asc").to_ascii_lowercase();
            let plain = !name.is_empty()
                && name.chars().all(|char| char.is_ascii_alphanumeric() || "_.".contains(char));
            let nulls = match (words.next().map(str::to_ascii_lowercase).as_deref(), words.next()) {
                (None, None) => true,
                (Some("nulls"), Some(_)) => words.next().is_none(),
                _ => false,
            };
            if !plain || !nulls || !matches!(direction.as_str(), "asc" | "desc") {
                return Err(Trouble::User(format!(
                    "Invalid \"order\" specified ({order}). A valid \"order\" specification is a comma-separated list of \
                     valid field names (optionally followed by asc/desc for the direction)"
                )));
            }
            let field = model.field(name).ok_or_else(|| {
                Trouble::value(match self.version {
                    Version::V17 => format!("Invalid field '{name}' on model '{}'", model.name),
                    Version::V19 => format!("Invalid field '{name}' on '{}'", model.name),
                })
            })?;
            if field.is_stored() && !field.kind.is_many() {
                columns.push(Column { field: field.clone(), falling: direction == "desc" });
            } else if self.version == Version::V19 {
                return Err(Trouble::value(format!(
                    "Cannot convert {}.{name} to SQL because it is not stored",
                    model.name
                )));
            }
        }
        Ok(columns)
    }

    /// Sorts ids. Rows that the order does not tell apart come as the database likes, and that changes from page to page.
    pub(crate) fn sort(&self, model: &ModelDef, ids: &mut [i64], columns: &[Column], page: i64) {
        if let [Column { field, falling }] = columns
            && field.name == "id"
        {
            ids.sort_unstable();
            if *falling {
                ids.reverse();
            }
            return;
        }
        let key = |id: &i64| -> Vec<Json> {
            let Some(record) = self.db.row(model.name, *id) else { return Vec::new() };
            columns.iter().map(|column| self.sort_key(model, record, &column.field)).collect()
        };
        let mut keyed: Vec<(Vec<Json>, i64)> = ids.iter().map(|id| (key(id), *id)).collect();
        keyed.sort_by(|(one, one_id), (other, other_id)| {
            let mut pairs = columns.iter().zip(one.iter().zip(other));
            let told_apart = pairs.find_map(|(column, (one, other))| {
                let found = sort_values(one, other);
                Some(if column.falling { found.reverse() } else { found }).filter(|found| found.is_ne())
            });
            told_apart.unwrap_or_else(|| whim(*one_id, page).cmp(&whim(*other_id, page)))
        });
        for (slot, (_, id)) in ids.iter_mut().zip(keyed) {
            *slot = id;
        }
    }

    fn sort_key(&self, model: &ModelDef, record: &Record, field: &Field) -> Json {
        match field.name.as_ref() {
            // With the microseconds that nobody sees.
            "write_date" => record.written.into(),
            "create_date" => record.created.into(),
            _ => match (self.value(model, record, field), &field.kind) {
                // Related records come in their own order; here by name.
                (Json::Int(id), Kind::Many2one(of)) => self.name_of(of, id).map_or(Json::Null, Into::into),
                (Json::Null, Kind::Boolean) => Json::Bool(false),
                (value, _) => value,
            },
        }
    }
}

fn whim(id: i64, page: i64) -> u64 {
    let mixed = (id.unsigned_abs() ^ page.unsigned_abs().wrapping_mul(0x9e37_79b9))
        .wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

/// PostgreSQL puts what is null last.
fn sort_values(one: &Json, other: &Json) -> Ordering {
    match (one, other) {
        (Json::Null, Json::Null) => Ordering::Equal,
        (Json::Null, _) => Ordering::Greater,
        (_, Json::Null) => Ordering::Less,
        (Json::Text(one), Json::Text(other)) => {
            one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(other))
        }
        (Json::Int(one), Json::Int(other)) => one.cmp(other),
        _ => number(one).partial_cmp(&number(other)).unwrap_or(Ordering::Equal),
    }
}
