//! The trait of a store.

use std::fmt::Debug;

use async_trait::async_trait;
use tieline_core::{EntityName, Key, MappingContext, RawJson, Record, RecordLookup, Result};

use crate::{
    Commit, CommitStats, ConnectionId, PendingCounts, PendingRecord, Position, ReadVersion, StreamId,
    TargetName,
};

/// Where one-way sync keeps what it read, what it made of it, and where it stopped.
///
/// It has two layers. The *mirror* holds the provider's records as they are. *Targets* hold the rows that a mapping
/// makes of them, each row under the key of its record. A target has rows only for records that the mirror has.
///
/// Every method sees one connection only. An unknown connection, stream, entity or target is empty, not an error,
/// except that rows can only be committed to a target that was [opened](Self::open_target).
#[async_trait]
pub trait SyncStore: Debug + Send + Sync {
    /// Where a stream stands. Fails with `StateInvalid` when its state cannot be read: [`reset`](Self::reset) it then.
    async fn position(&self, stream: &StreamId) -> Result<Position>;

    /// Forgets a stream's state, so that the next read is full. Its records stay.
    async fn reset(&self, stream: &StreamId) -> Result<()>;

    /// Stores all of a commit in one transaction, or nothing. Fails with `Conflict` when the stream stands elsewhere
    /// than [expected](Commit::expecting).
    ///
    /// - A record whose payload is the stored one is unchanged: nothing downstream is touched.
    /// - When a record is created, changed or deleted, every row whose mapping looked it up becomes stale.
    /// - A record that is created or changed is stale for every target of its entity that the commit has no row for:
    ///   several targets of one entity miss nothing, and neither do those of a run that does not map.
    /// - A row that is committed is no longer stale, unless its removal is [held](Commit::holding_removals).
    /// - A record that comes, or is deleted, is no longer [pending](Self::pending).
    /// - At the complete end of a full pass or a pass over keys, records of the stream that it did not see are
    ///   deleted, unless the [`DeleteThreshold`](crate::DeleteThreshold) holds.
    async fn commit(&self, commit: Commit) -> Result<CommitStats>;

    /// Returns undecided records of a stream: those that were [refused](Commit::with_refused), and those whose deletion is
    /// [held](Commit::holding_deletions). Those that were tried least come first.
    async fn pending(&self, stream: &StreamId, limit: u32) -> Result<Vec<PendingRecord>>;

    /// Returns how many undecided records a stream has.
    async fn pending_counts(&self, stream: &StreamId) -> Result<PendingCounts>;

    /// Now, in the history of a connection's records. Take it before [`resolve`](Self::resolve) or
    /// [`load`](Self::load) and hand it to the [commit](Commit::mapped_at) of what is mapped from their answers.
    async fn read_version(&self, connection: &ConnectionId) -> Result<ReadVersion>;

    /// The fields of mirrored records that a mapping wants, found by their key or by another field. A need that is absent
    /// was not found; one that several records meet is ambiguous.
    async fn resolve(&self, connection: &ConnectionId, needs: &[RecordLookup]) -> Result<MappingContext>;

    /// Mirrored records by their keys, in the order asked, without those that are not there.
    async fn load(&self, connection: &ConnectionId, entity: &EntityName, keys: &[Key])
    -> Result<Vec<Record>>;

    /// Names the entity that a target is mapped from and the mapping's fingerprint. When the fingerprint is not the
    /// stored one, every record of the entity becomes stale for the target, so that it is mapped again without
    /// being read again. Answers how many keys are stale now. Fails with `Config` when the target holds rows of
    /// another entity.
    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64>;

    /// Forgets a target and its rows. The mirror stays.
    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()>;

    /// Keys whose row must be mapped again, by key, after a key. Every one of them is in the mirror. Committing a row for
    /// a key, or its removal, takes it off the list.
    async fn stale(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Key>>;

    /// Mapped rows by their keys, in no order, without those that are not there.
    async fn rows_of(&self, connection: &ConnectionId, target: &TargetName, keys: &[Key])
    -> Result<Vec<Row>>;

    /// Mapped rows by key, after a key.
    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>>;

    /// Mirrored records by key, after a key.
    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>>;

    /// How much is stored of a connection. Walks an index, so it takes time on a large one.
    async fn counts(&self, connection: &ConnectionId) -> Result<Counts>;

    /// Tells readers that follow rows, in this store, that some may have changed. A store without such readers does nothing.
    async fn announce(&self) -> Result<()> {
        Ok(())
    }

    /// Removes everything of a connection.
    async fn erase(&self, connection: &ConnectionId) -> Result<()>;
}

/// A mapped row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The key of the record that it is mapped from.
    pub key: Key,
    /// The fields, as a JSON object.
    pub fields: RawJson,
}

impl Row {
    /// A row.
    pub fn new(key: impl Into<Key>, fields: RawJson) -> Self {
        Self { key: key.into(), fields }
    }
}

/// How much is stored of a connection. Entities without records are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The mirror, by entity name.
    pub entities: Vec<EntityCount>,
    /// The targets, by name.
    pub targets: Vec<TargetCount>,
}

impl Counts {
    /// For stores: these counts.
    pub fn new(entities: Vec<EntityCount>, targets: Vec<TargetCount>) -> Self {
        Self { entities, targets }
    }

    /// How many records an entity has.
    pub fn records(&self, entity: &str) -> u64 {
        self.entities.iter().find(|count| count.entity == entity).map_or(0, |count| count.records)
    }

    /// How many rows a target has.
    pub fn rows(&self, target: &str) -> u64 {
        self.targets.iter().find(|count| count.target.as_str() == target).map_or(0, |count| count.rows)
    }

    /// How many rows of a target must be mapped again.
    pub fn stale(&self, target: &str) -> u64 {
        self.targets.iter().find(|count| count.target.as_str() == target).map_or(0, |count| count.stale)
    }
}

/// How many records an entity has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntityCount {
    /// The entity.
    pub entity: EntityName,
    /// Its records.
    pub records: u64,
}

impl EntityCount {
    /// For stores: a count.
    pub fn new(entity: EntityName, records: u64) -> Self {
        Self { entity, records }
    }
}

/// How many rows a target has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetCount {
    /// The target.
    pub target: TargetName,
    /// Its rows.
    pub rows: u64,
    /// The keys that must be mapped again.
    pub stale: u64,
}

impl TargetCount {
    /// For stores: a count.
    pub fn new(target: TargetName, rows: u64, stale: u64) -> Self {
        Self { target, rows, stale }
    }
}
