//! The decision about one link: what both sides show becomes writes, conflicts and tasks, stored together.

use serde_json::json;
use tieline_core::{FieldPath, RawJson, Result};
use tieline_store::pairings::{
    ChangedRecord, ConflictWinner, Link, LinkChange, LinkState, NewConflict, NewTask, PairSide, TaskKind,
};

use crate::body::{LinkBody, Parked, PendingWrite};
use crate::fields::Fields;
use crate::merge::{Both, Merge, MergeInput, merge};
use crate::report::PlannedChange;
use crate::side::{Seen, SideRecord, WriteKind};
use crate::sync::{DeletePolicy, TwoWaySync};

/// The word of the policy by which an edit holds against a deletion.
const EDIT_OVER_DELETE: &str = "edit over delete";

/// A decision that is not stored yet.
pub(crate) struct Decision {
    pub(crate) change: LinkChange,
    pub(crate) planned: PlannedChange,
    body: LinkBody,
}

impl Decision {
    fn new(change: LinkChange, body: LinkBody) -> Self {
        let planned = PlannedChange {
            left: change.left.clone(),
            right: change.right.clone(),
            links: false,
            state: change.state,
            writes: Vec::new(),
            conflicts: Vec::new(),
        };
        Self { change, planned, body }
    }

    /// Completes it: the writes wait for an approval where their side asks for one.
    pub(crate) fn finish(mut self, sync: &TwoWaySync, links: bool) -> Result<Self> {
        let mut held = false;
        for side in PairSide::BOTH {
            let Some(pending) = self.body.pending.of(side) else { continue };
            let fields = pending.fields.iter().map(|(path, _)| path.clone()).collect();
            self.planned.writes.push((side, pending.kind, fields));
            if *sync.approval.of(side) {
                held = true;
                self.change.tasks.push(NewTask::new(TaskKind::Approval, side.as_str(), detail(pending)?));
            }
        }
        if self.body.has_pending() {
            self.change.state = if held { LinkState::Held } else { LinkState::Writing };
        }
        self.planned.links = links;
        self.planned.state = self.change.state;
        self.planned.conflicts =
            self.change.conflicts.iter().map(|conflict| conflict.field.clone()).collect();
        self.change.body = self.body.json()?;
        Ok(self)
    }
}

/// The facts of an approval: the values before and after.
fn detail(pending: &PendingWrite) -> Result<RawJson> {
    let facts = json!({ "kind": pending.kind, "before": null, "after": null });
    let mut fields = Fields::default();
    fields.set(FieldPath::field("kind"), RawJson::of(&facts.get("kind"))?);
    fields.set(FieldPath::field("before"), RawJson::of(&pending.before)?);
    fields.set(FieldPath::field("after"), RawJson::of(&pending.fields)?);
    Ok(fields.record("task")?.payload)
}

/// The result of looking at a link.
pub(crate) enum Verdict {
    /// Nothing is to be done.
    Quiet,
    /// It is looked at again later.
    Later,
    /// Something is to be stored.
    Change(Box<Decision>),
}

/// The input of a decision about a link.
pub(crate) struct Look<'a> {
    pub(crate) link: &'a Link,
    pub(crate) seen: Both<&'a Seen>,
    pub(crate) handled: Vec<ChangedRecord>,
}

