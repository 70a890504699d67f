//! What a run of the outbox did.

use std::fmt;

use tieline_core::{Error, Result};
use tieline_store::outbox::StatusKind;

/// What a run of the outbox did. Each number counts what became of operations in this run; what is open is counted by
/// the run that finishes it too.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct OutboxReport {
    /// Operations that were handed to the connector.
    pub sent: u64,
    /// Done, also those that were found to have been done before.
    pub applied: u64,
    /// Nothing needed doing.
    pub unchanged: u64,
    /// Some of it was done.
    pub partial: u64,
    /// The record had another version.
    pub conflicts: u64,
    /// Not done, and never will be.
    pub rejected: u64,
    /// Not done, and to be sent again: deferred, or looked for and not found.
    pub pending: u64,
    /// Jobs that the provider is working on.
    pub accepted: u64,
    /// Of unknown outcome, to be looked for later.
    pub unknown: u64,
    /// Operations that only a person can decide about: list them with [`StatusKind::NeedsReview`].
    pub needs_review: u64,
    /// Why the run ended early. What was stored before stays.
    pub error: Option<Error>,
}

impl OutboxReport {
    /// The report, or the error in it.
    pub fn into_result(mut self) -> Result<Self> {
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    pub(super) fn count(&mut self, kind: StatusKind) {
        let counter = match kind {
            StatusKind::Applied => &mut self.applied,
            StatusKind::Unchanged => &mut self.unchanged,
            StatusKind::Partial => &mut self.partial,
            StatusKind::Conflict => &mut self.conflicts,
            StatusKind::Rejected => &mut self.rejected,
            StatusKind::Pending => &mut self.pending,
            StatusKind::Accepted => &mut self.accepted,
            StatusKind::Unknown => &mut self.unknown,
            StatusKind::NeedsReview => &mut self.needs_review,
            _ => return,
        };
        *counter += 1;
    }
}

impl fmt::Display for OutboxReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = [
            (self.applied, "applied"),
            (self.unchanged, "unchanged"),
            (self.partial, "done in part"),
            (self.conflicts, "in conflict"),
            (self.rejected, "rejected"),
            (self.pending, "to be sent again"),
            (self.accepted, "accepted as jobs"),
            (self.unknown, "of unknown outcome"),
            (self.needs_review, "to be reviewed"),
        ];
        write!(f, "{} sent", self.sent)?;
        for (count, what) in counted {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if let Some(error) = &self.error {
            write!(f, "; stopped: {error}")?;
        }
        Ok(())
    }
}
