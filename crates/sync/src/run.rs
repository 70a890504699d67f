//! The one-way run.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use tieline_core::{Connector, EntityName, Error, ErrorKind, ReadRequest, Result};
use tieline_store::{CommitStats, ConnectionId, DeleteThreshold, StreamId, SyncStore};

use crate::apply::{prepare, prepare_remap};
use crate::plan::StreamPlan;
use crate::report::{Report, StreamReport};

/// Reads what changed at a provider into a store, entity by entity.
///
/// Dropping the future cancels the run; what was committed stays, and the next run goes on from there.
pub struct OneWaySync {
    connector: Arc<dyn Connector>,
    store: Arc<dyn SyncStore>,
    connection: ConnectionId,
    streams: Vec<StreamPlan>,
    brake: DeleteThreshold,
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
    /// A stream ended, well or not.
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
            hook: None,
        }
    }

    /// Adds a stream. Streams run in the order in which they were added; one whose mapping looks up others goes best
    /// after them, though the result is the same.
    #[must_use]
    pub fn stream(mut self, stream: StreamPlan) -> Self {
        self.streams.push(stream);
        self
    }

    /// Sets what stops a sweep that would delete suspiciously much.
    #[must_use]
    pub fn brake(mut self, brake: DeleteThreshold) -> Self {
        self.brake = brake;
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
        let streams = std::mem::take(&mut self.streams);
        let mut report = Report::default();
        let mut stopped = false;
        for plan in &streams {
            let target = plan.target.as_ref().map(|target| target.name.clone());
            let mut stream = StreamReport::new(plan.entity.clone(), target);
            if stopped {
                stream.skipped = true;
            } else {
                self.tell(Event::Started { entity: &plan.entity });
                stream.error = self.run_stream(plan, &mut stream).await.err();
                stopped = stream.error.as_ref().is_some_and(concerns_all);
                self.tell(Event::Finished { stream: &stream });
            }
            report.streams.push(stream);
        }
        // Records that came after the rows that look them up made those rows stale.
        for (plan, stream) in streams.iter().zip(&mut report.streams) {
            if !stream.skipped
                && let Err(error) = self.remap(plan, stream).await
            {
                stream.error.get_or_insert(error);
            }
        }
        report
    }

    async fn run_stream(&mut self, plan: &StreamPlan, report: &mut StreamReport) -> Result<()> {
        let id = StreamId::new(self.connection.clone(), plan.entity.clone())
            .with_partition(plan.partition.clone());
        if let Some(target) = &plan.target {
            self.store
                .open_target(&self.connection, &target.name, &plan.entity, target.mapping.fingerprint())
                .await?;
        }
        loop {
            match self.read(plan, &id, report).await {
                // Once: a connector that refuses a fresh start too has another problem.
                Err(error) if error.kind() == ErrorKind::StateInvalid && !report.restarted => {
                    report.restarted = true;
                    self.store.reset(&id).await?;
                }
                other => return other,
            }
        }
    }

    async fn read(&mut self, plan: &StreamPlan, id: &StreamId, report: &mut StreamReport) -> Result<()> {
        let position = self.store.position(id).await?;
        let mut request = ReadRequest::changes(plan.entity.clone()).with_state(position.state);
        request.mode = plan.mode;
        request.partition = plan.partition.clone();
        request.page_size = plan.page_size;
        let mut token = position.token;
        let mut batches = self.connector.read(request)?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let (size, progress, wait) = (batch.len() as u64, batch.progress, batch.wait);
            report.schema_changed |= batch.schema_changed;
            let prepared = prepare(&*self.store, id, plan, batch, token, self.brake).await?;
            report.add_issues(prepared.issues);
            let tally = self.store.commit(prepared.commit).await?;
            token = tally.token.unwrap_or(token);
            report.read += size;
            report.add(&tally);
            let total = progress.and_then(|progress| progress.total);
            self.tell(Event::Committed { entity: &plan.entity, read: report.read, total, tally: &tally });
            if let Some(wait) = wait {
                report.wait = Some(wait);
                break;
            }
        }
        Ok(())
    }

    async fn remap(&mut self, plan: &StreamPlan, report: &mut StreamReport) -> Result<()> {
        let Some(target) = &plan.target else { return Ok(()) };
        let id = StreamId::new(self.connection.clone(), plan.entity.clone());
        let mut before = Vec::new();
        while let Some(prepared) = prepare_remap(&*self.store, &id, plan, target, &mut before).await? {
            report.add_issues(prepared.issues);
            report.add(&self.store.commit(prepared.commit).await?);
        }
        Ok(())
    }

    fn tell(&mut self, event: Event<'_>) {
        if let Some(hook) = &mut self.hook {
            hook(event);
        }
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
