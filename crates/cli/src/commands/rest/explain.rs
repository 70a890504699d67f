//! `tieline rest explain`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::description;
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::text::clean;

pub(super) fn explain(file: &Path, entities: &[String], json: bool) -> Outcome {
    let description = description(file)?;
    let all: Vec<String> = description.entities.iter().map(|(name, _)| name.clone()).collect();
    let wanted = if entities.is_empty() { &all } else { entities };
    let mut out = stdout();
    for entity in wanted {
        let explanation = description.explain(entity)?;
        if json {
            let parts: Map<String, Value> =
                explanation.parts.iter().map(|(title, lines)| (title.clone(), json!(lines))).collect();
            out.value(&json!({ "entity": entity, "requests": parts }))?;
            continue;
        }
        for line in explanation.to_string().lines() {
            out.text(&format!("{}\n", clean(line)))?;
        }
    }
    out.flush()
}
