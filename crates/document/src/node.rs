//! A tree of values that know where they stand.

use std::fmt::Write as _;

use crate::{DocumentError, Format, Mark, json, toml, yaml};

/// The longest document that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// How deep a document may be nested.
pub(crate) const MAX_DEPTH: usize = 64;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub mark: Mark,
    /// What it is.
    pub value: Value,
}

/// A value of any of the formats.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// As it is written, which is as JSON would write it.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, its members in the order of the file.
    Object(Vec<Member>),
}

impl Value {
    /// Its type, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// A member of an object.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub mark: Mark,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// Reads a document. A byte order mark before it is skipped.
    ///
    /// # Errors
    /// A text that is longer than 1 MiB, nested deeper than 64, or not of its format.
    pub fn parse(text: &str, format: Format) -> Result<Self, DocumentError> {
        Self::parse_within(text, format, MAX_BYTES)
    }

    /// The same, with another bound for its length in bytes.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_within(text: &str, format: Format, max_bytes: usize) -> Result<Self, DocumentError> {
        if text.len() > max_bytes {
            return Err(DocumentError::new(format!("the file is longer than {max_bytes} bytes")));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match format {
            Format::Yaml => yaml::parse(text),
            Format::Toml => toml::parse(text),
            Format::Json => json::parse(text),
        }
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and for bytes that are not UTF-8; UTF-16 is named as such.
    pub fn parse_bytes(bytes: &[u8], format: Format) -> Result<Self, DocumentError> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(DocumentError::new("the file is written in UTF-16").with_advice("save it as UTF-8"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let why = format!("the file is not UTF-8 from byte {} on", error.valid_up_to());
            DocumentError::new(why).with_advice("save it as UTF-8")
        })?;
        Self::parse(text, format)
    }

    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(members) => members.iter().find(|m| m.name == name).map(|member| &member.node),
            _ => None,
        }
    }

    /// Where the thing at a pointer stands, or the nearest thing around it: of a member its name, of an item itself.
    pub fn mark_of(&self, pointer: &str) -> Option<Mark> {
        let (mut node, mut mark) = (self, self.mark);
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let found = match &node.value {
                Value::Object(members) => {
                    members.iter().find(|member| member.name == segment).map(|m| (&m.node, m.mark))
                }
                Value::List(items) => {
                    segment.parse().ok().and_then(|index: usize| items.get(index)).map(|n| (n, n.mark))
                }
                _ => None,
            };
            let Some((next, at)) = found else { break };
            (node, mark) = (next, at);
        }
        Some(mark)
    }

    /// The value as JSON text.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            Value::Number(text) => out.push_str(text),
            Value::Text(text) => out.push_str(&quoted(text)),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&quoted(&member.name));
                    out.push(':');
                    member.node.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether JSON would write a number like this.
pub(crate) fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}