impl TwoWaySync {
    /// Decides about a link.
    pub(crate) fn decide(&self, look: &Look<'_>) -> Result<Verdict> {
        let link = look.link;
        let mut body = LinkBody::of(link)?;
        match link.state {
            // A write is under way: the records are looked at again when it is known what became of it.
            LinkState::Writing => return Ok(Verdict::Later),
            LinkState::Parked if body.parked == Some(Parked::Quarrel) => return Ok(Verdict::Quiet),
            _ => {}
        }
        let held = std::mem::take(&mut body.pending);
        let seen = (look.seen.left, look.seen.right);
        let decided =
            match (self.presence(link, PairSide::Left, seen.0), self.presence(link, PairSide::Right, seen.1))
            {
                (Presence::Live(left), Presence::Live(right)) => {
                    if body.is_stale(PairSide::Left, left) || body.is_stale(PairSide::Right, right) {
                        return Ok(Verdict::Later);
                    }
                    self.merged(link, body, Both::new(left, right))?
                }
                (Presence::Live(left), Presence::New) => self.created(link, body, PairSide::Right, left)?,
                (Presence::New, Presence::Live(right)) => self.created(link, body, PairSide::Left, right)?,
                (Presence::Gone, Presence::Live(right)) => self.gone(link, body, PairSide::Left, right)?,
                (Presence::Live(left), Presence::Gone) => self.gone(link, body, PairSide::Right, left)?,
                (Presence::Gone | Presence::New, Presence::Gone | Presence::New) => (link.state
                    != LinkState::Ended)
                    .then(|| Decision::new(LinkChange::of(link, LinkState::Ended, link.body.clone()), body)),
                _ => None,
            };
        let Some(mut decision) = decided else {
            return self.unchanged(look);
        };
        decision.change.supersedes = vec![TaskKind::Approval, TaskKind::Refused];
        let mut decision = decision.finish(self, false)?;
        // A write that waits for the same approval keeps its task.
        if link.state == LinkState::Held && same_writes(&decision.body.pending, &held) {
            return Ok(Verdict::Quiet);
        }
        decision.change.handled.clone_from(&look.handled);
        Ok(Verdict::Change(Box::new(decision)))
    }

    /// Nothing is to be written: a write that waited for an approval, or was refused, is superseded.
    fn unchanged(&self, look: &Look<'_>) -> Result<Verdict> {
        let hidden = [look.seen.left, look.seen.right].iter().any(|seen| matches!(seen, Seen::Hidden));
        if hidden || !matches!(look.link.state, LinkState::Held | LinkState::Parked) {
            return Ok(Verdict::Quiet);
        }
        let mut body = LinkBody::of(look.link)?;
        body.pending = Both::default();
        body.parked = None;
        let change = LinkChange::of(look.link, LinkState::Linked, look.link.body.clone());
        let mut decision = Decision::new(change, body).finish(self, false)?;
        decision.change.supersedes = vec![TaskKind::Approval, TaskKind::Refused];
        decision.change.handled.clone_from(&look.handled);
        Ok(Verdict::Change(Box::new(decision)))
    }

