use tieline_core::{ErrorKind, Resend};
use tieline_document::{Node, Value};

use super::reader::{Reader, members, one_or_many, pointer};
use crate::description::{ErrorRule, ErrorRules, ErrorWord, Wait};

const WORDS: [(&str, ErrorWord); 17] = [
    ("config", ErrorWord::Kind(ErrorKind::Config)),
    ("unauthenticated", ErrorWord::Kind(ErrorKind::Unauthenticated)),
    ("forbidden", ErrorWord::Kind(ErrorKind::Forbidden)),
    ("not_found", ErrorWord::Kind(ErrorKind::NotFound)),
    ("conflict", ErrorWord::Kind(ErrorKind::Conflict)),
    ("rejected", ErrorWord::Kind(ErrorKind::Rejected)),
    ("rate_limited", ErrorWord::Kind(ErrorKind::RateLimited)),
    ("quota_exhausted", ErrorWord::Kind(ErrorKind::QuotaExhausted)),
    ("unavailable", ErrorWord::Kind(ErrorKind::Unavailable)),
    ("timeout", ErrorWord::Kind(ErrorKind::Timeout)),
    ("decode", ErrorWord::Kind(ErrorKind::Decode)),
    ("unsupported", ErrorWord::Kind(ErrorKind::Unsupported)),
    ("nothing", ErrorWord::Nothing),
    ("ok", ErrorWord::Nothing),
    ("items", ErrorWord::Items),
    ("start_over", ErrorWord::StartOver),
    ("state_invalid", ErrorWord::StartOver),
];

impl Reader<'_> {
    pub(crate) fn error_rules(&mut self, node: &Node) -> ErrorRules {
        if !self.object(node) {
            return ErrorRules::default();
        }
        self.names(node, &["message", "code", "request", "when"]);
        let pointers = |reader: &mut Self, name: &str| match node.member(name) {
            Some(node) => one_or_many(node).iter().filter_map(|one| reader.pointer(one)).collect(),
            None => Vec::new(),
        };
        let mut rules = ErrorRules {
            message: pointers(self, "message"),
            code: pointers(self, "code"),
            request: Vec::new(),
            request_header: None,
            when: Vec::new(),
        };
        for place in node.member("request").map(one_or_many).unwrap_or_default() {
            match &place.value {
                Value::Text(text) if text.starts_with("header ") => {
                    rules.request_header = text.strip_prefix("header ").map(str::to_ascii_lowercase);
                }
                _ => rules.request.extend(self.pointer(place)),
            }
        }
        if let Some(when) = node.member("when") {
            rules.when = one_or_many(when).iter().map(|rule| self.error_rule(rule)).collect();
        }
        rules
    }

    fn error_rule(&mut self, node: &Node) -> ErrorRule {
        let mut rule = ErrorRule::default();
        if !self.object(node) {
            return rule;
        }
        let known = [
            "status", "code", "at", "is", "text", "header", "html", "for", "error", "about", "wait",
            "resend", "advice",
        ];
        self.names(node, &known);
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "status" => {
                    rule.status = one_or_many(node).iter().filter_map(|one| self.status(one)).collect()
                }
                "code" => rule.codes = self.texts(node),
                "at" => rule.at = self.text(node).map(|text| pointer(&text)),
                "is" => rule.is = self.texts(node),
                "text" => rule.text = self.texts(node).iter().map(|text| text.to_lowercase()).collect(),
                "header" => rule.header = self.header_condition(node),
                "html" => rule.html = self.flag(node),
                "for" => rule.tag = self.text(node),
                "error" => rule.error = self.word(node, &WORDS),
                "about" => {
                    let known = [("connection", true), ("record", false)];
                    rule.about_connection = self.word(node, &known).unwrap_or(false);
                }
                "wait" => rule.wait = self.wait(node),
                "resend" => {
                    let known = [
                        ("never", Resend::Never),
                        ("safe", Resend::Safe),
                        ("if_idempotent", Resend::IfIdempotent),
                    ];
                    rule.resend = self.word(node, &known);
                }
                "advice" => rule.advice = self.text(node),
                _ => {}
            }
        }
        let has_condition = !rule.status.is_empty()
            || !rule.codes.is_empty()
            || rule.at.is_some()
            || !rule.text.is_empty()
            || rule.header.is_some()
            || rule.html.is_some();
        if !has_condition {
            let advice = "say when it holds, such as status: 404".to_owned();
            self.find(node, "this rule would hold for every answer", Some(advice));
        }
        if !rule.is.is_empty() && rule.at.is_none() {
            self.find(node, "`is` needs `at`: the place where the value stands", None);
        }
        rule
    }

    /// `404`, or `4xx`, which is kept as 4.
    fn status(&mut self, node: &Node) -> Option<u16> {
        let text = self.text(node)?;
        let class =
            text.strip_suffix("xx").filter(|class| class.len() == 1).and_then(|class| class.parse().ok());
        let status = class.or_else(|| text.parse().ok().filter(|status| (100..600).contains(status)));
        if status.is_none() {
            self.find(node, format!("{text:?} is no status"), Some("write it like 404 or 5xx".to_owned()));
        }
        status
    }

    fn header_condition(&mut self, node: &Node) -> Option<(String, Option<String>)> {
        match &node.value {
            Value::Object(members) => {
                let member = members.first()?;
                Some((member.name.to_ascii_lowercase(), self.text(&member.node)))
            }
            _ => Some((self.text(node)?.to_ascii_lowercase(), None)),
        }
    }

    fn wait(&mut self, node: &Node) -> Option<Wait> {
        match &node.value {
            Value::Text(text) if text == "midnight" => Some(Wait::Midnight),
            _ => self.duration(node).map(Wait::For),
        }
    }
}
