//! The members of an action's input: their forms, their words, their schema.

use serde_json::{Value, json};

use crate::description::{ActionInput, InputKind};

impl InputKind {
    /// Whether a JSON text has this form.
    pub(crate) fn takes(self, json: &str) -> bool {
        let digits = json.strip_prefix('-').unwrap_or(json);
        match self {
            Self::Integer => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Number => digits.starts_with(|c: char| c.is_ascii_digit()),
            Self::Text => json.starts_with('"'),
            Self::Boolean => matches!(json, "true" | "false"),
            Self::List => json.starts_with('['),
            Self::Object => json.starts_with('{'),
            Self::Any => true,
        }
    }

    /// Its name in a message.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Any => "any value",
        }
    }

    fn schema(self) -> Value {
        match self {
            Self::Integer => json!({ "type": "integer" }),
            Self::Number => json!({ "type": "number" }),
            Self::Text => json!({ "type": "string" }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::List => json!({ "type": "array" }),
            Self::Object => json!({ "type": "object" }),
            Self::Any => json!({}),
        }
    }
}

/// The JSON Schema of an input.
pub(crate) fn input_schema(input: &[ActionInput]) -> Value {
    let properties: serde_json::Map<String, Value> =
        input.iter().map(|input| (input.name.clone(), input.kind.schema())).collect();
    let required: Vec<&str> =
        input.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}
