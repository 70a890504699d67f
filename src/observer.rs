//! The application's own view of runs.

use std::fmt;

use tieline_store::{ConnectionId, TenantId};
use tieline_sync::{OutboxReport, Report};

/// The connection that a run was for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RunOf<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The connection.
    pub connection: &'a ConnectionId,
}

/// Sees the end of every run of an application, for a page of runs, an alarm, a counter. Its methods are called in the
/// task of the run and must not block.
///
/// Calls and their durations are in spans and metrics; see `docs/observe.md`.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A sync run ended.
    fn sync_finished(&self, of: RunOf<'_>, report: &Report) {
        let _ = (of, report);
    }

    /// A run of an outbox ended.
    fn outbox_finished(&self, of: RunOf<'_>, report: &OutboxReport) {
        let _ = (of, report);
    }
}
