//! Lists: made, opened, split and joined.

use std::borrow::Cow;

use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Refused, Transform, text_of};
use crate::step;
use crate::value::{self, Kinds, Val, quote};

fn list_of<'v>(step: &str, value: &'v Val<'_>) -> Result<Vec<&'v str>, Fault> {
    match value {
        Val::Json(text) => value::items(text).ok_or_else(|| Fault::kind(step, "a list", value)),
        _ => Err(Fault::kind(step, "a list", value)),
    }
}

fn wrapped(value: &Val<'_>) -> Val<'static> {
    let mut text = String::from("[");
    if !value.is_null() {
        value.write(&mut text);
    }
    text.push(']');
    Val::Json(Cow::Owned(text))
}

#[derive(Debug)]
pub(super) struct Wrap(pub(super) step::Wrap);

impl Transform for Wrap {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(wrapped(&value))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        match list_of("wrap", &value)?.as_slice() {
            [] if self.0.empty => Ok(Val::Null),
            // A null in the list would come back as an empty list.
            ["null"] => Err(Fault::new("the provider has room for one value, and this list holds null")),
            [only] => Ok(Val::owned(only)),
            items => Err(Fault::new(format!(
                "the provider has room for one value, and this list has {}",
                items.len()
            ))),
        }
    }

    fn takes_null(&self) -> bool {
        self.0.empty
    }

    fn accepts(&self) -> Kinds {
        Kinds::ANY
    }

    fn range(&self, of: Value) -> Value {
        let least = u8::from(!self.0.empty);
        json!({ "type": "array", "items": of, "minItems": least, "maxItems": 1 })
    }
}

#[derive(Debug)]
pub(super) struct Unwrap(pub(super) step::Unwrap);

impl Transform for Unwrap {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        match list_of("unwrap", &value)?.as_slice() {
            [] => Ok(Val::Null),
            [only] => Ok(Val::owned(only)),
            [first, ..] if self.0.first => Ok(Val::owned(first)),
            items => Err(Fault::new(format!("the list has {} items, and one is wanted", items.len()))),
        }
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(wrapped(&value))
    }

    fn one_way(&self) -> Option<&'static str> {
        self.0.first.then_some("it drops all items but the first")
    }

    fn accepts(&self) -> Kinds {
        Kinds::LIST
    }

    fn range(&self, of: Value) -> Value {
        of.get("items").cloned().unwrap_or_else(|| json!({}))
    }
}

#[derive(Debug)]
pub(super) struct Split(String);

impl Split {
    pub(super) fn new(settings: &step::Separator) -> Result<Self, Refused> {
        if settings.separator.is_empty() {
            return Err(Refused::new("/separator", "the separator is empty"));
        }
        Ok(Self(settings.separator.clone()))
    }

    /// A text as a list; the empty text is the empty list.
    fn split(&self, text: &str) -> String {
        let mut list = String::from("[");
        if !text.is_empty() {
            for part in text.split(self.0.as_str()) {
                if list.len() > 1 {
                    list.push(',');
                }
                quote(part, &mut list);
            }
        }
        list.push(']');
        list
    }

    fn join(&self, step: &str, value: &Val<'_>) -> Result<String, Fault> {
        let mut text = String::new();
        for (index, item) in list_of(step, value)?.into_iter().enumerate() {
            if index > 0 {
                text.push_str(&self.0);
            }
            match Val::of(item) {
                Val::Text(part) | Val::Number(part) => text.push_str(&part),
                other => {
                    return Err(Fault::new(format!(
                        "{step} takes a list of texts, and one item is {}",
                        other.kind()
                    )));
                }
            }
        }
        Ok(text)
    }
}

impl Transform for Split {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(Val::Json(Cow::Owned(self.split(&text_of("split", value)?))))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = self.join("split", &value)?;
        if !value::same(&self.split(&text), value.to_json().get()) {
            return Err(Fault::new(
                "an item holds the separator, or is no text, or is the only one and empty",
            ));
        }
        Ok(Val::Text(Cow::Owned(text)))
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        let separator = regex::escape(&self.0);
        json!({ "type": "array", "items": { "type": "string", "not": { "pattern": separator } } })
    }
}

#[derive(Debug)]
pub(super) struct Join(pub(super) Split);

impl Transform for Join {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        self.0.join("join", &value).map(|text| Val::Text(Cow::Owned(text)))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(Val::Json(Cow::Owned(self.0.split(&text_of("join", value)?))))
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        let (Ok(parts), Ok(now)) = (list_of("join", &value), list_of("join", before)) else {
            return Ok(value);
        };
        let is_number = |item: &&&str| matches!(Val::of(item), Val::Number(_));
        let numbers = now.iter().filter(is_number).count();
        if numbers == 0 {
            return Ok(value);
        }
        let mut list = String::from("[");
        for part in parts {
            if list.len() > 1 {
                list.push(',');
            }
            let Val::Text(text) = Val::of(part) else { continue };
            let is_number = super::number::is_json(&text);
            if is_number && (numbers == now.len() || now.contains(&&*text)) {
                list.push_str(&text);
            } else {
                list.push_str(part);
            }
        }
        list.push(']');
        Ok(Val::Json(Cow::Owned(list)))
    }

    fn accepts(&self) -> Kinds {
        Kinds::LIST
    }

    fn range(&self, _: Value) -> Value {
        json!({ "type": "string" })
    }
}
