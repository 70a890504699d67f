//! A shipped file writes everything down: nothing of how a provider is read is left to what an answer looks like.

use tieline_document::{Mark, Member, Node};

use super::reader::{Reader, members};
use crate::description::{Description, Entity, Request};
use crate::template::WordName;

impl Reader<'_> {
    pub(crate) fn check_strict(&mut self, node: &Node, description: &Description) {
        if description.check.is_none() {
            let advice =
                "say which request shows whose the credential is: check: {call: /me, id: id, name: name}";
            self.find(node, "a shipped file needs a check", Some(advice.to_owned()));
        }
        let entities = node.member("entities").map(members).unwrap_or_default();
        for ((name, entity), member) in description.entities.iter().zip(entities) {
            self.check_strict_entity(name, entity, member);
        }
    }

    fn check_strict_entity(&mut self, name: &str, entity: &Entity, member: &Member) {
        let missing = |reader: &mut Self, line: Option<usize>, setting: &str, advice: &str| {
            let mark = match line {
                Some(line) => Mark { line, column: 1 },
                None => member.mark,
            };
            let message = format!("a shipped file says {setting:?} of {name:?}");
            reader.find_at(mark, 1, message, Some(advice.to_owned()));
        };
        if entity.walk.key.is_empty() && !entity.list.is_empty() {
            let every = entity.list.iter().all(|request| !request.walk.key.is_empty());
            if !every {
                missing(self, None, "key", "write it also where it is the usual one: key: id");
            }
        }
        let walks = [&entity.list, &entity.changes, &entity.deleted];
        for request in walks.into_iter().flatten() {
            let walk = request.walk.over(&entity.walk);
            let uses = |wanted: WordName| request.uses(&|word| *word == wanted);
            if walk.records.is_none() && walk.decode.unwrap_or_default().has_path() {
                missing(
                    self,
                    request.line,
                    "records",
                    "write records: \"\" where the answer itself is the list",
                );
            }
            let increment = uses(WordName::Since) || walk.newest_first == Some(true);
            if increment && walk.changed.is_none() && walk.changed_at_start != Some(true) {
                let advice =
                    "say where the time of change is, or changed: none where records have no such time";
                missing(self, request.line, "changed", advice);
            }
            if (uses(WordName::PageSize) || uses(WordName::Offset)) && walk.page_size.is_none() {
                missing(self, request.line, "page_size", "write the largest page that the provider gives");
            }
        }
        self.check_strict_search(name, &entity.find.any, member);
    }

    fn check_strict_search(&mut self, name: &str, any: &Option<Request>, member: &Member) {
        if let Some(request) = any
            && request.walk.page_size.is_none()
            && request.uses(&|word| *word == WordName::PageSize)
        {
            let message = format!("a shipped file says \"page_size\" of {name:?}");
            let advice = "write the largest page that the provider gives".to_owned();
            self.find_at(member.mark, 1, message, Some(advice));
        }
    }
}
