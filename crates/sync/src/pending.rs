//! Undecided records: those that earlier runs left are asked for again, and deletions that were held are made together or
//! not at all.

use std::collections::BTreeMap;

use tieline_core::{
    Batch, Change, Connector, Deletion, EntityName, Error, ErrorKind, Issue, Key, Lookup, LookupRequest,
    Lookups, Result, State,
};
use tieline_store::{PendingRecord, StreamId};

use crate::apply::prepare;
use crate::fields::Projection;
use crate::plan::StreamPlan;
use crate::report::StreamReport;
use crate::run::{OneWaySync, concerns_all};

/// The most undecided records of a stream that a run asks for.
pub(crate) const ASKED_AGAIN: u32 = 200;

/// The most records that are asked for in one lookup.
const CHUNK: usize = 50;

impl OneWaySync {
    /// Asks again for what earlier runs left undecided, and makes the deletions that were held, unless the brake holds.
    pub(crate) async fn settle_pending(
        &mut self,
        plan: &StreamPlan,
        id: &StreamId,
        pending: Vec<PendingRecord>,
        projection: &Projection,
        report: &mut StreamReport,
    ) -> Result<()> {
        let position = self.store.position(id).await?;
        if let Some(state) = position.state
            && !(pending.is_empty() && report.held_deletions == 0)
        {
            let batch = ask_again(&*self.connector.clone(), plan, pending, projection, state).await;
            let (store, revision) = (&*self.store, position.revision);
            let mut prepared = prepare(store, id, plan, batch, revision, self.brake).await?;
            prepared.commit = prepared.commit.making_held_deletions();
            report.add_issues(prepared.issues);
            report.hold_removals(&mut prepared.commit);
            let stats = self.store.commit(prepared.commit).await?;
            report.add(&stats);
        }
        report.pending = self.store.pending_counts(id).await?;
        Ok(())
    }
}

/// Returns the present state of undecided records, as a batch after which the stream goes on from where it is.
async fn ask_again(
    connector: &dyn Connector,
    plan: &StreamPlan,
    pending: Vec<PendingRecord>,
    projection: &Projection,
    state: State,
) -> Batch {
    let mut keys: BTreeMap<EntityName, Vec<Key>> = BTreeMap::new();
    for record in pending {
        keys.entry(record.entity).or_default().push(record.key);
    }
    let mut batch = Batch::new(plan.entity.clone(), Vec::new(), state).with_partition(plan.partition.clone());
    for (entity, keys) in keys {
        let mut found = Found::default();
        let asked = look_up(connector, plan, &entity, &keys, projection, &mut found).await;
        batch.issues.append(&mut found.issues);
        batch = batch.with_group(entity.clone(), found.changes);
        match asked {
            // They come with the next full read.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => {
                let why = format!("records left undecided could not be asked for again: {}", error.message());
                let mut issue = Issue::new(why);
                issue.entity = Some(entity);
                batch.issues.push(issue);
                return batch;
            }
            Ok(()) => {}
        }
    }
    batch
}

/// Returns the present state of records that a provider notified of, as a batch after which the stream goes on from where
/// it is.
pub(crate) async fn look_up_batch(
    connector: &dyn Connector,
    plan: &StreamPlan,
    keys: BTreeMap<EntityName, Vec<Key>>,
    projection: &Projection,
    state: State,
) -> Result<Batch> {
    let mut batch = Batch::new(plan.entity.clone(), Vec::new(), state).with_partition(plan.partition.clone());
    for (entity, keys) in keys {
        let mut found = Found::default();
        look_up(connector, plan, &entity, &keys, projection, &mut found).await?;
        batch.issues.append(&mut found.issues);
        batch = batch.with_group(entity, found.changes);
    }
    Ok(batch)
}

/// Looks records up in chunks; those of a chunk that is refused, one by one.
async fn look_up(
    connector: &dyn Connector,
    plan: &StreamPlan,
    entity: &EntityName,
    keys: &[Key],
    projection: &Projection,
    found: &mut Found,
) -> Result<()> {
    let ask = async |keys: &[Key]| {
        let mut request = LookupRequest::keys(entity.clone(), keys.iter().cloned());
        request.partition.clone_from(&plan.partition);
        request.fields.clone_from(&projection.named);
        connector.lookup(request).await
    };
    for chunk in keys.chunks(CHUNK) {
        match ask(chunk).await {
            Ok(lookups) => found.add(entity, lookups),
            Err(error) if !is_of_one_record(&error) => return Err(error),
            Err(_) => {
                for key in chunk {
                    match ask(std::slice::from_ref(key)).await {
                        Ok(lookups) => found.add(entity, lookups),
                        Err(error) if is_of_one_record(&error) => found.refuse(entity, key, &error),
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether a failed lookup may be the fault of one of the records.
fn is_of_one_record(error: &Error) -> bool {
    use ErrorKind::{Decode, Forbidden, NotFound, Rejected};
    !concerns_all(error) && matches!(error.kind(), Rejected | Forbidden | NotFound | Decode)
}

/// The answers about undecided records.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    issues: Vec<Issue>,
}

impl Found {
    fn add(&mut self, entity: &EntityName, lookups: Lookups) {
        for answer in lookups.answers {
            match answer {
                Lookup::Record(record) => self.changes.push(Change::Upsert(record)),
                Lookup::Missing(key) => self.changes.push(Change::Delete(Deletion::new(key))),
                Lookup::Deleted(deletion) => self.changes.push(Change::Delete(deletion)),
                Lookup::Forbidden(key) => {
                    let issue = Issue::new("this credential may not see it").on(entity.clone(), key);
                    self.issues.push(issue.refused());
                }
                _ => {}
            }
        }
    }

    fn refuse(&mut self, entity: &EntityName, key: &Key, error: &Error) {
        self.issues.push(Issue::new(error.message()).on(entity.clone(), key.clone()).refused());
    }
}
