//! The store as an inbox.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_store::ConnectionId;
use tieline_store::inbox::{
    Delivery, DeliveryRevision, DeliveryStatus, InboxClaim, InboxStore, NewDelivery, Received, Settlement,
};

use super::{SqlStore, transact};
use crate::engine::Database;
use crate::inbox;

#[async_trait]
impl<D: Database> InboxStore for SqlStore<D> {
    async fn receive(&self, connection: &ConnectionId, delivery: NewDelivery) -> Result<Received> {
        transact!(self, Durable, "storing a delivery", |tx| inbox::receive(tx, connection, &delivery))
    }

    async fn claim_deliveries(&self, connection: &ConnectionId, claim: &InboxClaim) -> Result<Vec<Delivery>> {
        transact!(self, Write, "claiming deliveries", |tx| inbox::claim(tx, connection, claim))
    }

    async fn settle_delivery(
        &self,
        connection: &ConnectionId,
        from: DeliveryRevision,
        to: Settlement,
    ) -> Result<bool> {
        transact!(self, Write, "settling a delivery", |tx| inbox::settle(tx, connection, from, &to))
    }

    async fn deliveries(
        &self,
        connection: &ConnectionId,
        status: Option<DeliveryStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>> {
        transact!(self, Read, "listing deliveries", |tx| inbox::list(tx, connection, status, after, limit))
    }

    async fn replay_deliveries(
        &self,
        connection: &ConnectionId,
        status: DeliveryStatus,
        since: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<u64> {
        transact!(self, Write, "replaying deliveries", |tx| {
            inbox::replay(tx, connection, status, since, limit)
        })
    }

    async fn prune_deliveries(&self, connection: &ConnectionId, at_rest_for: Duration) -> Result<u64> {
        transact!(self, Write, "pruning deliveries", |tx| inbox::prune(tx, connection, at_rest_for))
    }
}
