//! Booleans, from the words that people use.

use std::collections::HashMap;

use serde_json::{Value, json};
use tieline_core::{MappingContext, RawJson};

use super::{Fault, Refused, Transform};
use crate::step;
use crate::value::{Kinds, Val};

#[derive(Debug)]
pub(super) struct Boolean {
    words: HashMap<String, bool>,
    /// What the booleans themselves mean.
    of_true: Option<bool>,
    of_false: Option<bool>,
    yes: RawJson,
    no: RawJson,
}

impl Boolean {
    pub(super) fn new(settings: &step::Boolean) -> Result<Self, Refused> {
        let mut words = HashMap::new();
        for (at, list, meaning) in [("/yes", &settings.yes, true), ("/no", &settings.no, false)] {
            for value in list {
                let word = Val::of(value.get()).word().to_lowercase();
                if words.insert(word, meaning).is_some_and(|before| before != meaning) {
                    return Err(Refused::new(at, format!("{value} means both true and false")));
                }
            }
        }
        let first = |at, list: &[RawJson]| list.first().cloned().ok_or(Refused::new(at, "the list is empty"));
        let (of_true, of_false) = (words.get("true").copied(), words.get("false").copied());
        Ok(Self {
            words,
            of_true,
            of_false,
            yes: first("/yes", &settings.yes)?,
            no: first("/no", &settings.no)?,
        })
    }
}

impl Transform for Boolean {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let meaning = match &value {
            Val::Bool(true) => self.of_true,
            Val::Bool(false) => self.of_false,
            value => {
                let word = value.word();
                self.words.get(&*word).or_else(|| self.words.get(&word.to_lowercase())).copied()
            }
        };
        meaning
            .map(Val::Bool)
            .ok_or_else(|| Fault::new(format!("this value means neither true nor false ({})", value.kind())))
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        match value {
            Val::Bool(true) => Ok(Val::of(self.yes.get())),
            Val::Bool(false) => Ok(Val::of(self.no.get())),
            other => Err(Fault::kind("boolean", "true or false", &other)),
        }
    }

    fn accepts(&self) -> Kinds {
        Kinds::SCALAR
    }

    fn range(&self, _: Value) -> Value {
        json!({ "type": "boolean" })
    }
}
