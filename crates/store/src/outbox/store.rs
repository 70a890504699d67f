//! The trait of an outbox.

use std::collections::HashMap;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Key, MarkerField, Operation, OperationId, Result, WriteOp};

use super::{Destination, Entry, EntryRevision, Status, StatusKind};
use crate::ConnectionId;
use crate::plan::lease_end;

/// Where operations wait to be sent, and where it is kept what became of them.
///
/// Every method is one transaction and sees one connection only. An unknown connection is empty. All times are by the
/// store's own clock, so that processes whose clocks differ never take what another one is sending for abandoned, nor
/// look for something before its time.
/// [`SyncStore::erase`](crate::SyncStore::erase) removes a connection's outbox with everything else.
///
/// What was answered survives the end of the process; of [`enqueue`](Self::enqueue) and [`claim`](Self::claim) a
/// durable store promises that it survives a loss of power too. So an operation that was sent is never taken for one
/// that was not.
#[async_trait]
pub trait OutboxStore: Debug + Send + Sync {
    /// Returns the store's time, which the times of a [`Status`] are by.
    async fn now(&self) -> Result<DateTime<Utc>>;

    /// Stores operations, all or none, and answers how many are new. An operation whose id is stored with the same
    /// content is passed over, so that a caller who is not sure simply enqueues again. Fails with `Conflict` when an
    /// id is stored with other content.
    async fn enqueue(
        &self,
        connection: &ConnectionId,
        to: &Destination,
        operations: &[Operation],
    ) -> Result<u64>;

    /// Takes operations to be sent, in order: the first that is due, and those due behind it up to the first of
    /// another entity or partition. They are [`Sending`](Status::Sending), durably, before this answers.
    ///
    /// Operations on one record keep their order: one is not due while an earlier one on the same record is open.
    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>>;

    /// Prolongs the lease of operations that are still as claimed, from now on. Returns whether all of them were.
    async fn renew(
        &self,
        connection: &ConnectionId,
        entries: &[EntryRevision],
        lease: Duration,
    ) -> Result<bool>;

    /// Operations of unknown outcome that are due, in order, after a number: sent by a process that said no more
    /// within its lease, accepted as a job, or to be looked for.
    async fn unsettled(
        &self,
        connection: &ConnectionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>>;

    /// Gives an entry that is still as marked another status. Answers the entry as it is then, or `None` when it
    /// changed since, is finished or is gone; then nothing is changed.
    async fn advance(
        &self,
        connection: &ConnectionId,
        from: EntryRevision,
        to: Status,
        note: Option<String>,
    ) -> Result<Option<Entry>>;

    /// Answers a question. Fails with `NotFound` for an unknown operation, and with `Conflict` when nothing is asked
    /// about it.
    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
    ) -> Result<Entry>;

    /// One operation.
    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>>;

    /// Operations in order, after a number; only those of one kind of status, or all.
    async fn entries(
        &self,
        connection: &ConnectionId,
        kind: Option<StatusKind>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>>;

    /// Removes operations that have been finished for so long. Returns how many. An id that is enqueued again after that
    /// is a new operation: keep entries for longer than a caller may repeat itself.
    async fn prune(&self, connection: &ConnectionId, finished_for: Duration) -> Result<u64>;
}

/// What is taken to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// How long the claimant may take to say what became of them, unless it [renews](OutboxStore::renew).
    pub lease: Duration,
    /// Only operations that were due at this earlier [time of the store](OutboxStore::now).
    pub due: Option<DateTime<Utc>>,
    /// How many at most.
    pub limit: u32,
    /// The markers that creates are sent with. Kept with the attempt, because settings may change after it.
    pub markers: HashMap<EntityName, MarkerField>,
}

impl Claim {
    /// Up to `limit` operations.
    pub fn new(lease: Duration, limit: u32) -> Self {
        Self { lease, due: None, limit, markers: HashMap::new() }
    }

    /// Leaves out operations that became due after an earlier [time of the store](OutboxStore::now).
    #[must_use]
    pub fn due_at(mut self, due: DateTime<Utc>) -> Self {
        self.due = Some(due);
        self
    }

    /// Sets the markers.
    #[must_use]
    pub fn with_markers(mut self, markers: HashMap<EntityName, MarkerField>) -> Self {
        self.markers = markers;
        self
    }

    /// For stores: marks an entry as sent at a time.
    pub fn take(&self, entry: &mut Entry, now: DateTime<Utc>) {
        entry.status = Status::Sending { until: lease_end(now, self.lease) };
        entry.attempts = entry.attempts.saturating_add(1);
        entry.attempted_at = Some(now);
        entry.changed_at = now;
        entry.revision += 1;
        entry.marker =
            self.markers.get(&entry.entity).filter(|marker| carries(&entry.operation.op, marker)).cloned();
    }
}

/// Whether an operation can carry the marker: a create whose own fields leave the marker's field alone.
fn carries(op: &WriteOp, marker: &MarkerField) -> bool {
    match op {
        WriteOp::Create { fields, .. } => matches!(fields.at(marker.field.as_str()), Ok(None)),
        _ => false,
    }
}

/// What a person says about an operation that may have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It happened.
    Done {
        /// The record, when the person knows it.
        key: Option<Key>,
    },
    /// It did not happen: send it again.
    NotDone,
}
