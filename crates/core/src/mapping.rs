//! The contract of a field mapping. `tieline-mapping` is an implementation as data.

use std::collections::HashMap;
use std::fmt::Debug;

use crate::{EntityName, FieldPath, Issue, Key, Patch, RawJson, Record, Result, Text};

/// How the fields of one side become the fields of the other, and back.
///
/// A mapping is pure: no clock, no network, the same answer for the same input. What it needs from elsewhere it asks
/// for with [`needs`](Self::needs), so that a batch is resolved with few queries, and receives as [`Given`].
pub trait FieldMapping: Debug + Send + Sync {
    /// Changes whenever the mapping would answer differently.
    fn fingerprint(&self) -> &str;

    /// What `forward` reads, for projection at the provider.
    fn inputs(&self) -> &[FieldPath];

    /// What it wants resolved for this record.
    fn needs(&self, direction: Direction, record: &Record) -> Vec<Need>;

    /// Provider to host.
    fn forward(&self, record: &Record, given: &Given) -> Result<Mapped>;

    /// Host to provider: the changes that make `current` say what `wanted` says.
    fn backward(&self, wanted: &Record, current: Option<&Record>, given: &Given) -> Result<Patch>;
}

/// Which way a mapping goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Provider to host.
    Forward,
    /// Host to provider.
    Backward,
}

/// A field of another record that a mapping wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Need {
    /// The entity of the other record.
    pub entity: EntityName,
    /// Its key.
    pub key: Key,
    /// The field of it.
    pub field: FieldPath,
}

impl Need {
    /// A field of another record.
    pub fn new(entity: impl Into<EntityName>, key: impl Into<Key>, field: FieldPath) -> Self {
        Self { entity: entity.into(), key: key.into(), field }
    }
}

/// What was resolved for a batch of records, and what the host hands in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Given {
    /// The resolved needs. A need that is absent was not found.
    pub resolved: HashMap<Need, RawJson>,
    /// Values of the host, by name.
    pub values: HashMap<Text, RawJson>,
}

impl Given {
    /// The value of a need.
    pub fn get(&self, need: &Need) -> Option<&RawJson> {
        self.resolved.get(need)
    }
}

/// What `forward` makes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mapped {
    /// The fields of the host's record, as a JSON object; `None` when the mapping leaves the record out.
    pub fields: Option<RawJson>,
    /// What was wrong with single fields.
    pub issues: Vec<Issue>,
}

impl Mapped {
    /// A mapped record.
    pub fn new(fields: RawJson) -> Self {
        Self { fields: Some(fields), issues: Vec::new() }
    }

    /// A record that the mapping leaves out.
    pub fn left_out() -> Self {
        Self { fields: None, issues: Vec::new() }
    }

    /// Adds issues.
    #[must_use]
    pub fn with_issues(mut self, issues: Vec<Issue>) -> Self {
        self.issues.extend(issues);
        self
    }
}
