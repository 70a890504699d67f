//! What a mapping yields, as JSON Schema.

use serde_json::{Map, Value, json};

use crate::compiled::{Chain, CompiledMapping, Field, Origin};
use crate::paths;
use crate::value::Kinds;

/// The JSON types that a schema allows, as far as it says.
pub(crate) fn kinds_of(schema: &Value) -> Kinds {
    let Value::Object(schema) = schema else { return Kinds::ANY };
    let mut kinds = match schema.get("type") {
        Some(Value::String(name)) => kind_named(name),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(kind_named).fold(Kinds(0), Kinds::or)
        }
        _ => Kinds::ANY,
    };
    let of_values = |values: &[Value]| values.iter().map(kind_of_value).fold(Kinds(0), Kinds::or);
    if let Some(Value::Array(values)) = schema.get("enum") {
        kinds = kinds.and(of_values(values));
    }
    if let Some(value) = schema.get("const") {
        kinds = kinds.and(kind_of_value(value));
    }
    for any in ["anyOf", "oneOf"] {
        if let Some(Value::Array(schemas)) = schema.get(any) {
            kinds = kinds.and(schemas.iter().map(kinds_of).fold(Kinds(0), Kinds::or));
        }
    }
    if let Some(Value::Array(schemas)) = schema.get("allOf") {
        kinds = schemas.iter().map(kinds_of).fold(kinds, Kinds::and);
    }
    if schema.get("not") == Some(&json!({ "type": "null" })) {
        kinds = kinds.without(Kinds::NULL);
    }
    kinds
}

fn kind_named(name: &str) -> Kinds {
    match name {
        "null" => Kinds::NULL,
        "boolean" => Kinds::BOOL,
        "number" | "integer" => Kinds::NUMBER,
        "string" => Kinds::TEXT,
        "array" => Kinds::LIST,
        "object" => Kinds::OBJECT,
        _ => Kinds::ANY,
    }
}

fn kind_of_value(value: &Value) -> Kinds {
    match value {
        Value::Null => Kinds::NULL,
        Value::Bool(_) => Kinds::BOOL,
        Value::Number(_) => Kinds::NUMBER,
        Value::String(_) => Kinds::TEXT,
        Value::Array(_) => Kinds::LIST,
        Value::Object(_) => Kinds::OBJECT,
    }
}

/// Types in words.
pub(crate) fn words(kinds: Kinds) -> String {
    let all = [
        (Kinds::NULL, "null"),
        (Kinds::BOOL, "a boolean"),
        (Kinds::NUMBER, "a number"),
        (Kinds::TEXT, "a text"),
        (Kinds::LIST, "a list"),
        (Kinds::OBJECT, "an object"),
    ];
    let named: Vec<&str> =
        all.iter().filter(|(kind, _)| !kind.and(kinds).is_empty()).map(|(_, word)| *word).collect();
    named.join(" or ")
}

impl CompiledMapping {
    /// The JSON Schema (2020-12) of the host's record. With the schema of the provider's record, fields that are copied
    /// as they are have the provider's.
    pub fn schema(&self, provider: Option<&Value>) -> Value {
        let mut root = object();
        for field in self.fields.iter().filter(|field| field.direction.is_forward()) {
            let mut at = &mut root;
            let segments: Vec<String> = paths::segments(&field.name).collect();
            let Some((last, parents)) = segments.split_last() else { continue };
            for parent in parents {
                require(at, parent);
                at = property(at, parent);
                if at.is_null() {
                    *at = object();
                }
            }
            if !field.omit_null || field.required_on_create {
                require(at, last);
            }
            let mut schema = self.field_schema(field, provider);
            if field.direction == crate::FieldDirection::Forward
                && let Value::Object(schema) = &mut schema
            {
                // The host reads it and nobody takes it back.
                schema.insert("readOnly".to_owned(), Value::Bool(true));
            }
            *property(at, last) = schema;
        }
        if let Value::Object(root) = &mut root {
            root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
            if let Some(name) = &self.plan.name {
                root.insert("title".to_owned(), name.clone().into());
            }
        }
        root
    }

    fn field_schema(&self, field: &Field, provider: Option<&Value>) -> Value {
        let mut schemas: Vec<Value> = Vec::new();
        for chain in &field.sources {
            let schema = self.chain_schema(chain, provider);
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        let never_null = field.required_on_create
            || field
                .sources
                .iter()
                .any(|chain| matches!(chain.origin, Origin::Constant(_)) && chain.steps.is_empty());
        let allows_null = |schema: &Value| !kinds_of(schema).and(Kinds::NULL).is_empty();
        if !never_null && !field.omit_null && !schemas.iter().any(allows_null) {
            schemas.push(json!({ "type": "null" }));
        }
        match schemas.as_slice() {
            [only] => only.clone(),
            _ => json!({ "anyOf": schemas }),
        }
    }

    /// What a source gives, null aside.
    pub(crate) fn chain_schema(&self, chain: &Chain, provider: Option<&Value>) -> Value {
        let of = |slot: &usize| {
            let path = self.inputs.get(*slot);
            path.and_then(|path| at(provider?, path.as_str())).cloned().unwrap_or_else(|| json!({}))
        };
        let start = match &chain.origin {
            Origin::Slot(slot) => of(slot),
            Origin::Several { slots, flat: false, .. } => {
                json!({ "type": "array", "items": { "anyOf": slots.iter().map(of).collect::<Vec<_>>() } })
            }
            Origin::Several { .. } => json!({ "type": "array" }),
            Origin::Constant(value) => {
                json!({ "const": serde_json::from_str::<Value>(value.get()).unwrap_or_default() })
            }
            Origin::MappingContext(_) => json!({}),
            Origin::Template { .. } => json!({ "type": "string" }),
        };
        chain.steps.iter().fold(start, |schema, step| step.range(schema))
    }
}

fn object() -> Value {
    json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false })
}

fn property<'s>(object: &'s mut Value, name: &str) -> &'s mut Value {
    let Value::Object(object) = object else { return object };
    let properties = object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    match properties {
        Value::Object(properties) => properties.entry(name.to_owned()).or_insert(Value::Null),
        other => other,
    }
}

fn require(object: &mut Value, name: &str) {
    if let Some(Value::Array(required)) = object.get_mut("required")
        && !required.iter().any(|known| known == name)
    {
        required.push(name.into());
    }
}

/// The schema of what stands at a path, `None` when the schema does not know it. References are not followed.
pub(crate) fn at<'s>(schema: &'s Value, pointer: &str) -> Option<&'s Value> {
    let mut schema = schema;
    for segment in pointer.split('/').skip(1).map(paths::unescaped) {
        let below = |schema: &'s Value| {
            let by_name = schema.get("properties").and_then(|properties| properties.get(&segment));
            let item = || paths::index(&segment).and_then(|_| schema.get("items"));
            let other = || schema.get("additionalProperties").filter(|other| other.is_object());
            by_name.or_else(item).or_else(other)
        };
        let among =
            |name: &str| schema.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        schema = below(schema)
            .or_else(|| among("anyOf").iter().chain(among("oneOf")).chain(among("allOf")).find_map(below))?;
    }
    Some(schema)
}
