//! The store as an outbox.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Operation, OperationId, Result};
use tieline_store::ConnectionId;
use tieline_store::outbox::{
    Answer, Claim, Destination, Entry, EntryRevision, OutboxStore, Status, StatusKind,
};

use super::{SqlStore, transact};
use crate::engine::Database;
use crate::{outbox, time};

#[async_trait]
impl<D: Database> OutboxStore for SqlStore<D> {
    async fn now(&self) -> Result<DateTime<Utc>> {
        transact!(self, Read, "reading the clock", |tx| time::now(tx)).map(time::time)
    }

    async fn enqueue(
        &self,
        connection: &ConnectionId,
        to: &Destination,
        operations: &[Operation],
    ) -> Result<u64> {
        transact!(self, Durable, "storing operations", |tx| {
            outbox::enqueue(tx, connection, to, operations)
        })
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        transact!(self, Durable, "claiming operations", |tx| outbox::claim(tx, connection, claim))
    }

    async fn renew(
        &self,
        connection: &ConnectionId,
        marks: &[EntryRevision],
        lease: Duration,
    ) -> Result<bool> {
        transact!(self, Write, "prolonging a lease", |tx| outbox::renew(tx, connection, marks, lease))
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        transact!(self, Read, "listing operations", |tx| outbox::unsettled(tx, connection, after, limit))
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: EntryRevision,
        to: Status,
        note: Option<String>,
    ) -> Result<Option<Entry>> {
        transact!(self, Write, "storing an outcome", |tx| outbox::advance(tx, connection, from, to, note))
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
    ) -> Result<Entry> {
        transact!(self, Write, "answering a question", |tx| {
            outbox::answer(tx, connection, operation, answer)
        })
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        transact!(self, Read, "reading an operation", |tx| outbox::entry(tx, connection, operation))
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        status: Option<StatusKind>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        transact!(self, Read, "listing operations", |tx| outbox::list(tx, connection, status, after, limit))
    }

    async fn prune(&self, connection: &ConnectionId, finished_for: Duration) -> Result<u64> {
        transact!(self, Write, "pruning operations", |tx| outbox::prune(tx, connection, finished_for))
    }
}
