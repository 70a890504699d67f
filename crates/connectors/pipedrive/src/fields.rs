//! The fields that every account has, read from `pipedrive.fields`: what they hold, and how they are written.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// A kind of record and its fields.
#[derive(Debug, Default)]
pub(crate) struct EntityFields {
    pub(crate) name: &'static str,
    pub(crate) fields: Vec<Field>,
    /// What a create must have.
    pub(crate) required: Vec<&'static str>,
    /// Of which it must have one.
    pub(crate) one_of: Vec<&'static str>,
    /// Whether the account's own fields can be written.
    pub(crate) custom: bool,
    /// What the search by a field calls the entity; without it there is no such search, and no marker.
    pub(crate) searched_as: Option<&'static str>,
    /// The fields that a search by term finds, with their names in it.
    pub(crate) terms: Vec<(&'static str, &'static str)>,
    /// Whether it belongs to a part of Pipedrive that a company may be without.
    pub(crate) addon: bool,
    /// Where the account describes its fields, its own among them.
    pub(crate) account: Option<&'static str>,
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) write: Option<Writable>,
    /// Whether no read shows it.
    pub(crate) hidden: bool,
}

/// How a field is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writable {
    pub(crate) form: Form,
    pub(crate) when: When,
    /// Whether it can be left empty.
    pub(crate) open: bool,
}

/// When a field can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Creating,
    Updating,
}

/// What a field holds. Every field but the id may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The record's own id, a number.
    Id,
    /// The record's own id, a UUID.
    Uuid,
    /// The id of a record of another entity.
    Ref(&'static str),
    Int,
    Decimal,
    Text,
    Flag,
    Date,
    /// RFC 3339 (v2), or `YYYY-MM-DD HH:MM:SS` in UTC (v1).
    Time,
    Ids,
    Texts,
    /// E-mail addresses or telephone numbers.
    Contacts,
    Address,
    /// An amount with its currency.
    Money,
    /// Something nested.
    Any,
}

/// The JSON that a write takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Int,
    Number,
    Text,
    /// A text that is cleared by an empty one: the description allows no null.
    EmptyText,
    Flag,
    /// v1: 0 or 1. A flag is taken for it, because that is how it reads.
    Bit,
    /// A list, of objects that this member identifies, or of plain values.
    List(&'static str),
    /// An object of which Pipedrive takes the whole address only, in `value`.
    Address,
    Object,
}

static ENTITIES: LazyLock<Vec<EntityFields>> = LazyLock::new(|| {
    let mut entities: Vec<EntityFields> = Vec::new();
    for line in include_str!("../pipedrive.fields").lines() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next().filter(|first| !first.starts_with('#')) else { continue };
        if let Some(name) = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            entities.push(EntityFields { name, ..EntityFields::default() });
        } else if let Some(entity) = entities.last_mut() {
            entity.take(first, words);
        }
    }
    entities
});

