//! The one-way run.

use std::fmt;
use std::sync::Arc;

use tieline_core::{Connector, EntityName, Error, ErrorKind};
use tieline_store::{CommitStats, ConnectionId, DeleteThreshold, SyncStore};
use tracing::{Instrument as _, info, info_span, warn};

use crate::fit::describe;
use crate::plan::StreamPlan;
use crate::report::{Report, StreamReport};

/// Reads what changed at a provider into a store, entity by entity.
///
/// Dropping the future cancels the run; what was committed stays, and the next run goes on from there.
pub struct OneWaySync {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) store: Arc<dyn SyncStore>,
    pub(crate) connection: ConnectionId,
    streams: Vec<StreamPlan>,
    pub(crate) brake: DeleteThreshold,
    pub(crate) allow_broken_mappings: bool,
    hook: Option<Hook>,
}

type Hook = Box<dyn FnMut(Event<'_>) + Send>;

/// What a progress hook is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A stream begins.
    Started {
        /// The entity.
        entity: &'a EntityName,
    },
    /// A batch is durable.
    Committed {
        /// The entity.
        entity: &'a EntityName,
        /// Changes read so far in this run.
        read: u64,
        /// Records in all, when the provider tells.
        total: Option<u64>,
        /// What this batch did.
        tally: &'a CommitStats,
    },
    /// A stream was read to its end, well or not. Rows may be mapped again after it.
    Finished {
        /// What it did.
        stream: &'a StreamReport,
    },
}

impl OneWaySync {
    /// A run over one connection.
    pub fn new(
        connector: Arc<dyn Connector>,
        store: Arc<dyn SyncStore>,
        connection: impl Into<ConnectionId>,
    ) -> Self {
        Self {
            connector,
            store,
            connection: connection.into(),
            streams: Vec::new(),
            brake: DeleteThreshold::default(),
            allow_broken_mappings: false,
            hook: None,
        }
    }

    /// Adds a stream. Streams run in the order in which they were added; one whose mapping looks up others goes best
    /// after them, though the result is the same. Several targets of one entity are several streams of it; what the first
    /// one read is not read again.
    #[must_use]
    pub fn stream(mut self, stream: StreamPlan) -> Self {
        self.streams.push(stream);
        self
    }

    /// Sets what stops deletions that are suspiciously many: records that a complete pass did not see, and rows that a
    /// mapping would take out of its target.
    #[must_use]
    pub fn brake(mut self, brake: DeleteThreshold) -> Self {
        self.brake = brake;
        self
    }

    /// Runs mappings that no longer fit the provider's fields too. Without it, a stream whose mapping reads a field that
    /// is gone, or that has another type now, fails with `Config` before it clears the values that stand in its target.
    #[must_use]
    pub fn allow_broken_mappings(mut self, allow: bool) -> Self {
        self.allow_broken_mappings = allow;
        self
    }

    /// Calls this as the run goes on. It must not block.
    #[must_use]
    pub fn on_event(mut self, hook: impl FnMut(Event<'_>) + Send + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Runs to the end. Failures are in the report, stream by stream.
    pub async fn run(mut self) -> Report {
        let span = info_span!("sync.run", tieline.connection = %self.connection);
        Box::pin(self.run_streams()).instrument(span).await
    }

    async fn run_streams(&mut self) -> Report {
        let plans = self.take_streams();
        let described = describe(&*self.connector.clone(), &plans).await;
        let mut report = Report::default();
        let mut stopped = false;
        let mut fitting = Vec::with_capacity(plans.len());
        for (number, plan) in plans.iter().enumerate() {
            let mut stream = StreamReport::new(plan);
            let fits = self.check_fit(plan, &described, &mut stream);
            fitting.push(fits.is_ok());
            if stopped {
                stream.skipped = true;
            } else if let Err(error) = fits {
                stream.error = Some(error);
            } else {
                self.tell(Event::Started { entity: &plan.entity });
                let earlier = plans.iter().zip(&report.streams).take(number);
                let read = earlier.clone().any(|(other, done)| other.reads_as(plan) && done.error.is_none());
                let done = self.run_stream(plan, &plans, &described, read, &mut stream);
                let done = done.instrument(plan.span()).await;
                stream.error = done.err();
                stopped = stream.error.as_ref().is_some_and(concerns_all);
                self.tell(Event::Finished { stream: &stream });
            }
            report.streams.push(stream);
        }
        // Records that came after the rows that look them up made those rows stale.
        for ((plan, stream), fits) in plans.iter().zip(&mut report.streams).zip(fitting) {
            if !stream.skipped
                && fits
                && let Err(error) = self.remap(plan, stream).instrument(plan.span()).await
            {
                stream.error.get_or_insert(error);
            }
            log(stream);
        }
        self.announce(&report).await;
        report
    }

    /// Wakes who follows the rows, once a run.
    pub(crate) async fn announce(&mut self, report: &Report) {
        let changed = report.streams.iter().any(|stream| {
            let rows = stream.rows;
            rows.created + rows.updated + rows.deleted > 0
        });
        if changed && let Err(error) = self.store.announce().await {
            // They look again by themselves.
            warn!(
                error.kind = error.kind().as_str(),
                error.message = error.message(),
                "readers were not woken"
            );
        }
    }

    pub(crate) fn take_streams(&mut self) -> Vec<StreamPlan> {
        std::mem::take(&mut self.streams)
    }

    pub(crate) fn tell(&mut self, event: Event<'_>) {
        if let Some(hook) = &mut self.hook {
            hook(event);
        }
    }
}

/// One line for each stream of a run. Issues are not part of it: they are for who reads the report.
fn log(stream: &StreamReport) {
    let counts = stream.outcome();
    let target = stream.target.as_ref().map(|target| target.as_str());
    if let Some(error) = &stream.error {
        warn!(
            tieline.entity = %stream.entity,
            tieline.target = target,
            read = stream.read,
            error.kind = error.kind().as_str(),
            error.message = error.message(),
            "stream stopped"
        );
    } else {
        info!(
            tieline.entity = %stream.entity,
            tieline.target = target,
            read = stream.read,
            created = counts.created,
            updated = counts.updated,
            deleted = counts.deleted,
            unchanged = counts.unchanged,
            issues = stream.issue_count,
            complete = stream.is_complete(),
            "stream ended"
        );
    }
}

/// Whether a failure of one stream will be the failure of all: asking on would only hammer the provider.
pub(crate) fn concerns_all(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unauthenticated | ErrorKind::QuotaExhausted | ErrorKind::RateLimited | ErrorKind::Internal
    )
}

impl fmt::Debug for OneWaySync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneWaySync")
            .field("connection", &self.connection)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}
