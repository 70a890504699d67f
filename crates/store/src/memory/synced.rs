//! What sync keeps of one connection.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeBounds;

use tieline_core::{EntityName, Key, Partition, Record, Result, State};

use super::outbox::Outbox;
use super::target::Target;
use crate::plan::{self, CommitPlan};
use crate::{Passes, PendingRecord, Position, ReadVersion, StreamId, StreamRevision};

#[derive(Debug)]
pub(super) struct Synced {
    number: u64,
    /// Counts the commits.
    pub(super) sequence: u64,
    pub(super) mirror: BTreeMap<EntityName, Mirror>,
    pub(super) targets: BTreeMap<crate::TargetName, Target>,
    pub(super) streams: HashMap<(EntityName, Option<Partition>), Stream>,
    /// Undecided records, each with the number of the stream that noted it.
    pub(super) pending: BTreeMap<(EntityName, Key), (u64, PendingRecord)>,
    pub(super) outbox: Outbox,
}

/// The records of one entity.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    pub(super) records: BTreeMap<Key, Held>,
    /// The commits that last changed and last deleted one of them.
    pub(super) changed_in: u64,
    pub(super) deleted_in: u64,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    /// The number of the stream that saw it last.
    pub(super) stream: u64,
    pub(super) generation: u64,
    /// The commit that last changed its payload.
    pub(super) changed_in: u64,
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) number: u64,
    pub(super) revision: u64,
    pub(super) state: Option<String>,
    pub(super) passes: Passes,
    pub(super) fields: Option<String>,
}

impl Stream {
    pub(super) fn new(number: u64) -> Self {
        Self { number, revision: 0, state: None, passes: Passes::default(), fields: None }
    }

    pub(super) fn revision(&self) -> StreamRevision {
        StreamRevision::new(self.number, self.revision)
    }

    pub(super) fn position(&self) -> Result<Position> {
        let state = self.state.as_deref().map(State::from_text).transpose()?;
        let fields = plan::stored_fields(self.fields.as_deref());
        Ok(Position::new(state, self.passes, self.revision()).with_fields(fields))
    }
}

impl Synced {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            sequence: 0,
            mirror: BTreeMap::new(),
            targets: BTreeMap::new(),
            streams: HashMap::new(),
            pending: BTreeMap::new(),
            outbox: Outbox::default(),
        }
    }

    pub(super) fn read_version(&self) -> ReadVersion {
        ReadVersion::new(self.number, self.sequence)
    }

    /// The commits that a version has seen.
    pub(super) fn seen(&self, version: ReadVersion) -> u64 {
        version.seen(self.number).unwrap_or(0)
    }

    pub(super) fn stream(&self, id: &StreamId) -> Option<&Stream> {
        self.streams.get(&(id.entity.clone(), id.partition.clone()))
    }

    /// The undecided records of a stream.
    pub(super) fn pending_of(&self, id: &StreamId) -> impl Iterator<Item = &PendingRecord> {
        let number = self.stream(id).map(|stream| stream.number);
        let pending = self.pending.values().filter(move |(stream, _)| Some(*stream) == number);
        pending.map(|(_, record)| record)
    }

    pub(super) fn reset(&mut self, id: &StreamId) {
        if let Some(stream) = self.streams.get_mut(&(id.entity.clone(), id.partition.clone())) {
            stream.state = None;
            stream.passes.close();
            stream.revision += 1;
        }
    }

    /// Everything that can fail, before anything changes.
    pub(super) fn check(&self, plan: &CommitPlan) -> Result<()> {
        if let Some(stream) = &plan.stream
            && let Some(expected) = stream.expected
            && expected != self.stream(&stream.id).map(Stream::revision).unwrap_or_default()
        {
            return Err(plan::moved_on(&stream.id));
        }
        match plan.targets.keys().find(|target| !self.targets.contains_key(*target)) {
            Some(target) => Err(plan::not_opened(target)),
            None => Ok(()),
        }
    }

    pub(super) fn held(&self, entity: &EntityName, key: &Key) -> Option<&Held> {
        self.mirror.get(entity)?.records.get(key)
    }

    pub(super) fn record(&self, entity: &EntityName, key: &Key) -> Option<&Record> {
        self.held(entity, key).map(|held| &held.record)
    }

    pub(super) fn keys(&self, entity: &EntityName) -> Vec<Key> {
        self.mirror.get(entity).map(|mirror| mirror.records.keys().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn records_from(
        &self,
        entity: &EntityName,
        range: impl RangeBounds<Key>,
    ) -> impl Iterator<Item = &Record> {
        let records = self.mirror.get(entity).map(|mirror| mirror.records.range(range));
        records.into_iter().flatten().map(|(_, held)| &held.record)
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = (&EntityName, u64)> {
        self.mirror.iter().map(|(entity, mirror)| (entity, mirror.records.len() as u64))
    }
}
