//! Applying a plan. Nothing here can fail.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Key, RawJson, Record};

use super::synced::{Held, Stream, Synced};
use super::target::Changed;
use crate::plan::{CommitPlan, Effect, GONE, LookedUp, RowEffect, StreamUpdate};
use crate::{
    ChangeCounts, CommitStats, DeleteThreshold, PendingKind, PendingRecord, SweepRefused, TargetName,
};

/// The stream that a commit moves on.
#[derive(Clone, Copy)]
struct SeenIn {
    stream: u64,
    generation: u64,
}

impl Synced {
    /// Applies a checked plan. `number` is for the stream, should it be new.
    pub(super) fn apply(&mut self, plan: CommitPlan, number: u64, now: DateTime<Utc>) -> CommitStats {
        let mut tally = CommitStats::default();
        let mut changed = Vec::new();
        let (mut sweep, mut held) = (None, None);
        self.sequence += 1;
        if let Some(stream) = &plan.stream {
            let (mark, below) = self.advance(stream, number, &mut tally);
            sweep = below.map(|below| (mark.stream, below, stream.brake));
            held = stream.make_held_deletions.then_some((mark.stream, stream.brake));
            for (entity, effects) in &plan.entities {
                for (key, effect) in effects {
                    let was = self.payload(entity, key);
                    self.note_effect(entity, key, effect, mark, now, &mut tally);
                    if self.apply_effect(entity, key, effect, mark, &mut tally) {
                        let payloads = [was, self.payload(entity, key)];
                        changed.push(Changed { entity: entity.clone(), key: key.clone(), payloads });
                    }
                }
            }
        }
        for (entity, records) in plan.stream.iter().flat_map(|stream| &stream.refused) {
            for (key, why) in records {
                let number =
                    plan.stream.as_ref().and_then(|stream| self.stream(&stream.id)).map(|s| s.number);
                self.note(number.unwrap_or_default(), entity, key, PendingKind::Refused, why, now);
            }
        }
        for (name, rows) in &plan.targets {
            self.apply_rows(name, rows, &plan, &mut tally);
        }
        if let Some((stream, below, brake)) = sweep {
            changed.extend(self.sweep(stream, below, brake, &mut tally));
        }
        if let Some((stream, brake)) = held {
            changed.extend(self.delete_held(stream, brake, &mut tally));
        }
        for changed in &changed {
            let there = self.held(&changed.entity, &changed.key).is_some();
            if let Some(mirror) = self.mirror.get_mut(&changed.entity) {
                mirror.changed_in = self.sequence;
                mirror.deleted_in = if there { mirror.deleted_in } else { self.sequence };
            }
            for (name, target) in &mut self.targets {
                target.mark_dependents(changed);
                let brought = plan.targets.get(name).is_some_and(|rows| rows.contains_key(&changed.key));
                if there && !brought && target.entity == changed.entity {
                    target.stale.insert(changed.key.clone());
                }
            }
        }
        tally
    }

    fn payload(&self, entity: &EntityName, key: &Key) -> Option<RawJson> {
        self.record(entity, key).map(|record| record.payload.clone())
    }

    /// Notes the meaning of an effect for undecided records, before it is applied.
    fn note_effect(
        &mut self,
        entity: &EntityName,
        key: &Key,
        effect: &Effect,
        mark: SeenIn,
        now: DateTime<Utc>,
        tally: &mut CommitStats,
    ) {
        let pending = (entity.clone(), key.clone());
        match effect {
            Effect::Hold if self.held(entity, key).is_some() => {
                tally.held_deletions += 1;
                self.note(mark.stream, entity, key, PendingKind::Gone, GONE, now);
            }
            Effect::Present => {
                if self.pending.get(&pending).is_some_and(|(_, record)| record.kind == PendingKind::Gone) {
                    self.pending.remove(&pending);
                }
            }
            Effect::Upsert(_) | Effect::Delete | Effect::Hold => _ = self.pending.remove(&pending),
            // Deleting it does the rest.
            Effect::DeleteFromStream => {}
        }
    }

