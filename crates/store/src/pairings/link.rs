//! Links: one record of each side.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tieline_core::{Key, RawJson};

use super::{NewConflict, NewTask, TaskKind};

/// A side of a pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "a pairing has two sides")]
pub enum PairSide {
    /// The first side.
    Left,
    /// The second side.
    Right,
}

impl PairSide {
    /// Both sides.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// Returns the side of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| side.as_str() == word)
    }
}

impl fmt::Display for PairSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The number of a link. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

impl LinkId {
    /// A link by its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A link as it was seen: a change is made only to one that did not change since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LinkRevision {
    /// The link.
    pub link: LinkId,
    /// The count of its changes.
    pub revision: u64,
}

impl LinkRevision {
    /// A link at a revision.
    pub fn new(link: LinkId, revision: u64) -> Self {
        Self { link, revision }
    }
}

/// The state of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkState {
    /// Nothing is under way.
    Linked,
    /// A write is decided, and its outcome is not known yet.
    Writing,
    /// A write waits for an approval.
    Held,
    /// A person has to look at it; nothing is written meanwhile.
    Parked,
    /// One of its records is gone, and the other one stays as it is. The link remembers both keys.
    Unlinked,
    /// Both records are gone.
    Ended,
}

impl LinkState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Linked, Self::Writing, Self::Held, Self::Parked, Self::Unlinked, Self::Ended];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Writing => "writing",
            Self::Held => "held",
            Self::Parked => "parked",
            Self::Unlinked => "unlinked",
            Self::Ended => "ended",
        }
    }

    /// Returns the state of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A link between a record of each side. Its `Debug` shows nothing of the records.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The link, and the count of its changes.
    pub at: LinkRevision,
    /// The record of the left side; `None` until it is made.
    pub left: Option<Key>,
    /// The record of the right side; `None` until it is made.
    pub right: Option<Key>,
    /// The state.
    pub state: LinkState,
    /// The bases and the write under way, as the engine wrote them.
    pub body: RawJson,
}

impl Link {
    /// For whoever writes a store.
    pub fn new(at: LinkRevision, keys: [Option<Key>; 2], state: LinkState, body: RawJson) -> Self {
        let [left, right] = keys;
        Self { at, left, right, state, body }
    }

    /// The record of a side.
    pub fn key(&self, side: PairSide) -> Option<&Key> {
        match side {
            PairSide::Left => self.left.as_ref(),
            PairSide::Right => self.right.as_ref(),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("at", &self.at)
            .field("left", &self.left)
            .field("right", &self.right)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A record that changed and is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangedRecord {
    /// The side.
    pub side: PairSide,
    /// The record.
    pub key: Key,
    /// The count of its changes: handling one change leaves a later one to be handled.
    pub sequence: u64,
}

impl ChangedRecord {
    /// For whoever writes a store.
    pub fn new(side: PairSide, key: Key, sequence: u64) -> Self {
        Self { side, key, sequence }
    }
}

/// Changes that are stored together: a link, what was decided about it, and the records that were looked at for it.
#[derive(Clone)]
#[non_exhaustive]
pub struct LinkChange {
    /// The link as it was seen; `None` makes a new one.
    pub from: Option<LinkRevision>,
    /// The record of the left side.
    pub left: Option<Key>,
    /// The record of the right side.
    pub right: Option<Key>,
    /// The state.
    pub state: LinkState,
    /// The bases and the write under way.
    pub body: RawJson,
    /// Conflicts for the log.
    pub conflicts: Vec<NewConflict>,
    /// Tasks for people. An open task of the same kind about the link is replaced.
    pub tasks: Vec<NewTask>,
    /// Kinds of open tasks about the link that are superseded.
    pub supersedes: Vec<TaskKind>,
    /// Changed records that are handled. One that changed again since stays.
    pub handled: Vec<ChangedRecord>,
    /// Changed records that are looked at again, after a wait.
    pub again: Vec<(PairSide, Key, Duration)>,
}

impl LinkChange {
    /// A new link.
    pub fn create(left: Option<Key>, right: Option<Key>, state: LinkState, body: RawJson) -> Self {
        Self {
            from: None,
            left,
            right,
            state,
            body,
            conflicts: Vec::new(),
            tasks: Vec::new(),
            supersedes: Vec::new(),
            handled: Vec::new(),
            again: Vec::new(),
        }
    }

    /// A change of a link that is there. Its keys stay.
    pub fn of(link: &Link, state: LinkState, body: RawJson) -> Self {
        let (left, right) = (link.left.clone(), link.right.clone());
        Self { from: Some(link.at), ..Self::create(left, right, state, body) }
    }

    /// Sets the record of a side.
    pub fn set_key(&mut self, side: PairSide, key: Option<Key>) {
        match side {
            PairSide::Left => self.left = key,
            PairSide::Right => self.right = key,
        }
    }
}

impl fmt::Debug for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkChange")
            .field("from", &self.from)
            .field("left", &self.left)
            .field("right", &self.right)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
