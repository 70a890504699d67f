//! What the members of a row mean, so that rows are written once and right.

use std::collections::HashMap;
use std::ops::Range;

use super::text::push_char;

/// How a value of a row is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldRule {
    /// As it is: for booleans.
    #[default]
    Keep,
    /// `false` says that there is nothing, and is written as `null`.
    FalseIsNull,
    /// A whole number: the same, and `5000000000.0`, as which Odoo sends integers beyond 32 bits, loses its `.0`.
    Integer,
    /// A many2one: `false` is `null`, `[id, name]` becomes `{"id":id,"name":name}`.
    Many2one,
}

impl FieldRule {
    pub(super) fn false_is_null(self) -> bool {
        matches!(self, Self::FalseIsNull | Self::Many2one)
    }
}

/// The rules of all fields of a model, which of them is the key, and which the time of change.
#[derive(Clone, Debug, Default)]
pub struct FieldRules {
    fields: Vec<Field>,
    places: HashMap<Box<str>, usize>,
    otherwise: FieldRule,
}

#[derive(Clone, Debug)]
struct Field {
    /// As it stands in JSON, between the quotes.
    name: Box<str>,
    rule: Option<FieldRule>,
    role: Role,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    #[default]
    Plain,
    Key,
    ChangedAt,
}

impl FieldRules {
    /// Rules that keep every value, for rows with this key and this time of change.
    pub fn new(key: &str, changed_at: &str) -> Self {
        let mut rules = Self::default();
        rules.set(changed_at, |field| field.role = Role::ChangedAt);
        rules.set(key, |field| field.role = Role::Key);
        rules
    }

    /// Sets the rule of a field.
    #[must_use]
    pub fn with(mut self, name: &str, rule: FieldRule) -> Self {
        self.set(name, |field| field.rule = Some(rule));
        self
    }

    /// Sets the rule of all fields that no other rule names.
    #[must_use]
    pub fn otherwise(mut self, rule: FieldRule) -> Self {
        self.otherwise = rule;
        self
    }

    fn set(&mut self, name: &str, change: impl FnOnce(&mut Field)) {
        let mut json = String::with_capacity(name.len());
        for c in name.chars() {
            push_char(&mut json, c);
        }
        let name = json.into_boxed_str();
        match self.places.get(&name).and_then(|place| self.fields.get_mut(*place)) {
            Some(field) => change(field),
            None => {
                let mut field = Field { name: name.clone(), rule: None, role: Role::Plain };
                change(&mut field);
                self.places.insert(name, self.fields.len());
                self.fields.push(field);
            }
        }
    }
}

/// The way through one answer. A server writes the members of all rows in one order, so that each row tells where the
/// next one's fields are: one comparison a member.
#[derive(Debug)]
pub(super) struct Course<'r> {
    rules: &'r FieldRules,
    order: Vec<usize>,
    next: usize,
    /// Where the key and the time of change stand in the row's JSON.
    pub(super) key: Range<usize>,
    pub(super) changed_at: Range<usize>,
}

/// More members than a model has fields. What comes after them is looked up, not remembered.
const LONGEST_ORDER: usize = 4096;

impl<'r> Course<'r> {
    pub(super) fn new(rules: &'r FieldRules) -> Self {
        Self { rules, order: Vec::new(), next: 0, key: 0..0, changed_at: 0..0 }
    }

    /// Begins a row.
    pub(super) fn restart(&mut self) {
        (self.next, self.key, self.changed_at) = (0, 0..0, 0..0);
    }

    /// How to write the member of this name, as it stands in JSON between the quotes.
    pub(super) fn member(&mut self, name: &str) -> (FieldRule, Role) {
        let here = self.next;
        self.next += 1;
        let known = self.order.get(here).and_then(|place| self.rules.fields.get(*place));
        let field = match known {
            Some(field) if *field.name == *name => Some(field),
            _ => {
                let place = self.rules.places.get(name).copied();
                match self.order.get_mut(here) {
                    Some(known) => *known = place.unwrap_or(usize::MAX),
                    None if here < LONGEST_ORDER => {
                        self.order.resize(here, usize::MAX);
                        self.order.push(place.unwrap_or(usize::MAX));
                    }
                    None => {}
                }
                place.and_then(|place| self.rules.fields.get(place))
            }
        };
        match field {
            Some(field) => (field.rule.unwrap_or(self.rules.otherwise), field.role),
            None => (self.rules.otherwise, Role::Plain),
        }
    }

    /// Remembers where a value stands. Of a name that comes twice the last counts, as in most JSON parsers.
    pub(super) fn remember(&mut self, role: Role, value: Range<usize>) {
        match role {
            Role::Plain => {}
            Role::Key => self.key = value,
            Role::ChangedAt => self.changed_at = value,
        }
    }

    /// Goes back to before a member that will be read again.
    pub(super) fn again(&mut self) {
        self.next = self.next.saturating_sub(1);
    }
}