    fn note(
        &mut self,
        stream: u64,
        entity: &EntityName,
        key: &Key,
        kind: PendingKind,
        why: &str,
        now: DateTime<Utc>,
    ) {
        let slot = (entity.clone(), key.clone());
        let known = self.pending.get(&slot).map(|(_, known)| (known.first_at, known.tries + 1));
        let (first_at, tries) = known.unwrap_or((now, 1));
        let record = PendingRecord::new(entity.clone(), key.clone(), kind, why, first_at).with_tries(tries);
        self.pending.insert(slot, (stream, record));
    }

    /// Deletes the records of a stream whose deletion was held, unless the brake holds. Answers what is gone.
    fn delete_held(&mut self, stream: u64, brake: DeleteThreshold, tally: &mut CommitStats) -> Vec<Changed> {
        let gone =
            self.pending.iter().filter(|(_, (of, record))| *of == stream && record.kind == PendingKind::Gone);
        let gone: Vec<(EntityName, Key)> = gone.map(|(slot, _)| slot.clone()).collect();
        let records = self.mirror.values().flat_map(|mirror| mirror.records.values());
        let of = records.filter(|held| held.stream == stream).count() as u64;
        if brake.holds(gone.len() as u64, of) {
            tally.deletions_refused = Some(SweepRefused::new(gone.len() as u64, of));
            return Vec::new();
        }
        let mut changed = Vec::new();
        for (entity, key) in gone {
            let payloads = [self.payload(&entity, &key), None];
            self.delete(&entity, &key, tally);
            changed.push(Changed { entity, key, payloads });
        }
        changed
    }

    /// Moves the stream on. Answers its mark, and the generation below which its records are gone.
    fn advance(
        &mut self,
        plan: &StreamUpdate,
        number: u64,
        tally: &mut CommitStats,
    ) -> (SeenIn, Option<u64>) {
        let stream = self
            .streams
            .entry((plan.id.entity.clone(), plan.id.partition.clone()))
            .or_insert_with(|| Stream::new(number));
        stream.passes.begin(plan.pass, plan.fresh);
        let mark = SeenIn { stream: stream.number, generation: stream.passes.generation };
        let below = plan.end.and_then(|end| stream.passes.end(plan.pass, end));
        stream.state = Some(plan.state.clone());
        stream.revision += 1;
        stream.fields = plan.fields.clone().or_else(|| stream.fields.take());
        tally.revision = Some(stream.revision());
        (mark, below)
    }

    /// Answers whether the record's content is another one now.
    fn apply_effect(
        &mut self,
        entity: &EntityName,
        key: &Key,
        effect: &Effect,
        mark: SeenIn,
        tally: &mut CommitStats,
    ) -> bool {
        match effect {
            Effect::Upsert(record) => self.upsert(entity, record, mark, &mut tally.mirror),
            Effect::Present => {
                let mirror = self.mirror.entry(entity.clone()).or_default();
                match mirror.records.get_mut(key) {
                    Some(held) => (held.stream, held.generation) = (mark.stream, mark.generation),
                    None => tally.unknown += 1,
                }
                false
            }
            Effect::Delete => self.delete(entity, key, tally),
            Effect::Hold => false,
            Effect::DeleteFromStream => {
                self.held(entity, key).is_some_and(|held| held.stream == mark.stream)
                    && self.delete(entity, key, tally)
            }
        }
    }

