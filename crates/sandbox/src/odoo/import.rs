//! `load`: the import, which finds records again by their external ids.

use std::collections::HashMap;

use super::env::Env;
use super::methods::ids_json;
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use crate::{Json, Object};

/// What a column fills.
enum Column {
    ExternalId,
    Id,
    Field(Box<Field>, By),
}

/// How a cell names a related record.
#[derive(Clone, Copy)]
enum By {
    Name,
    ExternalId,
    Id,
}

/// External ids with the model and the record that each stands for.
type Known = HashMap<String, (String, i64)>;

/// What is wrong with a cell, and with which field.
struct Bad(Option<String>, String);

/// Creates or changes one record a row. One bad row, and nothing is imported.
pub(crate) fn load(env: &mut Env<'_>, model: &ModelDef, fields: &Json, rows: &Json) -> Result<Json, Trouble> {
    let columns = columns(model, fields)?;
    let external = |row: &super::database::Record| {
        let of = (row.text("model").to_owned(), row.link("res_id").unwrap_or_default());
        (format!("{}.{}", row.text("module"), row.text("name")), of)
    };
    let mut known: Known = env.db.rows("ir.model.data").map(external).collect();
    let (mut ids, mut messages) = (Vec::new(), Vec::new());
    for (number, row) in rows.as_array().unwrap_or_default().iter().enumerate() {
        match one(env, model, &columns, row.as_array().unwrap_or_default(), &mut known) {
            Ok(id) => ids.push(id),
            Err(Bad(field, message)) => {
                let at = Object::default().with("from", number).with("to", number);
                let mut said = Object::default()
                    .with("type", "error")
                    .with("message", message)
                    .with("record", number)
                    .with("rows", at);
                if let Some(field) = field {
                    said.set("field", field);
                }
                messages.push(Json::from(said));
            }
        }
    }
    let ids = if messages.is_empty() {
        ids_json(&ids)
    } else {
        env.db.roll_back();
        Json::Bool(false)
    };
    Ok(Object::default().with("ids", ids).with("messages", messages).with("nextrow", 0).into())
}

fn columns(model: &ModelDef, fields: &Json) -> Result<Vec<Column>, Trouble> {
    let names = fields.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
    let column = |name: &str| {
        let (name, by) = match name.split_once('/') {
            Some((name, "id")) => (name, By::ExternalId),
            Some((name, ".id")) => (name, By::Id),
            _ => (name, By::Name),
        };
        match name {
            "id" => Ok(Column::ExternalId),
            ".id" => Ok(Column::Id),
            name => match model.field(name) {
                Some(field) => Ok(Column::Field(Box::new(field.clone()), by)),
                None => Err(Trouble::python("KeyError", format!("'{name}'"))),
            },
        }
    };
    names.map(column).collect()
}

fn one(
    env: &mut Env<'_>,
    model: &ModelDef,
    columns: &[Column],
    row: &[Json],
    known: &mut Known,
) -> Result<i64, Bad> {
    let (mut vals, mut external, mut id) = (Object::default(), None, None);
    for (column, cell) in columns.iter().zip(row) {
        let cell = cell.as_str().map_or_else(|| cell.to_string(), str::to_owned);
        let empty = cell.is_empty() || cell == "false" || cell == "null";
        match column {
            Column::ExternalId if !empty => {
                external = Some(if cell.contains('.') { cell } else { format!("__import__.{cell}") });
            }
            Column::Id if !empty => {
                let number = cell
                    .parse()
                    .map_err(|_| Bad(Some(".id".into()), format!("Invalid database id '{cell}'")))?;
                id = Some(number);
            }
            Column::Field(field, _) if empty => vals.set(field.name.clone(), false),
            Column::Field(field, by) => {
                let value = convert(env, field, *by, &cell, known);
                vals.set(field.name.clone(), value.map_err(|why| Bad(Some(field.name.to_string()), why))?);
            }
            _ => {}
        }
    }
    if id.is_none()
        && let Some((of, known)) = external.as_ref().and_then(|external| known.get(external))
    {
        if of != model.name {
            let external = external.unwrap_or_default();
            return Err(Bad(
                None,
                format!(
                    "For external id {external} when trying to create/update a record of model {} found record of different model {of} ({known})",
                    model.name
                ),
            ));
        }
        id = Some(*known).filter(|id| env.db.row(model.name, *id).is_some());
    }
    let version = env.version;
    let said = |trouble: Trouble| Bad(None, trouble.message(version));
    let id = match id {
        Some(id) => env.write(model, &[id], &vals).map(|()| id),
        None => env.create(model, &vals),
    }
    .map_err(said)?;
    if let Some(external) = external.filter(|external| !known.contains_key(external)) {
        remember(env, model, &external, id).map_err(said)?;
        known.insert(external, (model.name.into(), id));
    }
    Ok(id)
}

