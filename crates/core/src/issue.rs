//! Issues: faults of single fields, while the rest of a page goes on.

use std::fmt;

use crate::{EntityName, FieldPath, Key};

/// Something a person should see about a record. The message holds the type of a bad value, never the value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The entity.
    pub entity: Option<EntityName>,
    /// The record.
    pub key: Option<Key>,
    /// The field.
    pub path: Option<FieldPath>,
    /// The fault, and what was done about it.
    pub message: String,
    /// Whether the record was left out because of it.
    pub refused: bool,
    /// The provider's own words, which may quote the record.
    provider_text: Option<Box<str>>,
}

impl Issue {
    /// An issue of a record that is kept.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            entity: None,
            key: None,
            path: None,
            message: message.into(),
            refused: false,
            provider_text: None,
        }
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

    /// Keeps the provider's own words. They may quote the record, so that `Display` and `Debug` do not show them. At most
    /// 500 characters are kept.
    #[must_use]
    pub fn with_provider_text(mut self, text: &str) -> Self {
        self.provider_text = Some(text.chars().take(500).collect::<String>().into());
        self
    }

    /// The provider's own words, which may quote the record: for a person who may see it, never for a log.
    pub fn provider_text(&self) -> Option<&str> {
        self.provider_text.as_deref()
    }

    /// Rewrites its texts, for removing a secret that a provider echoed.
    pub(crate) fn scrub(&mut self, scrub: &dyn Fn(&str) -> Option<String>) {
        if let Some(clean) = scrub(&self.message) {
            self.message = clean;
        }
        if let Some(clean) = self.provider_text.as_deref().and_then(scrub) {
            self.provider_text = Some(clean.into());
        }
    }

    /// Says that the record was left out.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }
}

impl fmt::Debug for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issue({self})")
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
