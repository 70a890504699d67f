//! Descriptions as files: everything that is wrong is said at once, with its place.

mod auth;
mod check;
mod entity;
mod errors;
mod findings;
mod merge;
mod reader;
mod request;
mod walk;

use tieline_document::{Format, Member, Node, Value, did_you_mean};

pub use self::findings::{Finding, Findings};
use self::reader::{Reader, members, one_or_many};
use crate::description::{AccountRequest, ApiUrl, Base, Description, Setting, SettingKind};

/// The version of the language that is read.
pub(crate) const VERSION: &str = "1";
/// The most entities of a description.
const MAX_ENTITIES: usize = 500;

const TOP: [&str; 18] = [
    "version", "name", "url", "origins", "docs", "settings", "auth", "headers", "check", "limits", "errors",
    "zone", "clock", "bases", "entities", "actions", "webhooks", "like",
];

impl Description {
    /// Reads a description. `file` is its name in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn load(file: &str, text: &str, format: Format) -> Result<Self, Findings> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::new(text);
        let description = match Node::parse(text, format) {
            Ok(node) => reader.description(&node),
            Err(error) => {
                reader.document_error(error);
                Self::default()
            }
        };
        if reader.findings.is_empty() {
            return Ok(description);
        }
        Err(Findings::new(file, text, reader.findings))
    }
}

impl Reader<'_> {
    fn description(&mut self, node: &Node) -> Description {
        let mut description = Description::default();
        if !self.object(node) {
            return description;
        }
        self.names(node, &TOP);
        if let Some(version) = node.member("version") {
            let text = self.text(version);
            if text.is_some_and(|text| text != VERSION) {
                let advice = format!("this engine reads version {VERSION}");
                self.find(version, "the description is written in a version that is not known", Some(advice));
            }
        }
        for name in ["name", "url"] {
            if node.member(name).is_none() {
                let advice = match name {
                    "url" => "say where the API is: url: https://api.example.com",
                    _ => "say what people call it: name: Example",
                };
                self.find(node, format!("the setting {name:?} is missing"), Some(advice.to_owned()));
            }
        }
        // Settings give words, so they are read first.
        if let Some(settings) = node.member("settings") {
            description.settings = self.all_settings(settings);
            self.settings = description.settings.iter().map(|(name, _)| name.clone()).collect();
        }
        let none: &[Member] = &[];
        let bases = node.member("bases").map_or(none, members);
        for member in members(node) {
            self.top(&mut description, &member.name, &member.node, bases);
        }
        self.references(node, &description);
        description
    }

    fn top(&mut self, description: &mut Description, name: &str, node: &Node, bases: &[Member]) {
        match name {
            "name" => description.name = self.text(node).unwrap_or_default(),
            "url" => description.url = self.url(node),
            "origins" => description.origins = self.texts(node),
            "docs" => description.docs = self.text(node),
            "auth" => description.auth = self.auth(node),
            "headers" => description.headers = self.headers(node, &[]),
            "check" => description.check = self.check(node),
            "limits" => {
                for one in one_or_many(node) {
                    let Some(text) = self.text(one) else { continue };
                    match text.parse() {
                        Ok(limit) => description.limits.push(limit),
                        Err(wrong) => self.find(one, wrong, None),
                    }
                }
            }
            "errors" => description.errors = self.error_rules(node),
            "zone" => {
                description.zone = self.text(node);
                if let Some(zone) = &description.zone
                    && zone.parse::<chrono_tz::Tz>().is_err()
                {
                    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
                    let advice = tieline_document::nearest(zone, known)
                        .map_or("write it like Europe/Oslo".to_owned(), |near| {
                            format!("did you mean {near:?}?")
                        });
                    self.find(node, format!("there is no time zone {zone:?}"), Some(advice));
                }
            }
            "entities" => {
                if !self.object(node) {
                    return;
                }
                let entities = members(node);
                if entities.len() > MAX_ENTITIES {
                    self.find(node, format!("there are more than {MAX_ENTITIES} entities"), None);
                }
                for member in entities.iter().take(MAX_ENTITIES) {
                    let entity = self.entity(&member.name, member, bases);
                    description.entities.push((member.name.clone(), entity));
                }
            }
            "actions" => description.actions = self.actions(node),
            "clock" | "like" | "webhooks" => self.not_carried_out(name, node),
            _ => {}
        }
    }

    fn url(&mut self, node: &Node) -> Option<ApiUrl> {
        let text = self.text(node)?;
        let advice = "write it like https://api.example.com, or begin with a setting of kind url".to_owned();
        if text.starts_with('/') || !(text.starts_with("http") || text.starts_with('<')) {
            self.find(node, "this is no address", Some(advice));
            return None;
        }
        let request = self.call(node, &[])?;
        if request.base == Base::Api || !request.query.is_empty() {
            self.find(node, "this is no address", Some(advice));
            return None;
        }
        Some(ApiUrl { base: request.base, path: request.path })
    }

    fn all_settings(&mut self, node: &Node) -> Vec<(String, Setting)> {
        if !self.object(node) {
            return Vec::new();
        }
        let mut settings = Vec::new();
        for member in members(node) {
            let is_word = member.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_word || entity::LIST_WORDS.contains(&member.name.as_str()) {
                let message = format!("a setting cannot be called {:?}", member.name);
                let advice = "use letters, digits and _, and no word of the language".to_owned();
                self.find_at(member.mark, member.name.chars().count(), message, Some(advice));
            }
            settings.push((member.name.clone(), self.setting(&member.node)));
        }
        settings
    }

    fn setting(&mut self, node: &Node) -> Setting {
        let mut setting = Setting::default();
        if matches!(node.value, Value::Text(_)) {
            setting.title = self.text(node).unwrap_or_default();
            return setting;
        }
        if !self.object(node) {
            return setting;
        }
        self.names(node, &["title", "help", "example", "kind", "optional", "values", "choices", "default"]);
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "title" => setting.title = self.text(node).unwrap_or_default(),
                "help" => setting.help = self.text(node).unwrap_or_default(),
                "example" => setting.example = self.text(node).unwrap_or_default(),
                "kind" => {
                    let known = [
                        ("text", SettingKind::Text),
                        ("url", SettingKind::Url),
                        ("integer", SettingKind::Integer),
                        ("boolean", SettingKind::Boolean),
                    ];
                    setting.kind = self.word(node, &known).unwrap_or_default();
                }
                "optional" => setting.optional = self.flag(node).unwrap_or(false),
                "values" => {
                    setting.values = members(node)
                        .iter()
                        .filter_map(|value| Some((value.name.clone(), self.text(&value.node)?)))
                        .collect();
                }
                "choices" | "default" => self.not_carried_out(&member.name, node),
                _ => {}
            }
        }
        setting
    }

    fn check(&mut self, node: &Node) -> Option<AccountRequest> {
        let request = self.request(node, &[], &["id", "name", "user", "others"])?;
        if let Some(others) = node.member("others") {
            self.not_carried_out("others", others);
        }
        let mut path = |name: &str| node.member(name).and_then(|node| self.path(node));
        let (id, name, user) = (path("id"), path("name"), path("user"));
        Some(AccountRequest { request, id, name, user })
    }

    /// Entities that are named and not there, and circles of parents.
    fn references(&mut self, node: &Node, description: &Description) {
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
            let mut above = parent.entity.as_str();
            let mut steps = 0;
            while let Some((_, entity)) = description.entities.iter().find(|(other, _)| other == above) {
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
