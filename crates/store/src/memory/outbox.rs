//! The outbox of one connection.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Operation, OperationId, RawJson, Result};

use super::{Data, MemoryStore};
use crate::ConnectionId;
use crate::outbox::{Answer, Claim, Entry, Mark, OutboxStore, Stage, Status};
use crate::plan::{Queued, check_text, unknown_operation};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    entries: BTreeMap<u64, Entry>,
    numbers: HashMap<OperationId, u64>,
    /// Entries of which something may still become.
    open: BTreeSet<u64>,
}

impl Outbox {
    fn after(&self, after: Option<u64>) -> impl Iterator<Item = &Entry> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((from, Bound::Unbounded)).map(|(_, entry)| entry)
    }

    fn marked(&mut self, mark: &Mark) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(&mark.number)?;
        (entry.revision == mark.revision && entry.status.stage().is_open()).then_some(entry)
    }

    /// The numbers of what is to be sent.
    fn sendable(&self, claim: &Claim) -> Vec<u64> {
        let mut occupied = HashSet::new();
        let mut taken: Vec<&Entry> = Vec::new();
        for entry in self.open.iter().filter_map(|number| self.entries.get(number)) {
            let waits = entry.record().is_some_and(|record| !occupied.insert((&entry.entity, record)));
            let due =
                matches!(entry.status, Status::Pending { not_before } if not_before <= claim.due) && !waits;
            if !due {
                continue;
            }
            if taken.len() >= claim.limit as usize
                || taken.first().is_some_and(|first| first.entity != entry.entity)
            {
                break;
            }
            taken.push(entry);
        }
        taken.into_iter().map(|entry| entry.number).collect()
    }

    fn close(&mut self, number: u64) {
        if self.entries.get(&number).is_some_and(|entry| !entry.status.stage().is_open()) {
            self.open.remove(&number);
        }
    }
}

impl Data {
    fn outbox(&self, connection: &ConnectionId) -> Option<&Outbox> {
        self.tenants.get(connection).map(|tenant| &tenant.outbox)
    }

    fn outbox_mut(&mut self, connection: &ConnectionId) -> Option<&mut Outbox> {
        self.tenants.get_mut(connection).map(|tenant| &mut tenant.outbox)
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn enqueue(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        operations: &[Operation],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        check_text("connection", connection.as_str())?;
        let mut data = self.lock();
        let (mut new, mut places) = (Vec::<Queued>::new(), HashMap::new());
        for operation in operations {
            let queued = Queued::new(entity, operation)?;
            let outbox = data.outbox(connection);
            let stored = outbox.and_then(|outbox| outbox.entries.get(outbox.numbers.get(&queued.id)?));
            if let Some(stored) = stored {
                queued.known(stored.entity.as_str(), RawJson::of(&stored.operation.op)?.get())?;
            } else if let Some(twin) = places.get(&queued.id).and_then(|place: &usize| new.get(*place)) {
                queued.known(twin.entity.as_str(), twin.op.get())?;
            } else {
                places.insert(queued.id.clone(), new.len());
                new.push(queued);
            }
        }
        let count = new.len() as u64;
        for queued in new {
            let number = data.next_number();
            let operation = Queued::operation(queued.id.clone(), queued.op.get())?;
            let outbox = &mut data.tenant(connection).outbox;
            outbox.numbers.insert(queued.id, number);
            outbox.open.insert(number);
            outbox.entries.insert(number, Entry::new(number, queued.entity, operation, now));
        }
        Ok(count)
    }

    async fn claim(&self, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
        let mut data = self.lock();
        let Some(outbox) = data.outbox_mut(connection) else { return Ok(Vec::new()) };
        let mut claimed = Vec::new();
        for number in outbox.sendable(claim) {
            if let Some(entry) = outbox.entries.get_mut(&number) {
                claim.take(entry);
                claimed.push(entry.clone());
            }
        }
        Ok(claimed)
    }

    async fn renew(&self, connection: &ConnectionId, marks: &[Mark], until: DateTime<Utc>) -> Result<bool> {
        let mut data = self.lock();
        let mut all = true;
        for mark in marks {
            let entry = data.outbox_mut(connection).and_then(|outbox| outbox.marked(mark));
            match entry.map(|entry| &mut entry.status) {
                Some(Status::Sending { until: lease }) => *lease = until,
                _ => all = false,
            }
        }
        Ok(all)
    }

    async fn unsettled(
        &self,
        connection: &ConnectionId,
        now: DateTime<Utc>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let data = self.lock();
        let Some(outbox) = data.outbox(connection) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let open =
            outbox.open.range((from, Bound::Unbounded)).filter_map(|number| outbox.entries.get(number));
        let unsettled = open.filter(|entry| {
            entry.status.stage() != Stage::Pending && entry.status.due().is_some_and(|due| due <= now)
        });
        Ok(unsettled.take(limit as usize).cloned().collect())
    }

    async fn advance(
        &self,
        connection: &ConnectionId,
        from: Mark,
        to: Status,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Option<Entry>> {
        let mut data = self.lock();
        let Some(outbox) = data.outbox_mut(connection) else { return Ok(None) };
        let Some(entry) = outbox.marked(&from) else { return Ok(None) };
        entry.change(to, note, now)?;
        let changed = entry.clone();
        outbox.close(from.number);
        Ok(Some(changed))
    }

    async fn answer(
        &self,
        connection: &ConnectionId,
        operation: &OperationId,
        answer: Answer,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let mut data = self.lock();
        let outbox = data.outbox_mut(connection).ok_or_else(|| unknown_operation(operation))?;
        let number = outbox.numbers.get(operation).copied();
        let entry = number.and_then(|number| outbox.entries.get_mut(&number));
        let entry = entry.ok_or_else(|| unknown_operation(operation))?;
        entry.answer(answer, now)?;
        let answered = entry.clone();
        outbox.close(answered.number);
        Ok(answered)
    }

    async fn entry(&self, connection: &ConnectionId, operation: &OperationId) -> Result<Option<Entry>> {
        let data = self.lock();
        let outbox = data.outbox(connection);
        Ok(outbox.and_then(|outbox| outbox.entries.get(outbox.numbers.get(operation)?)).cloned())
    }

    async fn entries(
        &self,
        connection: &ConnectionId,
        stage: Option<Stage>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let data = self.lock();
        let Some(outbox) = data.outbox(connection) else { return Ok(Vec::new()) };
        let wanted =
            outbox.after(after).filter(|entry| stage.is_none_or(|stage| entry.status.stage() == stage));
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn prune(&self, connection: &ConnectionId, finished_before: DateTime<Utc>) -> Result<u64> {
        let mut data = self.lock();
        let Some(outbox) = data.outbox_mut(connection) else { return Ok(0) };
        let before = outbox.entries.len();
        outbox
            .entries
            .retain(|_, entry| entry.status.stage().is_open() || entry.changed_at >= finished_before);
        let Outbox { entries, numbers, .. } = outbox;
        numbers.retain(|_, number| entries.contains_key(number));
        Ok((before - entries.len()) as u64)
    }
}
