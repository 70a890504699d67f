//! Records, changes and batches: what a read yields.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EntityName, Issue, Key, Partition, RawJson, ReadMode, State, Text};

/// One item of an entity, as the provider wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The key that identifies it.
    pub key: Key,
    /// The provider's JSON text, untouched.
    pub payload: RawJson,
    /// When it changed, in the provider's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Text>,
    /// The provider's version of it (an etag, a counter), for conditional updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Text>,
}

impl Record {
    /// A record.
    pub fn new(key: impl Into<Key>, payload: RawJson) -> Self {
        Self { key: key.into(), payload, changed_at: None, version: None }
    }

    /// Sets when it changed.
    #[must_use]
    pub fn with_changed_at(mut self, text: impl Into<Text>) -> Self {
        self.changed_at = Some(text.into());
        self
    }

    /// Sets the provider's version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<Text>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// A change that a read yields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The record is there, new or changed. An unchanged one may come again.
    Upsert(Record),
    /// The record is gone.
    Delete(Deletion),
    /// Two keys became one: `from` is gone, its relations belong to `into`.
    #[non_exhaustive]
    Merged {
        /// The key that is gone.
        from: Key,
        /// The key that took over.
        into: Key,
    },
    /// The record is there; in a pass that reads keys only.
    Present(Key),
}

impl Change {
    /// Two keys became one: `from` is gone, its relations belong to `into`.
    pub fn merged(from: impl Into<Key>, into: impl Into<Key>) -> Self {
        Self::Merged { from: from.into(), into: into.into() }
    }

    /// The key that it is about.
    pub fn key(&self) -> &Key {
        match self {
            Self::Upsert(record) => &record.key,
            Self::Delete(deletion) => &deletion.key,
            Self::Merged { from, .. } => from,
            Self::Present(key) => key,
        }
    }
}

/// A key that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deletion {
    /// The key.
    pub key: Key,
    /// When it went, in the provider's own words.
    pub at: Option<Text>,
    /// The scope that it is gone from.
    pub scope: DeletionScope,
}

impl Deletion {
    /// Gone at the provider.
    pub fn new(key: impl Into<Key>) -> Self {
        Self { key: key.into(), at: None, scope: DeletionScope::Provider }
    }

    /// Sets when.
    #[must_use]
    pub fn with_at(mut self, at: impl Into<Text>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// Sets what it is gone from.
    #[must_use]
    pub fn with_scope(mut self, scope: DeletionScope) -> Self {
        self.scope = scope;
        self
    }
}

/// The scope that a deleted key is gone from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeletionScope {
    /// It no longer exists at the provider.
    Provider,
    /// It left the partition that was read (a folder, a parent) and may live in another.
    Partition,
}

/// The changes of one entity within a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntityChanges {
    /// The entity.
    pub entity: EntityName,
    /// Its changes, in the order in which they hold.
    pub changes: Vec<Change>,
}

impl EntityChanges {
    /// The changes of an entity.
    pub fn new(entity: impl Into<EntityName>, changes: Vec<Change>) -> Self {
        Self { entity: entity.into(), changes }
    }
}

/// Some changes, then the state that is true once they are durable. Store both in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// The changes, by entity. One entry, unless entities share a state.
    pub groups: Vec<EntityChanges>,
    /// The partition that was read.
    pub partition: Option<Partition>,
    /// The state to go on from, once the changes are durable.
    pub state: State,
    /// Issues of single records.
    pub issues: Vec<Issue>,
    /// The progress of the pass.
    pub progress: Option<Progress>,
    /// Whether the provider's fields are no longer those that were discovered: discover again.
    pub schema_changed: bool,
    /// The provider asks to be left alone for this long before the next batch is asked for.
    pub wait: Option<Duration>,
    /// The kind of pass that this batch belongs to.
    pub pass: ReadMode,
    /// Set on the last batch of a pass.
    pub end: Option<PassEnd>,
}

impl Batch {
    /// A batch of one entity.
    pub fn new(entity: impl Into<EntityName>, changes: Vec<Change>, state: State) -> Self {
        Self {
            groups: vec![EntityChanges { entity: entity.into(), changes }],
            partition: None,
            state,
            issues: Vec::new(),
            progress: None,
            schema_changed: false,
            wait: None,
            pass: ReadMode::Changes,
            end: None,
        }
    }

    /// Adds the changes of another entity that shares the state.
    #[must_use]
    pub fn with_group(mut self, entity: impl Into<EntityName>, changes: Vec<Change>) -> Self {
        self.groups.push(EntityChanges { entity: entity.into(), changes });
        self
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Option<Partition>) -> Self {
        self.partition = partition;
        self
    }

    /// Sets the kind of pass.
    #[must_use]
    pub fn with_pass(mut self, pass: ReadMode) -> Self {
        self.pass = pass;
        self
    }

    /// Marks it as the last of its pass.
    #[must_use]
    pub fn with_end(mut self, end: PassEnd) -> Self {
        self.end = Some(end);
        self
    }

    /// Sets the progress.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Adds issues.
    #[must_use]
    pub fn with_issues(mut self, issues: Vec<Issue>) -> Self {
        self.issues.extend(issues);
        self
    }

    /// Returns the number of changes.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.changes.len()).sum()
    }

    /// Whether it holds no change. An empty batch in the middle of a pass is normal.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The end of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PassEnd {
    /// It covered everything it set out for.
    Complete,
    /// Something was left out (a page that could not be read, a limit asked for): delete nothing on its word.
    Partial,
}

/// The progress of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Records read so far.
    pub done: u64,
    /// Records in all, when the provider tells.
    pub total: Option<u64>,
}

impl Progress {
    /// So many read.
    pub fn new(done: u64, total: Option<u64>) -> Self {
        Self { done, total }
    }
}
