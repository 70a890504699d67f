//! The store as an outbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Operation, OperationId, Result};
use tieline_store::ConnectionId;
use tieline_store::outbox::{Answer, Claim, Entry, Mark, OutboxStore, Stage, Status};

use super as outbox;
use crate::SqliteStore;

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn enqueue(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        operations: &[Operation],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let mut turn = self.durable_turn().await?;
        let outcome =
            outbox::enqueue(&mut turn.connection, self.scope(connection), entity, operations, now).await;
        turn.finish(outcome, "storing operations").await
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        let mut turn = self.durable_turn().await?;
        let outcome = outbox::claim(&mut turn.connection, self.scope(connection), claim).await;
        turn.finish(outcome, "claiming operations").await
    }

    async fn renew(&self, connection: &ConnectionId, marks: &[Mark], until: DateTime<Utc>) -> Result<bool> {
        let mut turn = self.turn().await?;
        let outcome = outbox::renew(&mut turn.connection, self.scope(connection), marks, until).await;
        turn.finish(outcome, "renewing a lease").await
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        now: DateTime<Utc>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let outcome = outbox::unsettled(&self.pool, self.scope(connection), now, after, limit).await;
        self.explain(outcome, "listing unsettled operations")
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: Mark,
        to: Status,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Option<Entry>> {
        let mut turn = self.turn().await?;
        let outcome =
            outbox::advance(&mut turn.connection, self.scope(connection), from, to, note, now).await;
        turn.finish(outcome, "storing an outcome").await
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let mut turn = self.turn().await?;
        let outcome =
            outbox::answer(&mut turn.connection, self.scope(connection), operation, answer, now).await;
        turn.finish(outcome, "storing an answer").await
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        self.explain(
            outbox::entry(&self.pool, self.scope(connection), operation).await,
            "reading an operation",
        )
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        stage: Option<Stage>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let outcome = outbox::list(&self.pool, self.scope(connection), stage, after, limit).await;
        self.explain(outcome, "listing operations")
    }

    async fn prune(&self, connection: &ConnectionId, finished_before: DateTime<Utc>) -> Result<u64> {
        let mut turn = self.turn().await?;
        let outcome = outbox::prune(&mut turn.connection, self.scope(connection), finished_before).await;
        turn.finish(outcome, "pruning operations").await
    }
}
