//! Lower and upper case.

use std::borrow::Cow;

use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Transform, text_of};
use crate::step::{self, LetterCase};
use crate::value::{Kinds, Val};

#[derive(Debug)]
pub(super) struct Case {
    name: &'static str,
    host: LetterCase,
    back: Option<LetterCase>,
}

impl Case {
    pub(super) fn lower(settings: step::Case) -> Self {
        Self { name: "lower", host: LetterCase::Lower, back: settings.back }
    }

    pub(super) fn upper(settings: step::Case) -> Self {
        Self { name: "upper", host: LetterCase::Upper, back: settings.back }
    }
}

fn in_case(text: Cow<'_, str>, letters: LetterCase) -> Cow<'_, str> {
    let is_it_already = match letters {
        LetterCase::Lower => text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()),
        LetterCase::Upper => text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()),
        LetterCase::Capital => false,
    };
    if is_it_already {
        return text;
    }
    Cow::Owned(match letters {
        LetterCase::Lower => text.to_lowercase(),
        LetterCase::Upper => text.to_uppercase(),
        LetterCase::Capital => {
            let mut characters = text.chars();
            let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            first + &characters.as_str().to_lowercase()
        }
    })
}

impl Transform for Case {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(Val::Text(in_case(text_of(self.name, value)?, self.host)))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let text = text_of(self.name, value)?;
        Ok(Val::Text(match self.back {
            Some(letters) => in_case(text, letters),
            None => text,
        }))
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        let description = match self.host {
            LetterCase::Upper => "a text in upper case",
            _ => "a text in lower case",
        };
        json!({ "type": "string", "description": description })
    }
}
