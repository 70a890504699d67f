//! The store as sync sees it.

use async_trait::async_trait;
use tieline_core::{EntityName, Key, MappingContext, Record, RecordLookup, Result};
use tieline_store::{
    Commit, CommitStats, ConnectionId, Counts, PendingCounts, PendingRecord, Position, ReadVersion, Row,
    StreamId, SyncStore, TargetName,
};

use super::{SqlStore, transact};
use crate::engine::Database;
use crate::records;

#[async_trait]
impl<D: Database> SyncStore for SqlStore<D> {
    async fn position(&self, stream: &StreamId) -> Result<Position> {
        transact!(self, Read, "reading a position", |tx| records::position(tx, stream))
    }

    async fn reset(&self, stream: &StreamId) -> Result<()> {
        transact!(self, Write, "resetting a stream", |tx| records::reset(tx, stream))
    }

    async fn commit(&self, commit: Commit) -> Result<CommitStats> {
        transact!(self, Write, "committing a batch", |tx| records::commit_with(tx, commit, &self.sinks))
    }

    async fn pending(&self, stream: &StreamId, limit: u32) -> Result<Vec<PendingRecord>> {
        transact!(self, Read, "listing pending records", |tx| records::pending(tx, stream, limit))
    }

    async fn pending_counts(&self, stream: &StreamId) -> Result<PendingCounts> {
        transact!(self, Read, "counting pending records", |tx| records::pending_counts(tx, stream))
    }

    async fn read_version(&self, connection: &ConnectionId) -> Result<ReadVersion> {
        transact!(self, Read, "reading the history", |tx| records::read_version(tx, connection))
    }

    async fn resolve(&self, connection: &ConnectionId, needs: &[RecordLookup]) -> Result<MappingContext> {
        let missing =
            transact!(self, Read, "looking up fields", |tx| records::missing_indexes(tx, connection, needs))?;
        for (entity, field) in missing {
            loop {
                let more = transact!(self, Write, "building an index", |tx| {
                    records::build_index(tx, connection, &entity, &field)
                })?;
                if !more {
                    break;
                }
            }
        }
        transact!(self, Read, "looking up fields", |tx| records::resolve(tx, connection, needs))
    }

    async fn load(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        keys: &[Key],
    ) -> Result<Vec<Record>> {
        transact!(self, Read, "loading records", |tx| records::load(tx, connection, entity, keys))
    }

    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64> {
        transact!(self, Write, "opening a target", |tx| {
            records::open_target(tx, connection, target, entity, fingerprint)
        })
    }

    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()> {
        transact!(self, Write, "dropping a target", |tx| records::drop_target(tx, connection, target))
    }

    async fn stale(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Key>> {
        transact!(self, Read, "listing stale rows", |tx| records::stale(tx, connection, target, after, limit))
    }

    async fn rows_of(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        keys: &[Key],
    ) -> Result<Vec<Row>> {
        transact!(self, Read, "reading rows", |tx| records::rows_of(tx, connection, target, keys))
    }

    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        transact!(self, Read, "listing rows", |tx| records::rows(tx, connection, target, after, limit))
    }

    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        transact!(self, Read, "listing records", |tx| records::records(tx, connection, entity, after, limit))
    }

    async fn counts(&self, connection: &ConnectionId) -> Result<Counts> {
        transact!(self, Read, "counting", |tx| records::counts(tx, connection))
    }

    async fn announce(&self) -> Result<()> {
        self.database.announce().await
    }

    async fn erase(&self, connection: &ConnectionId) -> Result<()> {
        transact!(self, Write, "erasing a connection", |tx| records::mark_erased(tx, connection))?;
        self.finish_erasures().await
    }
}
