use std::collections::BTreeMap;
use std::time::Duration;

use tieline_document::{DocumentError, Mark, Member, Node, Value, did_you_mean};
use tieline_kit::JsonPath;

use super::findings::Finding;
use super::options::LoadOptions;
use crate::description::{Condition, ConditionTest, Named, Place};
use crate::template::{Item, Mistake, Template, Tree, parse_template};

pub(crate) use crate::template::Known;

/// Reads nodes and collects everything that is wrong with them.
#[derive(Debug)]
pub(crate) struct Reader<'t> {
    lines: Vec<&'t str>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) settings: Vec<String>,
    /// Words that are filled now: `let` and `entity` of the entity that is read.
    pub(crate) fixed: BTreeMap<String, String>,
    /// Names of the entity's `each`.
    pub(crate) each: Vec<String>,
    pub(crate) options: LoadOptions,
    /// The file that `like` names, and its text.
    pub(crate) below: Option<(String, String)>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, options: &LoadOptions) -> Self {
        Self {
            lines: text.lines().collect(),
            findings: Vec::new(),
            settings: Vec::new(),
            fixed: BTreeMap::new(),
            each: Vec::new(),
            options: options.clone(),
            below: None,
        }
    }

    pub(crate) fn document_error(&mut self, error: DocumentError) {
        self.findings.push(Finding {
            mark: error.mark,
            length: 1,
            message: error.message,
            advice: error.advice,
        });
    }

    pub(crate) fn find(&mut self, node: &Node, message: impl Into<String>, advice: Option<String>) {
        self.find_at(node.mark, shown_length(node), message, advice);
    }

    pub(crate) fn find_at(
        &mut self,
        mark: Mark,
        length: usize,
        message: impl Into<String>,
        advice: Option<String>,
    ) {
        self.findings.push(Finding { mark: Some(mark), length, message: message.into(), advice });
    }

    /// Reports a setting of the language that this version would ignore.
    pub(crate) fn not_carried_out(&mut self, name: &str, node: &Node) {
        self.find(node, format!("{name:?} is not carried out by this version"), None);
    }

    /// Reports members whose names are not known.
    pub(crate) fn names(&mut self, node: &Node, known: &[&str]) {
        for member in members(node) {
            if !known.contains(&member.name.as_str()) {
                let message = format!("there is no setting {:?} here", member.name);
                let length = member.name.chars().count();
                self.find_at(member.mark, length, message, Some(did_you_mean(&member.name, known)));
            }
        }
    }

    /// Whether it is an object; reported when not.
    pub(crate) fn object(&mut self, node: &Node) -> bool {
        let is_object = matches!(node.value, Value::Object(_));
        if !is_object {
            self.find(node, format!("here stands {}, and should stand an object", node.value.kind()), None);
        }
        is_object
    }

    /// A text; numbers and booleans count as what they are written as.
    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            other => {
                self.find(node, format!("here stands {}, and should stand a text", other.kind()), None);
                None
            }
        }
    }

    /// A text with the words filled that are fixed.
    pub(crate) fn fixed_text(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if !text.contains('<') {
            return Some(text);
        }
        let known = Known { fixed: Some(&self.fixed), ..Known::default() };
        match parse_template(&text, known).map(|template| template.as_text().map(str::to_owned)) {
            Ok(Some(text)) => Some(text),
            Ok(None) => {
                self.find(node, "here only words can stand that `let` gives", None);
                None
            }
            Err(wrong) => {
                self.mistake(node, &text, wrong);
                None
            }
        }
    }

    pub(crate) fn flag(&mut self, node: &Node) -> Option<bool> {
        match node.value {
            Value::Bool(value) => Some(value),
            _ => {
                let message = format!("here stands {}, and should stand true or false", node.value.kind());
                self.find(node, message, None);
                None
            }
        }
    }

    pub(crate) fn count(&mut self, node: &Node) -> Option<u32> {
        let count = match &node.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if count.is_none() {
            self.find(node, "here should stand a whole number from 0 to 4294967295", None);
        }
        count
    }

    pub(crate) fn duration(&mut self, node: &Node) -> Option<Duration> {
        let text = self.text(node)?;
        let duration = crate::description_duration(&text);
        if duration.is_none() {
            let advice = "write it like 10s, 5m, 1h, 7d or 5y".to_owned();
            self.find(node, format!("{text:?} is no duration"), Some(advice));
        }
        duration
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, known: &[(&str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("the word {text:?} is not known here");
            self.find(node, message, Some(did_you_mean(&text, &names)));
        }
        found
    }

    /// One text, or a list of them.
    pub(crate) fn texts(&mut self, node: &Node) -> Vec<String> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.text(item)).collect(),
            _ => self.text(node).into_iter().collect(),
        }
    }

    /// A path into JSON.
    pub(crate) fn path(&mut self, node: &Node) -> Option<JsonPath> {
        let text = self.fixed_text(node)?;
        for refused in ["..", "[", "?("] {
            if text.contains(refused) {
                let advice = "write the members that lead there, such as /data/items or /list/*/record";
                self.find(node, format!("{refused:?} cannot stand in a path"), Some(advice.to_owned()));
                return None;
            }
        }
        match text.parse() {
            Ok(path) => Some(path),
            Err(error) => {
                let error: tieline_core::Error = error;
                self.find(node, error.message().to_owned(), None);
                None
            }
        }
    }

    /// A JSON Pointer as core reads it, from a path or a member's name.
    pub(crate) fn pointer(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        Some(pointer(&text))
    }

    pub(crate) fn place(&mut self, node: &Node) -> Option<Place> {
        let text = self.text(node)?;
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("header"), Some(name), path) if words.next().is_none() => {
                if name.eq_ignore_ascii_case("link") && path.is_none() {
                    return Some(Place::Link);
                }
                let inner = path.map(|path| path.parse());
                match inner.transpose() {
                    Ok(inner) => Some(Place::Header(name.to_ascii_lowercase(), inner)),
                    Err(error) => {
                        let error: tieline_core::Error = error;
                        self.find(node, error.message().to_owned(), None);
                        None
                    }
                }
            }
            (Some("link"), None, None) => Some(Place::Link),
            _ => self.path(node).map(Place::Body),
        }
    }

    /// A JSON Pointer of a member.
    pub(crate) fn pointer_in(&mut self, node: &Node, name: &str) -> Option<String> {
        node.member(name).and_then(|node| self.pointer(node))
    }

    /// The members of an object whose names are paths.
    pub(crate) fn members_by_path<'n>(&mut self, node: &'n Node) -> Vec<(JsonPath, &'n Node)> {
        if !self.object(node) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for member in members(node) {
            let name = Node { mark: member.mark, value: Value::Text(member.name.clone()) };
            found.extend(self.path(&name).map(|path| (path, &member.node)));
        }
        found
    }

    /// Conditions on members: a value, one of several, or `{above: 0}`.
    pub(crate) fn conditions_on(&mut self, node: &Node) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (path, value) in self.members_by_path(node) {
            let tests: Vec<ConditionTest> = if let Value::Object(bounds) = &value.value {
                self.names(value, &["above", "below"]);
                let mut tests = Vec::new();
                for bound in bounds {
                    let number = match &bound.node.value {
                        Value::Number(text) => text.parse::<i128>().ok(),
                        _ => None,
                    };
                    match number {
                        Some(number) if bound.name == "above" => tests.push(ConditionTest::Above(number)),
                        Some(number) => tests.push(ConditionTest::Below(number)),
                        None => self.find(&bound.node, "here should stand a whole number", None),
                    }
                }
                tests
            } else {
                vec![ConditionTest::Is(one_or_many(value).iter().map(Node::to_json).collect())]
            };
            conditions.extend(tests.into_iter().map(|test| Condition { path: path.clone(), test }));
        }
        conditions
    }

    /// A text with words.
    pub(crate) fn template(&mut self, node: &Node, words: &[&str]) -> Option<Template> {
        let text = self.text(node)?;
        self.template_of(node, &text, 0, words)
    }

    /// A part of a text with words, from its character `from`.
    pub(crate) fn template_of(
        &mut self,
        node: &Node,
        text: &str,
        from: usize,
        words: &[&str],
    ) -> Option<Template> {
        let known = Known { settings: &self.settings, each: &self.each, fixed: Some(&self.fixed), words };
        match parse_template(text, known) {
            Ok(template) => Some(template),
            Err(mut wrong) => {
                wrong.at += from;
                let whole = self.text(node)?;
                self.mistake(node, &whole, wrong);
                None
            }
        }
    }

    /// Reports what is wrong within a text, with the column when the text is on one line.
    pub(crate) fn mistake(&mut self, node: &Node, text: &str, wrong: Mistake) {
        let mark = self.column_in(node.mark, text, wrong.at).unwrap_or(node.mark);
        self.find_at(mark, wrong.length, wrong.message, wrong.advice);
    }

    fn column_in(&self, mark: Mark, text: &str, at: usize) -> Option<Mark> {
        let line = self.lines.get(mark.line.checked_sub(1)?)?;
        let rest: String = line.chars().skip(mark.column.checked_sub(1)?).collect();
        let quote = usize::from(rest.starts_with(['"', '\'']));
        let inside: String = rest.chars().skip(quote).collect();
        inside.starts_with(text).then_some(Mark { line: mark.line, column: mark.column + quote + at })
    }

    pub(crate) fn tree(&mut self, node: &Node, words: &[&str]) -> Option<Tree> {
        Some(match &node.value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Tree::Raw(node.to_json()),
            Value::Text(_) => {
                let template = self.template(node, words)?;
                match template.as_word() {
                    Some(word) => Tree::Word(word.clone()),
                    None => Tree::Text(template),
                }
            }
            Value::List(items) => Tree::List(
                items.iter().filter_map(|item| self.tree(item, words)).map(|tree| Item { tree }).collect(),
            ),
            Value::Object(members) => Tree::Object(
                members
                    .iter()
                    .filter_map(|member| {
                        Some((self.fixed_name(&member.name), self.tree(&member.node, words)?))
                    })
                    .collect(),
            ),
        })
    }

    /// The name of a member with the words filled that are fixed, such as a wrapper that `let` names.
    fn fixed_name(&self, name: &str) -> String {
        let fill = |name: String, (word, text): (&String, &String)| name.replace(&format!("<{word}>"), text);
        self.fixed.iter().fold(name.to_owned(), fill)
    }

    /// An object of texts with words.
    pub(crate) fn templates(&mut self, node: &Node, words: &[&str]) -> Named<Template> {
        if !self.object(node) {
            return Vec::new();
        }
        members(node)
            .iter()
            .filter_map(|member| Some((member.name.clone(), self.template(&member.node, words)?)))
            .collect()
    }
}

/// The members of an object; none of anything else.
pub(crate) fn members(node: &Node) -> &[Member] {
    match &node.value {
        Value::Object(members) => members,
        _ => &[],
    }
}

/// The items of a list, or the node itself.
pub(crate) fn one_or_many(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

pub(crate) fn pointer(text: &str) -> String {
    if text.is_empty() || text.starts_with('/') {
        return text.to_owned();
    }
    format!("/{}", text.replace('~', "~0").replace('/', "~1"))
}

fn shown_length(node: &Node) -> usize {
    match &node.value {
        Value::Text(text) | Value::Number(text) => text.chars().count().max(1),
        _ => 1,
    }
}
