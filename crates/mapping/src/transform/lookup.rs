//! Fields of other records, resolved for a batch at a time.

use serde_json::{Value, json};
use tieline_core::{
    EntityName, FieldPath, Key, MappingContext, RecordLookup, comparable_lookup, plain_number, trimmed,
};

use super::{Fault, Refused, Transform};
use crate::step;
use crate::value::{Kinds, Val};

/// How a look-up asks, each way.
#[derive(Debug)]
pub(crate) struct Resolve {
    entity: EntityName,
    by: Option<FieldPath>,
    field: FieldPath,
    /// The field that holds what came in, for the way back.
    back: Option<FieldPath>,
}

impl Resolve {
    pub(crate) fn forward(&self, value: &Val<'_>) -> RecordLookup {
        self.need(value, self.by.clone(), self.field.clone())
    }

    pub(crate) fn backward(&self, value: &Val<'_>) -> Option<RecordLookup> {
        Some(self.need(value, Some(self.field.clone()), self.back.clone()?))
    }

    fn need(&self, value: &Val<'_>, by: Option<FieldPath>, field: FieldPath) -> RecordLookup {
        let key = match value {
            Val::Text(text) if by.is_some() => comparable_lookup(text).into_owned(),
            Val::Text(text) => trimmed(text).to_owned(),
            Val::Number(number) => plain_number(number).to_owned(),
            other => other.word().into_owned(),
        };
        let mut need = RecordLookup::new(self.entity.clone(), Key::new(key), field);
        need.by = by;
        need
    }
}

#[derive(Debug)]
pub(super) struct Lookup(Resolve);

impl Lookup {
    pub(super) fn new(settings: &step::Lookup) -> Result<Self, Refused> {
        let step::Lookup { entity, field, by, key } = settings.clone();
        if by.is_some() && key.is_some() {
            return Err(Refused::new("/key", "a look-up by a field needs no key").advise("leave the key out"));
        }
        Ok(Self(Resolve { entity, back: by.clone().or(key), by, field }))
    }

    fn resolved<'a>(
        &self,
        need: &RecordLookup,
        given: &'a MappingContext,
        wanted: &FieldPath,
    ) -> Result<Val<'a>, Fault> {
        if let Some(value) = given.get(need) {
            return Ok(Val::of(value.get()));
        }
        let by = match &need.by {
            Some(by) => format!("with that {by}"),
            None => "with that key".to_owned(),
        };
        let entity = &self.0.entity;
        if given.ambiguous.contains(need) {
            return Err(Fault::new(format!(
                "several records of {entity} {by} were found, so {wanted} is not known"
            )));
        }
        Err(Fault::missing(format!("no record of {entity} {by} was found, so its {wanted} is not known")))
    }
}

impl Transform for Lookup {
    fn forward<'a>(&'a self, value: Val<'a>, given: &'a MappingContext) -> Result<Val<'a>, Fault> {
        if matches!(value, Val::Json(_)) {
            return Err(Fault::kind("lookup", "a text, a number or a boolean", &value));
        }
        self.resolved(&self.0.forward(&value), given, &self.0.field)
    }

    fn backward<'a>(&'a self, value: Val<'a>, given: &'a MappingContext) -> Result<Val<'a>, Fault> {
        let need = self.0.backward(&value).ok_or_else(|| Fault::new("the look-up has no way back"))?;
        self.resolved(&need, given, &need.field)
    }

    fn one_way(&self) -> Option<&'static str> {
        self.0.back.is_none().then_some("it does not say which field repeats the key, with key, or by")
    }

    fn accepts(&self) -> Kinds {
        Kinds::SCALAR
    }

    fn range(&self, _: Value) -> Value {
        json!({ "description": format!("{} of a record of {}", self.0.field, self.0.entity) })
    }

    fn resolves(&self) -> Option<&Resolve> {
        Some(&self.0)
    }
}
