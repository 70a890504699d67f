//! Texts with words in angle brackets, compiled to parts when a description is loaded. Filling one copies its parts: there
//! is nothing that could loop, fail half-way or grow.

mod escape;
mod format;
mod parse;
mod tree;
mod value;

pub(crate) use self::escape::{form_value, header_value, path_segment, query_text, query_value};
pub use self::format::Format;
pub(crate) use self::parse::{Known, Mistake, parse_template};
pub use self::tree::{Item, Tree};
pub(crate) use self::value::WordValue;
pub(crate) use self::value::Words;

use std::fmt;

/// A text with words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Word(Word),
}

/// A word: what is put in its place, how it is written, and its fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub(crate) name: WordName,
    pub(crate) format: Format,
    /// `[]`: once for each item.
    pub(crate) each: bool,
    /// `?`: may be absent.
    pub(crate) optional: bool,
    pub(crate) otherwise: Option<Box<Otherwise>>,
    /// Where it begins in its text, in characters, for messages.
    pub(crate) at: usize,
}

/// The fallback of a word without value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    Word(Word),
    /// A number as it is written.
    Number(String),
    Text(String),
}

/// The closed list of words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WordName {
    Page,
    Offset,
    Next,
    /// A member of the last record: `last.id`, or the time of change: `last.changed`.
    Last(String),
    PageSize,
    Fields,
    Since,
    Until,
    /// The start of the pass, by the provider's clock.
    Started,
    Token,
    ParentKey,
    /// A field of the parent record.
    Parent(String),
    Parents,
    Key,
    /// A part of a composite key.
    KeyPart(String),
    Keys,
    FieldName,
    Value,
    Record,
    RecordField(String),
    Records,
    Marker,
    Version,
    Changes,
    Input,
    InputField(String),
    Now,
    /// The id of a job or subscription.
    Id,
    Callback,
    Events,
    Secret,
    /// A setting of the connection.
    Setting(String),
    /// A value of the entity's `each`.
    Each(String),
}

impl WordName {
    /// Whether the smallest thing around it is left out when it has no value, instead of an error.
    pub(crate) fn is_left_out(&self) -> bool {
        use WordName::{Fields, Last, Next, Offset, Page, PageSize, Since, Started, Token, Until};
        matches!(self, Page | Offset | Next | Last(_) | PageSize | Fields | Since | Until | Started | Token)
    }
}

impl fmt::Display for WordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, member) = match self {
            Self::Page => ("page", None),
            Self::Offset => ("offset", None),
            Self::Next => ("next", None),
            Self::Last(member) => ("last", Some(member)),
            Self::PageSize => ("page_size", None),
            Self::Fields => ("fields", None),
            Self::Since => ("since", None),
            Self::Until => ("until", None),
            Self::Started => ("started", None),
            Self::Token => ("token", None),
            Self::ParentKey => ("parent.key", None),
            Self::Parent(member) => ("parent", Some(member)),
            Self::Parents => ("parents", None),
            Self::Key => ("key", None),
            Self::KeyPart(part) => ("key", Some(part)),
            Self::Keys => ("keys", None),
            Self::FieldName => ("field.name", None),
            Self::Value => ("value", None),
            Self::Record => ("record", None),
            Self::RecordField(member) => ("record", Some(member)),
            Self::Records => ("records", None),
            Self::Marker => ("marker", None),
            Self::Version => ("version", None),
            Self::Changes => ("changes", None),
            Self::Input => ("input", None),
            Self::InputField(member) => ("input", Some(member)),
            Self::Now => ("now", None),
            Self::Id => ("id", None),
            Self::Callback => ("callback", None),
            Self::Events => ("events", None),
            Self::Secret => ("secret", None),
            Self::Setting(name) | Self::Each(name) => (name.as_str(), None),
        };
        match member {
            Some(member) => write!(f, "{word}.{member}"),
            None => f.write_str(word),
        }
    }
}

impl Template {
    /// A text without words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// The words, fallbacks included.
    pub(crate) fn words(&self) -> impl Iterator<Item = &Word> {
        self.parts.iter().filter_map(|part| match part {
            Part::Word(word) => Some(word),
            Part::Text(_) => None,
        })
    }

    /// The word that it is, when it is exactly one.
    pub(crate) fn as_word(&self) -> Option<&Word> {
        match self.parts.as_slice() {
            [Part::Word(word)] => Some(word),
            _ => None,
        }
    }

    /// The text, when there is no word in it.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn uses(&self, wanted: &dyn Fn(&WordName) -> bool) -> bool {
        self.words().any(|word| word.uses(wanted))
    }
}

impl Word {
    /// A word by itself.
    pub(crate) fn plain(name: WordName) -> Self {
        Self { name, format: Format::Plain, each: false, optional: false, otherwise: None, at: 0 }
    }

    /// Whether its name or that of one of its fallbacks is wanted.
    pub(crate) fn uses(&self, wanted: &dyn Fn(&WordName) -> bool) -> bool {
        self.any(&|word| wanted(&word.name))
    }

    /// Whether it or one of its fallbacks is wanted.
    pub(crate) fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self) || matches!(self.otherwise.as_deref(), Some(Otherwise::Word(word)) if word.any(wanted))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if self.optional {
            f.write_str("?")?;
        }
        if self.each {
            f.write_str("[]")?;
        }
        if self.format != Format::Plain {
            write!(f, ":{}", self.format)?;
        }
        match self.otherwise.as_deref() {
            None => Ok(()),
            Some(Otherwise::Word(word)) => write!(f, "|{word}"),
            Some(Otherwise::Number(number)) => write!(f, "|{number}"),
            Some(Otherwise::Text(text)) => write!(f, "|'{text}'"),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('<', "<<"))?,
                Part::Word(word) => write!(f, "<{word}>")?,
            }
        }
        Ok(())
    }
}
