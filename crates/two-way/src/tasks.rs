//! The answers of people: approvals, conflicts, records that could be several, quarrels.

use std::time::Duration;

use tieline_core::{Error, ErrorKind, FieldPath, Key, Result};
use tieline_store::pairings::{
    Conflict, ConflictWinner, Link, LinkChange, LinkState, NewConflict, PairSide, Task, TaskDecision,
    TaskKind, TaskStatus,
};

use crate::body::LinkBody;
use crate::fields::Fields;
use crate::merge::Both;
use crate::side::Seen;
use crate::sync::TwoWaySync;

impl TwoWaySync {
    /// Returns tasks by number, those after one; only of a status, or all.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn tasks(
        &self,
        status: Option<TaskStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Task>> {
        self.store.tasks(&self.id, status, after, limit).await
    }

    /// Returns conflicts of the log by number, those after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn conflicts(&self, after: Option<u64>, limit: u32) -> Result<Vec<Conflict>> {
        self.store.conflicts(&self.id, after, limit).await
    }

    /// Approves a task: the writes of its link are sent by the next cycle; a quarrel is taken up again; suspiciously many
    /// changes are made at once, as the plan of the task showed them.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown task; `Conflict` for one that is decided or whose link changed since; `Rejected` for one
    /// that is decided in another way; otherwise as the store fails.
    pub async fn approve(&self, task: u64, by: &str) -> Result<()> {
        self.approve_edited(task, by, &Fields::default()).await
    }

    /// Approves the writes of a link with other values for some of the fields. Both sides keep what they show then.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve), and `Rejected` for a field that is not part of the write.
    pub async fn approve_edited(&self, task: u64, by: &str, edits: &Fields) -> Result<()> {
        let task = self.open_task(task).await?;
        let decision = TaskDecision::new(task.number, TaskStatus::Approved, by);
        match task.task.kind {
            TaskKind::Approval => {
                let link = self.link_of(&task).await?;
                let mut body = LinkBody::of(&link)?;
                let side = PairSide::parse(task.task.subject.as_str());
                for (path, value) in edits.iter() {
                    let pending = side.and_then(|side| body.pending.of_mut(side).as_mut());
                    let Some(pending) = pending.filter(|pending| pending.fields.get(path).is_some()) else {
                        return Err(Error::new(ErrorKind::Rejected, "the write has no such field")
                            .with_advice("edit fields that the task names")
                            .with_context("field", path));
                    };
                    pending.fields.set(path.clone(), value.clone());
                }
                let mut change = LinkChange::of(&link, LinkState::Writing, body.json()?);
                // The approval is of the link as a whole: of the writes to both sides.
                change.supersedes = vec![TaskKind::Approval];
                self.decide_task(&decision, change).await
            }
            TaskKind::Brake => {
                let digest =
                    task.task.detail.at("/digest")?.map(|raw| raw.get().trim_matches('"').to_owned());
                self.apply(&digest.unwrap_or_default()).await?.into_result()?;
                self.store.decide_task(&self.id, &decision, None).await.map(drop)
            }
            TaskKind::Quarrel => {
                let link = self.link_of(&task).await?;
                let mut body = LinkBody::of(&link)?;
                body.parked = None;
                body.flips.clear();
                let change = self.looked_at_again(&link, LinkState::Linked, &body)?;
                self.decide_task(&decision, change).await
            }
            _ => Err(other_way(&task)),
        }
    }

    /// Rejects a task: the writes of its link are dropped, and what both sides show counts as agreed on; a record that was to
    /// be made or removed is no longer kept in step.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn reject(&self, task: u64, by: &str) -> Result<()> {
        let task = self.open_task(task).await?;
        let decision = TaskDecision::new(task.number, TaskStatus::Rejected, by);
        if task.task.kind != TaskKind::Approval {
            let closed = self.store.decide_task(&self.id, &decision, None).await?;
            return if closed { Ok(()) } else { Err(changed_since(&task)) };
        }
        let link = self.link_of(&task).await?;
        let mut body = LinkBody::of(&link)?;
        let mut change = LinkChange::of(&link, LinkState::Linked, link.body.clone());
        for side in PairSide::BOTH {
            let Some(pending) = body.pending.of_mut(side).take() else { continue };
            if pending.last || link.key(side).is_none() {
                change.state = LinkState::Unlinked;
                continue;
            }
            for (path, value) in pending.fields.iter() {
                let mut conflict = NewConflict::new(path.clone(), "rejected", ConflictWinner::Neither);
                let (own, other) = (pending.before.get(path).cloned(), Some(value.clone()));
                (conflict.left, conflict.right) = match side {
                    PairSide::Left => (own, other),
                    PairSide::Right => (other, own),
                };
                change.conflicts.push(conflict);
            }
            body.bases.of_mut(side).extend(&pending.before);
            body.bases.of_mut(side.other()).extend(&pending.source);
        }
        change.body = body.json()?;
        change.supersedes = vec![TaskKind::Approval];
        self.decide_task(&decision, change).await
    }

    /// Answers for a field in conflict: the value of a side holds, or both stay as they are. The next cycle writes it.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn resolve(&self, task: u64, winner: Option<PairSide>, by: &str) -> Result<()> {
        let task = self.open_task(task).await?;
        if task.task.kind != TaskKind::Conflict {
            return Err(other_way(&task));
        }
        let Some(id) = task.link else { return Err(other_way(&task)) };
        // Other fields of the link may have changed since: the question is about this one.
        let Some(link) = self.store.link(&self.id, id).await? else { return Err(changed_since(&task)) };
        if link.state == LinkState::Writing || link.state == LinkState::Held {
            return Err(Error::new(ErrorKind::Conflict, "a write of the link is under way")
                .with_advice("answer again after the next cycle, or after its approval")
                .with_context("task", task.number));
        }
        let mut body = LinkBody::of(&link)?;
        body.resolved.insert(FieldPath::parse(task.task.subject.as_str())?, winner);
        let change = self.looked_at_again(&link, link.state, &body)?;
        let status = if winner.is_some() { TaskStatus::Approved } else { TaskStatus::Rejected };
        self.decide_task(&TaskDecision::new(task.number, status, by), change).await
    }

    /// Links two records that a person says belong together.
    ///
    /// # Errors
    ///
    /// `NotFound` when one is not there; `Conflict` when one is linked already; otherwise as a side or the store fails.
    pub async fn link_by_hand(&self, left: Key, right: Key) -> Result<()> {
        let mut shown = Vec::new();
        for (side, key) in [(PairSide::Left, &left), (PairSide::Right, &right)] {
            match self.sides.of(side).load(std::slice::from_ref(key)).await?.into_iter().next() {
                Some(Seen::Live(record)) => shown.push(record),
                _ => {
                    return Err(Error::new(ErrorKind::NotFound, "the record is not there")
                        .with_advice("check its key, and run a cycle so that it is read")
                        .with_context("side", side)
                        .with_context("key", key));
                }
            }
        }
        let [left_shown, right_shown] = shown.as_slice() else { return Ok(()) };
        let keys = Both::new(left, right);
        let decision = self.link_records(keys, Both::new(left_shown, right_shown), Vec::new())?;
        match self.store.store_link(&self.id, decision.change).await? {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorKind::Conflict, "one of the records is linked already")
                .with_advice("look at the links of both records")),
        }
    }

    fn looked_at_again(&self, link: &Link, state: LinkState, body: &LinkBody) -> Result<LinkChange> {
        let mut change = LinkChange::of(link, state, body.json()?);
        for side in PairSide::BOTH {
            if let Some(key) = link.key(side) {
                change.again.push((side, key.clone(), Duration::ZERO));
            }
        }
        Ok(change)
    }

    async fn decide_task(&self, decision: &TaskDecision, change: LinkChange) -> Result<()> {
        if self.store.decide_task(&self.id, decision, Some(change)).await? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Conflict, "the task was decided, or what it is about changed")
            .with_advice("list the tasks again")
            .with_context("task", decision.number))
    }

    async fn open_task(&self, number: u64) -> Result<Task> {
        match self.store.task(&self.id, number).await? {
            Some(task) if task.status == TaskStatus::Open => Ok(task),
            Some(task) => Err(changed_since(&task)),
            None => Err(Error::new(ErrorKind::NotFound, "the pairing has no task of this number")
                .with_advice("list the tasks")
                .with_context("task", number)),
        }
    }

    /// The link of a task, as it was when the task was made.
    async fn link_of(&self, task: &Task) -> Result<Link> {
        let link = match task.link {
            Some(link) => self.store.link(&self.id, link).await?,
            None => None,
        };
        link.filter(|link| link.at.revision == task.link_revision).ok_or_else(|| changed_since(task))
    }
}

fn changed_since(task: &Task) -> Error {
    Error::new(ErrorKind::Conflict, "the task is decided, or what it is about changed since")
        .with_advice("list the tasks again; nothing was changed")
        .with_context("task", task.number)
}

fn other_way(task: &Task) -> Error {
    let advice = match task.task.kind {
        TaskKind::Conflict => "resolve it: name the side whose value holds",
        TaskKind::Ambiguous => "link the two records by hand, and reject the task",
        TaskKind::Question => "answer the question of the operation in the outbox",
        _ => "change the record on either side; the write is decided anew",
    };
    Error::new(ErrorKind::Rejected, format!("a task of the kind {} is not approved", task.task.kind))
        .with_advice(advice)
        .with_context("task", task.number)
}
