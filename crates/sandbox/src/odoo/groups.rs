//! `read_group`: records counted and added up by the values of fields.

use super::binding::Bound;
use super::env::{Env, truth};
use super::read::{Links, Page};
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use super::{computed, env};
use crate::{Json, Object};

/// A group: its condition, and the records in it.
struct Group {
    key: Vec<Json>,
    ids: Vec<i64>,
}

pub(crate) fn read_group(env: &mut Env<'_>, model: &ModelDef, call: &Bound) -> Result<Json, Trouble> {
    let lazy = call.iter().all(|(name, value)| name != "lazy" || truth(value));
    let mut by: Vec<&Field> = Vec::new();
    let names = match call.get("groupby") {
        Json::Text(one) => vec![one.to_string()],
        many => {
            many.as_array().unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
    };
    for name in &names {
        if name.contains(':') {
            return Err(Trouble::not_modelled(format_args!("read_group by {name:?}")));
        }
        let field = model.field(name).ok_or_else(|| env.no_field(model, name))?;
        if matches!(field.kind, Kind::Date | Kind::Datetime | Kind::Many2many(_) | Kind::One2many(..)) {
            return Err(Trouble::not_modelled(format_args!(
                "read_group by the {} {name:?}",
                field.kind.name()
            )));
        }
        by.push(field);
    }
    if lazy {
        by.truncate(1);
    }
    let sums = aggregates(env, model, call.get("fields"))?;
    let ids = env.search(model, call.get("domain"), &Page::default())?;
    let mut groups: Vec<Group> = Vec::new();
    for id in ids {
        let Some(record) = env.db.row(model.name, id) else { continue };
        let key: Vec<Json> = by.iter().map(|field| env.shown(model, record, field, Links::Named)).collect();
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) => group.ids.push(id),
            None => groups.push(Group { key, ids: vec![id] }),
        }
    }
    groups.sort_by_key(|group| group.key.iter().map(env::python).collect::<Vec<_>>());
    let (skip, limit) = (call.number("offset"), call.number("limit"));
    let take = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or_default() };
    let count_name = match (lazy, names.first()) {
        (true, Some(name)) => format!("{name}_count"),
        _ => "__count".to_owned(),
    };
    let rows = groups.into_iter().skip(usize::try_from(skip).unwrap_or_default()).take(take).map(|group| {
        let mut row = Object::default();
        let mut domain = call.get("domain").as_array().unwrap_or_default().to_vec();
        for (field, value) in by.iter().zip(group.key) {
            let wanted = value.as_array().and_then(<[Json]>::first).cloned().unwrap_or_else(|| value.clone());
            domain.push(vec![field.name.to_string().into(), "=".into(), wanted].into());
            row.set(field.name.clone(), value);
        }
        for (field, add) in &sums {
            let numbers: Vec<f64> = group
                .ids
                .iter()
                .filter_map(|id| env.db.row(model.name, *id))
                .map(|record| computed::number(&env.value(model, record, field)))
                .collect();
            row.set(field.name.clone(), computed::float(add.of(&numbers)));
        }
        row.set(count_name.clone(), group.ids.len());
        row.with("__domain", domain).into()
    });
    Ok(Json::Array(rows.collect()))
}

#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Average,
    Least,
    Most,
}

impl Aggregate {
    fn of(self, numbers: &[f64]) -> f64 {
        let sum: f64 = numbers.iter().sum();
        match self {
            Self::Sum => sum,
            Self::Average => sum / count(numbers),
            Self::Least => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Most => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

fn count(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0_f64, |count, _| count + 1.0).max(1.0)
}

/// The numbers that are added up, `amount:avg` and plain `amount`; a field that is no number is left out, as Odoo does.
fn aggregates<'m>(
    env: &Env<'_>,
    model: &'m ModelDef,
    fields: &Json,
) -> Result<Vec<(&'m Field, Aggregate)>, Trouble> {
    let mut wanted = Vec::new();
    for name in fields.as_array().unwrap_or_default().iter().filter_map(Json::as_str) {
        let (name, how) = name.split_once(':').unwrap_or((name, "sum"));
        if name == "__count" {
            continue;
        }
        let how = match how {
            "sum" => Aggregate::Sum,
            "avg" => Aggregate::Average,
            "min" => Aggregate::Least,
            "max" => Aggregate::Most,
            other => return Err(Trouble::not_modelled(format_args!("the aggregate {other:?}"))),
        };
        let field = model.field(name).ok_or_else(|| env.no_field(model, name))?;
        if field.kind.is_number() && field.name != "id" {
            wanted.push((field, how));
        }
    }
    Ok(wanted)
}
