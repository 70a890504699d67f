//! `tieline map propose`: a draft between two schemas, with how sure each line is. A person decides.

use serde_json::{Value, json};
use tieline::mapping::{Proposal, ProposedField, propose as proposal};

use super::{ProposeArgs, files};
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::text::clean;

pub(super) fn propose(options: &ProposeArgs, json: bool) -> Outcome {
    let provider = files::json(&options.provider, "provider schema")?.view()?;
    let host = files::json(&options.host, "host schema")?.view()?;
    let proposal = proposal(&provider, &host);
    let mut out = stdout();
    if json {
        let fields: Vec<Value> = proposal
            .lines
            .iter()
            .map(|line| json!({ "field": line.field, "confidence": line.confidence, "reason": line.reason }))
            .collect();
        let unmatched: Vec<Value> = proposal
            .unmatched
            .iter()
            .map(|(path, required)| json!({ "host": path, "required": required }))
            .collect();
        out.value(&json!({ "fields": fields, "unmatched": unmatched }))?;
    } else {
        out.text(&draft(&proposal, options.entity.as_deref()))?;
    }
    out.flush()
}

/// The draft as YAML, with a confidence behind each line.
fn draft(proposal: &Proposal, entity: Option<&str>) -> String {
    let mut text =
        String::from("# A draft by names and types: look at every line before you use it.\nversion: 1\n");
    if let Some(entity) = entity {
        text.push_str(&format!("entity: {}\n", flow(&entity.into())));
    }
    text.push_str(if proposal.lines.is_empty() { "fields: []\n" } else { "fields:\n" });
    let lines: Vec<String> = proposal.lines.iter().map(line).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    for (line, proposed) in lines.iter().zip(&proposal.lines) {
        let sure = percent(proposed.confidence);
        text.push_str(&format!("{line:<width$}  # {sure} %, {}\n", clean(&proposed.reason)));
    }
    if !proposal.unmatched.is_empty() {
        text.push_str("# Nothing like these was found at the provider:\n");
        for (path, required) in &proposal.unmatched {
            let note = if *required { " (required)" } else { "" };
            text.push_str(&format!("#   {}{note}\n", clean(path.as_str())));
        }
    }
    text
}

fn line(proposed: &ProposedField) -> String {
    let mut field = serde_json::to_value(&proposed.field).unwrap_or_default();
    for side in ["host", "provider"] {
        // A name at the top needs no slash.
        if let Some(Value::String(path)) = field.get_mut(side)
            && let Some(name) = path.strip_prefix('/')
            && !name.contains(['/', '~'])
        {
            *path = name.to_owned();
        }
    }
    format!("  - {}", flow(&field))
}

/// A value as YAML on one line, with as few quotes as may be.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let named = |(name, value): (&String, &Value)| {
                format!("{}: {}", flow(&Value::from(name.as_str())), flow(value))
            };
            format!("{{{}}}", members.iter().map(named).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Whether YAML reads the text as itself without quotes.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-'))
        && !["null", "true", "false"].contains(&text.to_ascii_lowercase().as_str())
}

/// A confidence between 0 and 1 in percent.
fn percent(confidence: f64) -> String {
    format!("{:.0}", confidence.clamp(0.0, 1.0) * 100.0)
}
