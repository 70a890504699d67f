//! What a run did.

use std::fmt;
use std::time::Duration;

use tieline_core::{EntityName, Error, Issue, Result};
use tieline_store::{ChangeCounts, CommitStats, SweepRefused, TargetName};

/// The most issues that a report holds; [`StreamReport::issue_count`] counts all.
pub(crate) const ISSUES_KEPT: usize = 100;

/// What a run did, stream by stream, in the order of the plan.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The streams.
    pub streams: Vec<StreamReport>,
}

/// What a run did with one stream.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamReport {
    /// The entity.
    pub entity: EntityName,
    /// Where its mapped rows are.
    pub target: Option<TargetName>,
    /// Changes that the provider sent.
    pub read: u64,
    /// What became of the provider's records.
    pub mirror: ChangeCounts,
    /// What became of the mapped rows; all zero without a mapping.
    pub rows: ChangeCounts,
    /// Records that a complete pass did not see, and that were deleted for it.
    pub swept: u64,
    /// Keys that a pass over keys saw and the mirror does not have: a read of changes will bring them.
    pub unknown: u64,
    /// A complete pass missed suspiciously many records, so that nothing was deleted.
    pub sweep_refused: Option<SweepRefused>,
    /// The state could not be read, so that everything was read again.
    pub restarted: bool,
    /// The connector says that the entity's fields changed: discover again.
    pub schema_changed: bool,
    /// The provider asks to be left alone for this long; the rest comes with the next run.
    pub wait: Option<Duration>,
    /// The first issues with single records.
    pub issues: Vec<Issue>,
    /// How many issues there were.
    pub issue_count: u64,
    /// Why the stream ended early. What was committed before stays.
    pub error: Option<Error>,
    /// The stream was not read, because an earlier one failed in a way that concerns all.
    pub skipped: bool,
}

impl Report {
    /// The stream of an entity.
    pub fn stream(&self, entity: &str) -> Option<&StreamReport> {
        self.streams.iter().find(|stream| stream.entity == entity)
    }

    /// The report, or the first error in it.
    pub fn into_result(mut self) -> Result<Self> {
        match self.streams.iter_mut().find_map(|stream| stream.error.take()) {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

impl StreamReport {
    pub(crate) fn new(entity: EntityName, target: Option<TargetName>) -> Self {
        Self {
            entity,
            target,
            read: 0,
            mirror: ChangeCounts::default(),
            rows: ChangeCounts::default(),
            swept: 0,
            unknown: 0,
            sweep_refused: None,
            restarted: false,
            schema_changed: false,
            wait: None,
            issues: Vec::new(),
            issue_count: 0,
            error: None,
            skipped: false,
        }
    }

    /// What became of what the host uses: the mapped rows where there is a mapping, else the provider's records.
    pub fn outcome(&self) -> ChangeCounts {
        if self.target.is_some() { self.rows } else { self.mirror }
    }

    pub(crate) fn add(&mut self, tally: &CommitStats) {
        self.mirror += tally.mirror;
        self.rows += tally.target;
        self.swept += tally.swept;
        self.unknown += tally.unknown;
        self.sweep_refused = self.sweep_refused.or(tally.sweep_refused);
    }

    pub(crate) fn add_issues(&mut self, issues: impl IntoIterator<Item = Issue>) {
        for issue in issues {
            self.issue_count += 1;
            if self.issues.len() < ISSUES_KEPT {
                self.issues.push(issue);
            }
        }
    }
}

impl fmt::Display for StreamReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.entity)?;
        if self.skipped {
            return f.write_str("not read, because an earlier failure concerns all");
        }
        let ChangeCounts { created, updated, deleted, unchanged, .. } = self.outcome();
        write!(f, "{created} created, {updated} updated, {deleted} deleted, {unchanged} unchanged")?;
        if self.restarted {
            f.write_str("; the stored state was unusable, so everything was read again")?;
        }
        if let Some(SweepRefused { would_delete, of, .. }) = self.sweep_refused {
            write!(
                f,
                "; the pass did not see {would_delete} of {of} records, so nothing was deleted: check the \
                 account's permissions, then confirm by a run without brake"
            )?;
        }
        if self.issue_count > 0 {
            write!(f, "; {} issue{}", self.issue_count, if self.issue_count == 1 { "" } else { "s" })?;
        }
        if let Some(wait) = self.wait {
            write!(f, "; the provider asks to wait {} s", wait.as_secs())?;
        }
        if let Some(error) = &self.error {
            write!(f, "; stopped: {error}")?;
        }
        Ok(())
    }
}
