//! Whether every field has a place of its own on the side it is written to, and in which order they go back.

use tieline_core::FieldPath;

use crate::compiled::{Field, Origin};
use crate::mapping::{FieldDirection, Mapping};
use crate::paths;
use crate::problem::Problem;

/// The largest index of a list that is written: longer lists are no lists of fields.
const LARGEST_INDEX: usize = 99;

/// The order in which fields go back: a field that falls back on what others write goes after them.
pub(crate) fn check(plan: &Mapping, fields: &[Field], problems: &mut Vec<Problem>) -> Vec<usize> {
    let mut hosts: Vec<(&FieldPath, &Field)> = Vec::new();
    let mut providers: Vec<(&FieldPath, &Field)> = Vec::new();
    for field in fields {
        if field.direction.is_forward() {
            if let Some((taken, _)) = hosts.iter().find(|(taken, _)| paths::overlap(taken, &field.name)) {
                problems.push(
                    about(
                        field,
                        "host",
                        format!(
                            "two fields are written to {} of the host's record",
                            longer(taken, &field.name)
                        ),
                    )
                    .advise("keep one of them, or give one the other's source as or"),
                );
            }
            hosts.push((&field.name, field));
        }
        for path in &field.writes {
            if let Some((_, other)) = providers.iter().find(|(taken, _)| paths::overlap(taken, path)) {
                let message = format!(
                    "two fields are written to {path} of the provider's record, this and {}",
                    other.name
                );
                problems.push(
                    about(field, source_of(plan, field), message)
                        .advise("mark one of them direction: forward"),
                );
            }
            if paths::segments(path)
                .filter_map(|segment| paths::index(&segment))
                .any(|index| index > LARGEST_INDEX)
            {
                let message = format!("no item of a list beyond {LARGEST_INDEX} is written");
                problems.push(about(field, source_of(plan, field), message));
            }
            providers.push((path, field));
        }
    }
    order(plan, fields, &providers, problems)
}

fn longer<'p>(one: &'p FieldPath, other: &'p FieldPath) -> &'p FieldPath {
    if one.as_str().len() >= other.as_str().len() { one } else { other }
}

fn source_of(plan: &Mapping, field: &Field) -> &'static str {
    match plan.fields.get(field.index) {
        Some(plan) if plan.several.is_some() => "several",
        _ => "provider",
    }
}

fn about(field: &Field, setting: &str, message: String) -> Problem {
    let mut problem = Problem::new(format!("/fields/{}/{setting}", field.index), message);
    problem.field = Some(field.name.to_string());
    problem
}

fn order(
    plan: &Mapping,
    fields: &[Field],
    written: &[(&FieldPath, &Field)],
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    // Which fields write what a field falls back on.
    let mut waits: Vec<(usize, Vec<usize>)> = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        let mut on = Vec::new();
        if field.direction == FieldDirection::Both {
            let sources = plan.fields.get(field.index).map(|field| field.or.as_slice()).unwrap_or_default();
            for (chain, source) in field.sources.iter().skip(1).zip(sources) {
                let paths = fallback_paths(&chain.origin, source);
                for (path, other) in
                    paths.iter().flat_map(|path| written.iter().map(move |other| (path, other)))
                {
                    if !paths::overlap(path, other.0) {
                        continue;
                    }
                    if path != other.0 {
                        let message =
                            format!("it falls back on {path}, of which {} writes a part", other.1.name);
                        problems.push(about(field, "or", message).advise("mark it direction: forward"));
                    }
                    on.extend(fields.iter().position(|field| std::ptr::eq(field, other.1)));
                }
            }
        }
        on.retain(|other| *other != place);
        waits.push((place, on));
    }
    let mut order = Vec::with_capacity(fields.len());
    while !waits.is_empty() {
        let ready: Vec<usize> = waits
            .iter()
            .filter(|(_, on)| on.iter().all(|other| order.contains(other)))
            .map(|(place, _)| *place)
            .collect();
        if ready.is_empty() {
            let names: Vec<&str> = waits
                .iter()
                .filter_map(|(place, _)| fields.get(*place).map(|field| field.name.as_str()))
                .collect();
            if let Some(field) = waits.first().and_then(|(place, _)| fields.get(*place)) {
                let message = format!("a cycle: {} fall back on what the others write", names.join(" and "));
                problems.push(about(field, "or", message).advise("mark one of them direction: forward"));
            }
            break;
        }
        waits.retain(|(place, _)| !ready.contains(place));
        order.extend(ready);
    }
    order
}

fn fallback_paths(origin: &Origin, source: &crate::Source) -> Vec<FieldPath> {
    match origin {
        Origin::Template { template, .. } => template.paths().collect(),
        _ => match (&source.provider, &source.several) {
            (Some(path), _) => vec![path.clone()],
            (_, Some(several)) => several.fields.clone(),
            _ => Vec::new(),
        },
    }
}
