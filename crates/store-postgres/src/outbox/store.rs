//! The store as an outbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Operation, OperationId, Result};
use tieline_store::ConnectionId;
use tieline_store::outbox::{Answer, Claim, Entry, Mark, OutboxStore, Stage, Status};

use super as outbox;
use crate::PostgresStore;
use crate::store::transact;

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn enqueue(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        operations: &[Operation],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        transact!(self, Durable, "storing operations", |turn| outbox::enqueue(
            turn, connection, entity, operations, now
        ))
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        transact!(self, Durable, "claiming operations", |turn| outbox::claim(turn, connection, claim))
    }

    async fn renew(&self, connection: &ConnectionId, marks: &[Mark], until: DateTime<Utc>) -> Result<bool> {
        transact!(self, Write, "renewing a lease", |turn| outbox::renew(turn, connection, marks, until))
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        now: DateTime<Utc>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        transact!(self, Read, "listing unsettled operations", |turn| outbox::unsettled(
            turn, connection, now, after, limit
        ))
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: Mark,
        to: Status,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Option<Entry>> {
        transact!(self, Write, "storing an outcome", |turn| outbox::advance(
            turn, connection, from, to, note, now
        ))
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        transact!(self, Write, "storing an answer", |turn| outbox::answer(
            turn, connection, operation, answer, now
        ))
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        transact!(self, Read, "reading an operation", |turn| outbox::entry(turn, connection, operation))
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        stage: Option<Stage>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        transact!(self, Read, "listing operations", |turn| outbox::list(
            turn, connection, stage, after, limit
        ))
    }

    async fn prune(&self, connection: &ConnectionId, finished_before: DateTime<Utc>) -> Result<u64> {
        transact!(self, Write, "pruning operations", |turn| outbox::prune(turn, connection, finished_before))
    }
}
