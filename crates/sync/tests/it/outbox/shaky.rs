//! A store whose every step can be the last one, or fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::*;
use tieline_store::outbox::{
    Answer, Claim, Destination, Entry, EntryRevision, OutboxStore, Status, StatusKind,
};
use tieline_store::{ConnectionId, MemoryStore};

use super::world::pause;

/// A store whose every step can be the last one, or fail.
#[derive(Debug)]
pub struct Shaky {
    pub store: MemoryStore,
    /// The calls to go before one fails.
    fails_after: Mutex<Option<u32>>,
}

impl Shaky {
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { store: MemoryStore::new().with_clock(clock), fails_after: Mutex::new(None) })
    }

    pub fn fail_after(&self, calls: Option<u32>) {
        *self.fails_after.lock().unwrap() = calls;
    }

    /// Whether the failure is still to come.
    pub fn fails_later(&self) -> bool {
        self.fails_after.lock().unwrap().is_some()
    }

    async fn step<T>(&self, step: impl Future<Output = Result<T>>) -> Result<T> {
        pause().await;
        {
            let mut left = self.fails_after.lock().unwrap();
            match *left {
                Some(0) => {
                    *left = None;
                    return Err(Error::new(ErrorKind::Internal, "the disk is full"));
                }
                Some(calls) => *left = Some(calls - 1),
                None => {}
            }
        }
        let done = step.await;
        pause().await;
        done
    }
}

#[async_trait]
impl OutboxStore for Shaky {
    async fn now(&self) -> Result<DateTime<Utc>> {
        self.store.now().await
    }

    async fn enqueue(
        &self,
        connection: &ConnectionId,
        to: &Destination,
        operations: &[Operation],
    ) -> Result<u64> {
        self.step(self.store.enqueue(connection, to, operations)).await
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        self.step(self.store.claim(connection, claim)).await
    }

    async fn renew(
        &self,
        connection: &ConnectionId,
        marks: &[EntryRevision],
        lease: Duration,
    ) -> Result<bool> {
        self.step(self.store.renew(connection, marks, lease)).await
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.step(self.store.unsettled(connection, after, limit)).await
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: EntryRevision,
        to: Status,
        note: Option<String>,
    ) -> Result<Option<Entry>> {
        self.step(self.store.advance(connection, from, to, note)).await
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
    ) -> Result<Entry> {
        self.step(self.store.answer(connection, operation, answer)).await
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        self.step(self.store.entry(connection, operation)).await
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        stage: Option<StatusKind>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.step(self.store.entries(connection, stage, after, limit)).await
    }

    async fn prune(&self, connection: &ConnectionId, finished_for: Duration) -> Result<u64> {
        self.step(self.store.prune(connection, finished_for)).await
    }
}
