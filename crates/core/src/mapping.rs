//! The contract of a field mapping. `tieline-mapping` is an implementation as data.

use std::collections::HashMap;
use std::fmt::Debug;

use crate::{EntityName, FieldPath, Issue, Key, Patch, RawJson, Record, Result, Text};

/// How the fields of one side become the fields of the other, and back.
///
/// A mapping is pure: no clock, no network, the same answer for the same input. What it needs from elsewhere it asks
/// for with [`needs`](Self::needs), so that a batch is resolved with few queries, and receives as [`MappingContext`].
pub trait FieldMapping: Debug + Send + Sync {
    /// Changes whenever the mapping would answer differently.
    fn fingerprint(&self) -> &str;

    /// What `forward` reads, for projection at the provider.
    fn inputs(&self) -> &[FieldPath];

    /// What it wants resolved for this record: the provider's on the way forward, the host's on the way back. A way
    /// back that knows the current record also wants what that record needs forward.
    fn needs(&self, direction: Direction, record: &Record) -> Vec<RecordLookup>;

    /// Provider to host.
    fn forward(&self, record: &Record, given: &MappingContext) -> Result<Mapped>;

    /// Host to provider: the changes that make `current` say what `wanted` says.
    fn backward(&self, wanted: &Record, current: Option<&Record>, given: &MappingContext) -> Result<Patch>;

    /// Begins the way forward: what the record needs, then what it becomes. A mapping that walks the record for both
    /// can walk it once.
    fn begin<'r>(&'r self, record: &'r Record) -> Box<dyn PreparedRecord + 'r> {
        Box::new(InTwoSteps { mapping: self, record })
    }
}

/// A record on its way forward.
pub trait PreparedRecord: Send + Sync {
    /// What [`FieldMapping::needs`] says of the record.
    fn needs(&self) -> Vec<RecordLookup>;

    /// What [`FieldMapping::forward`] makes of the record.
    fn forward(&self, given: &MappingContext) -> Result<Mapped>;
}

struct InTwoSteps<'r, M: ?Sized> {
    mapping: &'r M,
    record: &'r Record,
}

impl<M: FieldMapping + ?Sized> PreparedRecord for InTwoSteps<'_, M> {
    fn needs(&self) -> Vec<RecordLookup> {
        self.mapping.needs(Direction::Forward, self.record)
    }

    fn forward(&self, given: &MappingContext) -> Result<Mapped> {
        self.mapping.forward(self.record, given)
    }
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
pub struct RecordLookup {
    /// The entity of the other record.
    pub entity: EntityName,
    /// Its key; with `by`, the value of that field as text.
    pub key: Key,
    /// The field of it.
    pub field: FieldPath,
    /// The field that it is found by; `None` for its key. When several records have the value, the need is not met.
    pub by: Option<FieldPath>,
}

impl RecordLookup {
    /// A field of another record.
    pub fn new(entity: impl Into<EntityName>, key: impl Into<Key>, field: FieldPath) -> Self {
        Self { entity: entity.into(), key: key.into(), field, by: None }
    }

    /// Finds the record by a field of it instead of its key.
    #[must_use]
    pub fn by(mut self, field: FieldPath) -> Self {
        self.by = Some(field);
        self
    }
}

/// What was resolved for a batch of records, and what the host hands in.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MappingContext {
    /// The resolved needs. A need that is absent was not found.
    pub resolved: HashMap<RecordLookup, RawJson>,
    /// Values of the host, by name.
    pub values: HashMap<Text, RawJson>,
}

impl MappingContext {
    /// The value of a need.
    pub fn get(&self, need: &RecordLookup) -> Option<&RawJson> {
        self.resolved.get(need)
    }

    /// Hands in a value by name.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<Text>, value: RawJson) -> Self {
        self.values.insert(name.into(), value);
        self
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
