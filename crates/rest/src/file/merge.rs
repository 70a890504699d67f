//! Bases: named beginnings whose settings an entity replaces one by one.

use tieline_document::{Member, Node, Value};

use super::builtin;
use super::reader::{Reader, members};

impl Reader<'_> {
    /// The entity's node with its base below it.
    pub(crate) fn with_base(&mut self, entity: &Node, bases: &[Member]) -> Node {
        let entity = spread(entity);
        let Some(base) = entity.member("base") else { return entity };
        let Some(name) = self.text(base) else { return entity };
        let own = bases.iter().find(|member| member.name == name).map(|member| spread(&member.node));
        let Some(found) = own.or_else(|| builtin::base(&name, base.mark)) else {
            let names: Vec<&str> =
                bases.iter().map(|member| member.name.as_str()).chain(builtin::NAMES).collect();
            let advice = tieline_document::did_you_mean(&name, &names);
            self.find(base, format!("there is no base {name:?}"), Some(advice));
            return entity;
        };
        overlay(&entity, &found)
    }
}

impl Reader<'_> {
    /// A file whose entities stand by themselves: without `like`, bases, and the settings that they gave.
    pub(crate) fn written_out(&mut self, node: &Node) -> Node {
        let bases = node.member("bases").map_or(&[][..], members);
        let without = |node: &Node, names: &[&str]| {
            let left = members(node).iter().filter(|member| !names.contains(&member.name.as_str()));
            Node { mark: node.mark, value: Value::Object(left.cloned().collect()) }
        };
        let mut whole = without(node, &["like", "bases"]);
        let Value::Object(own) = &mut whole.value else { return whole };
        for member in own.iter_mut().filter(|member| member.name == "entities") {
            let Value::Object(entities) = &mut member.node.value else { continue };
            for entity in entities {
                entity.node = without(&self.with_base(&entity.node, bases), &["base"]);
            }
        }
        whole
    }
}

/// The short form of an entity, a text, is its list.
pub(crate) fn spread(node: &Node) -> Node {
    match &node.value {
        Value::Text(_) => {
            let member = Member { name: "list".to_owned(), mark: node.mark, node: node.clone() };
            Node { mark: node.mark, value: Value::Object(vec![member]) }
        }
        _ => node.clone(),
    }
}

/// The members of `over`, and those of `below` that it does not have; `let` member by member.
pub(crate) fn overlay(over: &Node, below: &Node) -> Node {
    let mut merged: Vec<Member> = members(over).to_vec();
    for member in members(below) {
        match merged.iter_mut().find(|own| own.name == member.name) {
            None => merged.push(member.clone()),
            Some(own) if own.name == "let" => own.node = overlay(&own.node, &member.node),
            Some(_) => {}
        }
    }
    Node { mark: over.mark, value: Value::Object(merged) }
}
