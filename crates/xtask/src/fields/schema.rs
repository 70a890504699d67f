//! OpenAPI 3, Swagger 2 and Google's discovery documents: JSON Schema in three dialects.

use tieline_document::{Format, Node, Value};

use super::Description;
use super::field::{Field, Shape};
use crate::Result;

/// The largest description, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// How many references and parts a schema may go through.
const MAX_DEPTH: usize = 32;

/// A description and where its types are.
#[derive(Debug)]
pub(super) struct Schemas {
    root: Node,
    /// The pointer of the object that holds the types.
    types: &'static str,
}

impl Schemas {
    pub(super) fn parse(text: &str, extension: &str) -> Result<Self> {
        let format = if extension == "json" { Format::Json } else { Format::Yaml };
        let root = Node::parse_within(text, format, MAX_BYTES)?;
        let types = match ["openapi", "swagger", "discoveryVersion"].map(|name| root.member(name).is_some()) {
            [true, ..] => "/components/schemas",
            [_, true, _] => "/definitions",
            [.., true] => "/schemas",
            _ => return Err("the file is no OpenAPI, Swagger or discovery document".into()),
        };
        Ok(Self { root, types })
    }

    /// The schema of that name, or at that pointer; references on the way are followed.
    fn schema(&self, name: &str) -> Option<&Node> {
        let pointer = match name.strip_prefix('#').unwrap_or(name) {
            pointer if pointer.starts_with('/') => pointer.to_owned(),
            name => format!("{}/{}", self.types, name.replace('~', "~0").replace('/', "~1")),
        };
        let mut node = &self.root;
        for segment in pointer.split('/').skip(1) {
            node = self.resolved(node);
            node = step(node, &segment.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(self.resolved(node))
    }

    /// What a reference means in the end.
    fn resolved<'n>(&'n self, mut node: &'n Node) -> &'n Node {
        for _ in 0..MAX_DEPTH {
            let Some(Value::Text(target)) = node.member("$ref").map(|node| &node.value) else { break };
            let pointer = match target.strip_prefix('#') {
                Some(pointer) => pointer.to_owned(),
                None => format!("{}/{target}", self.types),
            };
            let Some(found) = at(&self.root, &pointer) else { break };
            node = found;
        }
        node
    }

    /// Adds the fields of a schema and of its parts; a later one of the same name replaces the earlier one.
    fn collect(&self, schema: &Node, depth: usize, fields: &mut Vec<Field>) {
        if depth == 0 {
            return;
        }
        let schema = self.resolved(schema);
        if let Some(Value::List(parts)) = schema.member("allOf").map(|node| &node.value) {
            for part in parts {
                self.collect(part, depth - 1, fields);
            }
        }
        let Some(Value::Object(members)) = schema.member("properties").map(|node| &node.value) else {
            return;
        };
        for member in members {
            let field = self.field(&member.name, &member.node);
            match fields.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field,
                None => fields.push(field),
            }
        }
    }

    fn field(&self, name: &str, schema: &Node) -> Field {
        let mut is_nullable = false;
        let mut shape = self.shape(schema, MAX_DEPTH, &mut is_nullable);
        if name.eq_ignore_ascii_case("id") && matches!(shape, Shape::Int | Shape::Text) {
            shape = Shape::Id;
        }
        let says = |name: &str| is_true(schema.member(name)) || is_true(self.resolved(schema).member(name));
        Field {
            name: name.to_owned(),
            shape,
            is_read_only: says("readOnly"),
            is_nullable: is_nullable || says("nullable") || says("x-nullable"),
        }
    }

    fn shape(&self, schema: &Node, depth: usize, is_nullable: &mut bool) -> Shape {
        if depth == 0 {
            return Shape::Any;
        }
        let schema = self.resolved(schema);
        // One of several, of which null may be one.
        for word in ["allOf", "oneOf", "anyOf"] {
            let Some(Value::List(parts)) = schema.member(word).map(|node| &node.value) else { continue };
            let is_null = |part: &&Node| matches!(text(part.member("type")), Some("null"));
            *is_nullable |= parts.iter().any(|part| is_null(&part));
            let mut others = parts.iter().filter(|part| !is_null(part));
            return match (others.next(), others.next()) {
                (Some(one), None) => self.shape(one, depth - 1, is_nullable),
                _ => Shape::Any,
            };
        }
        let kind = match schema.member("type").map(|node| &node.value) {
            Some(Value::Text(kind)) => kind.as_str(),
            Some(Value::List(kinds)) => {
                *is_nullable |= kinds.iter().any(|kind| text(Some(kind)) == Some("null"));
                let mut others =
                    kinds.iter().filter_map(|kind| text(Some(kind))).filter(|kind| *kind != "null");
                match (others.next(), others.next()) {
                    (Some(kind), None) => kind,
                    _ => return Shape::Any,
                }
            }
            _ => return Shape::Any,
        };
        let format = text(schema.member("format")).unwrap_or_default();
        match (kind, format) {
            (_, "int32" | "int64" | "uint32" | "uint64") | ("integer", _) => Shape::Int,
            ("number", _) => Shape::Decimal,
            ("boolean", _) => Shape::Flag,
            ("string", "date") => Shape::Date,
            ("string", "date-time" | "google-datetime") => Shape::Time,
            ("string", "uuid") => Shape::Uuid,
            ("string", "decimal") => Shape::Decimal,
            ("string", _) => Shape::Text,
            ("array", _) => match schema.member("items") {
                Some(items) => self.shape(items, depth - 1, &mut false).list(),
                None => Shape::Any,
            },
            _ => Shape::Any,
        }
    }
}

impl Description for Schemas {
    fn types(&self) -> Vec<String> {
        match at(&self.root, self.types).map(|node| &node.value) {
            Some(Value::Object(members)) => members.iter().map(|member| member.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    fn fields(&self, name: &str) -> Result<Option<Vec<Field>>> {
        let Some(schema) = self.schema(name) else { return Ok(None) };
        let mut fields = Vec::new();
        self.collect(schema, MAX_DEPTH, &mut fields);
        Ok(Some(fields))
    }
}

fn at<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    let mut segments = pointer.split('/').skip(1);
    segments.try_fold(root, |node, segment| step(node, &segment.replace("~1", "/").replace("~0", "~")))
}

fn step<'n>(node: &'n Node, segment: &str) -> Option<&'n Node> {
    match &node.value {
        Value::List(items) => items.get(segment.parse::<usize>().ok()?),
        _ => node.member(segment),
    }
}

fn text(node: Option<&Node>) -> Option<&str> {
    match &node?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn is_true(node: Option<&Node>) -> bool {
    matches!(node.map(|node| &node.value), Some(Value::Bool(true)))
}