    fn upsert(
        &mut self,
        entity: &EntityName,
        record: &Record,
        mark: SeenIn,
        tally: &mut ChangeCounts,
    ) -> bool {
        let fresh = Held {
            record: record.clone(),
            stream: mark.stream,
            generation: mark.generation,
            changed_in: self.sequence,
        };
        match self.mirror.entry(entity.clone()).or_default().records.entry(record.key.clone()) {
            Entry::Vacant(slot) => {
                slot.insert(fresh);
                tally.created += 1;
                true
            }
            Entry::Occupied(mut slot) if slot.get().record.payload == record.payload => {
                let changed_in = slot.get().changed_in;
                slot.insert(Held { changed_in, ..fresh });
                tally.unchanged += 1;
                false
            }
            Entry::Occupied(mut slot) => {
                slot.insert(fresh);
                tally.updated += 1;
                true
            }
        }
    }

    /// Answers whether there was one. Its rows go with it.
    fn delete(&mut self, entity: &EntityName, key: &Key, tally: &mut CommitStats) -> bool {
        let Some(mirror) = self.mirror.get_mut(entity) else { return false };
        if mirror.records.remove(key).is_none() {
            return false;
        }
        tally.mirror.deleted += 1;
        self.pending.remove(&(entity.clone(), key.clone()));
        for target in self.targets.values_mut().filter(|target| target.entity == *entity) {
            tally.target.deleted += u64::from(target.forget(key));
        }
        true
    }

    fn apply_rows(
        &mut self,
        name: &TargetName,
        rows: &BTreeMap<Key, RowEffect>,
        plan: &CommitPlan,
        tally: &mut CommitStats,
    ) {
        let seen = plan.mapped_at.map(|version| self.seen(version));
        let Some(target) = self.targets.get_mut(name) else { return };
        for (key, row) in rows {
            let held = self.mirror.get(&target.entity).and_then(|mirror| mirror.records.get(key));
            let Some(held) = held else {
                tally.outdated += u64::from(row.fields.is_some());
                continue;
            };
            if seen.is_some_and(|seen| held.changed_in > seen) && !plan.brings(&target.entity, key) {
                target.stale.insert(key.clone());
                tally.outdated += 1;
                continue;
            }
            if plan.hold_removals && row.fields.is_none() && target.rows.contains_key(key) {
                target.stale.insert(key.clone());
                tally.held += 1;
                continue;
            }
            tally.target += target.put(key.clone(), row.clone());
            if let Some(seen) = seen
                && overtaken(&self.mirror, &row.looked_up, seen)
            {
                target.stale.insert(key.clone());
            }
        }
    }

    /// Deletes what a complete pass did not see, unless the brake holds. Answers what is gone.
    fn sweep(
        &mut self,
        stream: u64,
        below: u64,
        brake: DeleteThreshold,
        tally: &mut CommitStats,
    ) -> Vec<Changed> {
        let mut of = 0;
        let mut gone = Vec::new();
        for (entity, mirror) in &self.mirror {
            for (key, held) in mirror.records.iter().filter(|(_, held)| held.stream == stream) {
                of += 1;
                if held.generation < below {
                    let payloads = [Some(held.record.payload.clone()), None];
                    gone.push(Changed { entity: entity.clone(), key: key.clone(), payloads });
                }
            }
        }
        let would_delete = gone.len() as u64;
        if brake.holds(would_delete, of) {
            tally.sweep_refused = Some(SweepRefused::new(would_delete, of));
            return Vec::new();
        }
        tally.swept = would_delete;
        for gone in &gone {
            self.delete(&gone.entity, &gone.key, tally);
        }
        gone
    }
}

/// Whether one of the records changed, came or went since. By another field than the key, any change counts.
fn overtaken(
    mirror: &BTreeMap<EntityName, super::synced::Mirror>,
    looked_up: &BTreeSet<LookedUp>,
    seen: u64,
) -> bool {
    looked_up.iter().any(|LookedUp { entity, by, value }| {
        mirror.get(entity).is_some_and(|mirror| match by {
            None => mirror.records.get(value).map_or(mirror.deleted_in, |held| held.changed_in) > seen,
            Some(_) => mirror.changed_in > seen,
        })
    })
}
