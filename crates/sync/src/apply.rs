//! One batch: from changes to a commit.

use std::collections::{BTreeMap, HashMap, HashSet};

use tieline_core::{
    Batch, Change, EntityName, FieldMapping, FieldPath, Issue, Key, Mapped, MappingContext, PreparedRecord,
    RawJson, Record, RecordLookup, Result,
};
use tieline_store::{
    Commit, ConnectionId, DeleteThreshold, ReadVersion, StreamId, StreamRevision, SyncStore, TargetChange,
};

use crate::plan::{StreamPlan, Target};

/// How many stale rows are mapped again in one transaction.
const REMAP_CHUNK: u32 = 500;

/// What a batch becomes.
pub(crate) struct Prepared {
    pub(crate) commit: Commit,
    pub(crate) issues: Vec<Issue>,
}

/// Maps the batch's records, looking up what they need.
pub(crate) async fn prepare(
    store: &dyn SyncStore,
    id: &StreamId,
    plan: &StreamPlan,
    mut batch: Batch,
    revision: StreamRevision,
    brake: DeleteThreshold,
) -> Result<Prepared> {
    let mut issues = std::mem::take(&mut batch.issues);
    // Those of the mapping come later: their records are stored.
    let refused: Vec<(EntityName, Key, String)> = issues
        .iter()
        .filter(|issue| issue.refused)
        .filter_map(|issue| {
            let entity = issue.entity.as_ref().unwrap_or(&plan.entity);
            Some((entity.clone(), issue.key.clone()?, issue.message.clone()))
        })
        .collect();
    let mapped = match &plan.target {
        None => None,
        Some(target) => {
            let records: Vec<&Record> = batch
                .groups
                .iter()
                .filter(|group| group.entity == plan.entity)
                .flat_map(|group| &group.changes)
                .filter_map(|change| match change {
                    Change::Upsert(record) => Some(record),
                    _ => None,
                })
                .collect();
            let (version, changes) = map(store, &id.connection, plan, target, &records, &mut issues).await?;
            Some((target.name.clone(), version, changes))
        }
    };
    let mut commit = Commit::batch(id.clone(), batch).expecting(revision).with_brake(brake);
    commit = commit.holding_deletions().with_refused(refused);
    if let Some((target, version, changes)) = mapped {
        commit = commit.mapped_at(version).with_target(target, changes);
    }
    Ok(Prepared { commit, issues })
}

/// A page of stale rows, mapped again.
pub(crate) struct Remapped {
    pub(crate) prepared: Prepared,
    /// The last key of the page.
    pub(crate) last: Key,
}

/// Maps a page of stale rows, those after a key. Returns `None` when there are no more.
pub(crate) async fn remap_page(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    plan: &StreamPlan,
    target: &Target,
    after: Option<&Key>,
) -> Result<Option<Remapped>> {
    let version = store.read_version(connection).await?;
    let keys = store.stale(connection, &target.name, after, REMAP_CHUNK).await?;
    let Some(last) = keys.last().cloned() else { return Ok(None) };
    let records = store.load(connection, &plan.entity, &keys).await?;
    let mut issues = Vec::new();
    let records: Vec<&Record> = records.iter().collect();
    let (_, changes) = map(store, connection, plan, target, &records, &mut issues).await?;
    let commit = Commit::remap(connection.clone(), version).with_target(target.name.clone(), changes);
    Ok(Some(Remapped { prepared: Prepared { commit, issues }, last }))
}

async fn map(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    plan: &StreamPlan,
    target: &Target,
    records: &[&Record],
    issues: &mut Vec<Issue>,
) -> Result<(ReadVersion, Vec<TargetChange>)> {
    let mapping: &dyn FieldMapping = &*target.mapping;
    // Each record is walked once, for what it needs and for what it becomes.
    let begun: Vec<Box<dyn PreparedRecord + '_>> =
        records.iter().map(|record| mapping.begin(record)).collect();
    let needs: Vec<Vec<RecordLookup>> = begun.iter().map(|record| record.needs()).collect();
    let version = store.read_version(connection).await?;
    let distinct: HashSet<&RecordLookup> = needs.iter().flatten().collect();
    let distinct: Vec<RecordLookup> = distinct.into_iter().cloned().collect();
    let given = match distinct.as_slice() {
        [] => MappingContext::default(),
        needs => store.resolve(connection, needs).await?,
    };
    let mapped: Vec<Result<Mapped>> = begun.iter().map(|begun| begun.forward(&given)).collect();
    let rows = rows_that_matter(store, connection, target, records, &mapped).await?;
    let mut unseen: BTreeMap<FieldPath, usize> = BTreeMap::new();
    let mut changes = Vec::with_capacity(records.len());
    for ((record, mapped), needs) in records.iter().zip(mapped).zip(needs) {
        let key = record.key.clone();
        let about = |issue: Issue| issue.on(plan.entity.clone(), record.key.clone());
        changes.push(match mapped.and_then(|mapped| mapping.settle(mapped, rows.get(&key))) {
            Ok(mapped) => {
                for field in mapped.unseen {
                    *unseen.entry(field).or_default() += 1;
                }
                issues.extend(mapped.issues.into_iter().map(about));
                match mapped.fields {
                    Some(fields) => TargetChange::put(key, fields, needs),
                    None => TargetChange::remove(key, needs),
                }
            }
            // The record stays in the mirror, so that a better mapping brings it back.
            Err(error) => {
                issues.push(about(Issue::new(error.to_string())).refused());
                TargetChange::remove(key, needs)
            }
        });
    }
    // Once a field, not once a record.
    for (field, count) in unseen {
        let message = format!(
            "the provider does not show the field to this user in {count} records, and their rows keep what they have"
        );
        let mut issue = Issue::new(message).at(field);
        issue.entity = Some(plan.entity.clone());
        issues.push(issue);
    }
    Ok((version, changes))
}

/// The rows that are there, of the records whose mapping depends on them.
async fn rows_that_matter(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    target: &Target,
    records: &[&Record],
    mapped: &[Result<Mapped>],
) -> Result<HashMap<Key, RawJson>> {
    let depends = |mapped: &Result<Mapped>| mapped.as_ref().is_ok_and(Mapped::depends_on_row);
    let keys: Vec<Key> = records
        .iter()
        .zip(mapped)
        .filter(|(_, mapped)| depends(mapped))
        .map(|(record, _)| record.key.clone())
        .collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = store.rows_of(connection, &target.name, &keys).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.fields)).collect())
}