impl EntityFields {
    /// The fields of the entity of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ENTITIES.iter().find(|entity| entity.name == name)
    }

    fn take(&mut self, first: &'static str, mut words: std::str::SplitWhitespace<'static>) {
        match first {
            "!required" => self.required.extend(words),
            "!one_of" => self.one_of.extend(words),
            "!custom" => self.custom = true,
            "!addon" => self.addon = true,
            "!account" => self.account = words.next(),
            "!search" => {
                self.searched_as = words.next();
                self.terms.extend(words.filter_map(|term| term.split_once('=')));
            }
            name => {
                let Some(shape) = words.next().and_then(Shape::of) else { return };
                let mut field = Field { name, shape, write: None, hidden: false };
                for word in words {
                    field.take(word);
                }
                self.fields.push(field);
            }
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields that reads show.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Field> + Clone {
        self.fields.iter().filter(|field| !field.hidden)
    }

    /// Whether the account's own fields stand together, as in version 2.
    pub(crate) fn is_nested(&self) -> bool {
        !matches!(self.name, "leads" | "notes" | "users" | "activity_types" | "lead_labels")
    }
}

impl Field {
    fn take(&mut self, word: &'static str) {
        let when = match word.get(1..) {
            Some("+") => When::Creating,
            Some("~") => When::Updating,
            _ => When::Always,
        };
        match word {
            "hidden" => self.hidden = true,
            "w" | "w+" | "w~" | "o" | "o+" | "o~" => {
                self.write = Some(Writable { form: self.shape.form(), when, open: word.starts_with('o') });
            }
            other => {
                if let (Some(form), Some(write)) =
                    (other.strip_prefix("as:").and_then(Form::of), &mut self.write)
                {
                    write.form = form;
                }
            }
        }
    }
}

impl Shape {
    fn of(word: &'static str) -> Option<Self> {
        Some(match word {
            "id" => Self::Id,
            "uuid" => Self::Uuid,
            "int" => Self::Int,
            "decimal" => Self::Decimal,
            "text" => Self::Text,
            "flag" => Self::Flag,
            "date" => Self::Date,
            "time" => Self::Time,
            "ids" => Self::Ids,
            "texts" => Self::Texts,
            "contacts" => Self::Contacts,
            "address" => Self::Address,
            "money" => Self::Money,
            "any" => Self::Any,
            other => Self::Ref(other.strip_prefix("ref:")?),
        })
    }

    /// How it is written unless the field says otherwise.
    fn form(self) -> Form {
        match self {
            Self::Ref("leads") | Self::Text | Self::Date | Self::Time | Self::Uuid => Form::Text,
            Self::Ref(_) | Self::Int | Self::Id => Form::Int,
            Self::Decimal => Form::Number,
            Self::Flag => Form::Flag,
            Self::Ids | Self::Texts => Form::List(""),
            Self::Contacts => Form::List("value"),
            Self::Address => Form::Address,
            Self::Money | Self::Any => Form::Object,
        }
    }

    /// The word for it in a field's description.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Id | Self::Int | Self::Ref(_) => "int",
            Self::Uuid => "uuid",
            Self::Decimal => "double",
            Self::Text => "varchar",
            Self::Flag => "boolean",
            Self::Date => "date",
            Self::Time => "datetime",
            Self::Ids | Self::Texts => "set",
            Self::Contacts => "contacts",
            Self::Address => "address",
            Self::Money => "monetary",
            Self::Any => "json",
        }
    }

    /// Its JSON Schema.
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Id => json!({ "type": "integer" }),
            Self::Uuid => json!({ "type": "string", "format": "uuid" }),
            Self::Ref("leads") | Self::Text | Self::Time => json!({ "type": ["string", "null"] }),
            Self::Ref(_) | Self::Int => json!({ "type": ["integer", "null"] }),
            Self::Decimal => json!({ "type": ["number", "null"] }),
            Self::Flag => json!({ "type": ["boolean", "null"] }),
            Self::Date => json!({ "type": ["string", "null"], "format": "date" }),
            Self::Ids => json!({ "type": ["array", "null"], "items": { "type": "integer" } }),
            Self::Texts => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
            Self::Contacts => json!({
                "type": ["array", "null"],
                "items": object(&[("value", Self::Text), ("primary", Self::Flag), ("label", Self::Text)]),
            }),
            Self::Address => object(&ADDRESS.map(|name| (name, Self::Text))),
            Self::Money => object(&[("amount", Self::Decimal), ("currency", Self::Text)]),
            Self::Any => json!({}),
        }
    }
}

const ADDRESS: [&str; 10] = [
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
];

impl Form {
    fn of(word: &'static str) -> Option<Self> {
        Some(match word {
            "int" => Self::Int,
            "number" => Self::Number,
            "text" => Self::Text,
            "empty" => Self::EmptyText,
            "flag" => Self::Flag,
            "bit" => Self::Bit,
            "address" => Self::Address,
            "object" => Self::Object,
            other => Self::List(other.strip_prefix("list(")?.strip_suffix(')')?),
        })
    }

    /// Whether a JSON text has this form.
    pub(crate) fn takes(self, json: &str) -> bool {
        let digits = json.strip_prefix('-').unwrap_or(json);
        match self {
            Self::Int => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Number => digits.starts_with(|c: char| c.is_ascii_digit()),
            Self::Text | Self::EmptyText => json.starts_with('"'),
            Self::Flag => matches!(json, "true" | "false"),
            Self::Bit => matches!(json, "true" | "false" | "0" | "1"),
            Self::List(_) => json.starts_with('['),
            Self::Address | Self::Object => json.starts_with('{'),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Text | Self::EmptyText => "a text",
            Self::Flag => "true or false",
            Self::Bit => "0 or 1",
            Self::List(_) => "a list",
            Self::Address => r#"an object such as {"value":"Storgatan 1, Lund"}"#,
            Self::Object => "an object",
        }
    }
}

/// The schema of an object of these members, or null.
pub(crate) fn object(members: &[(&str, Shape)]) -> Value {
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
    json!({ "type": ["object", "null"], "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_understood() {
        let lines = include_str!("../pipedrive.fields").lines();
        let fields = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '[', '!'])).count();
        assert_eq!(ENTITIES.iter().map(|entity| entity.fields.len()).sum::<usize>(), fields);
        let deals = EntityFields::named("deals").unwrap();
        assert_eq!((deals.required.as_slice(), deals.searched_as), (&["title"][..], Some("deal")));
        let field = |name: &str| deals.field(name).unwrap().write;
        assert!(field("is_deleted").is_some_and(|write| write.when == When::Updating && !write.open));
        assert!(field("arr").is_none());
        let prices = EntityFields::named("products").unwrap().field("prices").unwrap();
        assert_eq!(prices.write.unwrap().form, Form::List("currency"));
        for entity in ENTITIES.iter() {
            for name in
                entity.required.iter().chain(&entity.one_of).chain(entity.terms.iter().map(|(name, _)| name))
            {
                assert!(entity.field(name).is_some(), "{} {name}", entity.name);
            }
        }
    }
}
