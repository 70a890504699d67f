use tieline_core::Deletes;
use tieline_document::{Member, Node, Value};

use super::reader::{Reader, members, one_or_many};
use super::walk::WALK;
use crate::description::{Entity, FieldsRequest, Find, FindBy, KeyForm, Named, Parent, Request};

const ENTITY: [&str; 29] = [
    "base",
    "let",
    "title",
    "parent",
    "parent_field",
    "follows",
    "parent_when",
    "each",
    "list",
    "changes",
    "keys",
    "deleted",
    "detail",
    "lookup",
    "lookups",
    "find",
    "fields",
    "create",
    "update",
    "delete",
    "upsert",
    "actions",
    "content",
    "marker",
    "search_delay",
    "key_form",
    "clear",
    "deletes",
    "token_from",
];

/// The words of a list.
pub(crate) const LIST_WORDS: [&str; 12] = [
    "page",
    "offset",
    "next",
    "last",
    "page_size",
    "fields",
    "since",
    "until",
    "started",
    "token",
    "parent",
    "parents",
];
/// The words of a look-up.
pub(crate) const LOOKUP_WORDS: [&str; 10] =
    ["key", "keys", "field", "value", "fields", "page", "next", "offset", "page_size", "parent"];
/// The words of a write or action.
pub(crate) const WRITE_WORDS: [&str; 11] =
    ["record", "records", "key", "keys", "marker", "version", "changes", "input", "parent", "field", "value"];

