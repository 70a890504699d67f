//! Reading one stream, batch by batch.

use futures_util::StreamExt;
use tieline_core::{Batch, ErrorKind, PassEnd, ReadMode, ReadRequest, Result};
use tieline_store::StreamId;

use crate::apply::prepare;
use crate::fields::{Projection, project, used_on_request};
use crate::fit::{Described, describe};
use crate::pending::ASKED_AGAIN;
use crate::plan::StreamPlan;
use crate::report::StreamReport;
use crate::run::{Event, OneWaySync};

impl OneWaySync {
    /// Reads a stream to its end. `read` says that an earlier stream of this run has read the same, so that only rows are
    /// left to be mapped.
    pub(crate) async fn run_stream(
        &mut self,
        plan: &StreamPlan,
        plans: &[StreamPlan],
        described: &Described,
        read: bool,
        report: &mut StreamReport,
    ) -> Result<()> {
        let id = plan.stream_id(&self.connection);
        if let Some(target) = &plan.target {
            self.store
                .open_target(&self.connection, &target.name, &plan.entity, target.mapping.fingerprint())
                .await?;
        }
        if read {
            return Ok(());
        }
        let used = used_on_request(plans, plan, described);
        let (connector, store) = (self.connector.clone(), self.store.clone());
        let projection = project(&*connector, &*store, &id, plan, (&used, described), report).await?;
        // Keys say nothing of a record's content.
        let asked_again = if plan.mode == ReadMode::Keys { 0 } else { ASKED_AGAIN };
        let pending = self.store.pending(&id, asked_again).await?;
        self.read_through(plan, &id, &projection, report).await?;
        self.settle_pending(plan, &id, pending, &projection, report).await
    }

    async fn read_through(
        &mut self,
        plan: &StreamPlan,
        id: &StreamId,
        projection: &Projection,
        report: &mut StreamReport,
    ) -> Result<()> {
        loop {
            match self.read(plan, id, projection, report).await {
                // Once: a connector that refuses a fresh start too has another problem.
                Err(error) if error.kind() == ErrorKind::StateInvalid && !report.restarted => {
                    report.restarted = true;
                    self.store.reset(id).await?;
                }
                other => return other,
            }
        }
    }

    async fn read(
        &mut self,
        plan: &StreamPlan,
        id: &StreamId,
        projection: &Projection,
        report: &mut StreamReport,
    ) -> Result<()> {
        let position = self.store.position(id).await?;
        let mut request = ReadRequest::changes(plan.entity.clone()).with_state(position.state);
        request.mode = plan.mode;
        request.partition = plan.partition.clone();
        request.page_size = plan.page_size;
        request.fields.clone_from(&projection.named);
        let mut revision = position.revision;
        let mut batches = self.connector.read(request)?;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            if batch.schema_changed {
                // The fields that the mapping was compared with are not those of this batch.
                let described = describe(&*self.connector.clone(), std::slice::from_ref(plan)).await;
                self.check_fit(plan, &described, report)?;
            }
            let (size, progress, wait) = (batch.len() as u64, batch.progress, batch.wait);
            let saw_all = batch.pass == ReadMode::Full && batch.end == Some(PassEnd::Complete);
            note(&batch, report);
            let mut prepared = prepare(&*self.store, id, plan, batch, revision, self.brake).await?;
            report.add_issues(prepared.issues);
            report.hold_removals(&mut prepared.commit);
            if !projection.on_request.is_empty() {
                prepared.commit = prepared.commit.with_fields(projection.on_request.iter().cloned());
            }
            let tally = self.store.commit(prepared.commit).await?;
            revision = tally.revision.unwrap_or(revision);
            report.read += size;
            report.add(&tally);
            if saw_all && report.read == 0 {
                let any = self.store.records(&self.connection, &plan.entity, None, 1).await?;
                report.nothing_seen = any.is_empty();
            }
            let total = progress.and_then(|progress| progress.total);
            self.tell(Event::Committed { entity: &plan.entity, read: report.read, total, tally: &tally });
            if let Some(wait) = wait {
                report.wait = Some(wait);
                break;
            }
        }
        Ok(())
    }
}

/// Takes from a batch what a person should know.
fn note(batch: &Batch, report: &mut StreamReport) {
    report.schema_changed |= batch.schema_changed;
    if report.left_out.is_none() {
        // What is said of the whole pass explains more than what is said of a single record.
        let explains = batch.issues.iter().find(|issue| issue.key.is_none()).or(batch.issues.first());
        report.left_out = explains.map(ToString::to_string);
    }
    if batch.end == Some(PassEnd::Partial) {
        let reason = report.left_out.clone();
        report.partial = Some(reason.unwrap_or_else(|| "the connector does not say why".to_owned()));
    }
}
