//! JSON, with places. `serde_json` has checked the text before it is walked, so the walk can be short.

use std::collections::HashSet;

use serde::de::IgnoredAny;

use crate::mark::Places;
use crate::node::MAX_DEPTH;
use crate::{DocumentError, Format, Mark, Member, Node, Value};

pub(crate) fn parse(text: &str) -> Result<Node, DocumentError> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
        // Its columns are bytes.
        let column = line.get(..error.column()).map_or(error.column(), |before| before.chars().count());
        let mark = Mark { line: error.line(), column: column.max(1) };
        let message = error.to_string();
        let why = message.split(" at line ").next().unwrap_or(&message);
        return Err(DocumentError::malformed(Format::Json, Some(mark), why));
    }
    Walk { text, at: 0, places: Places::new(text) }.node(0)
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    places: Places<'t>,
}

impl Walk<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn mark(&mut self) -> Mark {
        self.space();
        self.places.mark(self.at)
    }

    /// Steps over this byte when it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn node(&mut self, depth: usize) -> Result<Node, DocumentError> {
        let mark = self.mark();
        if depth > MAX_DEPTH {
            return Err(DocumentError::malformed(Format::Json, Some(mark), "it is nested too deep"));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.take(b']') {
                    items.push(self.node(depth + 1)?);
                    self.take(b',');
                }
                Value::List(items)
            }
            Some(b'"') => Value::Text(self.string(mark)?),
            _ => {
                let end = self.rest().find([',', ']', '}', ' ', '\t', '\r', '\n']);
                let word = self.rest().get(..end.unwrap_or(self.rest().len())).unwrap_or_default().to_owned();
                self.at += word.len();
                match word.as_str() {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    // The walk must go on, whatever comes.
                    "" => {
                        return Err(DocumentError::malformed(Format::Json, Some(mark), "a value is missing"));
                    }
                    _ => Value::Number(word),
                }
            }
        };
        Ok(Node { mark, value })
    }

    fn object(&mut self, depth: usize) -> Result<Value, DocumentError> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut names = HashSet::new();
        while !self.take(b'}') {
            let mark = self.mark();
            let name = self.string(mark)?;
            if !names.insert(name.clone()) {
                return Err(DocumentError::repeated(Format::Json, mark, &name));
            }
            self.take(b':');
            members.push(Member { name, mark, node: self.node(depth + 1)? });
            self.take(b',');
        }
        Ok(Value::Object(members))
    }

    fn string(&mut self, mark: Mark) -> Result<String, DocumentError> {
        let mut texts = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        let text = texts.next().and_then(Result::ok);
        let length = texts.byte_offset();
        drop(texts);
        self.at += length;
        text.ok_or_else(|| DocumentError::malformed(Format::Json, Some(mark), "this text cannot be read"))
    }
}