impl Reader<'_> {
    pub(crate) fn entity(&mut self, name: &str, own: &Member, bases: &[Member]) -> Entity {
        let node = self.with_base(&own.node, bases);
        if !self.object(&node) {
            return Entity::default();
        }
        self.fixed.clear();
        self.fixed.insert("entity".to_owned(), name.to_owned());
        if let Some(words) = node.member("let")
            && self.object(words)
        {
            for member in members(words) {
                let text = match &member.node.value {
                    Value::Text(text) if self.is_setting(text) => Some(text.clone()),
                    _ => self.fixed_text(&member.node),
                };
                if let Some(text) = text {
                    self.fixed.insert(member.name.clone(), text);
                }
            }
        }
        let known: Vec<&str> = ENTITY.iter().chain(&WALK).copied().collect();
        self.names(&node, &known);
        let mut entity = Entity { walk: self.walk(&node), line: Some(own.mark.line), ..Entity::default() };
        // `each` gives words, so it is read first.
        if let Some(each) = node.member("each") {
            entity.each = self.each_of(each);
        }
        self.each = entity.each.iter().map(|(name, _)| name.clone()).collect();
        for member in members(&node) {
            self.entity_member(&mut entity, &member.name, &member.node);
        }
        self.check_entity(name, own, &node, &entity);
        self.fixed.clear();
        self.each.clear();
        entity
    }

    /// Whether a text is the word of a setting and nothing else.
    fn is_setting(&self, text: &str) -> bool {
        let name = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        name.is_some_and(|name| self.settings.iter().any(|known| known == name))
    }

    fn entity_member(&mut self, entity: &mut Entity, name: &str, node: &Node) {
        match name {
            "title" => entity.title = self.text(node),
            "parent" => entity.parent = self.parent(node),
            "parent_field" => entity.parent_field = self.text(node),
            "follows" => entity.follows = self.flag(node).unwrap_or(false),
            "parent_when" => entity.parent_when = self.conditions_on(node),
            "list" => entity.list = self.requests(node, &LIST_WORDS),
            "changes" => entity.changes = self.requests(node, &LIST_WORDS),
            "deleted" => entity.deleted = self.requests(node, &LIST_WORDS),
            "lookup" => entity.lookup = self.request(node, &LOOKUP_WORDS, &[]),
            "lookups" => entity.lookups = self.request(node, &LOOKUP_WORDS, &[]),
            "find" => entity.find = self.find_by(node),
            "fields" => self.fields(node, entity),
            "create" => entity.create = self.request(node, &WRITE_WORDS, &[]),
            "update" => entity.update = self.request(node, &WRITE_WORDS, &[]),
            "delete" => entity.delete = self.request(node, &WRITE_WORDS, &[]),
            "actions" => entity.actions = self.actions(node),
            "marker" => self.marker(node, entity),
            "search_delay" => entity.search_delay = self.duration(node),
            "clear" => entity.clear = Some(node.to_json()),
            "upsert" => entity.upsert = self.request(node, &WRITE_WORDS, &[]),
            "detail" => entity.detail = self.request(node, &LOOKUP_WORDS, &[]),
            "content" => entity.content = self.content(node),
            "token_from" => entity.token_from = self.request(node, &LIST_WORDS, &[]),
            "key_form" => {
                entity.key_form = self.word(node, &[("integer", KeyForm::Integer), ("uuid", KeyForm::Uuid)]);
            }
            "deletes" => {
                entity.deletes = self.word(node, &[("sweep", Deletes::Sweep), ("feed", Deletes::Feed)]);
            }
            "keys" => self.not_carried_out(name, node),
            _ => {}
        }
    }

    /// The member that carries the marker of a create, or the setting that names it.
    fn marker(&mut self, node: &Node, entity: &mut Entity) {
        let Some(text) = self.text(node) else { return };
        let placed = text.strip_suffix('>').and_then(|text| text.split_once('<'));
        let Some((prefix, setting)) =
            placed.filter(|(prefix, _)| prefix.is_empty() || prefix.starts_with('/'))
        else {
            entity.marker = Some(text);
            return;
        };
        if !self.settings.iter().any(|known| known == setting) {
            let advice = "say it in `settings`, or name the member itself".to_owned();
            self.find(node, format!("there is no setting {setting:?}"), Some(advice));
        }
        entity.marker_prefix = prefix.to_owned();
        entity.marker_setting = Some(setting.to_owned());
    }

    fn requests(&mut self, node: &Node, words: &[&str]) -> Vec<Request> {
        one_or_many(node).iter().filter_map(|one| self.request(one, words, &[])).collect()
    }

    pub(crate) fn actions(&mut self, node: &Node) -> Named<Request> {
        if !self.object(node) {
            return Vec::new();
        }
        members(node)
            .iter()
            .filter_map(|member| Some((member.name.clone(), self.request(&member.node, &WRITE_WORDS, &[])?)))
            .collect()
    }

    /// A request for the file, or requests by the names of its variants.
    fn content(&mut self, node: &Node) -> Named<Request> {
        if matches!(node.value, Value::Text(_)) || node.member("call").is_some() {
            let request = self.request(node, &LOOKUP_WORDS, &[]);
            return request.map(|request| (String::new(), request)).into_iter().collect();
        }
        if !self.object(node) {
            return Vec::new();
        }
        let variant = |(name, request): (&String, Option<Request>)| Some((name.clone(), request?));
        members(node)
            .iter()
            .filter_map(|member| variant((&member.name, self.request(&member.node, &LOOKUP_WORDS, &[]))))
            .map(|(name, request)| (if name == "original" { String::new() } else { name }, request))
            .collect()
    }

    fn parent(&mut self, node: &Node) -> Option<Parent> {
        match &node.value {
            Value::Object(members) => match members.as_slice() {
                [member] => {
                    Some(Parent { entity: member.name.clone(), group: self.count(&member.node)?.max(1) })
                }
                _ => {
                    let advice = "write parent: contacts, or parent: {contacts: 100} for 100 in one request";
                    self.find(node, "here should stand one parent", Some(advice.to_owned()));
                    None
                }
            },
            _ => Some(Parent { entity: self.text(node)?, group: 1 }),
        }
    }

    fn each_of(&mut self, node: &Node) -> Named<Vec<String>> {
        if !self.object(node) {
            return Vec::new();
        }
        members(node).iter().map(|member| (member.name.clone(), self.texts(&member.node))).collect()
    }

    fn find_by(&mut self, node: &Node) -> Find {
        let is_request = matches!(node.value, Value::Text(_)) || node.member("call").is_some();
        if is_request {
            return Find { any: self.request(node, &LOOKUP_WORDS, &[]), by: Vec::new() };
        }
        let mut find = Find::default();
        for member in members(node) {
            let by = match &member.node.value {
                Value::Text(text) if text == "scan" => Some(FindBy::Scan),
                _ => self
                    .request(&member.node, &LOOKUP_WORDS, &[])
                    .map(|request| FindBy::Request(Box::new(request))),
            };
            find.by.extend(by.map(|by| (member.name.clone(), by)));
        }
        find
    }

    fn fields(&mut self, node: &Node, entity: &mut Entity) {
        if let Value::List(items) = &node.value {
            entity.field_names = items.iter().filter_map(|item| self.text(item)).collect();
            return;
        }
        let Some(request) = self.request(node, &LOOKUP_WORDS, &["name", "title", "type", "under"]) else {
            return;
        };
        let path = |reader: &mut Self, name: &str| node.member(name).and_then(|node| reader.path(node));
        let name = path(self, "name").unwrap_or_else(|| member_path("name"));
        let (title, kind) = (path(self, "title"), path(self, "type"));
        let under = path(self, "under").unwrap_or_default();
        entity.fields = Some(FieldsRequest { request, name, title, kind, under });
    }
}

pub(crate) fn member_path(name: &str) -> tieline_kit::JsonPath {
    name.parse().unwrap_or_default()
}
