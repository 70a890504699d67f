//! A side of a pairing: records that can be followed, read and written.

use std::fmt::Debug;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Key, OperationId, Result, Text};
use tieline_store::ConnectionId;

use crate::fields::Fields;

/// A side of a pairing, in the terms of the record that both sides are mapped to. [`ProviderSide`](crate::ProviderSide) is
/// a connection and a mapping; a host writes its own for its tables.
#[async_trait]
pub trait Side: Debug + Send + Sync {
    /// The connection of the side, if it is one: its erasure erases the pairing.
    fn connection(&self) -> Option<&ConnectionId> {
        None
    }

    /// Reads what changed at the side's source, before its changes are followed. Nothing by default.
    ///
    /// # Errors
    ///
    /// As the source fails; the cycle ends then, before anything is decided on old values.
    async fn pull(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the keys of records that changed since a cursor, in an order that misses none: `None` begins with all that
    /// there are. A record that was written by [`write`](Self::write) may come again.
    ///
    /// # Errors
    ///
    /// As the source fails.
    async fn changed(&self, after: Option<&str>, limit: u32) -> Result<SideChanges>;

    /// Returns records by their keys, in the order asked, one for each.
    ///
    /// # Errors
    ///
    /// As the source fails.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Seen>>;

    /// Writes a record, at most once for an id: a process that died may call it again with the same id and write. A change
    /// is made only while the record shows the values that it was decided on.
    ///
    /// # Errors
    ///
    /// As the source fails, where it is certain that nothing was written or that the next call with the same id finds it.
    async fn write(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome>;

    /// Sends what [`write`](Self::write) queued. Nothing by default.
    ///
    /// # Errors
    ///
    /// As the source fails.
    async fn send(&self) -> Result<()> {
        Ok(())
    }

    /// Returns the outcome of a write that was queued. By default it stays queued.
    ///
    /// # Errors
    ///
    /// As the source fails.
    async fn outcome(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        let _ = (id, write);
        Ok(WriteOutcome::Queued)
    }
}

/// The keys of records that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SideChanges {
    /// The keys.
    pub keys: Vec<Key>,
    /// The cursor to go on from.
    pub next: Option<String>,
    /// Whether there is more already.
    pub more: bool,
}

impl SideChanges {
    /// Changes.
    pub fn new(keys: Vec<Key>, next: Option<String>, more: bool) -> Self {
        Self { keys, next, more }
    }
}

/// A record as a side shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SideRecord {
    /// The fields that were seen. One with a fault is left out.
    pub fields: Fields,
    /// A text that changes with the record, where the side has one.
    pub version: Option<Text>,
    /// When it was changed last, where the side says so.
    pub changed_at: Option<DateTime<Utc>>,
}

impl SideRecord {
    /// A record with these fields.
    pub fn new(fields: Fields) -> Self {
        Self { fields, version: None, changed_at: None }
    }

    /// Sets a text that changes with the record.
    #[must_use]
    pub fn with_version(mut self, version: Option<Text>) -> Self {
        self.version = version;
        self
    }

    /// Sets when it was changed last.
    #[must_use]
    pub fn with_changed_at(mut self, time: Option<DateTime<Utc>>) -> Self {
        self.changed_at = time;
        self
    }
}

/// The presence of a record on a side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Seen {
    /// It is there.
    Live(SideRecord),
    /// It is there, or may be, and is not shown: left out by the mapping, or forbidden. It is not taken for deleted.
    Hidden,
    /// It is gone.
    Gone,
}

/// The kind of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WriteKind {
    /// A new record.
    Create,
    /// New values for some fields.
    Update,
    /// The removal of a record.
    Delete,
}

impl WriteKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A write to a side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SideWrite {
    /// The kind.
    pub kind: WriteKind,
    /// The record; `None` for a new one.
    pub key: Option<Key>,
    /// The values to be written, and no others.
    pub fields: Fields,
    /// What the record showed for these fields when the write was decided.
    pub before: Fields,
}

impl SideWrite {
    /// A write.
    pub fn new(kind: WriteKind, key: Option<Key>, fields: Fields, before: Fields) -> Self {
        Self { kind, key, fields, before }
    }
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteOutcome {
    /// It waits to be sent, or nothing is known yet.
    Queued,
    /// It is done.
    #[non_exhaustive]
    Written {
        /// The record.
        key: Key,
        /// The record as it is after the write, where that is known; boxed, as it is the largest.
        shown: Option<Box<SideRecord>>,
    },
    /// It is not done: the record changed since the write was decided.
    Moved,
    /// It is not done and will not be.
    Refused(String),
    /// It may have happened, and a person is asked.
    Question(String),
}

impl WriteOutcome {
    /// Done.
    pub fn written(key: impl Into<Key>, shown: Option<SideRecord>) -> Self {
        Self::Written { key: key.into(), shown: shown.map(Box::new) }
    }
}
