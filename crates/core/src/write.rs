//! Writes: each operation with its id, each with one outcome, in order.

use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use serde::{Deserialize, Serialize};

use crate::{Attachment, EntityName, Error, FieldPath, Key, OperationId, Partition, RawJson, Record, Text};

/// One outcome per operation, in the order of the operations. Dropping it stops after the operation under way; every
/// operation without an outcome then counts as [`Outcome::Unknown`].
pub type OutcomeStream = Pin<Box<dyn Stream<Item = OperationOutcome> + Send>>;

/// Operations on one entity.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WriteRequest {
    /// The entity.
    pub entity: EntityName,
    /// The part of the entity that the records are in, where the entity has
    /// [`partitions`](crate::Connector::partitions): the parent, the company, the mailbox.
    pub partition: Option<Partition>,
    /// The operations, in order.
    pub operations: Vec<Operation>,
}

impl WriteRequest {
    /// Operations on one entity.
    pub fn new(entity: impl Into<EntityName>, operations: Vec<Operation>) -> Self {
        Self { entity: entity.into(), partition: None, operations }
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }
}

/// For [`Connector::poll`](crate::Connector::poll).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PollRequest {
    /// The entity that the operations were sent to.
    pub entity: EntityName,
    /// The part of the entity that they were sent to.
    pub partition: Option<Partition>,
    /// The job, from [`Outcome::Accepted`].
    pub ticket: Text,
    /// The operations that went into it.
    pub operations: Vec<Operation>,
}

impl PollRequest {
    /// Asks for a job.
    pub fn new(entity: impl Into<EntityName>, ticket: impl Into<Text>, operations: Vec<Operation>) -> Self {
        Self { entity: entity.into(), partition: None, ticket: ticket.into(), operations }
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }
}

/// One write with the id under which the host stored it before the first attempt. A connector sends the id as the
/// idempotency key where the provider takes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The id.
    pub id: OperationId,
    /// The write itself.
    pub op: WriteOp,
}

impl Operation {
    /// An operation.
    pub fn new(id: impl Into<OperationId>, op: WriteOp) -> Self {
        Self { id: id.into(), op }
    }
}

/// A write. Serialized as JSON, so that it can be stored before it is sent: fields keep their text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WriteOp {
    /// Make a record.
    #[non_exhaustive]
    Create {
        /// The fields, as a JSON object.
        fields: RawJson,
        /// The external reference that is written with it, so that an unknown outcome can be settled by looking for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        marker: Option<Text>,
    },
    /// Change some fields.
    #[non_exhaustive]
    Update {
        /// The record.
        key: Key,
        /// The changes.
        patch: Patch,
        /// Only when the provider still has this version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<Text>,
    },
    /// Change the one record whose field has a value, or make it: one request, by the provider's own rule.
    #[non_exhaustive]
    Upsert {
        /// The field that identifies the record: an external id, an e-mail address.
        by: FieldPath,
        /// Its value.
        value: RawJson,
        /// The other fields, as a JSON object.
        fields: RawJson,
    },
    /// Remove a record.
    #[non_exhaustive]
    Delete {
        /// The record.
        key: Key,
    },
    /// Do something that is no record write.
    #[non_exhaustive]
    Invoke {
        /// The action.
        action: Text,
        /// The record it is done to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Key>,
        /// Its input.
        input: RawJson,
        /// Its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
}

impl WriteOp {
    /// Makes a record of these fields, a JSON object.
    pub fn create(fields: RawJson) -> Self {
        Self::Create { fields, marker: None }
    }

    /// Changes some fields of a record.
    pub fn update(key: impl Into<Key>, patch: Patch) -> Self {
        Self::Update { key: key.into(), patch, if_version: None }
    }

    /// Changes the one record whose field has this value, or makes it.
    pub fn upsert(by: FieldPath, value: RawJson, fields: RawJson) -> Self {
        Self::Upsert { by, value, fields }
    }

    /// Removes a record.
    pub fn delete(key: impl Into<Key>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// Invokes an action.
    pub fn invoke(action: impl Into<Text>, input: RawJson) -> Self {
        Self::Invoke { action: action.into(), key: None, input, files: Vec::new() }
    }

    /// Sets the marker of a [`Create`](Self::Create); no effect on the others.
    #[must_use]
    pub fn with_marker(mut self, chosen: Option<Text>) -> Self {
        if let Self::Create { marker, .. } = &mut self {
            *marker = chosen;
        }
        self
    }

    /// Makes an [`Update`](Self::Update) conditional on a version; no effect on the others.
    #[must_use]
    pub fn with_if_version(mut self, version: Option<Text>) -> Self {
        if let Self::Update { if_version, .. } = &mut self {
            *if_version = version;
        }
        self
    }

    /// Names the record of an [`Invoke`](Self::Invoke); no effect on the others.
    #[must_use]
    pub fn with_key(mut self, record: Option<Key>) -> Self {
        if let Self::Invoke { key, .. } = &mut self {
            *key = record;
        }
        self
    }

    /// Adds a file to an [`Invoke`](Self::Invoke); no effect on the others.
    #[must_use]
    pub fn with_file(mut self, file: Attachment) -> Self {
        if let Self::Invoke { files, .. } = &mut self {
            files.push(file);
        }
        self
    }

    /// Returns the key of the record that it is about, when it names one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Update { key, .. } | Self::Delete { key } => Some(key),
            Self::Invoke { key, .. } => key.as_ref(),
            Self::Create { .. } | Self::Upsert { .. } => None,
        }
    }
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