fn remember(env: &mut Env<'_>, model: &ModelDef, external: &str, id: i64) -> Result<(), Trouble> {
    let (module, name) = external.split_once('.').unwrap_or(("__import__", external));
    let vals = Object::default()
        .with("module", module.to_owned())
        .with("name", name.to_owned())
        .with("model", model.name)
        .with("res_id", id);
    let data = env.model("ir.model.data")?;
    // Whoever may import may have its external ids written down.
    let sudo = std::mem::replace(&mut env.sudo, true);
    let made = env.create(&data, &vals).map(|_| ());
    env.sudo = sudo;
    made
}

fn convert(env: &Env<'_>, field: &Field, by: By, cell: &str, known: &Known) -> Result<Json, String> {
    let one = |part: &str, of: &str| {
        related(env, of, by, part, known).ok_or_else(|| {
            let how = match by {
                By::Name => "name",
                By::ExternalId => "external id",
                By::Id => "database id",
            };
            format!("No matching record found for {how} '{part}' in field '{}'", field.label)
        })
    };
    Ok(match &field.kind {
        Kind::Many2one(of) => one(cell, of)?.into(),
        Kind::Many2many(of) => {
            let ids = cell.split(',').map(|part| one(part.trim(), of)).collect::<Result<Vec<_>, _>>()?;
            vec![vec![6.into(), 0.into(), ids_json(&ids)].into()].into()
        }
        Kind::Boolean => match cell.to_lowercase().as_str() {
            "1" | "true" | "yes" => true.into(),
            "0" | "false" | "no" => false.into(),
            _ => return Err(format!("Unknown value '{cell}' for boolean field '{}'", field.label)),
        },
        Kind::Integer | Kind::Reference => cell
            .parse()
            .map(Json::Int)
            .map_err(|_| format!("'{cell}' does not seem to be an integer for field '{}'", field.label))?,
        Kind::Float | Kind::Monetary(_) => {
            cell.parse::<f64>()
                .map_err(|_| format!("'{cell}' does not seem to be a number for field '{}'", field.label))?;
            cell.to_owned().into()
        }
        Kind::Selection(options) => {
            let found = options.iter().find(|(key, label)| *key == cell || label.eq_ignore_ascii_case(cell));
            found
                .map(|(key, _)| (*key).into())
                .ok_or_else(|| format!("Value '{cell}' not found in selection field '{}'", field.label))?
        }
        Kind::Date => super::moments::date_in(cell)
            .map_err(|_| format!("'{cell}' does not seem to be a valid date for field '{}'", field.label))?
            .into(),
        Kind::Datetime => super::moments::datetime_in(cell)
            .map_err(|_| {
                format!("'{cell}' does not seem to be a valid datetime for field '{}'", field.label)
            })?
            .into(),
        _ => cell.to_owned().into(),
    })
}

fn related(env: &Env<'_>, of: &str, by: By, cell: &str, known: &Known) -> Option<i64> {
    match by {
        By::ExternalId => known.get(cell).filter(|(model, _)| model == of).map(|(_, id)| *id),
        By::Id => cell.parse().ok().filter(|id| env.db.row(of, *id).is_some()),
        By::Name => env
            .db
            .rows(of)
            .find(|row| env.name_of(of, row.id).is_some_and(|name| name == cell))
            .map(|row| row.id),
    }
}
