//! An object as a list of its members.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Refused, Transform};
use crate::step;
use crate::value::{self, Kinds, Val, quote};

#[derive(Debug)]
pub(super) struct ObjectToList {
    name: String,
    value: String,
}

impl ObjectToList {
    pub(super) fn new(settings: &step::ObjectToList) -> Result<Self, Refused> {
        if settings.name == settings.value {
            return Err(Refused::new("/value", "name and value would stand in the same member"));
        }
        Ok(Self { name: settings.name.clone(), value: settings.value.clone() })
    }
}

impl Transform for ObjectToList {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let wrong = || Fault::kind("object_to_list", "an object", &value);
        let Val::Json(text) = &value else { return Err(wrong()) };
        let mut list = String::from("[");
        for (name, member) in value::members_in_order(text).ok_or_else(wrong)? {
            list.push_str(if list.len() > 1 { ",{" } else { "{" });
            quote(&self.name, &mut list);
            list.push(':');
            quote(&name, &mut list);
            list.push(',');
            quote(&self.value, &mut list);
            list.push(':');
            list.push_str(member);
            list.push('}');
        }
        list.push(']');
        Ok(Val::Json(Cow::Owned(list)))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let wrong = || {
            let (name, value) = (&self.name, &self.value);
            Fault::new(format!("each item must be an object with {name:?}, a text, and {value:?}"))
        };
        let items = match &value {
            Val::Json(text) => value::items(text),
            _ => None,
        };
        let mut object = String::from("{");
        let mut names = HashSet::new();
        for item in items.ok_or_else(wrong)? {
            let (mut name, mut member) = (None, None);
            for (key, text) in value::members_in_order(item).ok_or_else(wrong)? {
                if key == self.name {
                    name = value::text(text);
                } else if key == self.value {
                    member = Some(text);
                } else {
                    return Err(wrong());
                }
            }
            let (Some(name), Some(member)) = (name, member) else { return Err(wrong()) };
            if object.len() > 1 {
                object.push(',');
            }
            quote(&name, &mut object);
            object.push(':');
            object.push_str(member);
            if !names.insert(name) {
                return Err(Fault::new("two items have the same name"));
            }
        }
        object.push('}');
        Ok(Val::Json(Cow::Owned(object)))
    }

    fn accepts(&self) -> Kinds {
        Kinds::OBJECT
    }

    fn range(&self, of: Value) -> Value {
        let member = of.get("additionalProperties").cloned().unwrap_or_else(|| json!({}));
        json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { self.name.clone(): { "type": "string" }, self.value.clone(): member },
                "required": [self.name, self.value],
                "additionalProperties": false,
            },
        })
    }
}
