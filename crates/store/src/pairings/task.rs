//! Conflicts and tasks: the log of lost edits, and the questions for people.

use std::fmt;

use chrono::{DateTime, Utc};
use tieline_core::{FieldPath, RawJson, Text};

use super::{LinkId, PairSide};

/// The value that holds after a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConflictWinner {
    /// That of the left side.
    Left,
    /// That of the right side.
    Right,
    /// Not decided: a person is asked, and the field stays as it is on both sides.
    Open,
    /// Both values stay as they are.
    Neither,
}

impl ConflictWinner {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Open, Self::Neither];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Open => "open",
            Self::Neither => "neither",
        }
    }

    /// Returns the winner of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|winner| winner.as_str() == word)
    }
}

impl From<PairSide> for ConflictWinner {
    fn from(side: PairSide) -> Self {
        match side {
            PairSide::Left => Self::Left,
            PairSide::Right => Self::Right,
        }
    }
}

/// A conflict for the log. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewConflict {
    /// The field; the empty path for the record as a whole.
    pub field: FieldPath,
    /// The value of both sides at their last agreement, as the left side showed it.
    pub base: Option<RawJson>,
    /// The value of the left side; `None` for a record that is gone.
    pub left: Option<RawJson>,
    /// The value of the right side; `None` for a record that is gone.
    pub right: Option<RawJson>,
    /// The rule by which it was decided.
    pub policy: Text,
    /// The value that holds.
    pub winner: ConflictWinner,
}

impl NewConflict {
    /// A conflict about a field.
    pub fn new(field: FieldPath, policy: impl Into<Text>, winner: ConflictWinner) -> Self {
        Self { field, base: None, left: None, right: None, policy: policy.into(), winner }
    }
}

impl fmt::Debug for NewConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewConflict")
            .field("field", &self.field)
            .field("policy", &self.policy)
            .field("winner", &self.winner)
            .finish_non_exhaustive()
    }
}

/// A conflict of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflict {
    /// Its number.
    pub number: u64,
    /// The link.
    pub link: LinkId,
    /// The values, and the rule.
    pub conflict: NewConflict,
    /// When it was noted, by the store's clock.
    pub at: DateTime<Utc>,
}

impl Conflict {
    /// For whoever writes a store.
    pub fn new(number: u64, link: LinkId, conflict: NewConflict, at: DateTime<Utc>) -> Self {
        Self { number, link, conflict, at }
    }
}

/// The kind of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskKind {
    /// A write that is not sent without somebody's approval.
    Approval,
    /// A field that both sides changed and that people decide about.
    Conflict,
    /// A record that several records of the other side could be.
    Ambiguous,
    /// A write that may have happened.
    Question,
    /// A write that the other side refused.
    Refused,
    /// A field that the two sides change back and forth.
    Quarrel,
    /// Changes that are suspiciously many.
    Brake,
}

impl TaskKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Approval,
        Self::Conflict,
        Self::Ambiguous,
        Self::Question,
        Self::Refused,
        Self::Quarrel,
        Self::Brake,
    ];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
            Self::Question => "question",
            Self::Refused => "refused",
            Self::Quarrel => "quarrel",
            Self::Brake => "brake",
        }
    }

    /// Returns the kind of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The status of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskStatus {
    /// It waits for somebody.
    Open,
    /// Somebody approved it.
    Approved,
    /// Somebody rejected it.
    Rejected,
    /// What it is about changed since, or ended.
    Superseded,
}

impl TaskStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Approved, Self::Rejected, Self::Superseded];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
        }
    }

    /// Returns the status of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A task to be stored. Its `Debug` shows nothing of the records.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTask {
    /// The kind.
    pub kind: TaskKind,
    /// The subject within the kind and link: at most one task of it is open. A field for a conflict, a side for a write.
    pub subject: Text,
    /// The facts, as a JSON object: the fields before and after, the candidates, the reason.
    pub detail: RawJson,
}

impl NewTask {
    /// A task.
    pub fn new(kind: TaskKind, subject: impl Into<Text>, detail: RawJson) -> Self {
        Self { kind, subject: subject.into(), detail }
    }
}

impl fmt::Debug for NewTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTask")
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A stored task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Task {
    /// Its number.
    pub number: u64,
    /// The link that it is about; `None` for the pairing as a whole.
    pub link: Option<LinkId>,
    /// The revision of the link that it was made with: an approval is of this one only.
    pub link_revision: u64,
    /// The kind, the subject and the facts.
    pub task: NewTask,
    /// The status.
    pub status: TaskStatus,
    /// When it was made, by the store's clock.
    pub created_at: DateTime<Utc>,
    /// Who decided it.
    pub decided_by: Option<String>,
    /// When it was decided, by the store's clock.
    pub decided_at: Option<DateTime<Utc>>,
}

impl Task {
    /// For whoever writes a store: an open task.
    pub fn new(
        number: u64,
        about: (Option<LinkId>, u64),
        task: NewTask,
        status: TaskStatus,
        created_at: DateTime<Utc>,
    ) -> Self {
        let (link, link_revision) = about;
        Self { number, link, link_revision, task, status, created_at, decided_by: None, decided_at: None }
    }
}

/// The decision about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskDecision {
    /// The task.
    pub number: u64,
    /// Approved or rejected.
    pub status: TaskStatus,
    /// Who decided.
    pub by: String,
}

impl TaskDecision {
    /// A decision.
    pub fn new(number: u64, status: TaskStatus, by: impl Into<String>) -> Self {
        Self { number, status, by: by.into() }
    }
}
