use std::time::Duration;

use http::{HeaderName, Method};
use tieline_document::{Node, Value};
use url::Url;

use super::reader::{Reader, members};
use super::walk::WALK;
use crate::description::{
    ActionInput, Base, InputKind, Job, Many, Place, Query, Request, Upload, UploadKind,
};
use crate::template::Template;

const REQUEST: [&str; 16] = [
    "call",
    "headers",
    "body",
    "form",
    "tag",
    "cost",
    "idempotent",
    "record",
    "only",
    "merge_with",
    "title",
    "input",
    "applied",
    "many",
    "job",
    "upload",
];

/// Headers that a description may not set: they frame the message, or carry a credential.
const REFUSED_HEADERS: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "host",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The time between two requests for a job, and the least that a file may say.
const DEFAULT_EVERY: Duration = Duration::from_secs(10);
const LEAST_EVERY: Duration = Duration::from_millis(100);

/// The longest URL that is written, in bytes.
const MAX_URL: usize = 16 << 10;

impl Reader<'_> {
    /// A request: a text, or an object with `call`. `more` are settings of the place beside those of every request.
    pub(crate) fn request(&mut self, node: &Node, words: &[&str], more: &[&str]) -> Option<Request> {
        let (call, settings) = match &node.value {
            Value::Text(_) => (node, None),
            Value::Object(_) => {
                let known: Vec<&str> = REQUEST.iter().chain(&WALK).chain(more).copied().collect();
                self.names(node, &known);
                let Some(call) = node.member("call") else {
                    self.find(
                        node,
                        "the setting \"call\" is missing",
                        Some("write the request: call: /path".into()),
                    );
                    return None;
                };
                (call, Some(node))
            }
            other => {
                let message =
                    format!("here stands {}, and should stand a request such as /contacts", other.kind());
                self.find(node, message, None);
                return None;
            }
        };
        let mut request = self.call(call, words)?;
        if let Some(node) = settings {
            self.request_settings(node, &mut request, words, more);
            request.walk = self.walk(node);
        }
        Some(request)
    }

    pub(crate) fn call(&mut self, node: &Node, words: &[&str]) -> Option<Request> {
        let text = self.text(node)?;
        let (method, from) = match text.split_once(' ') {
            Some((word, _)) if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                (word, word.len() + 1)
            }
            _ => ("GET", 0),
        };
        let Ok(known) = method.parse::<Method>() else { return None };
        if ![Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD]
            .contains(&known)
        {
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
            let advice = tieline_document::did_you_mean(method, &methods);
            self.find(node, format!("there is no method {method:?} here"), Some(advice));
            return None;
        }
        let address = text.get(from..).unwrap_or_default();
        if address.len() > MAX_URL {
            self.find(node, format!("this address is longer than {MAX_URL} bytes"), None);
            return None;
        }
        let (path, query) = split_query(address);
        let (base, path_from) = self.base(node, path)?;
        let path_text = path.get(path_from..).unwrap_or_default();
        let offset = |bytes: usize| text.get(..bytes).unwrap_or_default().chars().count();
        let mut segments = Vec::new();
        let mut at = from + path_from;
        for segment in split_outside(path_text, '/') {
            if !segment.is_empty() {
                segments.push(self.template_of(node, segment, offset(at), words)?);
            }
            at += segment.len() + 1;
        }
        let mut parameters = Vec::new();
        let mut at = from + path.len() + 1;
        for pair in query.map(|query| split_outside(query, '&')).unwrap_or_default() {
            if !pair.is_empty() {
                let (name, value) = split_pair(pair);
                let name_template = self.template_of(node, name, offset(at), words)?;
                let value = match value {
                    Some(value) => Some(self.template_of(node, value, offset(at + name.len() + 1), words)?),
                    None => None,
                };
                parameters.push(Query { name: name_template, value });
            }
            at += pair.len() + 1;
        }
        let shown = self
            .fixed
            .iter()
            .fold(path.to_owned(), |path, (name, value)| path.replace(&format!("<{name}>"), value));
        let line = Some(node.mark.line);
        Some(Request::new(known, base, segments, parameters, shown, line))
    }

    /// The beginning of a path, and the bytes that it takes.
    fn base(&mut self, node: &Node, path: &str) -> Option<(Base, usize)> {
        if path.starts_with('/') {
            return Some((Base::Api, 0));
        }
        if let Some(rest) = path.strip_prefix('<')
            && let Some((name, _)) = rest.split_once('>')
            && self.settings.iter().any(|setting| setting == name)
        {
            return Some((Base::Setting(name.to_owned()), name.len() + 2));
        }
        if path.starts_with("https://") || path.starts_with("http://") {
            let host_end = path.find("//").and_then(|at| {
                let rest = path.get(at + 2..)?;
                Some(at + 2 + rest.find('/').unwrap_or(rest.len()))
            })?;
            if let Ok(url) = Url::parse(path.get(..host_end)?) {
                return Some((Base::Address(url), host_end));
            }
        }
        let advice = "write the path from a slash on, such as /contacts, or a whole address".to_owned();
        self.find(node, "this is no path", Some(advice));
        None
    }

    fn request_settings(&mut self, node: &Node, request: &mut Request, words: &[&str], more: &[&str]) {
        for member in members(node) {
            let node = &member.node;
            match member.name.as_str() {
                "headers" => request.headers = self.headers(node, words),
                "body" => request.body = self.tree(node, words),
                "form" => request.form = self.templates(node, words),
                "tag" => request.tag = self.text(node),
                "cost" => request.cost = self.count(node).unwrap_or(1),
                "idempotent" => match &node.value {
                    Value::Text(text) if text == "key" => {
                        request.idempotency_header = Some("idempotency-key".to_owned());
                    }
                    Value::Object(_) => {
                        self.names(node, &["header"]);
                        let header = node.member("header").and_then(|node| self.text(node));
                        request.idempotency_header = header.map(|name| name.to_ascii_lowercase());
                    }
                    _ => request.idempotent = self.flag(node),
                },
                "many" => request.many = self.many(node),
                "record" => request.record = self.path(node),
                "only" => request.only = self.texts(node),
                "merge_with" => request.merge_with = self.text(node),
                "job" => request.job = self.job(node, words),
                "upload" => request.upload = self.upload(node),
                "title" if !more.contains(&"title") => request.title = self.text(node),
                "input" => request.input = self.input(node),
                "applied" => request.applied = self.pointer(node),
                _ => {}
            }
        }
        if let (Some(_), false) = (&request.body, request.form.is_empty()) {
            self.find(node, "a request has a body or a form, not both", None);
        }
    }

    /// `{id, poll, state, done, failed, result, every}`
    fn job(&mut self, node: &Node, words: &[&str]) -> Option<Box<Job>> {
        if !self.object(node) {
            return None;
        }
        self.names(node, &["id", "poll", "state", "done", "failed", "result", "every"]);
        let words: Vec<&str> = words.iter().copied().chain(["id"]).collect();
        let request = |reader: &mut Self, name: &str| {
            node.member(name).and_then(|node| reader.request(node, &words, &[]))
        };
        let (poll, result) = (request(self, "poll"), request(self, "result"));
        let id = node.member("id").and_then(|node| self.place(node));
        let id = id.unwrap_or_else(|| Place::Body(super::entity::member_path("id")));
        let state = node.member("state").and_then(|node| self.path(node));
        let texts = |reader: &mut Self, name: &str| {
            node.member(name).map(|node| reader.texts(node)).unwrap_or_default()
        };
        let (done, failed) = (texts(self, "done"), texts(self, "failed"));
        if state.is_some() == done.is_empty() {
            let advice = "say both: state: status, done: [completed]".to_owned();
            self.find(node, "a job is done when its `state` is one of `done`", Some(advice));
        }
        let every = node.member("every").and_then(|node| self.duration(node));
        let every = every.unwrap_or(DEFAULT_EVERY).max(LEAST_EVERY);
        Some(Box::new(Job { id, poll, state, done, failed, result, every }))
    }

    /// `raw`, `form`, `related`, or `{form: file}` with the name of the file's part.
    fn upload(&mut self, node: &Node) -> Option<Upload> {
        let known = [("raw", UploadKind::Raw), ("form", UploadKind::Form), ("related", UploadKind::Related)];
        if !matches!(node.value, Value::Object(_)) {
            return Some(Upload { kind: self.word(node, &known)?, part: None });
        }
        self.names(node, &["form"]);
        let part = node.member("form").and_then(|node| self.text(node))?;
        Some(Upload { kind: UploadKind::Form, part: Some(part) })
    }

    /// `many: 100`, or with the places of the outcomes:
    /// `{most: 100, results: /results, match: /id, failed: /error}`.
    fn many(&mut self, node: &Node) -> Option<Many> {
        let size = |size: u32| usize::try_from(size).unwrap_or(1).max(1);
        if !matches!(node.value, Value::Object(_)) {
            return Some(Many { most: size(self.count(node)?), ..Many::default() });
        }
        self.names(node, &["most", "results", "match", "as", "failed", "code", "id", "key_as"]);
        let Some(most) = node.member("most").and_then(|node| self.count(node)) else {
            let advice = "say how many records one request takes: most: 100".to_owned();
            self.find(node, "the setting \"most\" is missing", Some(advice));
            return None;
        };
        Some(Many {
            most: size(most),
            results: self.pointer_in(node, "results"),
            matched: self.pointer_in(node, "match"),
            matched_as: self.pointer_in(node, "as"),
            failed: self.pointer_in(node, "failed"),
            code: self.pointer_in(node, "code"),
            id: self.pointer_in(node, "id"),
            key_as: node.member("key_as").and_then(|node| self.text(node)),
        })
    }

    /// `{into: integer, note: text?}`: the members of an action's input.
    fn input(&mut self, node: &Node) -> Vec<ActionInput> {
        const KINDS: [(&str, InputKind); 7] = [
            ("integer", InputKind::Integer),
            ("number", InputKind::Number),
            ("text", InputKind::Text),
            ("boolean", InputKind::Boolean),
            ("list", InputKind::List),
            ("object", InputKind::Object),
            ("any", InputKind::Any),
        ];
        if !self.object(node) {
            return Vec::new();
        }
        let mut input = Vec::new();
        for member in members(node) {
            let Some(text) = self.text(&member.node) else { continue };
            let (kind, required) = match text.strip_suffix('?') {
                Some(kind) => (kind, false),
                None => (text.as_str(), true),
            };
            let kind = Node { mark: member.node.mark, value: Value::Text(kind.to_owned()) };
            if let Some(kind) = self.word(&kind, &KINDS) {
                input.push(ActionInput { name: member.name.clone(), kind, required });
            }
        }
        input
    }

    pub(crate) fn headers(&mut self, node: &Node, words: &[&str]) -> Vec<(String, Template)> {
        if !self.object(node) {
            return Vec::new();
        }
        let mut headers = Vec::new();
        for member in members(node) {
            let lower = member.name.to_ascii_lowercase();
            let length = member.name.chars().count();
            if lower.parse::<HeaderName>().is_err() {
                self.find_at(member.mark, length, format!("{:?} is no name of a header", member.name), None);
            } else if REFUSED_HEADERS.contains(&lower.as_str()) {
                let message = format!("the header {:?} cannot be set here", member.name);
                let advice = match lower.as_str() {
                    "authorization" | "cookie" | "proxy-authorization" => {
                        "say with `auth` how requests prove themselves"
                    }
                    _ => "it is set with the message",
                };
                self.find_at(member.mark, length, message, Some(advice.to_owned()));
            } else if let Some(template) = self.template(&member.node, words) {
                headers.push((lower, template));
            }
        }
        headers
    }
}

/// Splits at the first question mark outside of words.
fn split_query(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = (depth - 1).max(0),
            '?' if depth == 0 => return (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
            _ => {}
        }
    }
    (text, None)
}

/// Splits at the first `=` outside of words.
fn split_pair(text: &str) -> (&str, Option<&str>) {
    let pieces = split_outside(text, '=');
    match pieces.first() {
        Some(first) if first.len() < text.len() => (first, text.get(first.len() + 1..)),
        _ => (text, None),
    }
}

/// Splits at a character outside of words.
fn split_outside(text: &str, at: char) -> Vec<&str> {
    let mut depth = 0_i32;
    let mut start = 0;
    let mut pieces = Vec::new();
    for (index, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = (depth - 1).max(0),
            c if c == at && depth == 0 => {
                pieces.push(text.get(start..index).unwrap_or_default());
                start = index + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}
