//! For whoever writes a store: what is checked and decided before anything is stored, so that all stores agree.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Key, Operation, OperationId, Partition, RawJson, Result};

use super::entry::{record, shortened};
use super::{Answer, Destination, Entry, Status};
use crate::plan::check_text;

/// An operation, checked and written as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued {
    /// The operation's id.
    pub id: OperationId,
    /// Its destination.
    pub to: Destination,
    /// The operation as JSON.
    pub op: RawJson,
    /// The record whose operations keep their order.
    pub record: Option<Key>,
}

impl Queued {
    /// Checks an operation.
    pub fn new(to: &Destination, operation: &Operation) -> Result<Self> {
        let id = operation.id.clone();
        if id.as_str().is_empty() {
            return Err(Error::new(ErrorKind::Rejected, "an operation has an empty id")
                .with_advice("give each operation an id that no other one has, and keep it"));
        }
        let record = record(&operation.op).cloned();
        check_text("operation id", id.as_str())?;
        check_text("entity", to.entity.as_str())?;
        check_text("partition", to.partition.as_ref().map_or("", Partition::as_str))?;
        check_text("key", record.as_ref().map_or("", Key::as_str))?;
        Ok(Self { id, to: to.clone(), op: RawJson::of(&operation.op)?, record })
    }

    /// What this is when an operation of its id is stored already: nothing new, or an error.
    pub fn known(&self, to: &Destination, op: &str) -> Result<()> {
        if self.to == *to && self.op.get() == op {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, "another operation is stored under this id")
            .with_advice("give each operation an id of its own; nothing of this call was stored")
            .with_context("operation", &self.id))
    }

    /// The operation as it was stored.
    pub fn operation(id: OperationId, op: &str) -> Result<Operation> {
        let op = RawJson::from_checked(op).view().map_err(|error| {
            Error::new(ErrorKind::Internal, "a stored operation cannot be read")
                .with_advice("update the crate: a newer version may have stored it")
                .with_context("operation", &id)
                .with_source(error)
        })?;
        Ok(Operation::new(id, op))
    }
}

impl Entry {
    /// For stores: changes the status. Fails with `Internal` for a status that an entry cannot be given.
    pub fn change(&mut self, to: Status, note: Option<String>, now: DateTime<Utc>) -> Result<()> {
        if matches!(to, Status::Sending { .. }) {
            return Err(Error::new(ErrorKind::Internal, "an operation is sent by claiming it")
                .with_advice("call claim"));
        }
        self.status = to;
        self.note = note.map(shortened);
        self.changed_at = now;
        self.revision += 1;
        Ok(())
    }

    /// For stores: what an answer makes of a question.
    pub fn answer(&mut self, answer: Answer, now: DateTime<Utc>) -> Result<()> {
        if self.status != Status::NeedsReview {
            let message = format!("nothing is asked about this operation: it is {}", self.status.kind());
            return Err(Error::new(ErrorKind::Conflict, message)
                .with_advice("list the questions again; somebody may have been quicker")
                .with_context("operation", &self.operation.id));
        }
        let to = match answer {
            Answer::Done { key } => Status::Applied { key: key.or_else(|| self.record().cloned()) },
            Answer::NotDone => Status::Pending { not_before: now },
        };
        self.change(to, None, now)
    }
}

/// The error of an answer about an operation that is not there.
pub fn unknown_operation(operation: &OperationId) -> Error {
    Error::new(ErrorKind::NotFound, "no operation of this id is in the outbox of the connection")
        .with_advice("check the id and the connection; finished operations may have been pruned")
        .with_context("operation", operation)
}
