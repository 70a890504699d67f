//! Whether a provider's entity still is what a mapping was made for.

use std::fmt;

use serde_json::Value;
use tieline_core::{Entity, FieldPath, comparable};

use crate::compiled::{Chain, CompiledMapping, Origin};
use crate::schema::{at, kinds_of, words};
use crate::value::{Kinds, Val};

/// What a change of the provider's schema does to a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The field of the host's record; `None` for a rule that leaves records out.
    pub field: Option<FieldPath>,
    /// The field of the provider's record.
    pub provider: FieldPath,
    /// What is wrong.
    pub message: String,
    /// Whether the field can no longer have a value. What is not broken is a risk: some values will be issues.
    pub broken: bool,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.broken { "broken: " } else { "risk: " })?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{} {}", self.provider, self.message)
    }
}

impl CompiledMapping {
    /// What breaks, or may, when records look as this entity of a catalog says. Empty when the mapping fits.
    ///
    /// Compare with the catalog that the provider gives today, before the next sync: a field that is gone, one of another
    /// type, one that can no longer be written, and choices that a table does not list are reported. A catalog of names
    /// has no fields, and says nothing.
    pub fn drift(&self, entity: &Entity) -> Vec<Drift> {
        if entity.fields.is_empty() && entity.schema.is_none() {
            return Vec::new();
        }
        let known = Known { entity };
        let mut drifts = Vec::new();
        for field in &self.fields {
            let mut report = |provider: &FieldPath, message: String, broken: bool| {
                drifts.push(Drift {
                    field: Some(field.name.clone()),
                    provider: provider.clone(),
                    message,
                    broken,
                });
            };
            if field.direction.is_forward() {
                for (number, chain) in field.sources.iter().enumerate() {
                    for path in self.reads(chain) {
                        if !known.has(path) {
                            report(path, "is not among the entity's fields any more".to_owned(), number == 0);
                            continue;
                        }
                        if let Origin::Slot(_) = chain.origin {
                            self.check_types(chain, path, &known, &mut report);
                        }
                    }
                }
            }
            for path in &field.writes {
                if !known.has(path) {
                    if !field.direction.is_forward() {
                        report(path, "is not among the entity's fields any more".to_owned(), true);
                    }
                } else if known.writable(path) == Some(false) {
                    report(path, "can not be written".to_owned(), !field.direction.is_forward());
                }
            }
        }
        for rule in &self.exclude {
            if let Some(path) = self.inputs.get(rule.slot).filter(|path| !known.has(path)) {
                let message =
                    "is not among the entity's fields any more, so no record is left out for it".to_owned();
                drifts.push(Drift { field: None, provider: path.clone(), message, broken: true });
            }
        }
        drifts
    }

    fn reads<'p>(&'p self, chain: &'p Chain) -> impl Iterator<Item = &'p FieldPath> {
        let slots: &[usize] = match &chain.origin {
            Origin::Slot(slot) => std::slice::from_ref(slot),
            Origin::Several { slots, .. } | Origin::Template { slots, .. } => slots,
            Origin::Constant(_) | Origin::MappingContext(_) => &[],
        };
        slots.iter().filter_map(|slot| self.inputs.get(*slot))
    }

    fn check_types(
        &self,
        chain: &Chain,
        path: &FieldPath,
        known: &Known<'_>,
        report: &mut dyn FnMut(&FieldPath, String, bool),
    ) {
        // The first step that is not about null decides.
        let Some(step) = chain.steps.iter().find(|step| step.accepts() != Kinds::ANY) else { return };
        if let Some(schema) = known.schema(path) {
            let kinds = kinds_of(schema).without(Kinds::NULL);
            let refused = kinds.without(step.accepts());
            if !kinds.is_empty() && !refused.is_empty() && kinds != Kinds::ANY.without(Kinds::NULL) {
                let message = format!("is {} now, which {}", words(kinds), "the field's steps do not take");
                report(path, message, refused == kinds);
            }
        }
        if let Some(listed) = step.knows() {
            let unlisted: Vec<String> = known
                .choices(path)
                .into_iter()
                .filter(|choice| !listed.iter().any(|listed| *listed == comparable(choice)))
                .collect();
            if !unlisted.is_empty() {
                report(
                    path,
                    format!("has values that the table does not list: {}", unlisted.join(", ")),
                    false,
                );
            }
        }
    }
}

/// What a catalog says about an entity's fields.
struct Known<'e> {
    entity: &'e Entity,
}

impl Known<'_> {
    fn schema(&self, path: &FieldPath) -> Option<&Value> {
        at(self.entity.schema.as_ref()?, path.as_str())
    }

    /// Whether the field is there: itself, or one that it lies in whose inside is not described.
    fn has(&self, path: &FieldPath) -> bool {
        if self.schema(path).is_some() {
            return true;
        }
        let mut around = path.as_str();
        while let Some((parent, _)) = around.rsplit_once('/') {
            if self.entity.fields.iter().any(|field| field.path.as_str() == around) {
                return true;
            }
            let schema = self.entity.schema.as_ref().and_then(|schema| at(schema, around));
            if schema.is_some_and(|schema| around != path.as_str() && is_open(schema)) {
                return true;
            }
            around = parent;
        }
        false
    }

    fn writable(&self, path: &FieldPath) -> Option<bool> {
        self.entity.fields.iter().find(|field| field.path == *path).map(|field| field.is_writable())
    }

    fn choices(&self, path: &FieldPath) -> Vec<String> {
        let field = self.entity.fields.iter().find(|field| field.path == *path);
        let mut choices: Vec<String> = field
            .map(|field| field.choices.iter().map(|choice| choice.value.to_string()).collect())
            .unwrap_or_default();
        if let Some(Value::Array(values)) = self.schema(path).and_then(|schema| schema.get("enum")) {
            for value in values.iter().filter(|value| !value.is_null()) {
                let word = Val::owned(&value.to_string()).word().into_owned();
                if !choices.contains(&word) {
                    choices.push(word);
                }
            }
        }
        choices
    }
}

/// Whether a schema says nothing about what lies within.
fn is_open(schema: &Value) -> bool {
    schema.get("properties").is_none()
        && schema.get("items").is_none()
        && !kinds_of(schema).and(Kinds::OBJECT.or(Kinds::LIST)).is_empty()
}
