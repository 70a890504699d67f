//! Records that are undecided: those that the provider listed and refused to show, and those that were found to be gone
//! one by one.

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Key};

/// The kind of an undecided record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PendingKind {
    /// The provider lists it and refused to show it, or showed it in a form that cannot be read.
    Refused,
    /// The provider says that it is gone. It is stored until [the stream's held deletions are
    /// made](crate::Commit::making_held_deletions).
    Gone,
}

impl PendingKind {
    /// Returns a stable snake_case word, for databases, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Gone => "gone",
        }
    }

    /// Returns the kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Refused, Self::Gone].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An undecided record, kept until a read or a lookup brings it, or it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingRecord {
    /// The entity.
    pub entity: EntityName,
    /// The key.
    pub key: Key,
    /// The kind.
    pub kind: PendingKind,
    /// The reason, without any text of the record.
    pub why: String,
    /// When it was first noted, by the store's clock.
    pub first_at: DateTime<Utc>,
    /// The number of times that it was noted.
    pub tries: u32,
}

impl PendingRecord {
    /// For stores: a record that was noted for the first time.
    pub fn new(
        entity: impl Into<EntityName>,
        key: impl Into<Key>,
        kind: PendingKind,
        why: impl Into<String>,
        first_at: DateTime<Utc>,
    ) -> Self {
        Self { entity: entity.into(), key: key.into(), kind, why: why.into(), first_at, tries: 1 }
    }

    /// For stores: sets how many times it was noted.
    #[must_use]
    pub fn with_tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }
}

/// The numbers of undecided records of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingCounts {
    /// Records that were refused.
    pub refused: u64,
    /// Records that are gone and whose deletion is held.
    pub gone: u64,
}

impl PendingCounts {
    /// For stores: these numbers.
    pub fn new(refused: u64, gone: u64) -> Self {
        Self { refused, gone }
    }

    /// Returns the number of both kinds.
    pub fn total(&self) -> u64 {
        self.refused + self.gone
    }
}

/// The reason that is kept of a record that is gone.
pub const GONE: &str = "the provider says that it is gone";
