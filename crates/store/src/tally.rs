//! What a commit did.

use std::ops::AddAssign;

use tieline_core::Issue;

use crate::StreamRevision;

/// What a commit did. Several changes to one key within a commit count once, by their outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitStats {
    /// Provider records.
    pub mirror: ChangeCounts,
    /// Mapped rows.
    pub target: ChangeCounts,
    /// Of the deleted records, those that a complete pass did not see.
    pub swept: u64,
    /// Keys that a pass over keys saw and the mirror does not have. Look them up, or read in full.
    pub unknown: u64,
    /// Mapped rows that were not written because their record changed or went since [`ReadVersion`](crate::ReadVersion). Those
    /// whose record is still there are stale.
    pub outdated: u64,
    /// Rows that the mapping leaves out now and that stay, because the commit [holds
    /// removals](crate::Commit::holding_removals). They are stale.
    pub held: u64,
    /// Stored records that are gone at the provider and stay for the time being, because the commit [holds
    /// deletions](crate::Commit::holding_deletions).
    pub held_deletions: u64,
    /// So many records were found to be gone one by one that none of them was deleted.
    pub deletions_refused: Option<SweepRefused>,
    /// A complete pass missed so many records that nothing was deleted.
    pub sweep_refused: Option<SweepRefused>,
    /// The stream's revision now; `None` for a commit without stream.
    pub revision: Option<StreamRevision>,
    /// Issues of sinks with single rows.
    pub row_issues: Vec<RowIssue>,
}

/// An issue of a sink with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowIssue {
    /// The issue, without any value of the row.
    pub issue: Issue,
    /// Whether the row is stale for it, so that it is mapped and given to the sink again.
    pub stale: bool,
}

impl RowIssue {
    /// An issue that will be the same until the row changes.
    pub fn new(issue: Issue) -> Self {
        Self { issue, stale: false }
    }

    /// Makes the row stale: what was refused now may fit later.
    #[must_use]
    pub fn stale(mut self) -> Self {
        self.stale = true;
        self
    }
}

/// What became of records or rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeCounts {
    /// They were not there before.
    pub created: u64,
    /// Their content changed.
    pub updated: u64,
    /// They were there and are gone.
    pub deleted: u64,
    /// They came again with the same content.
    pub unchanged: u64,
}

impl AddAssign for ChangeCounts {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.unchanged += other.unchanged;
    }
}

/// Deletions that the [`DeleteThreshold`](crate::DeleteThreshold) stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepRefused {
    /// The number of records that would have gone.
    pub would_delete: u64,
    /// The number of all records.
    pub of: u64,
}

impl SweepRefused {
    /// For stores: a refused sweep.
    pub fn new(would_delete: u64, of: u64) -> Self {
        Self { would_delete, of }
    }
}
