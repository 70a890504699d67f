//! Texts: casts, white space, prefixes, parts.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Refused, Transform, part, string, text_of};
use crate::step::{self, TextOf};
use crate::value::{Kinds, Val};

/// The most memory that a compiled pattern may take, in bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// What JSON takes for a number.
pub(super) const NUMBER: &str = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$";

#[derive(Debug)]
pub(super) struct Text(pub(super) step::Text);

impl Transform for Text {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(Val::Text(match value {
            Val::Text(text) | Val::Number(text) => text,
            Val::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            other => return Err(Fault::kind("text", "a text, a number or a boolean", &other)),
        }))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of("text", value)?;
        match self.0.provider {
            TextOf::Text => Ok(Val::Text(text)),
            TextOf::Number if super::number::is_json(&text) => Ok(Val::Number(text)),
            TextOf::Boolean if text == "true" || text == "false" => Ok(Val::Bool(text == "true")),
            TextOf::Number => Err(Fault::new("the provider wants a number, and this text is none")),
            TextOf::Boolean => {
                Err(Fault::new("the provider wants a boolean, so this is \"true\" or \"false\""))
            }
        }
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(match (value, before) {
            (Val::Text(text), Val::Number(_)) if super::number::is_json(&text) => Val::Number(text),
            (Val::Text(text), Val::Bool(_)) if text == "true" || text == "false" => Val::Bool(text == "true"),
            (value, _) => value,
        })
    }

    fn accepts(&self) -> Kinds {
        Kinds::SCALAR
    }

    fn range(&self, _: Value) -> Value {
        match self.0.provider {
            TextOf::Text => json!({ "type": "string" }),
            TextOf::Number => string(NUMBER),
            TextOf::Boolean => json!({ "type": "string", "enum": ["true", "false"] }),
        }
    }
}

#[derive(Debug)]
pub(super) struct Trim;

impl Transform for Trim {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(Val::Text(part(text_of("trim", value)?, tieline_core::trimmed)))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        text_of("trim", value).map(Val::Text)
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        string(r"^(\S([\s\S]*\S)?)?$")
    }
}

#[derive(Debug)]
pub(super) struct Prefix(pub(super) String);

impl Transform for Prefix {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of("prefix", value)?;
        Ok(Val::Text(Cow::Owned(format!("{}{text}", self.0))))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of("prefix", value)?;
        if !text.starts_with(&self.0) {
            return Err(Fault::new(format!("the text does not begin with {:?}", self.0)));
        }
        Ok(Val::Text(part(text, |text| text.strip_prefix(self.0.as_str()).unwrap_or(text))))
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        string(&format!("^{}", regex::escape(&self.0)))
    }
}

#[derive(Debug)]
pub(super) struct StripPrefix(pub(super) String);

impl Transform for StripPrefix {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of("strip_prefix", value)?;
        if !text.starts_with(&self.0) {
            return Err(Fault::new(format!("the text does not begin with {:?}", self.0)));
        }
        Ok(Val::Text(part(text, |text| text.strip_prefix(self.0.as_str()).unwrap_or(text))))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of("strip_prefix", value)?;
        Ok(Val::Text(Cow::Owned(format!("{}{text}", self.0))))
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        json!({ "type": "string" })
    }
}

#[derive(Debug)]
pub(super) struct Extract {
    pattern: Regex,
    optional: bool,
}

impl Extract {
    pub(super) fn new(settings: &step::Extract) -> Result<Self, Refused> {
        let pattern =
            RegexBuilder::new(&settings.pattern).size_limit(PATTERN_SIZE).build().map_err(|error| {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                Refused::new("/pattern", format!("the pattern is no regular expression: {reason}"))
            })?;
        Ok(Self { pattern, optional: settings.optional })
    }

    fn found<'t>(&self, text: &'t str) -> Option<&'t str> {
        let captures = self.pattern.captures(text)?;
        captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_str())
    }
}

impl Transform for Extract {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let found = match text_of("extract", value)? {
            Cow::Borrowed(text) => self.found(text).map(Cow::Borrowed),
            Cow::Owned(text) => self.found(&text).map(|found| Cow::Owned(found.to_owned())),
        };
        match found {
            Some(found) => Ok(Val::Text(found)),
            None if self.optional => Ok(Val::Null),
            None => Err(Fault::new("the text does not match the pattern")),
        }
    }

    fn backward<'a>(&'a self, _: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Err(Fault::new("extract has no way back"))
    }

    fn one_way(&self) -> Option<&'static str> {
        Some("it drops the rest of the text")
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        json!({ "type": "string" })
    }
}
