//! TOML, from the spans of its parser.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::mark::Places;
use crate::node::{MAX_DEPTH, is_number};
use crate::{DocumentError, Format, Mark, Member, Node, Value};

pub(crate) fn parse(text: &str) -> Result<Node, DocumentError> {
    let places = Places::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let mark = error.span().map(|span| places.mark(span.start));
        DocumentError::malformed(Format::Toml, mark, error.message())
    })?;
    let mark = Mark { line: 1, column: 1 };
    Ok(Node { mark, value: object(&places, table.get_ref(), 0)? })
}

fn object(places: &Places<'_>, table: &DeTable<'_>, depth: usize) -> Result<Value, DocumentError> {
    let mut members: Vec<(usize, Member)> = Vec::with_capacity(table.len());
    for (name, value) in table {
        let start = name.span().start;
        let node = node(places, value, depth + 1)?;
        members.push((start, Member { name: name.get_ref().to_string(), mark: places.mark(start), node }));
    }
    // In the order of the file, as the other formats have it.
    members.sort_by_key(|(start, _)| *start);
    Ok(Value::Object(members.into_iter().map(|(_, member)| member).collect()))
}

fn node(places: &Places<'_>, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, DocumentError> {
    let mark = places.mark(value.span().start);
    if depth > MAX_DEPTH {
        return Err(DocumentError::malformed(Format::Toml, Some(mark), "it is nested too deep"));
    }
    let number = |written: String| {
        // TOML also knows hexadecimal, underscores, infinity and signs, which JSON does not.
        let plain = written.strip_prefix('+').unwrap_or(&written).replace('_', "");
        if is_number(&plain) {
            Ok(Value::Number(plain))
        } else {
            Err(DocumentError::malformed(Format::Toml, Some(mark), "write this number as JSON would"))
        }
    };
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) if integer.radix() == 10 => number(integer.as_str().to_owned())?,
        DeValue::Integer(integer) => number(format!("{integer}"))?,
        DeValue::Float(float) => number(float.as_str().to_owned())?,
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(datetime) => Value::Text(datetime.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| node(places, item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => object(places, table, depth)?,
    };
    Ok(Node { mark, value })
}
