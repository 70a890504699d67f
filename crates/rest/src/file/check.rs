//! What contradicts itself within an entity, said at its place.

use tieline_document::{Mark, Member, Node};
use tieline_kit::JsonPath;

use super::reader::Reader;
use crate::description::{Entity, Place, Request};
use crate::template::{Word, WordName};

impl Reader<'_> {
    pub(crate) fn check_entity(&mut self, name: &str, own: &Member, node: &Node, entity: &Entity) {
        // A list that could not be read was told of.
        if node.member("list").is_some() && entity.list.is_empty() {
            return;
        }
        let reads = [&entity.list, &entity.changes, &entity.deleted];
        let uses = |wanted: &dyn Fn(&WordName) -> bool| {
            reads.iter().any(|requests| requests.iter().any(|request| request.uses(wanted)))
        };
        let mark = |member: &str| node.member(member).map_or(own.mark, |node| node.mark);
        let uses_parent =
            uses(&|word| matches!(word, WordName::ParentKey | WordName::Parent(_) | WordName::Parents));
        if uses_parent && entity.parent.is_none() {
            let advice = "say whose children these are: parent: NAME".to_owned();
            self.find_at(mark("list"), 1, "<parent…> is used, and there is no parent", Some(advice));
        }
        if let Some(parent) = &entity.parent
            && !uses_parent
        {
            let message =
                format!("no request uses <parent.key>, so every {} would list the same", parent.entity);
            let advice = "put <parent.key> or <parents> where the parent belongs".to_owned();
            self.find_at(mark("parent"), 1, message, Some(advice));
        }
        if uses(&|word| matches!(word, WordName::Parents))
            && entity.parent.as_ref().is_some_and(|p| p.group == 1)
        {
            let advice = "say how many one request takes: parent: {NAME: 100}".to_owned();
            self.find_at(
                mark("parent"),
                1,
                "<parents> stands for several, and one is asked for at a time",
                Some(advice),
            );
        }
        self.check_parent(own, node, entity);
        let walks = || entity.list.iter().chain(&entity.changes).chain(&entity.deleted);
        for request in walks() {
            let walk = request.walk.over(&entity.walk);
            let at = Mark { line: request.line.unwrap_or(own.mark.line), column: 1 };
            if walk.newest_first == Some(true) && walk.changed.is_none() {
                let advice = "say where the time of change is: changed: PATH".to_owned();
                self.find_at(at, 1, "newest_first needs a time of change to end at", Some(advice));
            }
            if walk.window.is_some() && !request.uses(&|word| *word == WordName::Until) {
                let advice = "put <until> where the end of a period belongs".to_owned();
                self.find_at(at, 1, "window is said, and the request has no <until>", Some(advice));
            }
            if walk.window.is_some() && walk.start.is_none() {
                let advice = "say how far back a first read goes, such as start: 5y".to_owned();
                self.find_at(at, 1, "window is said, and no start", Some(advice));
            }
            if matches!(walk.next, Some(Place::Header(..)) | None)
                && walk.next.is_none()
                && request.uses(&|word| *word == WordName::Next)
            {
                let advice = "say where the answer has it, such as next: /paging/next".to_owned();
                self.find_at(at, 1, "<next> is used, and nothing says where it comes from", Some(advice));
            }
            if request.uses(&|word| *word == WordName::Token) && walk.token.is_none() {
                let advice = "say where the last page has it: token: PATH".to_owned();
                self.find_at(at, 1, "<token> is used, and nothing says where it comes from", Some(advice));
            }
            if request.uses(&|word| matches!(word, WordName::Last(member) if member == "changed"))
                && walk.changed.is_none()
            {
                let advice = "say where the time of change is: changed: PATH".to_owned();
                self.find_at(at, 1, "<last.changed> is used, and there is no time of change", Some(advice));
            }
            let paging = [WordName::Page, WordName::Offset, WordName::Next];
            let several: Vec<String> = paging
                .iter()
                .filter(|name| request.uses(&|word| word == *name))
                .map(|name| format!("<{name}>"))
                .collect();
            if several.len() > 1 {
                self.find_at(at, 1, format!("{} page one list in several ways", several.join(" and ")), None);
            }
            self.check_members(at, request, &walk.records, [&walk.total, &walk.more, &walk.total_pages]);
        }
        if entity.marker.is_some()
            && entity.create.is_some()
            && !entity.marker.as_ref().is_some_and(|marker| entity.finds(marker))
        {
            let message = "a marker is said, and no way to find it: a lost create will become a question";
            let marker = entity.marker.as_deref().unwrap_or_default();
            let advice = format!("say how it is found: find: {{{marker}: REQUEST}} or {{{marker}: scan}}");
            self.find_at(mark("marker"), 1, message, Some(advice));
        }
        for (member, request) in [("lookups", &entity.lookups)] {
            if let Some(request) = request
                && !request.uses(&|word| *word == WordName::Keys)
            {
                let advice = "put <keys> where the keys belong".to_owned();
                self.find_at(mark(member), 1, format!("{member} has no <keys>"), Some(advice));
            }
        }
        for (member, request) in [
            ("lookup", &entity.lookup),
            ("detail", &entity.detail),
            ("update", &entity.update),
            ("delete", &entity.delete),
        ] {
            if let Some(request) = request
                && request.many.as_ref().is_none_or(|many| many.key_as.is_none())
                && !request
                    .uses(&|word| matches!(word, WordName::Key | WordName::KeyPart(_) | WordName::Keys))
            {
                let advice = "put <key> where the key belongs".to_owned();
                self.find_at(mark(member), 1, format!("{member} has no <key>"), Some(advice));
            }
        }
        self.check_batches(node, entity);
        self.check_literals(node, entity);
        if entity.list.is_empty()
            && entity.lookup.is_none()
            && entity.create.is_none()
            && entity.actions.is_empty()
        {
            let advice = "say how it is listed: list: /path".to_owned();
            let length = name.chars().count();
            self.find_at(own.mark, length, format!("nothing can be done with {name:?}"), Some(advice));
        }
    }

    /// Settings that are about a parent, and the words that are its fields.
    fn check_parent(&mut self, own: &Member, node: &Node, entity: &Entity) {
        for (name, said) in [("follows", entity.follows), ("parent_when", !entity.parent_when.is_empty())] {
            let at = node.member(name).map_or(own.mark, |node| node.mark);
            match &entity.parent {
                _ if !said => {}
                None => {
                    let advice = "say whose children these are: parent: NAME".to_owned();
                    self.find_at(at, 1, format!("{name} is said, and there is no parent"), Some(advice));
                }
                Some(parent) if name == "follows" && parent.group > 1 => {
                    self.find_at(at, 1, "follows needs parents that are asked for one at a time", None);
                }
                Some(_) => {}
            }
        }
        let of_parent = |request: &Request| request.uses(&|word| matches!(word, WordName::Parent(_)));
        let single = [&entity.lookup, &entity.lookups, &entity.update, &entity.delete];
        for request in single.into_iter().flatten().chain(entity.actions.iter().map(|(_, request)| request)) {
            if of_parent(request) {
                let at = Mark { line: request.line.unwrap_or(own.mark.line), column: 1 };
                let message = "fields of the parent are words of lists and creates only";
                self.find_at(at, 1, message, Some("use <parent.key> or <key.PART>".to_owned()));
            }
        }
        let lists = entity.list.iter().chain(&entity.changes).chain(&entity.deleted).chain(&entity.create);
        for request in lists {
            if of_parent(request) && entity.parent.as_ref().is_some_and(|parent| parent.group > 1) {
                let at = Mark { line: request.line.unwrap_or(own.mark.line), column: 1 };
                self.find_at(
                    at,
                    1,
                    "fields of the parent need parents that are asked for one at a time",
                    None,
                );
            }
        }
    }

    /// Members beside the records cannot stand within them.
    fn check_members(
        &mut self,
        at: Mark,
        _request: &Request,
        records: &Option<JsonPath>,
        members: [&Option<JsonPath>; 3],
    ) {
        let Some(records) = records else { return };
        for member in members.into_iter().flatten() {
            if tieline_kit::PageLayout::new(records).with_member(member).is_err() {
                self.find_at(at, 1, format!("{member} is not beside the records at {records}"), None);
            }
        }
    }

    /// Writes of many records: their words, and an upsert that says of which record.
    fn check_batches(&mut self, node: &Node, entity: &Entity) {
        let writes = [("create", &entity.create), ("update", &entity.update), ("delete", &entity.delete)];
        for (name, request) in writes {
            let (Some(at), Some(request)) = (node.member(name), request) else { continue };
            let wanted = if name == "delete" { WordName::Keys } else { WordName::Records };
            let uses = request.uses(&|word| *word == wanted);
            if request.many.is_some() && !uses {
                let advice = format!("put <{wanted}> where they belong");
                self.find(at, format!("many is said, and {name} has no <{wanted}>"), Some(advice));
            }
            if request.many.is_none() && uses {
                let advice = "say how many one request takes: many: 100".to_owned();
                self.find(at, format!("<{wanted}> stands for several, and {name} sends one"), Some(advice));
            }
        }
        if let (Some(at), Some(request)) = (node.member("upsert"), &entity.upsert)
            && !request.uses(&|word| matches!(word, WordName::Value | WordName::Record))
        {
            let advice =
                "put <value> where the value belongs: PATCH /contacts/<field.name>/<value>".to_owned();
            self.find(at, "upsert has no <value>", Some(advice));
        }
    }

    /// A value within quotes of a query language must not be able to end them.
    fn check_literals(&mut self, node: &Node, entity: &Entity) {
        let finds = entity.find.by.iter().filter_map(|(_, by)| match by {
            crate::description::FindBy::Request(request) => Some(&**request),
            crate::description::FindBy::Scan => None,
        });
        let at = node.member("find").map_or(node.mark, |node| node.mark);
        for request in entity.find.any.iter().chain(finds) {
            let mut open: Vec<Word> = Vec::new();
            request.quoted_words(&mut |word| open.push(word.clone()));
            for word in open {
                let advice = format!(
                    "write <{}:quoted> (OData, SQL: '' ) or <{}:escaped> (SOQL: \\')",
                    word.name, word.name
                );
                let message = format!("<{}> stands within quotes, which its value could end", word.name);
                self.find_at(at, 1, message, Some(advice));
            }
        }
    }
}
