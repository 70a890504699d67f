//! `tieline map --explain FIELD`.

use serde_json::json;
use tieline::mapping::{
    CompiledMapping, FieldDirection, FieldSpec, MappedField, Owner, RequiredOn, Source, Step,
};
use tieline::{Error, ErrorKind, FieldPath, Result};

use crate::failure::Outcome;
use crate::lines::stdout;
use crate::text::clean;

/// Says what is done to a field, and which one it is.
pub(super) fn explain(mapping: &CompiledMapping, wanted: &str, json: bool) -> Outcome<FieldPath> {
    let (plan, field) = find(mapping, wanted)?;
    let mut out = stdout();
    if json {
        out.value(&json!({
            "field": field.name(),
            "plan": plan,
            "direction": field.direction().as_str(),
            "writes": field.writes(),
            "required_on_create": field.is_required(RequiredOn::Create),
            "required_on_update": field.is_required(RequiredOn::Update),
        }))?;
    } else {
        out.text(&for_people(plan, field))?;
    }
    out.flush()?;
    Ok(field.name().clone())
}

/// A field by its name or its path.
fn find<'m>(mapping: &'m CompiledMapping, wanted: &str) -> Result<(&'m FieldSpec, MappedField<'m>)> {
    let path = if wanted.starts_with('/') { wanted.to_owned() } else { format!("/{wanted}") };
    let mut fields = mapping.mapping().fields.iter().zip(mapping.fields());
    fields.find(|(_, field)| field.name().as_str() == path).ok_or_else(|| {
        let names: Vec<&str> =
            mapping.fields().map(|field| field.name().as_str().trim_start_matches('/')).collect();
        Error::new(ErrorKind::NotFound, format!("the mapping has no field {wanted:?}"))
            .with_advice(format!("it has {}", names.join(", ")))
    })
}

fn for_people(plan: &FieldSpec, field: MappedField<'_>) -> String {
    let mut text = format!("{}\n", clean(field.name().as_str()));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<12}{}\n", clean(value)));
    line("comes from", &origin(&plan.source()));
    for step in &plan.steps {
        line("  then", &step_words(step));
    }
    for other in &plan.or {
        line("else from", &origin(other));
        for step in &other.steps {
            line("  then", &step_words(step));
        }
    }
    let goes = match field.direction() {
        FieldDirection::Both => "both ways",
        FieldDirection::Forward => "from the provider to the host only",
        FieldDirection::Backward => "from the host to the provider only",
    };
    line("goes", goes);
    let writes = field.writes().iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", ");
    line("writes", if writes.is_empty() { "nothing of the provider's record" } else { &writes });
    let required = match (field.is_required(RequiredOn::Create), field.is_required(RequiredOn::Update)) {
        (true, true) => "when a record is made or changed",
        (true, false) => "when a record is made",
        (false, true) => "when a record is changed",
        (false, false) => "never",
    };
    line("required", required);
    let owner = match field.owner() {
        Some(Owner::Provider) => "the provider's value stands",
        Some(Owner::Host) => "the host's value stands",
        _ => "left to whoever merges",
    };
    line("conflict", owner);
    text
}

/// Where a source begins, in words.
pub(super) fn origin(source: &Source) -> String {
    match source {
        Source { provider: Some(path), .. } => path.to_string(),
        Source { several: Some(several), .. } => {
            let paths: Vec<&str> = several.fields.iter().map(|path| path.as_str()).collect();
            format!("{} as one list", paths.join(", "))
        }
        Source { constant: Some(value), .. } => format!("always {value}"),
        Source { given: Some(name), .. } => format!("handed in as {name:?}"),
        Source { template: Some(template), .. } => format!("the template {template:?}"),
        _ => "nothing".to_owned(),
    }
}

/// A step as a file writes it.
fn step_words(step: &Step) -> String {
    serde_json::to_value(step).map_or_else(
        |_| "a step".to_owned(),
        |value| match value {
            serde_json::Value::String(word) => word,
            serde_json::Value::Object(members) => {
                let words: Vec<String> = members
                    .iter()
                    .map(|(word, settings)| match settings {
                        serde_json::Value::Object(settings) if settings.is_empty() => word.clone(),
                        settings => format!("{word} {settings}"),
                    })
                    .collect();
                words.join(", ")
            }
            other => other.to_string(),
        },
    )
}
