//! Null, and what means the same.

use serde_json::{Value, json};
use tieline_core::{MappingContext, RawJson};

use super::{Fault, Refused, Transform};
use crate::value::{Kinds, Val, same};

#[derive(Debug)]
pub(super) struct Default(RawJson);

impl Default {
    pub(super) fn new(value: &RawJson) -> Result<Self, Refused> {
        if value.get() == "null" {
            return Err(Refused::new("", "null as the default of null changes nothing"));
        }
        Ok(Self(value.clone()))
    }
}

impl Transform for Default {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(if value.is_null() { Val::of(self.0.get()) } else { value })
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(value)
    }

    fn takes_null(&self) -> bool {
        true
    }

    fn accepts(&self) -> Kinds {
        Kinds::ANY
    }

    fn range(&self, of: Value) -> Value {
        let default: Value = serde_json::from_str(self.0.get()).unwrap_or_default();
        json!({ "allOf": [{ "not": { "type": "null" } }, { "anyOf": [of, { "const": default }] }] })
    }
}

#[derive(Debug)]
pub(super) struct NullIf(Vec<RawJson>);

impl NullIf {
    pub(super) fn new(values: &[RawJson]) -> Result<Self, Refused> {
        if values.is_empty() {
            return Err(Refused::new("", "the list of values is empty"));
        }
        Ok(Self(values.to_vec()))
    }

    fn means_null(&self, value: &Val<'_>) -> bool {
        let json = value.to_json();
        self.0.iter().any(|listed| same(listed.get(), json.get()))
    }
}

impl Transform for NullIf {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        Ok(if self.means_null(&value) { Val::Null } else { value })
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        if self.means_null(&value) {
            return Err(Fault::new("this value means null at the provider, so write null"));
        }
        Ok(value)
    }

    fn accepts(&self) -> Kinds {
        Kinds::ANY
    }

    fn range(&self, of: Value) -> Value {
        let values: Vec<Value> =
            self.0.iter().filter_map(|value| serde_json::from_str(value.get()).ok()).collect();
        json!({ "allOf": [of, { "not": { "enum": values } }] })
    }
}
