//! Values of fields, by path, out of records and into records.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use tieline_core::{FieldPatch, FieldPath, Key, Patch, RawJson, Record, Result};
use tieline_mapping::apply;

/// Values of fields by their path. A field that is not there was not seen; null is a value. Its `Debug` shows the paths
/// only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<FieldPath, RawJson>);

impl Fields {
    /// Takes the values of paths out of a record, a JSON object. A path without a value is left out.
    ///
    /// # Errors
    ///
    /// `Decode` for what is no JSON.
    pub fn of<'a>(record: &RawJson, paths: impl IntoIterator<Item = &'a FieldPath>) -> Result<Self> {
        let mut fields = Self::default();
        for path in paths {
            if let Some(value) = record.at(path.as_str())? {
                fields.set(path.clone(), RawJson::from_raw(value));
            }
        }
        Ok(fields)
    }

    /// Returns a value.
    pub fn get(&self, path: &FieldPath) -> Option<&RawJson> {
        self.0.get(path)
    }

    /// Sets a value.
    pub fn set(&mut self, path: FieldPath, value: RawJson) {
        self.0.insert(path, value);
    }

    /// Removes a value: the field counts as not seen.
    pub fn remove(&mut self, path: &FieldPath) -> Option<RawJson> {
        self.0.remove(path)
    }

    /// Returns the values by path.
    pub fn iter(&self) -> impl Iterator<Item = (&FieldPath, &RawJson)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds the values of others over these.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().map(|(path, value)| (path.clone(), value.clone())));
    }

    /// Returns a record with these fields and no others, nested as their paths say.
    ///
    /// # Errors
    ///
    /// `Config` for paths of which one goes through the value of the other.
    pub fn record(&self, key: impl Into<Key>) -> Result<Record> {
        let changes =
            self.0.iter().map(|(path, value)| (path.clone(), FieldPatch::Set(value.clone()))).collect();
        apply(&Patch(changes), &Record::new(key, RawJson::parse("{}")?))
    }
}

impl FromIterator<(FieldPath, RawJson)> for Fields {
    fn from_iter<I: IntoIterator<Item = (FieldPath, RawJson)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
