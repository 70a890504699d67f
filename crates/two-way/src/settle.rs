//! Writes that are under way: handed to their side, and settled when it is known what became of them.

use std::time::Duration;

use serde_json::json;
use tieline_core::{FieldPath, Key, RawJson, Result};
use tieline_store::pairings::{
    ConflictWinner, Link, LinkChange, LinkState, NewConflict, NewTask, PairSide, TaskKind,
};

use crate::body::{LinkBody, Parked, PendingWrite, WrittenBefore};
use crate::fields::Fields;
use crate::report::TwoWayReport;
use crate::side::{Seen, SideRecord, WriteKind, WriteOutcome};
use crate::sync::TwoWaySync;

/// The policy under which it is logged that a side shows another value than it was sent.
const NORMALISED: &str = "written differently";

impl TwoWaySync {
    /// Hands over what is decided, sends it, and settles what is known.
    pub(crate) async fn write(&self, report: &mut TwoWayReport) -> Result<()> {
        self.settle(report).await?;
        for side in PairSide::BOTH {
            self.sides.of(side).send().await.map_err(|error| error.with_context("side", side))?;
        }
        self.settle(report).await
    }

    /// Settles the writes of all links that have some.
    pub(crate) async fn settle(&self, report: &mut TwoWayReport) -> Result<()> {
        let mut after = None;
        loop {
            let links = self.store.links_in(&self.id, LinkState::Writing, after, self.page).await?;
            let Some(last) = links.last() else { return Ok(()) };
            after = Some(last.at.link);
            for link in links {
                self.settle_link(link, report).await?;
            }
        }
    }

    async fn settle_link(&self, mut link: Link, report: &mut TwoWayReport) -> Result<()> {
        for side in PairSide::BOTH {
            let mut body = LinkBody::of(&link)?;
            let Some(pending) = body.pending.of(side).clone() else { continue };
            let id = pending.id(&self.id, &link, side);
            let write = pending.write(&link, side);
            let outcome = if pending.queued {
                self.sides.of(side).outcome(&id, &write).await
            } else {
                self.sides.of(side).write(&id, &write).await
            };
            let outcome = outcome.map_err(|error| error.with_context("side", side))?;
            let mut change = LinkChange::of(&link, LinkState::Writing, link.body.clone());
            match outcome {
                WriteOutcome::Queued if pending.queued => continue,
                WriteOutcome::Question(_) if pending.asked => continue,
                WriteOutcome::Queued => set(&mut body, side, |pending| pending.queued = true),
                WriteOutcome::Question(why) => {
                    let facts = RawJson::of(&json!({ "operation": id.as_str(), "question": why }))?;
                    change.tasks.push(NewTask::new(TaskKind::Question, side.as_str(), facts));
                    set(&mut body, side, |pending| (pending.queued, pending.asked) = (true, true));
                    report.questions += 1;
                }
                WriteOutcome::Written { key, shown } => {
                    let shown = match shown {
                        Some(shown) => Some(*shown),
                        None => self.shown(side, &key, pending.kind).await?,
                    };
                    self.written(&mut body, &mut change, side, (&pending, key, shown));
                    report.written += 1;
                }
                WriteOutcome::Moved => {
                    *body.pending.of_mut(side) = None;
                    for side in PairSide::BOTH {
                        if let Some(key) = link.key(side) {
                            change.again.push((side, key.clone(), self.later()));
                        }
                    }
                    report.moved += 1;
                }
                WriteOutcome::Refused(why) => {
                    *body.pending.of_mut(side) = None;
                    body.parked = Some(Parked::Refused);
                    let facts = RawJson::of(&json!({ "kind": pending.kind, "reason": why }))?;
                    change.tasks.push(NewTask::new(TaskKind::Refused, side.as_str(), facts));
                    report.refused += 1;
                }
            }
            if !body.has_pending() && change.state == LinkState::Writing {
                change.state = match body.parked {
                    Some(_) => LinkState::Parked,
                    None => LinkState::Linked,
                };
                change.supersedes.push(TaskKind::Question);
            }
            change.body = body.json()?;
            match self.store.store_link(&self.id, change).await? {
                Some(stored) => link = stored,
                // Somebody else settles it.
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The record after a write whose side did not say.
    async fn shown(&self, side: PairSide, key: &Key, kind: WriteKind) -> Result<Option<SideRecord>> {
        if kind == WriteKind::Delete {
            return Ok(None);
        }
        let seen = self.sides.of(side).load(std::slice::from_ref(key)).await?;
        Ok(seen.into_iter().find_map(|seen| match seen {
            Seen::Live(record) => Some(record),
            _ => None,
        }))
    }

    /// Moves the bases of the written fields: that of the sender to the value that was sent, that of the receiver to what it
    /// shows for it.
    fn written(
        &self,
        body: &mut LinkBody,
        change: &mut LinkChange,
        side: PairSide,
        (pending, key, shown): (&PendingWrite, Key, Option<SideRecord>),
    ) {
        *body.pending.of_mut(side) = None;
        if pending.last {
            change.state = match pending.kind {
                WriteKind::Delete => LinkState::Ended,
                _ => LinkState::Unlinked,
            };
            return;
        }
        if pending.kind == WriteKind::Create {
            change.set_key(side, Some(key.clone()));
        }
        let shown_fields = shown.as_ref().map_or(&pending.fields, |shown| &shown.fields);
        let mut moved_besides = false;
        for rule in &self.rules.fields {
            let path = &rule.path;
            let Some(now) = shown_fields.get(path) else { continue };
            let Some(sent) = pending.fields.get(path) else {
                // A side effect of the write keeps its base, and goes on as a change.
                let base = body.bases.of(side).get(path);
                moved_besides |= base.is_none_or(|base| !rule.value_type.same(base, now));
                continue;
            };
            if !rule.value_type.same(sent, now) {
                change.conflicts.push(different(path, side, sent, now));
            }
            body.bases.of_mut(side).set(path.clone(), now.clone());
        }
        // A write to the other side moves its base by itself.
        let other = side.other();
        let in_work =
            body.pending.of(other).as_ref().map(|pending| pending.fields.clone()).unwrap_or_default();
        for (path, value) in pending.source.iter().filter(|(path, _)| in_work.get(path).is_none()) {
            body.bases.of_mut(other).set(path.clone(), value.clone());
        }
        *body.written.of_mut(side) =
            Some(WrittenBefore { before: changed_by(pending), version: pending.version.clone() });
        if moved_besides {
            change.again.push((side, key, Duration::ZERO));
        }
    }
}

/// What the record showed before a write, of the fields that the write changed.
fn changed_by(pending: &PendingWrite) -> Fields {
    pending
        .before
        .iter()
        .filter(|(path, before)| pending.fields.get(path) != Some(before))
        .map(|(path, before)| (path.clone(), before.clone()))
        .collect()
}

/// The side shows another value than it was sent: its own form of it, or what somebody changed at that moment.
fn different(path: &FieldPath, side: PairSide, sent: &RawJson, now: &RawJson) -> NewConflict {
    let mut conflict = NewConflict::new(path.clone(), NORMALISED, ConflictWinner::Neither);
    let (own, other) = (Some(now.clone()), Some(sent.clone()));
    (conflict.left, conflict.right) = match side {
        PairSide::Left => (own, other),
        PairSide::Right => (other, own),
    };
    conflict
}

fn set(body: &mut LinkBody, side: PairSide, change: impl FnOnce(&mut PendingWrite)) {
    if let Some(pending) = body.pending.of_mut(side) {
        change(pending);
    }
}
