//! Lookups: records by key or by a field's value.

use crate::{Deletion, EntityName, FieldPath, Key, Partition, RawJson, Record};

/// For [`Connector::lookup`](crate::Connector::lookup).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRequest {
    /// The entity.
    pub entity: EntityName,
    /// The records that are wanted.
    pub by: LookupBy,
    /// The part of the entity that holds them, where the entity has [`partitions`](crate::Connector::partitions).
    pub partition: Option<Partition>,
    /// Only these fields, where the provider can; all when empty.
    pub fields: Vec<FieldPath>,
}

impl LookupRequest {
    /// By keys, any number of them; the connector cuts them into the provider's chunks.
    pub fn keys(entity: impl Into<EntityName>, keys: impl IntoIterator<Item = Key>) -> Self {
        Self::new(entity.into(), LookupBy::Keys(keys.into_iter().collect()))
    }

    /// By a field's value: all records that have it.
    pub fn field(entity: impl Into<EntityName>, field: FieldPath, value: RawJson) -> Self {
        Self::new(entity.into(), LookupBy::Field { field, value })
    }

    fn new(entity: EntityName, by: LookupBy) -> Self {
        Self { entity, by, partition: None, fields: Vec::new() }
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the fields.
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = FieldPath>) -> Self {
        self.fields = fields.into_iter().collect();
        self
    }
}

/// The records that a lookup is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupBy {
    /// These keys.
    Keys(Vec<Key>),
    /// All that have this value.
    #[non_exhaustive]
    Field {
        /// The field.
        field: FieldPath,
        /// The value.
        value: RawJson,
    },
}

/// The results of a lookup: one per key, in the order asked; or all records with the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// The results.
    pub answers: Vec<Lookup>,
}

impl Lookups {
    /// These results.
    pub fn new(answers: Vec<Lookup>) -> Self {
        Self { answers }
    }

    /// The records among the results.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers.iter().filter_map(|answer| match answer {
            Lookup::Record(record) => Some(record),
            _ => None,
        })
    }
}

/// The result for one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// The record.
    Record(Record),
    /// There is none.
    Missing(Key),
    /// There was one.
    Deleted(Deletion),
    /// It exists, and this credential may not see it.
    Forbidden(Key),
}
