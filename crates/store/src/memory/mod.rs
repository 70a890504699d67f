//! A store in memory.

mod commit;
mod outbox;
mod target;
mod tenant;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tieline_core::{EntityName, Key, Need, RawJson, Record, Result};

use crate::plan::{self, Plan};
use crate::{
    Commit, ConnectionId, Counts, EntityCount, Moment, Position, Row, StreamId, SyncStore, Tally,
    TargetCount, TargetName,
};
use target::Target;
use tenant::Tenant;

/// A store that forgets everything when it is dropped: for tests and for work that starts over anyway.
#[derive(Default)]
pub struct MemoryStore(Mutex<Data>);

#[derive(Default)]
struct Data {
    tenants: BTreeMap<ConnectionId, Tenant>,
    /// Numbers of connections and streams, never reused.
    last_number: u64,
}

impl Data {
    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn tenant(&mut self, connection: &ConnectionId) -> &mut Tenant {
        let number = self.next_number();
        self.tenants.entry(connection.clone()).or_insert_with(|| Tenant::new(number))
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        // A poisoned lock means that a commit panicked; commits check everything before they change anything.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[async_trait]
impl SyncStore for MemoryStore {
    async fn position(&self, stream: &StreamId) -> Result<Position> {
        let data = self.lock();
        let stored = data.tenants.get(&stream.connection).and_then(|tenant| tenant.stream(stream));
        stored.map_or_else(|| Ok(Position::default()), tenant::Stream::position)
    }

    async fn reset(&self, stream: &StreamId) -> Result<()> {
        let mut data = self.lock();
        if let Some(tenant) = data.tenants.get_mut(&stream.connection) {
            tenant.reset(stream);
        }
        Ok(())
    }

    async fn commit(&self, commit: Commit) -> Result<Tally> {
        let plan = Plan::new(commit)?;
        let mut data = self.lock();
        let number = data.next_number();
        let tenant = data.tenant(&plan.connection);
        tenant.check(&plan)?;
        Ok(tenant.apply(plan, number))
    }

    async fn moment(&self, connection: &ConnectionId) -> Result<Moment> {
        Ok(self.lock().tenants.get(connection).map(Tenant::moment).unwrap_or_default())
    }

    async fn resolve(&self, connection: &ConnectionId, needs: &[Need]) -> Result<HashMap<Need, RawJson>> {
        let data = self.lock();
        let mut found = HashMap::new();
        let Some(tenant) = data.tenants.get(connection) else { return Ok(found) };
        for need in needs {
            if let Some(record) = tenant.record(&need.entity, &need.key)
                && let Some(value) = record.payload.at(need.field.as_str())?
            {
                found.insert(need.clone(), RawJson::from_raw(value));
            }
        }
        Ok(found)
    }

    async fn load(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        keys: &[Key],
    ) -> Result<Vec<Record>> {
        let data = self.lock();
        let Some(tenant) = data.tenants.get(connection) else { return Ok(Vec::new()) };
        Ok(keys.iter().filter_map(|key| tenant.record(entity, key).cloned()).collect())
    }

    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64> {
        let mut data = self.lock();
        let tenant = data.tenant(connection);
        let keys = tenant.keys(entity);
        let target_rows = tenant.targets.entry(target.clone()).or_insert_with(|| Target::new(entity.clone()));
        if target_rows.entity != *entity {
            return Err(plan::of_another_entity(target, &target_rows.entity, entity));
        }
        if target_rows.fingerprint.as_deref() != Some(fingerprint) {
            target_rows.fingerprint = Some(fingerprint.to_owned());
            target_rows.stale.extend(keys);
        }
        Ok(target_rows.stale.len() as u64)
    }

    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()> {
        if let Some(tenant) = self.lock().tenants.get_mut(connection) {
            tenant.targets.remove(target);
        }
        Ok(())
    }

    async fn stale(&self, connection: &ConnectionId, target: &TargetName, limit: u32) -> Result<Vec<Key>> {
        let data = self.lock();
        let Some(target) = data.tenants.get(connection).and_then(|tenant| tenant.targets.get(target)) else {
            return Ok(Vec::new());
        };
        Ok(target.stale.iter().take(limit as usize).cloned().collect())
    }

    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        let data = self.lock();
        let Some(target) = data.tenants.get(connection).and_then(|tenant| tenant.targets.get(target)) else {
            return Ok(Vec::new());
        };
        let page = target.rows.range::<Key, _>(beyond(after)).take(limit as usize);
        Ok(page.map(|(key, fields)| Row::new(key.clone(), fields.clone())).collect())
    }

    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        let data = self.lock();
        let Some(tenant) = data.tenants.get(connection) else { return Ok(Vec::new()) };
        Ok(tenant.records_from(entity, beyond(after)).take(limit as usize).cloned().collect())
    }

    async fn counts(&self, connection: &ConnectionId) -> Result<Counts> {
        let data = self.lock();
        let Some(tenant) = data.tenants.get(connection) else { return Ok(Counts::default()) };
        let entities = tenant
            .sizes()
            .filter(|(_, records)| *records > 0)
            .map(|(entity, records)| EntityCount::new(entity.clone(), records))
            .collect();
        let targets = tenant
            .targets
            .iter()
            .map(|(name, target)| {
                TargetCount::new(name.clone(), target.rows.len() as u64, target.stale.len() as u64)
            })
            .collect();
        Ok(Counts::new(entities, targets))
    }

    async fn erase(&self, connection: &ConnectionId) -> Result<()> {
        self.lock().tenants.remove(connection);
        Ok(())
    }
}

fn beyond(after: Option<&Key>) -> (Bound<&Key>, Bound<&Key>) {
    (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}
