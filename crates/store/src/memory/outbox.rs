//! The outbox of one connection.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Operation, OperationId, RawJson, Result};

use super::MemoryStore;
use crate::ConnectionId;
use crate::outbox::{Answer, Claim, Destination, Entry, EntryRevision, OutboxStore, Status, StatusKind};
use crate::plan::{Queued, check_text, lease_end, unknown_operation};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: BTreeMap<u64, Entry>,
    numbers: HashMap<OperationId, u64>,
    /// Entries of which something may still become.
    open: BTreeSet<u64>,
}

impl Outbox {
    #[cfg(feature = "testing")]
    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut()
    }

    fn after(&self, after: Option<u64>) -> impl Iterator<Item = &Entry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((from, Bound::Unbounded)).map(|(_, entry)| entry)
    }

    /// Those of the operations that are not stored yet.
    fn new_ones(&self, to: &Destination, operations: &[Operation]) -> Result<Vec<(Queued, Operation)>> {
        let (mut new, mut places) = (Vec::<(Queued, Operation)>::new(), HashMap::new());
        for operation in operations {
            let queued = Queued::new(to, operation)?;
            let stored = self.numbers.get(&queued.id).and_then(|number| self.entries.get(number));
            if let Some(stored) = stored {
                let at = Destination { entity: stored.entity.clone(), partition: stored.partition.clone() };
                queued.known(&at, RawJson::of(&stored.operation.op)?.get())?;
            } else if let Some((twin, _)) = places.get(&queued.id).and_then(|place: &usize| new.get(*place)) {
                queued.known(&twin.to, twin.op.get())?;
            } else {
                places.insert(queued.id.clone(), new.len());
                let operation = Queued::operation(queued.id.clone(), queued.op.get())?;
                new.push((queued, operation));
            }
        }
        Ok(new)
    }

    fn marked(&mut self, mark: &EntryRevision) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(&mark.number)?;
        (entry.revision == mark.revision && entry.status.kind().is_open()).then_some(entry)
    }

    /// The numbers of what is to be sent.
    fn sendable(&self, claim: &Claim, now: DateTime<Utc>) -> Vec<u64> {
        let due_at = claim.due.map_or(now, |due| due.min(now));
        let mut occupied = HashSet::new();
        let mut taken: Vec<&Entry> = Vec::new();
        for entry in self.open.iter().filter_map(|number| self.entries.get(number)) {
            let waits = entry
                .record()
                .is_some_and(|record| !occupied.insert((&entry.entity, &entry.partition, record)));
            let due =
                matches!(entry.status, Status::Pending { not_before } if not_before <= due_at) && !waits;
            if !due {
                continue;
            }
            if taken.len() >= claim.limit as usize
                || taken.first().is_some_and(|first| !first.goes_with(entry))
            {
                break;
            }
            taken.push(entry);
        }
        taken.into_iter().map(|entry| entry.number).collect()
    }

    fn close(&mut self, number: u64) {
        if self.entries.get(&number).is_some_and(|entry| !entry.status.kind().is_open()) {
            self.open.remove(&number);
        }
    }
}

impl MemoryStore {
    /// Asks the outbox of a connection, which may have none.
    fn ask<T: Default>(
        &self,
        connection: &ConnectionId,
        ask: impl FnOnce(&Outbox) -> Result<T>,
    ) -> Result<T> {
        self.read(|tenant| {
            let synced = tenant.synced.get(connection);
            synced.map_or_else(|| Ok(T::default()), |synced| ask(&synced.outbox))
        })
    }

    /// Changes the outbox of a connection, if it has one.
    fn update<T>(
        &self,
        connection: &ConnectionId,
        change: impl FnOnce(Option<&mut Outbox>) -> Result<T>,
    ) -> Result<T> {
        self.write(|tenant, _| change(tenant.synced.get_mut(connection).map(|synced| &mut synced.outbox)))
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(self.clock.now())
    }