/// The outcome of one operation.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationOutcome {
    /// The operation.
    pub id: OperationId,
    /// Its outcome.
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

/// The result of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Done.
    #[non_exhaustive]
    Applied {
        /// The record's key.
        key: Option<Key>,
        /// The record afterwards, when the provider returned it.
        record: Option<Box<Record>>,
        /// The result of an action, when the provider returned one.
        output: Option<RawJson>,
    },
    /// Nothing needed doing.
    Unchanged,
    /// Some of it was done.
    #[non_exhaustive]
    Partial {
        /// The fields that were written.
        applied: Vec<FieldPath>,
        /// The reason why the others were not.
        error: Error,
    },
    /// The record has another version by now.
    #[non_exhaustive]
    Conflict {
        /// The record as it is.
        current: Option<Box<Record>>,
    },
    /// The provider took it as a job; ask with [`Connector::poll`](crate::Connector::poll).
    #[non_exhaustive]
    Accepted {
        /// The job.
        ticket: Text,
        /// The wait before asking for it, where the provider says so.
        after: Option<Duration>,
    },
    /// Not done, and the same bytes cannot help.
    Rejected(Error),
    /// Not done, or safe to send again: later.
    Deferred(Error),
    /// It may have happened. Settle it by looking for the marker; never send it again blindly.
    Unknown(Error),
}

impl Outcome {
    /// Done, to the record of this key.
    pub fn applied(key: Option<Key>) -> Self {
        Self::Applied { key, record: None, output: None }
    }

    /// Some of it was done.
    pub fn partial(applied: Vec<FieldPath>, error: Error) -> Self {
        Self::Partial { applied, error }
    }

    /// The record has another version by now, this one where it is known.
    pub fn conflict(current: Option<Box<Record>>) -> Self {
        Self::Conflict { current }
    }

    /// The provider took it as a job.
    pub fn accepted(ticket: impl Into<Text>) -> Self {
        Self::Accepted { ticket: ticket.into(), after: None }
    }

    /// Adds the record to an [`Applied`](Self::Applied); no effect on the others.
    #[must_use]
    pub fn with_record(mut self, afterwards: impl Into<Box<Record>>) -> Self {
        if let Self::Applied { record, .. } = &mut self {
            *record = Some(afterwards.into());
        }
        self
    }

    /// Adds an action's result to an [`Applied`](Self::Applied); no effect on the others.
    #[must_use]
    pub fn with_output(mut self, result: RawJson) -> Self {
        if let Self::Applied { output, .. } = &mut self {
            *output = Some(result);
        }
        self
    }

    /// Says when to ask for an [`Accepted`](Self::Accepted) job; no effect on the others.
    #[must_use]
    pub fn with_after(mut self, wait: Duration) -> Self {
        if let Self::Accepted { after, .. } = &mut self {
            *after = Some(wait);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_stored_as_it_will_be_sent() {
        let json = |text: &str| RawJson::parse(text).unwrap();
        let at = |path| FieldPath::parse(path).unwrap();
        let create = WriteOp::create(json(r#"{"value":1250.10}"#)).with_marker(Some("op-1".into()));
        let patch = Patch(vec![
            (at("/value"), FieldPatch::Set(json("12345678901234567.890"))),
            (at("/owner"), FieldPatch::Clear),
            (at("/labels"), FieldPatch::Add(json("7"))),
        ]);
        let update = WriteOp::update("42", patch);
        let delete = WriteOp::delete("42");
        let invoke = WriteOp::invoke("confirm", json("{}"));
        let upsert = WriteOp::upsert(at("/external_id"), json("\"x-7\""), json("{}"));
        let upload = WriteOp::invoke("attach", json("{}"))
            .with_key(Some("42".into()))
            .with_file(Attachment::new("file", "a.pdf", &b"\xff\x00"[..]).with_media_type("application/pdf"));
        assert!(!format!("{upload:?}").contains("a.pdf"));
        let texts = [
            r#"{"create":{"fields":{"value":1250.10},"marker":"op-1"}}"#,
            r#"{"update":{"key":"42","patch":[["/value",{"set":12345678901234567.890}],["/owner","clear"],["/labels",{"add":7}]]}}"#,
            r#"{"delete":{"key":"42"}}"#,
            r#"{"invoke":{"action":"confirm","input":{}}}"#,
            r#"{"upsert":{"by":"/external_id","value":"x-7","fields":{}}}"#,
            r#"{"invoke":{"action":"attach","key":"42","input":{},"files":[{"field":"file","name":"a.pdf","media_type":"application/pdf","bytes":"/wA="}]}}"#,
        ];
        for (op, text) in [create, update, delete, invoke, upsert, upload].into_iter().zip(texts) {
            let stored = RawJson::of(&op).unwrap();
            assert_eq!(stored.get(), text);
            assert_eq!(stored.view::<WriteOp>().unwrap(), op);
        }
    }
}
