//! What is wrong with one field of one record, while the rest goes on.

use std::fmt;

use crate::{EntityName, FieldPath, Key};

/// Something a person should see about a record. It holds the type of a bad value, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The entity.
    pub entity: Option<EntityName>,
    /// The record.
    pub key: Option<Key>,
    /// The field.
    pub path: Option<FieldPath>,
    /// What is wrong and what was done.
    pub message: String,
    /// Whether the record was left out because of it.
    pub refused: bool,
}

impl Issue {
    /// An issue of a record that is kept.
    pub fn new(message: impl Into<String>) -> Self {
        Self { entity: None, key: None, path: None, message: message.into(), refused: false }
    }

    /// Names the record.
    #[must_use]
    pub fn on(mut self, entity: impl Into<EntityName>, key: impl Into<Key>) -> Self {
        self.entity = Some(entity.into());
        self.key = Some(key.into());
        self
    }

    /// Names the field.
    #[must_use]
    pub fn at(mut self, path: FieldPath) -> Self {
        self.path = Some(path);
        self
    }

    /// Says that the record was left out.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            self.entity.as_ref().map(EntityName::as_str),
            self.key.as_ref().map(Key::as_str),
            self.path.as_ref().map(FieldPath::as_str),
            self.refused.then_some("(left out)"),
        ];
        let mut names = named.into_iter().flatten().peekable();
        while let Some(name) = names.next() {
            write!(f, "{name}{}", if names.peek().is_some() { " " } else { ": " })?;
        }
        f.write_str(&self.message)
    }
}
