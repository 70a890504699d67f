//! What a provider makes of the fields of a request: checks, normalisation, defaults.

use rust_decimal::{Decimal, RoundingStrategy};

use super::definition::{FieldRule, FieldType, RouteRule, Shape, TableRule, UnknownRule};
use super::serve::Refusal;
use super::template::plain;
use super::time;
use super::world::{Row, World};
use crate::{Json, Object};

/// How the fields of a request meet those that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Create,
    Update,
    Replace,
}

/// The fields that are stored afterwards.
pub(crate) fn settle(
    world: &World,
    (name, table): (&str, &TableRule),
    route: Option<&RouteRule>,
    (writing, was): (Writing, Option<&Row>),
    input: &Object,
) -> Result<Object, Refusal> {
    let mut fields = match (writing, was) {
        (Writing::Update, Some(row)) => row.fields.clone(),
        _ => Object::default(),
    };
    let writable = |field: &str| {
        route.is_none_or(|route| route.writes.is_empty() || route.writes.iter().any(|own| own == field))
    };
    for (member, value) in input.iter() {
        let Some(rule) = table.fields.iter().find(|field| field.name == member) else {
            if member == table.key_field {
                continue;
            }
            match table.unknown {
                UnknownRule::Unmodelled => {
                    return Err(Refusal::unmodelled(format!("the field `{member}` of {name}")));
                }
                UnknownRule::Ignore => {}
                UnknownRule::Store => fields.set(member.to_owned(), value.clone()),
                UnknownRule::Refuse => return Err(invalid(member, "is unknown")),
            }
            continue;
        };
        if rule.readonly || rule.stamp.is_some() || !writable(member) {
            continue;
        }
        let value = normal(world, rule, value)?;
        match (
            rule.merge && writing == Writing::Update,
            fields.get(member).and_then(Json::as_object).cloned(),
            &value,
        ) {
            (true, Some(mut merged), Json::Object(added)) => {
                for (key, value) in added.iter() {
                    merged.set(key.to_owned(), value.clone());
                }
                fields.set(member.to_owned(), merged);
            }
            _ => fields.set(member.to_owned(), value),
        }
    }
    for rule in &table.fields {
        let missing = fields.get(&rule.name).is_none_or(Json::is_null);
        if missing && writing != Writing::Update {
            if let Some(default) = rule.default.as_ref().and_then(|json| Json::parse(json.as_bytes()).ok()) {
                fields.set(rule.name.clone(), default);
            } else if rule.required {
                let message = if rule.message.is_empty() { "can't be blank" } else { &rule.message };
                return Err(invalid(&rule.name, message));
            }
        }
        if let Some(message) = &rule.unique {
            let taken = |other: &Row| {
                was.is_none_or(|was| was.key != other.key)
                    && other.deleted.is_none()
                    && other.fields.get(&rule.name).is_some_and(|value| fields.get(&rule.name) == Some(value))
            };
            if fields.get(&rule.name).is_some_and(|value| !value.is_null()) && world.rows(name).any(taken) {
                return Err(Refusal::named("taken")
                    .with("field", rule.name.as_str())
                    .with("message", message.as_str()));
            }
        }
    }
    Ok(fields)
}

fn invalid(field: &str, message: &str) -> Refusal {
    Refusal::named("invalid").with("field", field).with("message", message)
}

/// A value as the provider stores it.
fn normal(world: &World, rule: &FieldRule, value: &Json) -> Result<Json, Refusal> {
    let wrong = || {
        let message = if rule.message.is_empty() { "is invalid" } else { &rule.message };
        invalid(&rule.name, message)
    };
    if value.is_null() {
        return if rule.required { Err(wrong()) } else { Ok(Json::Null) };
    }
    let text = plain(value);
    let settled = match rule.kind {
        FieldType::Text => {
            if value.as_object().is_some() || value.as_array().is_some() {
                return Err(wrong());
            }
            let mut text = text;
            if rule.trim {
                text = text.trim().to_owned();
            }
            if rule.lower {
                text = text.to_lowercase();
            }
            if rule.max_length.is_some_and(|most| text.chars().count() > most) {
                return Err(wrong());
            }
            if !text.is_empty() && rule.shape.is_some_and(|shape| !shaped(shape, &text)) {
                return Err(wrong());
            }
            Json::Text(text.into())
        }
        FieldType::Integer => text.trim().parse::<i64>().map(Json::Int).map_err(|_| wrong())?,
        FieldType::Decimal => {
            let number: Decimal = text.trim().parse().map_err(|_| wrong())?;
            let rounded = rule.scale.map_or(number, |scale| {
                number.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero)
            });
            Json::decimal(rounded.to_string())
        }
        FieldType::Boolean => match text.as_str() {
            "true" | "1" => Json::Bool(true),
            "false" | "0" => Json::Bool(false),
            _ => return Err(wrong()),
        },
        FieldType::Object if value.as_object().is_none() => return Err(wrong()),
        FieldType::List if value.as_array().is_none() => return Err(wrong()),
        FieldType::Time => time::show(time::read(&text).ok_or_else(wrong)?, rule.format),
        FieldType::Object | FieldType::List | FieldType::Any => value.clone(),
    };
    if !rule.choices.is_empty() && !rule.choices.iter().any(|choice| *choice == plain(&settled)) {
        return Err(wrong());
    }
    if let Some(target) = &rule.references
        && world.live(target, &plain(&settled)).is_none()
    {
        return Err(Refusal::named("not_found").with("field", rule.name.as_str()));
    }
    Ok(settled)
}

fn shaped(shape: Shape, text: &str) -> bool {
    match shape {
        Shape::Email => text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.starts_with('.')
                && !text.contains(char::is_whitespace)
        }),
        Shape::E164 => text.strip_prefix('+').is_some_and(|digits| {
            (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        }),
        Shape::Url => text.starts_with("https://") || text.starts_with("http://"),
    }
}
