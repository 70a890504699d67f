//! YAML, from the events of its parser.

use std::collections::HashSet;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use crate::node::{MAX_DEPTH, is_number};
use crate::{DocumentError, Format, Mark, Member, Node, Value};

pub(crate) fn parse(text: &str) -> Result<Node, DocumentError> {
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| scan(&error))?;
        let mark = mark(span.start);
        let refuse = |why: &str| DocumentError::malformed(Format::Yaml, Some(mark), why);
        let done = match event {
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {
                if matches!(event, Event::DocumentStart(_)) && document.is_some() {
                    return Err(refuse("a file is one document, and here begins a second"));
                }
                continue;
            }
            Event::StreamEnd => break,
            Event::Alias(_) => return Err(refuse("aliases are not read, so write the value out")),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return Err(refuse("tags are not read, so leave it out"));
            }
            Event::Scalar(text, style, _, None) => {
                let value = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Value::Text(text.into_owned()),
                };
                Some(Node { mark, value })
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(mark, Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Object(mark, Vec::new(), HashSet::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|opened| match opened {
                Open::List(mark, items) => Node { mark, value: Value::List(items) },
                Open::Object(mark, members, _, _) => Node { mark, value: Value::Object(members) },
            }),
        };
        if open.len() > MAX_DEPTH {
            return Err(refuse("it is nested too deep"));
        }
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => document = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Object(_, members, names, name)) => match name.take() {
                Some((name, mark)) => members.push(Member { name, mark, node }),
                None => {
                    let text = name_of(node.value).ok_or_else(|| {
                        DocumentError::malformed(Format::Yaml, Some(node.mark), "a name must be a text")
                    })?;
                    if !names.insert(text.clone()) {
                        return Err(DocumentError::repeated(Format::Yaml, node.mark, &text));
                    }
                    *name = Some((text, node.mark));
                }
            },
        }
    }
    document.ok_or_else(|| DocumentError::malformed(Format::Yaml, None, "it is empty"))
}

enum Open {
    List(Mark, Vec<Node>),
    /// Its members, their names, and the name whose value comes next.
    Object(Mark, Vec<Member>, HashSet<String>, Option<(String, Mark)>),
}

/// A name is a text, however it looks.
fn name_of(value: Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null => Some("null".to_owned()),
        Value::List(_) | Value::Object(_) => None,
    }
}

/// A plain scalar by the core schema of YAML 1.2; a number is what JSON writes so.
pub(crate) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if is_number(number) => Value::Number(number.to_owned()),
        text => Value::Text(text.to_owned()),
    }
}

fn mark(marker: Marker) -> Mark {
    Mark { line: marker.line(), column: marker.col() + 1 }
}

fn scan(error: &ScanError) -> DocumentError {
    DocumentError::malformed(Format::Yaml, Some(mark(*error.marker())), error.info())
}
