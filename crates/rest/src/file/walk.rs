use chrono::NaiveDate;
use tieline_document::{Node, Value};

use super::reader::{Reader, members, one_or_many};
use crate::description::{Decode, KeyPart, Start, Walk};

/// The settings of a walk.
pub(crate) const WALK: [&str; 27] = [
    "records",
    "payload",
    "next",
    "resend",
    "more",
    "total",
    "total_pages",
    "page_size",
    "first_page",
    "cap",
    "token",
    "changed",
    "overlap",
    "within",
    "window",
    "start",
    "newest_first",
    "probe",
    "single",
    "stable_cursor",
    "decode",
    "lists",
    "key",
    "version",
    "deleted_if",
    "merged",
    "where",
];

impl Reader<'_> {
    pub(crate) fn walk(&mut self, node: &Node) -> Walk {
        let mut walk = Walk::default();
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "records" => walk.records = self.path(node),
                "payload" => walk.payload = self.path(node),
                "next" => walk.next = self.place(node),
                "more" => walk.more = self.path(node),
                "total" => walk.total = self.path(node),
                "total_pages" => walk.total_pages = self.path(node),
                "page_size" => walk.page_size = self.count(node).filter(|size| *size > 0),
                "first_page" => walk.first_page = self.count(node),
                "cap" => walk.cap = self.count(node).map(u64::from),
                "token" => walk.token = self.place(node),
                "changed" if matches!(&node.value, Value::Text(text) if text == "none") => {
                    walk.changed_at_start = Some(true);
                }
                "changed" => walk.changed = self.path(node),
                "overlap" => walk.overlap = self.duration(node),
                "within" => walk.within = self.duration(node),
                "window" => walk.window = self.duration(node).filter(|window| !window.is_zero()),
                "start" => walk.start = self.start(node),
                "newest_first" => walk.newest_first = self.flag(node),
                "probe" => walk.probe = self.flag(node),
                "single" => walk.single = self.flag(node),
                "stable_cursor" => walk.stable_cursor = self.flag(node),
                "decode" => {
                    let known = [
                        ("json", Decode::Json),
                        ("ndjson", Decode::Ndjson),
                        ("csv", Decode::Csv),
                        ("xml", Decode::Xml),
                    ];
                    walk.decode = self.word(node, &known);
                }
                "key" => walk.key = self.key(node),
                "version" => walk.version = self.path(node),
                "deleted_if" => walk.deleted_if = self.conditions(node),
                "where" => walk.conditions = self.conditions_on(node),
                "merged" => walk.merged = self.merged(node),
                "resend" => walk.resend = self.flag(node),
                "lists" => walk.lists = self.texts(node),
                _ => {}
            }
        }
        walk
    }

    fn start(&mut self, node: &Node) -> Option<Start> {
        let text = self.text(node)?;
        if let Ok(day) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
            return Some(Start::Day(day));
        }
        self.duration(node).map(Start::Ago)
    }

    fn key(&mut self, node: &Node) -> Vec<KeyPart> {
        let mut parts = Vec::new();
        for part in one_or_many(node) {
            match &part.value {
                Value::Text(text) if text == "parent.key" => parts.push(KeyPart::Parent),
                _ => parts.extend(self.path(part).map(KeyPart::Member)),
            }
        }
        parts
    }

    fn conditions(&mut self, node: &Node) -> Vec<(tieline_kit::JsonPath, Vec<String>)> {
        let found = self.members_by_path(node).into_iter();
        found.map(|(path, value)| (path, one_or_many(value).iter().map(Node::to_json).collect())).collect()
    }

    fn merged(&mut self, node: &Node) -> Option<(tieline_kit::JsonPath, String)> {
        if !matches!(node.value, Value::Object(_)) {
            return Some((self.path(node)?, ",".to_owned()));
        }
        self.names(node, &["at", "split"]);
        let path = node.member("at").and_then(|at| self.path(at))?;
        let split = node.member("split").and_then(|split| self.text(split)).unwrap_or_else(|| ",".to_owned());
        Some((path, split))
    }
}
