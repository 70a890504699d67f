//! What single values become.

use std::collections::HashMap;

use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Refused, Transform};
use crate::step::{self, Otherwise};
use crate::value::{Kinds, Val, same};

const FEW: usize = 12;

#[derive(Debug)]
pub(super) struct Table {
    /// By the provider's value as it is compared.
    forward: HashMap<String, Val<'static>>,
    /// Small tables are looked through, which is faster than hashing.
    few: Vec<(String, Val<'static>)>,
    /// The host's values with the provider's, in the order of the table.
    backward: Vec<(String, Val<'static>)>,
    otherwise: Otherwise,
    otherwise_value: Option<Val<'static>>,
    accepts: Kinds,
}

impl Table {
    pub(super) fn new(table: &step::Table) -> Result<Self, Refused> {
        if table.entries.is_empty() {
            return Err(Refused::new("/entries", "the table has no entries"));
        }
        let mut forward = HashMap::with_capacity(table.entries.len());
        let mut backward: Vec<(String, Val<'static>)> = Vec::with_capacity(table.entries.len());
        for (from, to) in &table.entries {
            let provider = Val::owned(from.get());
            if provider.is_null() {
                return Err(Refused::new("/entries", "a table never sees null")
                    .advise("use default for what null becomes"));
            }
            if forward.insert(provider.word().into_owned(), Val::owned(to.get())).is_some() {
                return Err(Refused::new("/entries", format!("the table lists {from} twice")));
            }
            if !backward.iter().any(|(host, _)| same(host, to.get())) {
                backward.push((to.get().to_owned(), provider));
            }
        }
        let otherwise_value = match &table.otherwise {
            Otherwise::Value(value) => Some(Val::owned(value.get())),
            _ => None,
        };
        let accepts = match table.otherwise {
            Otherwise::Keep => Kinds::ANY,
            _ => Kinds::SCALAR,
        };
        let few = match forward.len() {
            0..=FEW => forward.clone().into_iter().collect(),
            _ => Vec::new(),
        };
        Ok(Self { forward, few, backward, otherwise: table.otherwise.clone(), otherwise_value, accepts })
    }
}

impl Transform for Table {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        if let Some(found) = self.listed_as(&value.word()) {
            return Ok(borrowed(found));
        }
        let unknown = || Fault::new(format!("the table does not list this value ({})", value.kind()));
        match self.otherwise {
            Otherwise::Keep => Ok(value),
            Otherwise::Null => Ok(Val::Null),
            Otherwise::Value(_) => Ok(self.otherwise_value.as_ref().map_or(Val::Null, borrowed)),
            Otherwise::Issue => Err(unknown()),
            Otherwise::Refuse => Err(unknown().refusing()),
        }
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let wanted = value.to_json();
        match self.backward.iter().find(|(host, _)| same(host, wanted.get())) {
            Some((_, provider)) => Ok(borrowed(provider)),
            None if self.otherwise == Otherwise::Keep => Ok(value),
            None => Err(Fault::new(format!("the table has no way back for this value ({})", value.kind()))),
        }
    }

    fn accepts(&self) -> Kinds {
        self.accepts
    }

    fn range(&self, of: Value) -> Value {
        if self.otherwise == Otherwise::Keep {
            return json!({ "anyOf": [{ "enum": self.listed() }, of] });
        }
        json!({ "enum": self.listed() })
    }

    fn knows(&self) -> Option<Vec<&str>> {
        match self.otherwise {
            Otherwise::Issue | Otherwise::Refuse => Some(self.forward.keys().map(String::as_str).collect()),
            _ => None,
        }
    }
}

impl Table {
    fn listed_as(&self, word: &str) -> Option<&Val<'static>> {
        if self.few.is_empty() {
            return self.forward.get(word);
        }
        self.few.iter().find(|(known, _)| known == word).map(|(_, value)| value)
    }

    fn listed(&self) -> Vec<Value> {
        let mut values: Vec<Value> =
            self.backward.iter().filter_map(|(host, _)| serde_json::from_str(host).ok()).collect();
        if let Otherwise::Value(value) = &self.otherwise
            && let Ok(value) = serde_json::from_str(value.get())
            && !values.contains(&value)
        {
            values.push(value);
        }
        values
    }
}

fn borrowed<'a>(value: &'a Val<'static>) -> Val<'a> {
    use std::borrow::Cow::Borrowed;
    match value {
        Val::Null => Val::Null,
        Val::Bool(value) => Val::Bool(*value),
        Val::Number(text) => Val::Number(Borrowed(text)),
        Val::Text(text) => Val::Text(Borrowed(text)),
        Val::Json(text) => Val::Json(Borrowed(text)),
    }
}
