//! An entry as it is stored.

use std::time::Duration;

use tieline_core::{Error, ErrorKind, FieldPath, MarkerField, Result};
use tieline_store::outbox::{Destination, Entry, Status, StatusKind};
use tieline_store::plan::Queued;

use crate::time::time;
use crate::value::{FromRow, Row};

/// A row of the outbox.
pub(super) struct Stored {
    id: i64,
    operation: String,
    entity: String,
    partition: String,
    op: String,
    status: String,
    due: Option<i64>,
    revision: i64,
    attempts: i64,
    ticket: Option<String>,
    key: Option<String>,
    note: Option<String>,
    marker_field: Option<String>,
    search_delay: Option<i64>,
    marker_always: Option<bool>,
    conclusive: Option<bool>,
    enqueued_at: i64,
    attempted_at: Option<i64>,
    changed_at: i64,
}

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            operation: row.take()?,
            entity: row.take()?,
            partition: row.take()?,
            op: row.take()?,
            status: row.take()?,
            due: row.take()?,
            revision: row.take()?,
            attempts: row.take()?,
            ticket: row.take()?,
            key: row.take()?,
            note: row.take()?,
            marker_field: row.take()?,
            search_delay: row.take()?,
            marker_always: row.take()?,
            conclusive: row.take()?,
            enqueued_at: row.take()?,
            attempted_at: row.take()?,
            changed_at: row.take()?,
        })
    }
}

/// The destination of a stored operation.
pub(super) fn destination(entity: String, partition: &str) -> Destination {
    let to = Destination::from(entity);
    match partition.strip_prefix('=') {
        Some(partition) => to.with_partition(partition),
        None => to,
    }
}

impl Stored {
    pub(super) fn entry(self) -> Result<Entry> {
        let status = self.status()?;
        let operation = Queued::operation(self.operation.into(), &self.op)?;
        let mut entry = Entry::new(
            self.id.cast_unsigned(),
            destination(self.entity, &self.partition),
            operation,
            time(self.enqueued_at),
        );
        entry.status = status;
        entry.note = self.note;
        entry.attempts = u32::try_from(self.attempts).unwrap_or(u32::MAX);
        entry.marker = match self.marker_field {
            None => None,
            Some(field) => {
                let delay = self.search_delay.and_then(|delay| u64::try_from(delay).ok()).unwrap_or(0);
                let delay = Duration::from_micros(delay);
                let marker = MarkerField::new(FieldPath::parse(&field)?).with_search_delay(delay);
                Some(if self.marker_always == Some(true) { marker.always() } else { marker })
            }
        };
        entry.attempted_at = self.attempted_at.map(time);
        entry.changed_at = time(self.changed_at);
        entry.revision = self.revision.cast_unsigned();
        Ok(entry)
    }

    fn status(&self) -> Result<Status> {
        let status = match (StatusKind::parse(&self.status), self.due.map(time)) {
            (Some(StatusKind::Pending), Some(not_before)) => Status::Pending { not_before },
            (Some(StatusKind::Sending), Some(until)) => Status::Sending { until },
            (Some(StatusKind::Accepted), Some(not_before)) => {
                Status::Accepted { ticket: self.ticket.as_deref().unwrap_or_default().into(), not_before }
            }
            (Some(StatusKind::Unknown), Some(not_before)) => {
                Status::Unknown { not_before, conclusive: self.conclusive == Some(true) }
            }
            (Some(StatusKind::NeedsReview), _) => Status::NeedsReview,
            (Some(StatusKind::Applied), _) => Status::Applied { key: self.key.as_deref().map(Into::into) },
            (Some(StatusKind::Unchanged), _) => Status::Unchanged,
            (Some(StatusKind::Partial), _) => Status::Partial,
            (Some(StatusKind::Conflict), _) => Status::Conflict,
            (Some(StatusKind::Rejected), _) => Status::Rejected,
            _ => {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "the status of a stored operation cannot be read",
                )
                .with_advice("update the crate: a newer version may have stored it")
                .with_context("operation", &self.operation)
                .with_context("status", &self.status));
            }
        };
        Ok(status)
    }
}
