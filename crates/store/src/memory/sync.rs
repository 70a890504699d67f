//! What sync keeps, as a store.

use std::ops::Bound;

use async_trait::async_trait;
use tieline_core::{EntityName, Key, MappingContext, RawJson, Record, RecordLookup, Result};

use super::MemoryStore;
use super::synced::{Stream, Synced};
use super::target::Target;
use crate::plan::{self, CommitPlan};
use crate::{
    Commit, CommitStats, ConnectionId, Counts, EntityCount, PendingCounts, PendingKind, PendingRecord,
    Position, ReadVersion, Row, StreamId, SyncStore, TargetCount, TargetName,
};

impl MemoryStore {
    /// Asks what sync keeps of a connection, which may be nothing.
    fn synced<T: Default>(
        &self,
        connection: &ConnectionId,
        ask: impl FnOnce(&Synced) -> Result<T>,
    ) -> Result<T> {
        self.read(|tenant| tenant.synced.get(connection).map_or_else(|| Ok(T::default()), ask))
    }
}

#[async_trait]
impl SyncStore for MemoryStore {
    async fn position(&self, stream: &StreamId) -> Result<Position> {
        self.synced(&stream.connection, |synced| {
            synced.stream(stream).map_or_else(|| Ok(Position::default()), Stream::position)
        })
    }

    async fn reset(&self, stream: &StreamId) -> Result<()> {
        self.write(|tenant, _| {
            if let Some(synced) = tenant.synced.get_mut(&stream.connection) {
                synced.reset(stream);
            }
            Ok(())
        })
    }

    async fn commit(&self, commit: Commit) -> Result<CommitStats> {
        let plan = CommitPlan::new(commit)?;
        let now = self.clock.now();
        self.write(|tenant, numbers| {
            let number = numbers.next();
            let synced = tenant.synced_mut(&plan.connection, numbers);
            synced.check(&plan)?;
            Ok(synced.apply(plan, number, now))
        })
    }

    async fn pending(&self, stream: &StreamId, limit: u32) -> Result<Vec<PendingRecord>> {
        self.synced(&stream.connection, |synced| {
            let mut pending: Vec<PendingRecord> = synced.pending_of(stream).cloned().collect();
            pending.sort_by(|a, b| (a.tries, &a.key, &a.entity).cmp(&(b.tries, &b.key, &b.entity)));
            pending.truncate(limit as usize);
            Ok(pending)
        })
    }

    async fn pending_counts(&self, stream: &StreamId) -> Result<PendingCounts> {
        self.synced(&stream.connection, |synced| {
            let gone = synced.pending_of(stream).filter(|record| record.kind == PendingKind::Gone).count();
            Ok(PendingCounts::new((synced.pending_of(stream).count() - gone) as u64, gone as u64))
        })
    }

    async fn read_version(&self, connection: &ConnectionId) -> Result<ReadVersion> {
        self.synced(connection, |synced| Ok(synced.read_version()))
    }

    async fn resolve(&self, connection: &ConnectionId, needs: &[RecordLookup]) -> Result<MappingContext> {
        self.synced(connection, |synced| {
            let mut found = MappingContext::default();
            for need in needs {
                let Some(by) = &need.by else {
                    if let Some(record) = synced.record(&need.entity, &need.key)
                        && let Some(value) = record.payload.at(need.field.as_str())?
                    {
                        found.resolved.insert(need.clone(), RawJson::from_raw(value));
                    }
                    continue;
                };
                for record in synced.records_from(&need.entity, ..) {
                    let value = plan::lookup_value(record.payload.get(), by.as_str());
                    if value.is_some_and(|value| need.key == *value) {
                        let value = record.payload.at(need.field.as_str())?;
                        let value = value.map_or_else(|| RawJson::from_checked("null"), RawJson::from_raw);
                        found.add_found(need, value);
                    }
                }
            }
            Ok(found)
        })
    }

    async fn load(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        keys: &[Key],
    ) -> Result<Vec<Record>> {
        self.synced(connection, |synced| {
            Ok(keys.iter().filter_map(|key| synced.record(entity, key).cloned()).collect())
        })
    }

    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64> {
        self.write(|tenant, numbers| {
            let synced = tenant.synced_mut(connection, numbers);
            let keys = synced.keys(entity);
            let rows = synced.targets.entry(target.clone()).or_insert_with(|| Target::new(entity.clone()));
            if rows.entity != *entity {
                return Err(plan::of_another_entity(target, &rows.entity, entity));
            }
            if rows.fingerprint.as_deref() != Some(fingerprint) {
                rows.fingerprint = Some(fingerprint.to_owned());
                rows.stale.extend(keys);
            }
            Ok(rows.stale.len() as u64)
        })
    }

    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()> {
        self.write(|tenant, _| {
            if let Some(synced) = tenant.synced.get_mut(connection) {
                synced.targets.remove(target);
            }
            Ok(())
        })
    }

    async fn stale(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Key>> {
        self.synced(connection, |synced| {
            let target = synced.targets.get(target).into_iter();
            let stale = target.flat_map(|target| target.stale.range::<Key, _>(beyond(after)));
            Ok(stale.take(limit as usize).cloned().collect())
        })
    }

    async fn rows_of(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        keys: &[Key],
    ) -> Result<Vec<Row>> {
        self.synced(connection, |synced| {
            let Some(target) = synced.targets.get(target) else { return Ok(Vec::new()) };
            let rows = keys.iter().filter_map(|key| Some((key, target.rows.get(key)?)));
            Ok(rows.map(|(key, fields)| Row::new(key.clone(), fields.clone())).collect())
        })
    }

    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        self.synced(connection, |synced| {
            let target = synced.targets.get(target);
            let rows = target.into_iter().flat_map(|target| target.rows.range::<Key, _>(beyond(after)));
            let page = rows.take(limit as usize);
            Ok(page.map(|(key, fields)| Row::new(key.clone(), fields.clone())).collect())
        })
    }

    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        self.synced(connection, |synced| {
            Ok(synced.records_from(entity, beyond(after)).take(limit as usize).cloned().collect())
        })
    }

    async fn counts(&self, connection: &ConnectionId) -> Result<Counts> {
        self.synced(connection, |synced| {
            let entities = synced
                .sizes()
                .filter(|(_, records)| *records > 0)
                .map(|(entity, records)| EntityCount::new(entity.clone(), records))
                .collect();
            let targets = synced
                .targets
                .iter()
                .map(|(name, target)| {
                    TargetCount::new(name.clone(), target.rows.len() as u64, target.stale.len() as u64)
                })
                .collect();
            Ok(Counts::new(entities, targets))
        })
    }

    async fn erase(&self, connection: &ConnectionId) -> Result<()> {
        self.write(|tenant, _| {
            tenant.synced.remove(connection);
            Ok(())
        })
    }
}

fn beyond(after: Option<&Key>) -> (Bound<&Key>, Bound<&Key>) {
    (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}
