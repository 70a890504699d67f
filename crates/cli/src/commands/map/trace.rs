//! `tieline map --explain FIELD --input FILE`: how the value of a field came about, step by step.

use serde_json::{Value, json};
use tieline::mapping::{CompiledMapping, ExplainedStep, Explanation};
use tieline::{Direction, FieldPath, Record};

use super::files::Handed;
use super::preview::cut;
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::text::clean;

pub(super) fn trace(
    mapping: &CompiledMapping,
    field: &FieldPath,
    records: &[Record],
    handed: &Handed,
    json: bool,
) -> Outcome {
    let mut out = stdout();
    for record in records {
        let given = handed.given(mapping, Direction::Forward, record)?;
        let Some(explanation) = mapping.explain(field, record, &given)? else { continue };
        if json {
            out.value(&as_json(record, &explanation))?;
        } else {
            out.text(&for_people(record, &explanation))?;
        }
    }
    out.flush()
}

fn for_people(record: &Record, explanation: &Explanation) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    for source in &explanation.sources {
        for step in &source.steps {
            let what = step.step.map_or_else(|| source.from.clone(), |step| format!("  then {step}"));
            let value = match &step.value {
                Ok(value) => cut(value.get()),
                Err(why) => format!("none: {why}"),
            };
            lines.push((what, value));
        }
    }
    lines.push((explanation.field.to_string(), cut(explanation.value.get())));
    let width = lines.iter().map(|(what, _)| what.chars().count()).max().unwrap_or_default();
    let mut text = format!("record {}\n", clean(record.key.as_str()));
    for (what, value) in lines {
        text.push_str(&format!("  {:<width$}  {}\n", clean(&what), clean(&value)));
    }
    text
}

fn as_json(record: &Record, explanation: &Explanation) -> Value {
    let step = |step: &ExplainedStep| {
        let (value, why) = match &step.value {
            Ok(value) => (Some(value.get()), None),
            Err(why) => (None, Some(why)),
        };
        // The value as text, so that it keeps its digits.
        json!({ "step": step.step, "value": value, "none_because": why })
    };
    let sources: Vec<Value> = explanation
        .sources
        .iter()
        .map(|source| json!({ "from": source.from, "steps": source.steps.iter().map(step).collect::<Vec<_>>() }))
        .collect();
    json!({ "key": record.key, "field": explanation.field, "sources": sources, "value": explanation.value.get() })
}