    async fn enqueue(
        &self,
        connection: &ConnectionId,
        to: &Destination,
        operations: &[Operation],
    ) -> Result<u64> {
        check_text("connection", connection.as_str())?;
        let now = self.clock.now();
        self.write(|tenant, numbers| {
            let outbox = &mut tenant.synced_mut(connection, numbers).outbox;
            let new = outbox.new_ones(to, operations)?;
            let count = new.len() as u64;
            for (queued, operation) in new {
                let number = numbers.next();
                outbox.numbers.insert(queued.id, number);
                outbox.open.insert(number);
                outbox.entries.insert(number, Entry::new(number, queued.to, operation, now));
            }
            Ok(count)
        })
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        let now = self.clock.now();
        self.update(connection, |outbox| {
            let Some(outbox) = outbox else { return Ok(Vec::new()) };
            let mut claimed = Vec::new();
            for number in outbox.sendable(claim, now) {
                if let Some(entry) = outbox.entries.get_mut(&number) {
                    claim.take(entry, now);
                    claimed.push(entry.clone());
                }
            }
            Ok(claimed)
        })
    }

    async fn renew(
        &self,
        connection: &ConnectionId,
        marks: &[EntryRevision],
        lease: Duration,
    ) -> Result<bool> {
        let until = lease_end(self.clock.now(), lease);
        self.update(connection, |mut outbox| {
            let mut all = true;
            for mark in marks {
                let entry = outbox.as_mut().and_then(|outbox| outbox.marked(mark));
                match entry.map(|entry| &mut entry.status) {
                    Some(Status::Sending { until: lease }) => *lease = until,
                    _ => all = false,
                }
            }
            Ok(all)
        })
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let now = self.clock.now();
        self.ask(connection, |outbox| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let open =
                outbox.open.range((from, Bound::Unbounded)).filter_map(|number| outbox.entries.get(number));
            let unsettled = open.filter(|entry| {
                entry.status.kind() != StatusKind::Pending && entry.status.due().is_some_and(|due| due <= now)
            });
            Ok(unsettled.take(limit as usize).cloned().collect())
        })
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: EntryRevision,
        to: Status,
        note: Option<String>,
    ) -> Result<Option<Entry>> {
        let now = self.clock.now();
        self.update(connection, |outbox| {
            let Some(outbox) = outbox else { return Ok(None) };
            let Some(entry) = outbox.marked(&from) else { return Ok(None) };
            entry.change(to, note, now)?;
            let changed = entry.clone();
            outbox.close(from.number);
            Ok(Some(changed))
        })
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
    ) -> Result<Entry> {
        let now = self.clock.now();
        self.update(connection, |outbox| {
            let outbox = outbox.ok_or_else(|| unknown_operation(operation))?;
            let number = outbox.numbers.get(operation).copied();
            let entry = number.and_then(|number| outbox.entries.get_mut(&number));
            let entry = entry.ok_or_else(|| unknown_operation(operation))?;
            entry.answer(answer, now)?;
            let answered = entry.clone();
            outbox.close(answered.number);
            Ok(answered)
        })
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        self.ask(connection, |outbox| {
            let number = outbox.numbers.get(operation);
            Ok(number.and_then(|number| outbox.entries.get(number)).cloned())
        })
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        kind: Option<StatusKind>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.ask(connection, |outbox| {
            let entries = outbox.after(after);
            let wanted = entries.filter(|entry| kind.is_none_or(|kind| entry.status.kind() == kind));
            Ok(wanted.take(limit as usize).cloned().collect())
        })
    }

    async fn prune(&self, connection: &ConnectionId, finished_for: Duration) -> Result<u64> {
        let now = self.clock.now();
        self.update(connection, |outbox| {
            let Some(Outbox { entries, numbers, .. }) = outbox else { return Ok(0) };
            let before = entries.len();
            entries.retain(|_, entry| {
                entry.status.kind().is_open() || lease_end(entry.changed_at, finished_for) > now
            });
            numbers.retain(|_, number| entries.contains_key(number));
            Ok((before - entries.len()) as u64)
        })
    }
}
