//! What a written value becomes in the database.

use super::env::{python, truth};
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use super::{computed, moments};
use crate::Json;

/// A value to store, null where it means nothing.
pub(crate) fn stored(model: &ModelDef, field: &Field, value: &Json) -> Result<Json, Trouble> {
    if field.kind == Kind::Boolean {
        return Ok(Json::Bool(truth(value)));
    }
    if value.is_null() || *value == Json::Bool(false) {
        return Ok(Json::Null);
    }
    let wrong =
        || Trouble::value(format!("Wrong value for {}.{}: {}", model.name, field.name, python(value)));
    Ok(match &field.kind {
        Kind::Char | Kind::Text | Kind::Html | Kind::Binary => match value {
            Json::Text(text) if field.kind == Kind::Html => html(text).into(),
            Json::Text(_) => value.clone(),
            other => python(other).into(),
        },
        Kind::Integer | Kind::Reference => integer(value)?.into(),
        Kind::Float | Kind::Monetary(_) => match value {
            Json::Text(text) => {
                let number = text.trim().parse().map_err(|_| {
                    Trouble::value(format!("could not convert string to float: {}", python(value)))
                })?;
                computed::float(number)
            }
            Json::Int(_) | Json::Decimal(_) | Json::Bool(_) => computed::float(computed::number(value)),
            _ => return Err(wrong()),
        },
        Kind::Date => moments::date_in(value.as_str().ok_or_else(wrong)?)?.into(),
        Kind::Datetime => moments::datetime_in(value.as_str().ok_or_else(wrong)?)?.into(),
        Kind::Selection(options) => {
            let known = value.as_str().is_some_and(|key| options.iter().any(|(option, _)| *option == key));
            if !known {
                return Err(wrong());
            }
            value.clone()
        }
        Kind::Many2one(_) => match value {
            Json::Int(_) => value.clone(),
            Json::Array(pair) => {
                pair.first().filter(|id| id.as_i64().is_some()).cloned().ok_or_else(wrong)?
            }
            Json::Text(text) => {
                let message = format!("invalid input syntax for type integer: \"{text}\"\n");
                return Err(Trouble::python("psycopg2.errors.InvalidTextRepresentation", message));
            }
            _ => return Err(wrong()),
        },
        Kind::Properties | Kind::PropertiesDefinition => value.clone(),
        Kind::One2many(..) | Kind::Many2many(_) | Kind::Boolean => return Err(wrong()),
    })
}

fn integer(value: &Json) -> Result<i64, Trouble> {
    let number = match value {
        Json::Int(number) => Some(*number),
        Json::Bool(flag) => Some(i64::from(*flag)),
        Json::Text(text) => text.trim().parse().ok(),
        Json::Decimal(text) => text.split('.').next().and_then(|whole| whole.parse().ok()),
        _ => None,
    };
    let number = number.ok_or_else(|| {
        Trouble::value(format!("invalid literal for int() with base 10: {}", python(value)))
    })?;
    if i32::try_from(number).is_err() {
        return Err(Trouble::python("psycopg2.errors.NumericValueOutOfRange", "integer out of range\n"));
    }
    Ok(number)
}

/// Formatted text goes through a sanitizer that puts bare text into a paragraph and drops scripts.
pub(crate) fn html(text: &str) -> String {
    let mut clean = text.to_owned();
    while let Some(start) = clean.to_ascii_lowercase().find("<script") {
        let rest = clean.get(start..).unwrap_or_default().to_ascii_lowercase();
        let end = rest.find("</script>").map_or(clean.len(), |end| start + end + "</script>".len());
        clean.replace_range(start..end, "");
    }
    if clean.is_empty() || clean.trim_start().starts_with('<') { clean } else { format!("<p>{clean}</p>") }
}
