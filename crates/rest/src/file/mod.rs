//! Descriptions as files: everything that is wrong is said at once, with its place.

mod auth;
mod builtin;
mod check;
mod entity;
mod errors;
mod findings;
mod like;
mod merge;
mod options;
mod reader;
mod references;
mod request;
mod settings;
mod strict;
mod tenant;
mod walk;
mod webhooks;

use std::sync::Arc;

use tieline_document::{Format, Member, Node};

pub use self::findings::{Finding, Findings};
pub use self::options::{Library, LoadOptions};
use self::reader::{Reader, members, one_or_many};
use crate::description::{ApiUrl, Base, Description};

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
        Self::load_with(file, text, format, &LoadOptions::new())
    }

    /// The same, under the rules of a shipped file or of a tenant's.
    ///
    /// # Errors
    /// Everything that is wrong with it or that the rules refuse, in the order of the file.
    pub fn load_with(
        file: &str,
        text: &str,
        format: Format,
        options: &LoadOptions,
    ) -> Result<Self, Findings> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = Reader::new(text, options);
        let description = match Node::parse(text, format) {
            Ok(node) => {
                let node = reader.with_like(&node);
                let mut description = reader.description(&node);
                description.written = Some(Arc::new(reader.written_out(&node)));
                description
            }
            Err(error) => {
                reader.document_error(error);
                Self::default()
            }
        };
        if reader.findings.is_empty() {
            return Ok(description);
        }
        Err(Findings::new(file, text, reader.findings).with_below(reader.below))
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
            // A missing file of `like` is a finding already.
            if node.member(name).is_none() && node.member("like").is_none() {
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
        }
        let none: &[Member] = &[];
        let bases = node.member("bases").map_or(none, members);
        for member in members(node) {
            self.top(&mut description, &member.name, &member.node, bases);
        }
        self.references(node, &description);
        self.check_webhooks(node, &description);
        if self.options.is_strict() {
            self.check_strict(node, &description);
        }
        if self.options.is_of_tenant() {
            self.check_tenant(node, &description);
        }
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
            "webhooks" => description.webhooks = self.webhooks(node),
            "clock" => description.clock = self.clock(node),
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
}
