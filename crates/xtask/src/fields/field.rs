//! A field and its line.

use std::fmt;

/// A field of a type.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) is_read_only: bool,
    pub(crate) is_nullable: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Id,
    Uuid,
    Int,
    Decimal,
    Text,
    Flag,
    Date,
    Time,
    Ids,
    Texts,
    Any,
}

impl Shape {
    /// The shape of a list of these.
    pub(crate) fn list(self) -> Self {
        match self {
            Self::Id | Self::Int => Self::Ids,
            Self::Uuid | Self::Text => Self::Texts,
            _ => Self::Any,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Uuid => "uuid",
            Self::Int => "int",
            Self::Decimal => "decimal",
            Self::Text => "text",
            Self::Flag => "flag",
            Self::Date => "date",
            Self::Time => "time",
            Self::Ids => "ids",
            Self::Texts => "texts",
            Self::Any => "any",
        })
    }
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Writes {
    may_be_empty: bool,
    when: &'static str,
}

impl Writes {
    /// `None` for an operation that does not take the field, else whether it takes null.
    pub(crate) fn of(creating: Option<bool>, updating: Option<bool>) -> Option<Self> {
        match (creating, updating) {
            (Some(_), Some(may_be_empty)) => Some(Self { may_be_empty, when: "" }),
            (Some(may_be_empty), None) => Some(Self { may_be_empty, when: "+" }),
            (None, Some(may_be_empty)) => Some(Self { may_be_empty, when: "~" }),
            (None, None) => None,
        }
    }
}

impl fmt::Display for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.may_be_empty { 'o' } else { 'w' }, self.when)
    }
}

impl Field {
    /// Its line in a list of fields.
    pub(crate) fn line(&self, writes: Option<Writes>, is_hidden: bool) -> String {
        let mut line = format!("{} {}", self.name, self.shape);
        if let Some(writes) = writes {
            line.push_str(&format!(" {writes}"));
        }
        line.push_str(if is_hidden { " hidden\n" } else { "\n" });
        line
    }
}
