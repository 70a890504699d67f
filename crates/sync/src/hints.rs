//! Runs that a provider's notifications ask for: the records that they name are looked up, or committed as they came, by
//! the same road as those of a read. Deletions are made together or not at all, as the brake says.

use std::collections::BTreeMap;

use tieline_core::webhook::{Hint, HintKind};
use tieline_core::{Batch, Change, EntityChanges, ErrorKind, Key, Result, State};
use tieline_store::StreamId;
use tracing::{Instrument as _, info_span};

use crate::apply::prepare;
use crate::fields::{project, used_on_request};
use crate::fit::{Described, describe};
use crate::pending::look_up_batch;
use crate::plan::StreamPlan;
use crate::report::{Report, StreamReport};
use crate::run::{OneWaySync, concerns_all};

/// What a run is about.
enum Notified<'a> {
    Hints(&'a [Hint]),
    Records(&'a [EntityChanges]),
}

impl OneWaySync {
    /// Looks up the records that hints name, once each, and commits what is found. A hint about a whole entity, and one
    /// about an entity that cannot be looked up, reads what changed of its stream. A stream that was never read is left
    /// to its first read. Only streams of the run whose entity, and partition, a hint names are touched; hints about
    /// others are passed over. Failures are in the report, as for [`run`](Self::run).
    pub async fn run_hints(mut self, hints: &[Hint]) -> Report {
        let span = info_span!("sync.hints", tieline.connection = %self.connection, hints = hints.len());
        Box::pin(self.run_notified(Notified::Hints(hints))).instrument(span).await
    }

    /// Commits records as a provider sent them. They must come from a delivery whose content is signed. Streams of the run
    /// whose entity is not among them are not touched. Failures are in the report, as for [`run`](Self::run).
    pub async fn run_records(mut self, changes: &[EntityChanges]) -> Report {
        let span = info_span!("sync.records", tieline.connection = %self.connection);
        Box::pin(self.run_notified(Notified::Records(changes))).instrument(span).await
    }

    async fn run_notified(&mut self, notified: Notified<'_>) -> Report {
        let plans = self.take_streams();
        let concerned: Vec<StreamPlan> = plans.into_iter().filter(|plan| notified.concerns(plan)).collect();
        let described = describe(&*self.connector.clone(), &concerned).await;
        let mut report = Report::default();
        let mut stopped = false;
        for (number, plan) in concerned.iter().enumerate() {
            let mut stream = StreamReport::new(plan);
            if stopped {
                stream.skipped = true;
            } else if let Err(error) = self.check_fit(plan, &described, &mut stream) {
                stream.error = Some(error);
            } else {
                let earlier = concerned.iter().zip(&report.streams).take(number);
                let done = earlier.clone().any(|(other, done)| other.reads_as(plan) && done.error.is_none());
                let work = self.bring_in(plan, &concerned, &described, (&notified, done), &mut stream);
                stream.error = work.instrument(plan.span()).await.err();
                stopped = stream.error.as_ref().is_some_and(concerns_all);
            }
            report.streams.push(stream);
        }
        for (plan, stream) in concerned.iter().zip(&mut report.streams) {
            if !stream.skipped
                && stream.error.is_none()
                && let Err(error) = self.remap(plan, stream).instrument(plan.span()).await
            {
                stream.error = Some(error);
            }
        }
        self.announce(&report).await;
        report
    }

    /// Brings in what was notified of one stream. `done` says that an earlier stream of the same entity did, so that only
    /// rows are left to be mapped.
    async fn bring_in(
        &mut self,
        plan: &StreamPlan,
        plans: &[StreamPlan],
        described: &Described,
        (notified, done): (&Notified<'_>, bool),
        report: &mut StreamReport,
    ) -> Result<()> {
        let keys = match notified {
            Notified::Hints(hints) => keys_of(plan, hints),
            Notified::Records(_) => Some(Vec::new()),
        };
        let Some(keys) = keys else {
            return self.run_stream(plan, plans, described, done, report).await;
        };
        let id = plan.stream_id(&self.connection);
        if let Some(target) = &plan.target {
            self.store
                .open_target(&self.connection, &target.name, &plan.entity, target.mapping.fingerprint())
                .await?;
        }
        if done {
            return Ok(());
        }
        let position = self.store.position(&id).await?;
        let batch = match (notified, position.state) {
            (Notified::Records(changes), state) => {
                // A stream of an entity that no read gives has no state of its own.
                let state = state.map_or_else(|| State::new(0, &()), Ok)?;
                Batch::new(plan.entity.clone(), changes_of(plan, changes), state)
            }
            // The first read brings it.
            (Notified::Hints(_), None) => return Ok(()),
            (Notified::Hints(_), Some(state)) => {
                let used = used_on_request(plans, plan, described);
                let (connector, store) = (self.connector.clone(), self.store.clone());
                let projection = project(&*connector, &*store, &id, plan, (&used, described), report).await?;
                let wanted = BTreeMap::from([(plan.entity.clone(), keys)]);
                match look_up_batch(&*connector, plan, wanted, &projection, state).await {
                    Ok(batch) => batch,
                    Err(error) if error.kind() == ErrorKind::Unsupported => {
                        return self.run_stream(plan, plans, described, false, report).await;
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        self.commit_notified(plan, &id, batch.with_partition(plan.partition.clone()), report).await
    }

    async fn commit_notified(
        &mut self,
        plan: &StreamPlan,
        id: &StreamId,
        batch: Batch,
        report: &mut StreamReport,
    ) -> Result<()> {
        let revision = self.store.position(id).await?.revision;
        report.read += batch.len() as u64;
        let mut prepared = prepare(&*self.store, id, plan, batch, revision, self.brake).await?;
        prepared.commit = prepared.commit.making_held_deletions();
        report.add_issues(prepared.issues);
        report.hold_removals(&mut prepared.commit);
        let stats = self.store.commit(prepared.commit).await?;
        report.add(&stats);
        report.pending = self.store.pending_counts(id).await?;
        Ok(())
    }
}

impl Notified<'_> {
    fn concerns(&self, plan: &StreamPlan) -> bool {
        match self {
            Self::Hints(hints) => hints.iter().any(|hint| is_about(hint, plan)),
            Self::Records(changes) => changes.iter().any(|group| group.entity == plan.entity),
        }
    }
}

fn is_about(hint: &Hint, plan: &StreamPlan) -> bool {
    hint.entity == plan.entity && (hint.partition.is_none() || hint.partition == plan.partition)
}

/// Returns the keys that hints name of a stream, each once; `None` when one is about the whole of it.
fn keys_of(plan: &StreamPlan, hints: &[Hint]) -> Option<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    for hint in hints.iter().filter(|hint| is_about(hint, plan)) {
        keys.push(hint.key.clone()?);
        if let HintKind::Merged(into) = &hint.kind {
            keys.push(into.clone());
        }
    }
    keys.sort();
    keys.dedup();
    Some(keys)
}

fn changes_of(plan: &StreamPlan, changes: &[EntityChanges]) -> Vec<Change> {
    let groups = changes.iter().filter(|group| group.entity == plan.entity);
    groups.flat_map(|group| group.changes.iter().cloned()).collect()
}
