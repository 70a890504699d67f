use tieline_document::{Member, Node, Value, did_you_mean};

use super::reader::{Reader, members};
use crate::description::Description;
use crate::template::WordName;

impl Reader<'_> {
    /// Entities that are named and not there, and circles of parents.
    pub(super) fn references(&mut self, node: &Node, description: &Description) {
        let names: Vec<&str> = description.entities.iter().map(|(name, _)| name.as_str()).collect();
        let tags: Vec<&str> = description.limits.iter().filter_map(|limit| limit.tag.as_deref()).collect();
        let entities = node.member("entities").map_or(&[] as &[Member], members);
        for ((name, entity), member) in description.entities.iter().zip(entities) {
            let Some(parent) = &entity.parent else { continue };
            let own = member.node.member("parent").unwrap_or(&member.node);
            let at = match own.value {
                Value::Object(ref inner) => inner.first().map_or(own.mark, |member| member.mark),
                _ => own.mark,
            };
            if !names.contains(&parent.entity.as_str()) {
                let message = format!("there is no entity {:?}", parent.entity);
                let length = parent.entity.chars().count();
                self.find_at(at, length, message, Some(did_you_mean(&parent.entity, &names)));
                continue;
            }
            if let Some(above) = description.entity(&parent.entity) {
                let reads = entity.list.iter().chain(&entity.changes).chain(&entity.create);
                let uses_fields =
                    reads.clone().any(|request| request.uses(&|word| matches!(word, WordName::Parent(_))));
                if uses_fields && above.lookup.is_none() {
                    let message =
                        format!("fields of {:?} are words, and nothing looks one up", parent.entity);
                    let advice = format!("say how: lookup: /{}/<key>", parent.entity);
                    self.find_at(at, 1, message, Some(advice));
                }
                if entity.follows && above.walk.changed.is_none() {
                    let message = format!("follows needs to know when {:?} changed", parent.entity);
                    let advice = "say where its time of change is: changed: PATH".to_owned();
                    self.find_at(at, 1, message, Some(advice));
                }
            }
            let mut above = parent.entity.as_str();
            let mut steps = 0;
            while let Some(entity) = description.entity(above) {
                steps += 1;
                if above == name || steps > names.len() {
                    self.find_at(at, 1, format!("{name:?} is its own parent"), None);
                    break;
                }
                match &entity.parent {
                    Some(parent) => above = parent.entity.as_str(),
                    None => break,
                }
            }
        }
        for (_, entity) in &description.entities {
            for request in entity.list.iter().chain(&entity.changes) {
                if let Some(tag) = &request.tag
                    && !tags.contains(&tag.as_str())
                    && !tags.is_empty()
                {
                    let mark = tieline_document::Mark { line: request.line.unwrap_or(1), column: 1 };
                    let message = format!("the tag {tag:?} has no limit");
                    self.find_at(mark, 1, message, Some(did_you_mean(tag, &tags)));
                }
            }
        }
    }
}
