//! The contract of a field mapping. `tieline-mapping` is an implementation as data.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;

use crate::{Entity, EntityName, FieldPath, Issue, Key, Patch, RawJson, Record, Result, Text};

/// The rules by which the fields of one side become the fields of the other, and back.
///
/// A mapping is pure: no clock, no network, the same answer for the same input. What it needs from elsewhere it asks
/// for with [`needs`](Self::needs), so that a batch is resolved with few queries, and receives as [`MappingContext`].
pub trait FieldMapping: Debug + Send + Sync {
    /// Changes whenever the mapping would answer differently.
    fn fingerprint(&self) -> &str;

    /// What `forward` reads, for projection at the provider: every field that a read must ask for, so that the mapping
    /// sees it.
    fn inputs(&self) -> &[FieldPath];

    /// What breaks the mapping when the provider's records look as this entity of a catalog says: a field that it reads is
    /// gone, or has a type that it does not take. Each issue names the host's field where there is one. Empty when the
    /// mapping fits, when the catalog has no fields, and by default.
    fn broken_by(&self, entity: &Entity) -> Vec<Issue> {
        let _ = entity;
        Vec::new()
    }

    /// What it wants resolved for this record: the provider's on the way forward, the host's on the way back. A way
    /// back that knows the current record also wants what that record needs forward.
    fn needs(&self, direction: Direction, record: &Record) -> Vec<RecordLookup>;

    /// Provider to host.
    fn forward(&self, record: &Record, given: &MappingContext) -> Result<Mapped>;

    /// Host to provider: the changes that make `current` say what `wanted` says.
    fn backward(&self, wanted: &Record, current: Option<&Record>, given: &MappingContext) -> Result<Patch>;

    /// The mapped fields with the values of a row that is there for what was [not seen](Mapped::unseen).
    ///
    /// A mapping that reports unseen fields merges them here; the others need not.
    fn keep_unseen(&self, fields: &RawJson, _unseen: &[FieldPath], _row: &RawJson) -> Result<RawJson> {
        Ok(fields.clone())
    }

    /// What a mapped record does to the host's side, where `row` is what is there now.
    ///
    /// Without a row, a record that lacks a field [needed to create](Mapped::missing_on_create) is left out, with an
    /// issue that says so. Over a row, fields that were not seen keep their value, and a record that lacks a field
    /// [needed to update](Mapped::missing_on_update) leaves the row as it is.
    ///
    /// # Errors
    ///
    /// Those of [`keep_unseen`](Self::keep_unseen).
    fn settle(&self, mapped: Mapped, row: Option<&RawJson>) -> Result<Mapped> {
        let Some(fields) = &mapped.fields else { return Ok(mapped) };
        let issues = |fields: &[FieldPath], message: &'static str| -> Vec<Issue> {
            fields.iter().map(|field| Issue::new(message).at(field.clone())).collect()
        };
        let Some(row) = row else {
            if mapped.missing_on_create.is_empty() {
                return Ok(mapped);
            }
            let missing = issues(&mapped.missing_on_create, "a field that a new record needs is null");
            let missing = missing.into_iter().map(Issue::refused).collect();
            return Ok(Mapped { fields: None, ..mapped }.with_issues(missing));
        };
        let seen = |field: &&FieldPath| !mapped.unseen.contains(field);
        let missing: Vec<FieldPath> = mapped.missing_on_update.iter().filter(seen).cloned().collect();
        if !missing.is_empty() {
            let message = "a field that a change needs is null, so the row stays as it was";
            return Ok(Mapped { fields: Some(row.clone()), ..mapped }.with_issues(issues(&missing, message)));
        }
        if mapped.unseen.is_empty() {
            return Ok(mapped);
        }
        let kept = self.keep_unseen(fields, &mapped.unseen, row)?;
        Ok(Mapped { fields: Some(kept), ..mapped })
    }

    /// Begins the way forward: what the record needs, then what it becomes. A mapping that walks the record for both
    /// can walk it once.
    fn begin<'r>(&'r self, record: &'r Record) -> Box<dyn PreparedRecord + 'r> {
        Box::new(InTwoSteps { mapping: self, record })
    }
}

/// A record on its way forward.
pub trait PreparedRecord: Send + Sync {
    /// Returns the lookups of [`FieldMapping::needs`] for the record.
    fn needs(&self) -> Vec<RecordLookup>;

    /// Returns the result of [`FieldMapping::forward`] for the record.
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

/// The direction of a mapping.
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
    /// Its key; with `by`, the value of that field, as [`comparable_value`](crate::comparable_value) writes it.
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
    /// The resolved needs. A need that is absent was not found, or is ambiguous.
    pub resolved: HashMap<RecordLookup, RawJson>,
    /// Needs by a field that several records meet: which of them is meant is not known.
    pub ambiguous: HashSet<RecordLookup>,
    /// Values of the host, by name.
    pub values: HashMap<Text, RawJson>,
}

impl MappingContext {
    /// The value of a need.
    pub fn get(&self, need: &RecordLookup) -> Option<&RawJson> {
        self.resolved.get(need)
    }

    /// Adds a record that a need by a field found. A second record makes the need ambiguous, whatever its value.
    pub fn add_found(&mut self, need: &RecordLookup, value: RawJson) {
        if self.ambiguous.contains(need) {
            return;
        }
        if self.resolved.insert(need.clone(), value).is_some() {
            self.resolved.remove(need);
            self.ambiguous.insert(need.clone());
        }
    }

    /// Hands in a value by name.
    #[must_use]
    pub fn with_value(mut self, name: impl Into<Text>, value: RawJson) -> Self {
        self.values.insert(name.into(), value);
        self
    }
}

/// The result of `forward` for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mapped {
    /// The fields of the host's record, as a JSON object; `None` when the mapping leaves the record out.
    pub fields: Option<RawJson>,
    /// The issues of single fields.
    pub issues: Vec<Issue>,
    /// Fields that the provider does not show to this user. They are null in `fields`, and a row that is there keeps
    /// what it has: not seen is not a value.
    pub unseen: Vec<FieldPath>,
    /// Fields that a new record needs and that are null.
    pub missing_on_create: Vec<FieldPath>,
    /// Fields that a change needs and that are null.
    pub missing_on_update: Vec<FieldPath>,
}

impl Mapped {
    /// A mapped record.
    pub fn new(fields: RawJson) -> Self {
        Self { fields: Some(fields), ..Self::left_out() }
    }

    /// A record that the mapping leaves out.
    pub fn left_out() -> Self {
        Self {
            fields: None,
            issues: Vec::new(),
            unseen: Vec::new(),
            missing_on_create: Vec::new(),
            missing_on_update: Vec::new(),
        }
    }

    /// Whether what it does depends on the row that is there: see [`FieldMapping::settle`].
    pub fn depends_on_row(&self) -> bool {
        let lists = [&self.unseen, &self.missing_on_create, &self.missing_on_update];
        self.fields.is_some() && lists.into_iter().any(|fields| !fields.is_empty())
    }

    /// Adds issues.
    #[must_use]
    pub fn with_issues(mut self, issues: Vec<Issue>) -> Self {
        self.issues.extend(issues);
        self
    }
}
