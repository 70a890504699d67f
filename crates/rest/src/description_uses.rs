//! The facts of a description that its parts show.

use http::Method;

use crate::description::{Base, Description, Entity, FindBy, Query, Request, Walk};
use crate::template::{Format, Part, Template, Tree, Word, WordName};

impl Description {
    /// The entity of that name.
    pub(crate) fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|(known, _)| known == name).map(|(_, entity)| entity)
    }
}

impl Request {
    pub(crate) fn new(
        method: Method,
        base: Base,
        path: Vec<Template>,
        query: Vec<Query>,
        shown: String,
        line: Option<usize>,
    ) -> Self {
        Self {
            method,
            base,
            path,
            query,
            headers: Vec::new(),
            body: None,
            form: Vec::new(),
            tag: None,
            cost: 1,
            idempotent: None,
            idempotency_header: None,
            many: None,
            record: None,
            only: Vec::new(),
            merge_with: None,
            job: None,
            upload: None,
            title: None,
            input: Vec::new(),
            applied: None,
            walk: Walk::default(),
            shown,
            line,
        }
    }

    /// All its texts with words.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let query = self.query.iter().flat_map(|query| std::iter::once(&query.name).chain(&query.value));
        self.path
            .iter()
            .chain(query)
            .chain(self.headers.iter().map(|(_, template)| template))
            .chain(self.form.iter().map(|(_, template)| template))
    }

    /// Whether one of its words is wanted.
    pub(crate) fn uses(&self, wanted: &dyn Fn(&WordName) -> bool) -> bool {
        let mut found = self.templates().any(|template| template.uses(wanted));
        if let Some(body) = &self.body {
            body.visit(&mut |word| found |= word.uses(wanted));
        }
        found
    }

    /// Whether one of its words is counted from the time at which it is sent.
    pub(crate) fn counts_from_now(&self) -> bool {
        let counts = |word: &Word| word.name == WordName::Until || word.format == Format::Age;
        let mut found = self.templates().any(|template| template.words().any(|word| word.any(&counts)));
        if let Some(body) = &self.body {
            body.visit(&mut |word| found |= word.any(&counts));
        }
        found
    }

    /// Whether its address has one of the wanted words.
    pub(crate) fn path_uses(&self, wanted: &dyn Fn(&WordName) -> bool) -> bool {
        let query = self.query.iter().filter_map(|query| query.value.as_ref());
        self.path.iter().chain(query).any(|template| template.uses(wanted))
    }

    /// The members of the last record that it asks for.
    pub(crate) fn last_members(&self) -> Vec<String> {
        let found = std::cell::RefCell::new(Vec::new());
        let collect = |name: &WordName| {
            if let WordName::Last(member) = name
                && member != "changed"
                && !found.borrow().contains(member)
            {
                found.borrow_mut().push(member.clone());
            }
            false
        };
        self.uses(&collect);
        found.into_inner()
    }

    /// Whether a search by any field takes this one: by `only`, where that is said.
    pub(crate) fn searches(&self, field: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|known| known == field)
    }

    /// Whether it may be sent twice: what it says, or what its method says, and a list that is asked for by POST.
    pub(crate) fn is_idempotent(&self, reads: bool) -> bool {
        let has_key = self.idempotency_header.is_some() && !reads;
        self.idempotent.unwrap_or(has_key || reads || !matches!(self.method, Method::POST | Method::PATCH))
    }

    /// Words of look-ups that stand within quotes of a query language without a format that makes them safe there.
    pub(crate) fn quoted_words(&self, each: &mut dyn FnMut(&Word)) {
        let mut look = |template: &Template| {
            let mut open: Option<char> = None;
            for part in &template.parts {
                match part {
                    Part::Text(text) => {
                        for c in text.chars() {
                            match open {
                                Some(quote) if quote == c => open = None,
                                None if matches!(c, '\'' | '"') => open = Some(c),
                                _ => {}
                            }
                        }
                    }
                    Part::Word(word) => {
                        let outside = matches!(word.name, WordName::Value | WordName::Key | WordName::Keys);
                        if open.is_some() && outside && !word.format.is_literal() {
                            each(word);
                        }
                    }
                }
            }
        };
        self.templates().for_each(&mut look);
        if let Some(body) = &self.body {
            body.texts(&mut look);
        }
    }
}

impl Tree {
    fn texts(&self, each: &mut dyn FnMut(&Template)) {
        match self {
            Self::Text(text) => each(text),
            Self::Word(_) | Self::Raw(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.tree.texts(each)),
            Self::Object(members) => members.iter().for_each(|(_, tree)| tree.texts(each)),
        }
    }
}

impl Entity {
    /// Whether records are found by this field.
    pub(crate) fn finds(&self, field: &str) -> bool {
        self.find.any.as_ref().is_some_and(|any| any.searches(field))
            || self.find.by.iter().any(|(name, _)| name == field)
    }

    /// The fields that records are found by, as far as the description names them.
    pub(crate) fn found_by(&self) -> Vec<&str> {
        let any = self.find.any.iter().flat_map(|any| any.only.iter());
        self.find.by.iter().map(|(name, _)| name).chain(any).map(String::as_str).collect()
    }

    /// The search by this field.
    pub(crate) fn find_by(&self, field: &str) -> Option<FindBy> {
        let by = self.find.by.iter().find(|(name, _)| name == field).map(|(_, by)| by.clone());
        let any = || self.find.any.clone().filter(|any| any.searches(field));
        by.or_else(|| any().map(|request| FindBy::Request(Box::new(request))))
    }
}
