//! The inputs of a "Connect" form: the settings of a connection, and the secrets that an authentication scheme asks for.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// One input of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// The name in the settings.
    pub name: Cow<'static, str>,
    /// The label that a person reads.
    pub label: Cow<'static, str>,
    /// One sentence of help; empty for none.
    pub help: Cow<'static, str>,
    /// An example of a good value; empty for none.
    pub example: Cow<'static, str>,
    /// The type of its value.
    pub kind: FieldKind,
    /// Whether it must be given.
    pub required: bool,
    /// A regular expression (ECMA-262, as JSON Schema has it) that a text must match.
    pub pattern: Option<Cow<'static, str>>,
    /// Whether the form must hide it. Never true of a field of the settings: secrets belong to a credential.
    pub secret: bool,
}

impl Field {
    /// A required text.
    pub fn text(name: impl Into<Cow<'static, str>>, label: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            help: Cow::Borrowed(""),
            example: Cow::Borrowed(""),
            kind: FieldKind::Text,
            required: true,
            pattern: None,
            secret: false,
        }
    }

    /// A required secret text, for an [`AuthScheme`](crate::AuthScheme).
    pub fn secret(name: impl Into<Cow<'static, str>>, label: impl Into<Cow<'static, str>>) -> Self {
        Self { secret: true, ..Self::text(name, label) }
    }

    /// Sets the help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.help = help.into();
        self
    }

    /// Sets the example.
    #[must_use]
    pub fn with_example(mut self, example: impl Into<Cow<'static, str>>) -> Self {
        self.example = example.into();
        self
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: FieldKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the pattern.
    #[must_use]
    pub fn with_pattern(mut self, pattern: impl Into<Cow<'static, str>>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// Makes it optional.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Returns its JSON Schema (2020-12).
    pub(crate) fn schema(&self) -> Value {
        let mut schema = json!({ "title": self.label, "type": self.kind.json_type() });
        if let Some(object) = schema.as_object_mut() {
            let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
            if !self.help.is_empty() {
                set("description", json!(self.help));
            }
            if !self.example.is_empty() {
                set("examples", json!([self.example]));
            }
            if let Some(pattern) = &self.pattern
                && !matches!(self.kind, FieldKind::Texts(_))
            {
                set("pattern", json!(pattern));
            }
            match &self.kind {
                FieldKind::Texts(names) => {
                    let mut text = Map::from_iter([("type".to_owned(), Value::from("string"))]);
                    text.extend(self.pattern.as_ref().map(|pattern| ("pattern".to_owned(), json!(pattern))));
                    let properties: Map<String, Value> =
                        names.iter().map(|name| (name.clone().into_owned(), text.clone().into())).collect();
                    set("properties", properties.into());
                    set("additionalProperties", false.into());
                }
                FieldKind::Choice(choices) => {
                    set("enum", json!(choices));
                }
                FieldKind::Url => {
                    set("format", "uri".into());
                }
                _ => {}
            }
        }
        schema
    }
}

/// The type of a form field's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// An absolute URL.
    Url,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of these texts.
    Choice(Vec<Cow<'static, str>>),
    /// A line of text for each of these names, or for some of them. A pattern holds for each text.
    Texts(Vec<Cow<'static, str>>),
}

impl FieldKind {
    /// One of these texts.
    pub fn choice<T: Into<Cow<'static, str>>>(choices: impl IntoIterator<Item = T>) -> Self {
        Self::Choice(choices.into_iter().map(Into::into).collect())
    }

    /// A line of text for each of these names, or for some of them.
    pub fn texts<T: Into<Cow<'static, str>>>(names: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(names.into_iter().map(Into::into).collect())
    }

    fn json_type(&self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Texts(_) => "object",
            _ => "string",
        }
    }
}
