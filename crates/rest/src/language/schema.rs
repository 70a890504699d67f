//! The JSON Schema of a description, for editors. The loader does not use it: its messages know more.

use serde_json::{Map, Value, json};

use super::{Form, Level, level, levels};

/// The JSON Schema (2020-12) of a description.
///
/// ```
/// let schema = tieline_rest::schema();
/// assert_eq!(schema["$defs"]["entity"]["properties"]["page_size"]["description"], "Records a page.");
/// ```
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for level in levels() {
        definitions.insert(level.name.to_owned(), object(level));
    }
    definitions.insert("call".to_owned(), text_or("request"));
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A description of an API",
        "required": ["name", "url"],
        "if": { "required": ["like"] },
        "then": {},
        "$defs": definitions,
    });
    if let (Some(own), Some(Value::Object(file))) = (schema.as_object_mut(), level("file").map(object)) {
        // A file that begins from another one has its name and address.
        own.remove("required");
        own.insert("else".to_owned(), json!({ "required": ["name", "url"] }));
        own.extend(file);
    }
    schema
}

fn object(level: &Level) -> Value {
    let mut properties = Map::new();
    add(level, &mut properties);
    json!({ "type": "object", "description": format!("{}.", level.title), "properties": properties, "additionalProperties": false })
}

/// The settings of a level, and before them those of the levels that it includes.
fn add(level: &Level, properties: &mut Map<String, Value>) {
    for name in level.includes {
        if let Some(included) = super::level(name) {
            add(included, properties);
        }
    }
    for setting in level.settings {
        let mut value = of(setting.form);
        if let Value::Object(members) = &mut value {
            members.insert("description".to_owned(), setting.doc.into());
        }
        properties.insert(setting.name.to_owned(), value);
    }
}

/// A short form, which is a text, or an object: said with `if`, so that a slip is reported within the object.
fn text_or(name: &str) -> Value {
    json!({ "if": { "type": "object" }, "then": { "$ref": reference(name) }, "else": { "type": "string" } })
}

fn reference(name: &str) -> String {
    format!("#/$defs/{name}")
}

fn of(form: Form) -> Value {
    let scalar = json!(["string", "number", "boolean"]);
    let call = || json!({ "$ref": reference("call") });
    match form {
        Form::Text => json!({ "type": scalar }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Count => json!({ "type": ["integer", "string"], "pattern": "^[0-9]+$" }),
        Form::Duration => json!({ "type": "string", "pattern": "^[0-9]* ?[a-z]+$" }),
        Form::Path | Form::Place => json!({ "type": "string" }),
        Form::Texts => {
            json!({ "type": ["string", "number", "boolean", "array"], "items": { "type": scalar } })
        }
        Form::Choice(words) => json!({ "enum": words }),
        Form::Request => call(),
        Form::Requests => json!({ "if": { "type": "array" }, "then": { "items": call() }, "else": call() }),
        Form::RequestWith(name) | Form::TextOr(name) => text_or(name),
        Form::Object(name) => json!({ "$ref": reference(name) }),
        Form::Named(name) => json!({ "type": "object", "additionalProperties": text_or(name) }),
        Form::NamedTexts => json!({ "type": "object", "additionalProperties": { "type": scalar } }),
        Form::NamedRequests => json!({ "type": "object", "additionalProperties": call() }),
        Form::ListOf(name) => {
            let one = text_or(name);
            json!({ "if": { "type": "array" }, "then": { "items": one }, "else": one })
        }
        Form::Any => json!({}),
    }
}
