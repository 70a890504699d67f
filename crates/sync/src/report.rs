//! The report of a run.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use tieline_core::{EntityName, Error, FieldPath, Issue, Key, Result};
use tieline_store::{
    ChangeCounts, Commit, CommitStats, PendingCounts, SweepRefused, TargetChange, TargetName,
};

use crate::plan::StreamPlan;

/// The most issues that a report holds; [`StreamReport::issue_count`] counts all.
pub(crate) const ISSUES_KEPT: usize = 100;

/// The most records that are remembered so that their issues are not counted twice.
const HELD_KEPT: usize = 10_000;

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
    /// So many records were found to be gone one by one that none of them was deleted.
    pub deletions_refused: Option<SweepRefused>,
    /// Records that stay undecided: refused ones, which the next run asks for again, and deletions that are held.
    pub pending: PendingCounts,
    /// The mapping would take out suspiciously many rows, so that none of these went; of how many rows there are.
    pub removals_refused: Option<SweepRefused>,
    /// A pass ended without having covered everything, and why. Nothing was deleted on its word.
    pub partial: Option<String>,
    /// A pass over everything found no record, and none is stored: there are none, or this user may not see them.
    pub nothing_seen: bool,
    /// The state could not be read, so that everything was read again.
    pub restarted: bool,
    /// Fields on request that a mapping began to use, so that everything was read again.
    pub fields_added: Vec<FieldPath>,
    /// The connector says that the entity's fields changed: discover again.
    pub schema_changed: bool,
    /// The provider asks to be left alone for this long; the rest comes with the next run.
    pub wait: Option<Duration>,
    /// The first issues with single records.
    pub issues: Vec<Issue>,
    /// The number of issues.
    pub issue_count: u64,
    /// The number of those that left a record out.
    pub refused: u64,
    /// Why the stream ended early. What was committed before stays.
    pub error: Option<Error>,
    /// The stream was not read, because an earlier one failed in a way that concerns all.
    pub skipped: bool,
    /// The records whose removal from the target was held when they were read, up to [`HELD_KEPT`] of them.
    pub(crate) held: HashSet<Key>,
    /// Deletions that this run held.
    pub(crate) held_deletions: u64,
    /// What may explain a partial pass.
    pub(crate) left_out: Option<String>,
}

impl Report {
    /// The stream of an entity.
    pub fn stream(&self, entity: &str) -> Option<&StreamReport> {
        self.streams.iter().find(|stream| stream.entity == entity)
    }

    /// Whether everything was done: no stream failed, was skipped, was partial, refused deletions, left a record out, or
    /// was asked to wait.
    pub fn is_complete(&self) -> bool {
        self.streams.iter().all(StreamReport::is_complete)
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
    pub(crate) fn new(plan: &StreamPlan) -> Self {
        Self {
            entity: plan.entity.clone(),
            target: plan.target.as_ref().map(|target| target.name.clone()),
            read: 0,
            mirror: ChangeCounts::default(),
            rows: ChangeCounts::default(),
            swept: 0,
            unknown: 0,
            sweep_refused: None,
            deletions_refused: None,
            pending: PendingCounts::default(),
            removals_refused: None,
            partial: None,
            nothing_seen: false,
            restarted: false,
            fields_added: Vec::new(),
            schema_changed: false,
            wait: None,
            issues: Vec::new(),
            issue_count: 0,
            refused: 0,
            error: None,
            skipped: false,
            held: HashSet::new(),
            held_deletions: 0,
            left_out: None,
        }
    }

    /// What became of what the host uses: the mapped rows where there is a mapping, else the provider's records.
    pub fn outcome(&self) -> ChangeCounts {
        if self.target.is_some() { self.rows } else { self.mirror }
    }

    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.error.is_none()
            && !self.skipped
            && self.sweep_refused.is_none()
            && self.deletions_refused.is_none()
            && self.removals_refused.is_none()
            && self.partial.is_none()
            && self.wait.is_none()
            && self.refused == 0
            && self.pending.refused == 0
    }

    /// Holds the removals of a commit, until all of the run are known.
    pub(crate) fn hold_removals(&mut self, commit: &mut Commit) {
        commit.hold_removals = true;
        for change in commit.targets.iter().flat_map(|target| &target.changes) {
            if let TargetChange::Remove { key, .. } = change
                && self.held.len() < HELD_KEPT
            {
                self.held.insert(key.clone());
            }
        }
    }

    /// Adds the issues of rows that are mapped again, without those that were added when their records were read.
    pub(crate) fn add_new_issues(&mut self, issues: Vec<Issue>) {
        let known = std::mem::take(&mut self.held);
        self.add_issues(
            issues.into_iter().filter(|issue| issue.key.as_ref().is_none_or(|key| !known.contains(key))),
        );
        self.held = known;
    }

    pub(crate) fn add(&mut self, tally: &CommitStats) {
        self.mirror += tally.mirror;
        self.rows += tally.target;
        self.swept += tally.swept;
        self.unknown += tally.unknown;
        self.sweep_refused = self.sweep_refused.or(tally.sweep_refused);
        self.deletions_refused = self.deletions_refused.or(tally.deletions_refused);
        self.held_deletions += tally.held_deletions;
        // Rows that are stale are written again at the end of the run.
        let settled = tally.row_issues.iter().filter(|found| !found.stale);
        self.add_issues(settled.map(|found| found.issue.clone()));
    }

    pub(crate) fn add_issues(&mut self, issues: impl IntoIterator<Item = Issue>) {
        for issue in issues {
            self.issue_count += 1;
            self.refused += u64::from(issue.refused);
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
        if !self.fields_added.is_empty() {
            write!(
                f,
                "; {} fields on request are new, so everything was read again",
                self.fields_added.len()
            )?;
        }
        if let Some(SweepRefused { would_delete, of, .. }) = self.deletions_refused {
            write!(
                f,
                "; {would_delete} of {of} records are said to be gone, so none of them was deleted: check the account \
                 and the connection, then confirm by a run without brake"
            )?;
        }
        if self.pending.refused > 0 {
            let (count, s) = (self.pending.refused, if self.pending.refused == 1 { "" } else { "s" });
            write!(f, "; {count} record{s} could not be read and will be asked for again")?;
        }
        if let Some(SweepRefused { would_delete, of, .. }) = self.sweep_refused {
            write!(
                f,
                "; the pass did not see {would_delete} of {of} records, so nothing was deleted: check the \
                 account's permissions, then confirm by a run without brake"
            )?;
        }
        if let Some(SweepRefused { would_delete, of, .. }) = self.removals_refused {
            write!(
                f,
                "; the mapping would take out {would_delete} of {of} rows, so they stay: look at the mapping, then \
                 confirm by a run without brake"
            )?;
        }
        if let Some(reason) = &self.partial {
            write!(f, "; the pass was partial, so nothing was deleted on its word: {reason}")?;
        }
        if self.nothing_seen {
            f.write_str("; no record was found: there are none, or this user may not see them")?;
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
