//! TOML, from the spans of its parser.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Mark, Member, Node, Value, is_number};
use super::{Format, malformed};
use crate::problem::Problem;

pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
        let mark = error.span().map(|span| Mark::at(text, span.start));
        malformed(Format::Toml, mark, error.message())
    })?;
    let mark = Mark { line: 1, column: 1 };
    Ok(Node { mark, value: object(text, table.get_ref())? })
}

fn object(text: &str, table: &DeTable<'_>) -> Result<Value, Problem> {
    let mut members: Vec<(usize, Member)> = Vec::with_capacity(table.len());
    for (name, value) in table {
        let start = name.span().start;
        let node = node(text, value)?;
        members.push((start, Member { name: name.get_ref().to_string(), mark: Mark::at(text, start), node }));
    }
    // In the order of the file, as the other formats have it.
    members.sort_by_key(|(start, _)| *start);
    Ok(Value::Object(members.into_iter().map(|(_, member)| member).collect()))
}

fn node(text: &str, value: &Spanned<DeValue<'_>>) -> Result<Node, Problem> {
    let mark = Mark::at(text, value.span().start);
    let number = |written: String| {
        // TOML also knows hexadecimal, underscores, infinity and signs, which JSON does not.
        let plain = written.strip_prefix('+').unwrap_or(&written).replace('_', "");
        if is_number(&plain) {
            Ok(Value::Number(plain))
        } else {
            Err(malformed(Format::Toml, Some(mark), "write this number as JSON would"))
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
            Value::List(items.iter().map(|item| node(text, item)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => object(text, table)?,
    };
    Ok(Node { mark, value })
}
