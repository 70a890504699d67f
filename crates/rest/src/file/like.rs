//! `like`: changes over another file. A host's file may change anything, a tenant's adds entities, fields and actions.

use tieline_document::{Format, Mark, Member, Node, Value};

use super::merge::{overlay, spread};
use super::reader::{Reader, members};

/// Lines of the file that `like` names are counted from here, so that a finding in it names that file.
pub(crate) const LIKE_LINES: usize = 1 << 32;

/// The members of a file that are merged name by name; all others replace those of the file below.
const MERGED: [&str; 5] = ["settings", "headers", "bases", "entities", "actions"];
/// The members that a tenant's file may say over another.
const OF_TENANTS: [&str; 5] = ["like", "version", "name", "entities", "actions"];
/// The members of an entity of the other file that a tenant's file may say.
const OF_TENANTS_ENTITIES: [&str; 2] = ["fields", "actions"];

impl Reader<'_> {
    /// The document, with the file that `like` names below it.
    pub(crate) fn with_like(&mut self, node: &Node) -> Node {
        let Some(like) = node.member("like") else { return node.clone() };
        let Some(name) = self.text(like) else { return node.clone() };
        let files = self.options.files().clone();
        let Some((file, text)) = files.get(&name) else {
            let names: Vec<&str> = files.names().collect();
            let advice = match names.as_slice() {
                [] => "this host offers none".to_owned(),
                names => tieline_document::did_you_mean(&name, names),
            };
            self.find(like, format!("there is no description {name:?} to begin from"), Some(advice));
            return node.clone();
        };
        let format = Format::of_name(file).unwrap_or(Format::Yaml);
        let mut below = match Node::parse(text, format) {
            Ok(below) => below,
            Err(mut error) => {
                error.mark = error.mark.map(shifted);
                self.document_error(error);
                return node.clone();
            }
        };
        shift(&mut below);
        self.below = Some((file.to_owned(), text.to_owned()));
        if self.options.is_of_tenant() {
            self.tenant_may_change(node, &below, &name);
        }
        merge(node, &below)
    }

    fn tenant_may_change(&mut self, node: &Node, below: &Node, name: &str) {
        let refuse = |reader: &mut Self, member: &Member, what: &str| {
            let message = format!("a tenant's file cannot change {what} of {name}");
            let advice = "it can add entities, fields and actions".to_owned();
            reader.find_at(member.mark, member.name.chars().count(), message, Some(advice));
        };
        for member in members(node) {
            if !OF_TENANTS.contains(&member.name.as_str()) {
                refuse(self, member, &format!("{:?}", member.name));
            }
        }
        let known =
            |place: &str, name: &str| below.member(place).is_some_and(|node| node.member(name).is_some());
        for action in node.member("actions").map(members).unwrap_or_default() {
            if known("actions", &action.name) {
                refuse(self, action, &format!("the action {:?}", action.name));
            }
        }
        for entity in node.member("entities").map(members).unwrap_or_default() {
            let Some(own) = below.member("entities").and_then(|node| node.member(&entity.name)) else {
                continue;
            };
            for member in members(&spread(&entity.node)) {
                if !OF_TENANTS_ENTITIES.contains(&member.name.as_str()) {
                    refuse(self, member, &format!("{:?} of {:?}", member.name, entity.name));
                }
            }
            let actions = own.member("actions").map(members).unwrap_or_default();
            for action in entity.node.member("actions").map(members).unwrap_or_default() {
                if actions.iter().any(|known| known.name == action.name) {
                    refuse(self, action, &format!("the action {:?}", action.name));
                }
            }
        }
    }
}

fn merge(over: &Node, below: &Node) -> Node {
    let mut merged: Vec<Member> =
        members(over).iter().filter(|member| member.name != "like").cloned().collect();
    for member in members(below) {
        match merged.iter_mut().find(|own| own.name == member.name) {
            None => merged.push(member.clone()),
            Some(own) if own.name == "entities" || own.name == "bases" => {
                own.node = named(&own.node, &member.node);
            }
            Some(own) if MERGED.contains(&own.name.as_str()) => own.node = overlay(&own.node, &member.node),
            Some(_) => {}
        }
    }
    Node { mark: over.mark, value: Value::Object(merged) }
}

/// Entities by name, each with its settings one by one, and its actions by name. What was there comes first.
fn named(over: &Node, below: &Node) -> Node {
    let mut merged: Vec<Member> = members(below).to_vec();
    for member in members(over) {
        match merged.iter_mut().find(|own| own.name == member.name) {
            None => merged.push(member.clone()),
            Some(own) => {
                let (above, own_node) = (spread(&member.node), spread(&own.node));
                let mut node = overlay(&above, &own_node);
                if let (Value::Object(settings), Some(one), Some(other)) =
                    (&mut node.value, above.member("actions"), own_node.member("actions"))
                {
                    let actions = overlay(one, other);
                    settings.iter_mut().filter(|member| member.name == "actions").for_each(|member| {
                        member.node = actions.clone();
                    });
                }
                own.node = node;
            }
        }
    }
    Node { mark: over.mark, value: Value::Object(merged) }
}

fn shifted(mark: Mark) -> Mark {
    Mark { line: mark.line + LIKE_LINES, ..mark }
}

fn shift(node: &mut Node) {
    node.mark = shifted(node.mark);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(shift),
        Value::Object(members) => members.iter_mut().for_each(|member| {
            member.mark = shifted(member.mark);
            shift(&mut member.node);
        }),
        _ => {}
    }
}
