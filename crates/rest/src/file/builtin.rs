//! Bases that come with the engine, written in the language itself.

use tieline_document::{Format, Mark, Node, Value};

const FILE: &str = include_str!("builtin/bases.yaml");

/// The names of the bases.
pub(crate) const NAMES: [&str; 6] = ["odata4", "odata2", "relay", "google", "jsonapi", "postgrest"];

/// The base of that name, as if it was written at a place of the file.
pub(crate) fn base(name: &str, mark: Mark) -> Option<Node> {
    if !NAMES.contains(&name) {
        return None;
    }
    let file = Node::parse(FILE, Format::Yaml).ok()?;
    let mut base = file.member(name)?.clone();
    place(&mut base, mark);
    Some(base)
}

fn place(node: &mut Node, mark: Mark) {
    node.mark = mark;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, mark)),
        Value::Object(members) => members.iter_mut().for_each(|member| {
            member.mark = mark;
            place(&mut member.node, mark);
        }),
        _ => {}
    }
}
