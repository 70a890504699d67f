//! Writes: each operation with its id, each with one outcome, in order.

use std::pin::Pin;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{EntityName, Error, FieldPath, Key, OperationId, RawJson, Record, Text};

/// One outcome per operation, in the order of the operations. Dropping it stops after the operation under way; every
/// operation without an outcome then counts as [`Outcome::Unknown`].
pub type OutcomeStream = Pin<Box<dyn Stream<Item = OperationOutcome> + Send>>;

/// Operations on one entity.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WriteRequest {
    /// The entity.
    pub entity: EntityName,
    /// What to do, in order.
    pub operations: Vec<Operation>,
}

impl WriteRequest {
    /// Operations on one entity.
    pub fn new(entity: impl Into<EntityName>, operations: Vec<Operation>) -> Self {
        Self { entity: entity.into(), operations }
    }
}

/// One write with the id under which the host stored it before the first attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The id.
    pub id: OperationId,
    /// What to do.
    pub op: WriteOp,
}

impl Operation {
    /// An operation.
    pub fn new(id: impl Into<OperationId>, op: WriteOp) -> Self {
        Self { id: id.into(), op }
    }
}

/// What to do. Written as JSON, so that it can be stored before it is sent: fields keep their text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WriteOp {
    /// Make a record.
    Create {
        /// The fields, as a JSON object.
        fields: RawJson,
        /// The external reference that is written with it, so that an unknown outcome can be settled by looking for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        marker: Option<Text>,
    },
    /// Change some fields.
    Update {
        /// The record.
        key: Key,
        /// The changes.
        patch: Patch,
        /// Only when the provider still has this version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<Text>,
    },
    /// Remove a record.
    Delete {
        /// The record.
        key: Key,
    },
    /// Do something that is no record write.
    Invoke {
        /// The action.
        action: Text,
        /// The record it is done to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Key>,
        /// Its input.
        input: RawJson,
    },
}

/// Changes to the fields of one record. An empty patch changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Patch(pub Vec<(FieldPath, FieldPatch)>);

impl Patch {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A change to one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldPatch {
    /// Give it this value.
    Set(RawJson),
    /// Leave it empty.
    Clear,
    /// Add this to its list.
    Add(RawJson),
    /// Take this out of its list.
    Remove(RawJson),
    /// Send this as the provider wants it; no mapping understands it.
    Raw(RawJson),
}

/// What became of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationOutcome {
    /// The operation.
    pub id: OperationId,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether a create was sent without the marker that was asked for, because the provider takes no marker with
    /// these fields. Looking for the marker then proves nothing, and an unknown outcome is a question for a person.
    pub unmarked: bool,
}

impl OperationOutcome {
    /// An outcome.
    pub fn new(id: OperationId, outcome: Outcome) -> Self {
        Self { id, outcome, unmarked: false }
    }

    /// Says that the record carries no marker.
    #[must_use]
    pub fn without_marker(mut self) -> Self {
        self.unmarked = true;
        self
    }
}

/// What became of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Done.
    Applied {
        /// The record's key.
        key: Option<Key>,
        /// The record afterwards, when the provider answered with it.
        record: Option<Box<Record>>,
    },
    /// Nothing needed doing.
    Unchanged,
    /// Some of it was done.
    Partial {
        /// The fields that were written.
        applied: Vec<FieldPath>,
        /// Why the others were not.
        error: Error,
    },
    /// The record has another version by now.
    Conflict {
        /// The record as it is.
        current: Option<Box<Record>>,
    },
    /// The provider took it as a job; ask with [`Connector::poll`](crate::Connector::poll).
    Accepted {
        /// The job.
        ticket: Text,
    },
    /// Not done, and the same bytes cannot help.
    Rejected(Error),
    /// Not done, or safe to send again: later.
    Deferred(Error),
    /// It may have happened. Settle it by looking for the marker; never send it again blindly.
    Unknown(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_stored_as_it_will_be_sent() {
        let json = |text: &str| RawJson::parse(text).unwrap();
        let at = |path| FieldPath::parse(path).unwrap();
        let create = WriteOp::Create { fields: json(r#"{"value":1250.10}"#), marker: Some("op-1".into()) };
        let patch = Patch(vec![
            (at("/value"), FieldPatch::Set(json("12345678901234567.890"))),
            (at("/owner"), FieldPatch::Clear),
            (at("/labels"), FieldPatch::Add(json("7"))),
        ]);
        let update = WriteOp::Update { key: "42".into(), patch, if_version: None };
        let delete = WriteOp::Delete { key: "42".into() };
        let invoke = WriteOp::Invoke { action: "confirm".into(), key: None, input: json("{}") };
        let texts = [
            r#"{"create":{"fields":{"value":1250.10},"marker":"op-1"}}"#,
            r#"{"update":{"key":"42","patch":[["/value",{"set":12345678901234567.890}],["/owner","clear"],["/labels",{"add":7}]]}}"#,
            r#"{"delete":{"key":"42"}}"#,
            r#"{"invoke":{"action":"confirm","input":{}}}"#,
        ];
        for (op, text) in [create, update, delete, invoke].into_iter().zip(texts) {
            let stored = RawJson::of(&op).unwrap();
            assert_eq!(stored.get(), text);
            assert_eq!(stored.view::<WriteOp>().unwrap(), op);
        }
    }
}
