#![doc = include_str!("../README.md")]

mod apply;
mod backward;
mod compile;
mod compiled;
mod digits;
mod drift;
mod extract;
mod file;
mod forward;
mod mapping;
mod order;
mod pairs;
mod paths;
mod preview;
mod problem;
mod propose;
mod scan;
mod schema;
mod step;
mod targets;
mod time_steps;
mod transform;
mod value;

pub use apply::{apply, new_record};
pub use compiled::{CompiledMapping, MappedField};
pub use drift::Drift;
pub use mapping::{Exclude, FieldDirection, FieldSpec, Mapping, Owner, RequiredOn, Several, Source, VERSION};
pub use preview::{ExplainedSource, ExplainedStep, Explanation, Preview};
pub use problem::Problem;
pub use propose::{Proposal, ProposedField, propose};
pub use step::{
    Boolean, Case, Decimal, Extract, Integer, LetterCase, Lookup, MinorUnits, NumberAs, ObjectToList,
    Otherwise, Rounding, Separator, Step, Table, Text, TextOf, Unwrap, Wrap,
};
pub use tieline_document::Format;
pub use time_steps::{Date, Datetime, Fold, Gap, Time};

/// The JSON Schema of a mapping file, for editors.
pub const FORMAT_SCHEMA: &str = include_str!("../mapping.schema.json");

#[cfg(test)]
mod format_schema {
    use serde_json::{Value, json};

    /// Writes a step's word alone where it has no settings that it needs, as files may.
    fn allow_words_alone(schema: &mut Value) {
        let defs = schema.get("$defs").cloned().unwrap_or_default();
        let Some(Value::Array(steps)) = schema.pointer_mut("/$defs/Step/oneOf") else { panic!("no steps") };
        let mut alone = Vec::new();
        for step in steps.iter() {
            let Some(Value::Object(properties)) = step.get("properties") else { continue };
            for (word, settings) in properties {
                let name = settings.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next());
                let settings = name.and_then(|name| defs.get(name));
                if settings.is_some_and(|settings| settings.get("required").is_none()) {
                    alone.push(json!({ "const": word, "description": step.get("description") }));
                }
            }
        }
        steps.extend(alone);
    }

    #[test]
    fn the_schema_is_what_the_structs_say() {
        let mut schema = serde_json::to_value(schemars::schema_for!(crate::Mapping)).unwrap();
        allow_words_alone(&mut schema);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/mapping.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert!(
            text == crate::FORMAT_SCHEMA,
            "write it again: UPDATE_SCHEMA=1 cargo test -p tieline-mapping --lib schema"
        );
    }
}