    fn presence<'s>(&self, link: &Link, side: PairSide, seen: &'s Seen) -> Presence<'s> {
        match (link.key(side), seen) {
            (None, _) => Presence::New,
            (Some(_), Seen::Live(record)) => Presence::Live(record),
            (Some(_), Seen::Gone) => Presence::Gone,
            (Some(_), Seen::Hidden) => Presence::Hidden,
        }
    }

    fn merged(&self, link: &Link, mut body: LinkBody, shown: Both<&SideRecord>) -> Result<Option<Decision>> {
        let fields = Both::new(shown.left.fields.clone(), shown.right.fields.clone());
        let merged = merge(
            &self.rules,
            MergeInput {
                bases: &body.bases,
                shown: &fields,
                changed_at: Both::new(shown.left.changed_at, shown.right.changed_at),
                frozen: &body.frozen,
                resolved: &body.resolved,
            },
        );
        let came_back = matches!(link.state, LinkState::Unlinked | LinkState::Ended);
        if merged.is_quiet(&body.bases) && body.resolved.is_empty() && !came_back {
            return Ok(None);
        }
        let mut tasks = tasks_of(&merged)?;
        let mut quarrels = Vec::new();
        let revision = link.at.revision + 1;
        for side in PairSide::BOTH {
            let writes = merged.writes.of(side);
            if writes.is_empty() {
                continue;
            }
            let (own, other) = (fields.of(side), fields.of(side.other()));
            for (path, value) in writes.iter() {
                if body.note_flip(side, path, own.get(path), value) {
                    quarrels.push(path.clone());
                }
            }
            let pick = |from: &Fields| -> Fields {
                writes.iter().filter_map(|(path, _)| Some((path.clone(), from.get(path)?.clone()))).collect()
            };
            *body.pending.of_mut(side) = Some(PendingWrite {
                kind: WriteKind::Update,
                revision,
                fields: writes.clone(),
                source: pick(other),
                before: pick(own),
                version: shown.of(side).version.clone(),
                queued: false,
                asked: false,
                last: false,
            });
        }
        body.bases = merged.bases;
        body.frozen.extend(merged.frozen);
        for path in merged.thawed.iter().chain(body.resolved.keys()) {
            body.frozen.remove(path);
        }
        body.resolved.clear();
        body.parked = None;
        let mut change = LinkChange::of(link, LinkState::Linked, link.body.clone());
        change.conflicts = merged.conflicts;
        if !quarrels.is_empty() {
            // Nothing is written until a person has looked at it.
            body.pending = Both::default();
            body.parked = Some(Parked::Quarrel);
            change.state = LinkState::Parked;
            let named = RawJson::of(&json!({ "fields": quarrels }))?;
            tasks.push(NewTask::new(TaskKind::Quarrel, "fields", named));
        }
        change.tasks = tasks;
        Ok(Some(Decision::new(change, body)))
    }

    /// A record that has no counterpart yet: one is made.
    fn created(
        &self,
        link: &Link,
        mut body: LinkBody,
        side: PairSide,
        source: &SideRecord,
    ) -> Result<Option<Decision>> {
        if link.state == LinkState::Unlinked || link.state == LinkState::Ended {
            return Ok(None);
        }
        let Some(pending) = self.create(source, link.at.revision + 1) else { return Ok(None) };
        *body.pending.of_mut(side) = Some(pending);
        body.parked = None;
        Ok(Some(Decision::new(LinkChange::of(link, LinkState::Writing, link.body.clone()), body)))
    }

    /// The create of a counterpart; `None` when the record shows nothing.
    pub(crate) fn create(&self, source: &SideRecord, revision: u64) -> Option<PendingWrite> {
        let fields: Fields = self
            .rules
            .paths()
            .filter_map(|path| Some((path.clone(), source.fields.get(path)?.clone())))
            .filter(|(_, value)| value.get() != "null")
            .collect();
        if fields.is_empty() {
            return None;
        }
        Some(PendingWrite {
            kind: WriteKind::Create,
            revision,
            source: fields.clone(),
            fields,
            before: Fields::default(),
            version: None,
            queued: false,
            asked: false,
            last: false,
        })
    }

    /// The record of a side is gone: the policy of the other side decides.
    fn gone(
        &self,
        link: &Link,
        mut body: LinkBody,
        side: PairSide,
        left_over: &SideRecord,
    ) -> Result<Option<Decision>> {
        if matches!(link.state, LinkState::Unlinked | LinkState::Ended) {
            return Ok(None);
        }
        let stays = side.other();
        let mut change = LinkChange::of(link, LinkState::Unlinked, link.body.clone());
        let base = body.bases.of(stays);
        let edited: Vec<FieldPath> = self
            .rules
            .fields
            .iter()
            .filter(|rule| match (base.get(&rule.path), left_over.fields.get(&rule.path)) {
                (Some(base), Some(now)) => !rule.value_type.same(base, now),
                _ => false,
            })
            .map(|rule| rule.path.clone())
            .collect();
        let policy = self.deletes.of(stays);
        if *policy != DeletePolicy::Unlink && !edited.is_empty() {
            // The edit holds: the record stays, and the log says so.
            for path in edited {
                let mut conflict = NewConflict::new(path.clone(), EDIT_OVER_DELETE, stays.into());
                conflict.base = base.get(&path).cloned();
                let now = left_over.fields.get(&path).cloned();
                match stays {
                    PairSide::Left => conflict.left = now,
                    PairSide::Right => conflict.right = now,
                }
                change.conflicts.push(conflict);
            }
            return Ok(Some(Decision::new(change, body)));
        }
        let pending = |kind, fields: Fields| {
            let before = fields
                .iter()
                .filter_map(|(path, _)| Some((path.clone(), left_over.fields.get(path)?.clone())))
                .collect();
            PendingWrite {
                kind,
                revision: link.at.revision + 1,
                fields,
                source: Fields::default(),
                before,
                version: left_over.version.clone(),
                queued: false,
                asked: false,
                last: true,
            }
        };
        match policy {
            DeletePolicy::Unlink => {}
            DeletePolicy::Archive(fields) => {
                *body.pending.of_mut(stays) = Some(pending(WriteKind::Update, fields.clone()));
            }
            DeletePolicy::Delete => {
                *body.pending.of_mut(stays) = Some(pending(WriteKind::Delete, Fields::default()));
            }
        }
        Ok(Some(Decision::new(change, body)))
    }

    /// A new link of two records that are there.
    pub(crate) fn link_records(
        &self,
        keys: Both<tieline_core::Key>,
        shown: Both<&SideRecord>,
        handled: Vec<ChangedRecord>,
    ) -> Result<Decision> {
        let empty = LinkBody::default();
        let at = tieline_store::pairings::LinkRevision::new(tieline_store::pairings::LinkId::new(0), 0);
        let keys = [Some(keys.left), Some(keys.right)];
        let new = Link::new(at, keys, LinkState::Linked, empty.json()?);
        let decision = match self.merged(&new, empty.clone(), shown)? {
            Some(decision) => decision,
            None => Decision::new(LinkChange::of(&new, LinkState::Linked, new.body.clone()), empty),
        };
        let mut decision = decision.finish(self, true)?;
        decision.change.from = None;
        decision.change.handled = handled;
        Ok(decision)
    }

    /// A new link of a record whose counterpart is to be made.
    pub(crate) fn link_new(
        &self,
        side: PairSide,
        key: tieline_core::Key,
        shown: &SideRecord,
        handled: Vec<ChangedRecord>,
    ) -> Result<Option<Decision>> {
        let Some(pending) = self.create(shown, 1) else { return Ok(None) };
        let mut body = LinkBody::default();
        *body.pending.of_mut(side.other()) = Some(pending);
        let mut change = LinkChange::create(None, None, LinkState::Writing, body.json()?);
        change.set_key(side, Some(key));
        let mut decision = Decision::new(change, body).finish(self, false)?;
        decision.change.handled = handled;
        Ok(Some(decision))
    }
}

enum Presence<'s> {
    Live(&'s SideRecord),
    Hidden,
    Gone,
    /// There is no record yet.
    New,
}

fn same_writes(new: &Both<Option<PendingWrite>>, old: &Both<Option<PendingWrite>>) -> bool {
    PairSide::BOTH.into_iter().all(|side| match (new.of(side), old.of(side)) {
        (Some(new), Some(old)) => new.same_as(old),
        (None, None) => true,
        _ => false,
    })
}

/// The tasks of fields that people decide about.
fn tasks_of(merged: &Merge) -> Result<Vec<NewTask>> {
    let open = merged.conflicts.iter().filter(|conflict| conflict.winner == ConflictWinner::Open);
    open.map(|conflict| {
        let mut facts = Fields::default();
        for (name, value) in [("base", &conflict.base), ("left", &conflict.left), ("right", &conflict.right)]
        {
            if let Some(value) = value {
                facts.set(FieldPath::field(name), value.clone());
            }
        }
        let detail = facts.record("task")?.payload;
        Ok(NewTask::new(TaskKind::Conflict, conflict.field.as_str(), detail))
    })
    .collect()
}
