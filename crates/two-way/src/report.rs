//! The result of a cycle, and of a dry run.

use std::fmt;

use sha2::{Digest, Sha256};
use tieline_core::{Error, FieldPath, Key, Result};
use tieline_store::pairings::{LinkState, PairSide};

use crate::side::WriteKind;

/// The most entries that a dry run keeps; beyond them it counts only.
const MOST_ENTRIES: usize = 10_000;

/// The counts of a cycle.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct TwoWayReport {
    /// Changed records that were noted, of both sides.
    pub changed: u64,
    /// Records that were linked to one that was there.
    pub linked: u64,
    /// Writes that were decided.
    pub decided: u64,
    /// Writes that wait for an approval.
    pub held: u64,
    /// Writes that were done.
    pub written: u64,
    /// Writes that were dropped because the record had changed; they are decided anew.
    pub moved: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// Writes that may have happened, and that people are asked about.
    pub questions: u64,
    /// Edits that did not hold, or that people are asked about.
    pub conflicts: u64,
    /// Records that were left for the next cycle: a write of theirs is under way, or creating them is not confirmed yet.
    pub waiting: u64,
    /// Whether suspiciously many changes wait for an approval as a whole.
    pub braked: bool,
    /// Why the cycle ended early. What was stored before stays.
    pub error: Option<Error>,
}

impl TwoWayReport {
    /// Returns the report, or the error in it.
    ///
    /// # Errors
    ///
    /// The error that ended the cycle early.
    pub fn into_result(mut self) -> Result<Self> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

impl fmt::Display for TwoWayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed, {} written", self.changed, self.written)?;
        for (count, word) in [
            (self.linked, "linked"),
            (self.held, "held for approval"),
            (self.conflicts, "in conflict"),
            (self.moved, "to be decided anew"),
            (self.refused, "refused"),
            (self.questions, "to be asked about"),
            (self.waiting, "waiting"),
        ] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        if self.braked {
            f.write_str("; suspiciously many changes wait for an approval")?;
        }
        match &self.error {
            Some(error) => write!(f, "; stopped: {error}"),
            None => Ok(()),
        }
    }
}

/// A change that a cycle would make to a link. Its `Debug` and `Display` show no value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedChange {
    /// The record of the left side.
    pub left: Option<Key>,
    /// The record of the right side.
    pub right: Option<Key>,
    /// Whether the records are linked by it.
    pub links: bool,
    /// The state of the link afterwards.
    pub state: LinkState,
    /// The writes: the side, the kind and the fields.
    pub writes: Vec<(PairSide, WriteKind, Vec<FieldPath>)>,
    /// Fields in conflict.
    pub conflicts: Vec<FieldPath>,
}

impl fmt::Display for PlannedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |key: &Option<Key>| key.as_ref().map_or_else(|| "(new)".to_owned(), ToString::to_string);
        write!(f, "{} - {}", key(&self.left), key(&self.right))?;
        if self.links {
            f.write_str(": link")?;
        }
        for (side, kind, fields) in &self.writes {
            write!(f, "; {} {side}", kind.as_str())?;
            for field in fields {
                write!(f, " {field}")?;
            }
        }
        for field in &self.conflicts {
            write!(f, "; conflict {field}")?;
        }
        if !matches!(self.state, LinkState::Linked | LinkState::Writing) {
            write!(f, "; {}", self.state.as_str())?;
        }
        Ok(())
    }
}

/// A dry run: what a cycle would do, and a digest by which it is confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diff {
    /// Records that would be linked to one that is there.
    pub links: u64,
    /// Records that would be made.
    pub creates: u64,
    /// Records that would be changed.
    pub updates: u64,
    /// Records that would be removed.
    pub deletes: u64,
    /// Fields in conflict.
    pub conflicts: u64,
    /// Records that several records of the other side could be.
    pub ambiguous: u64,
    /// Records that wait for something else.
    pub waiting: u64,
    /// The changes, up to 10,000.
    pub entries: Vec<PlannedChange>,
    /// A digest of all changes with their values. A plan of other changes has another one.
    pub digest: String,
}

/// Collects a dry run.
#[derive(Default)]
pub(crate) struct Planner {
    pub(crate) diff: Diff,
    digest: Sha256,
}

impl Planner {
    /// Adds a change, with a text of all that it would store.
    pub(crate) fn add(&mut self, change: PlannedChange, content: &str) {
        self.digest.update(change.to_string());
        self.digest.update([0]);
        self.digest.update(content);
        self.digest.update([0]);
        let diff = &mut self.diff;
        diff.links += u64::from(change.links);
        diff.conflicts += change.conflicts.len() as u64;
        for (_, kind, _) in &change.writes {
            *match kind {
                WriteKind::Create => &mut diff.creates,
                WriteKind::Delete => &mut diff.deletes,
                WriteKind::Update => &mut diff.updates,
            } += 1;
        }
        if diff.entries.len() < MOST_ENTRIES {
            diff.entries.push(change);
        }
    }

    pub(crate) fn end(mut self) -> Diff {
        self.diff.digest = self.digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.diff
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        write!(
            f,
            "{} to link, {} to create, {} to update, {} to delete, {} in conflict, {} ambiguous, {} waiting; digest {}",
            self.links,
            self.creates,
            self.updates,
            self.deletes,
            self.conflicts,
            self.ambiguous,
            self.waiting,
            self.digest
        )
    }
}
