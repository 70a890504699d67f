//! The storage contract of pairings.

use std::fmt::Debug;

use async_trait::async_trait;
use tieline_core::{Key, Result, Text, text_newtype};

use super::{
    ChangedRecord, Conflict, Link, LinkChange, LinkId, LinkRevision, LinkState, NewTask, PairSide, Task,
    TaskDecision, TaskStatus,
};
use crate::{ConnectionId, TargetName};

text_newtype! {
    /// The host's name for a pairing. What is stored of it hangs on a connection of that name with `pairing/` before it,
    /// so that a host's connections are better not called so.
    PairingId(Text)
}

impl PairingId {
    /// The name under which the store keeps it: for [`SyncStore::erase`](crate::SyncStore::erase), events and leases.
    pub fn connection(&self) -> ConnectionId {
        ConnectionId::new(format!("pairing/{self}"))
    }
}

/// The position of a pairing: how far the changes of each side were followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairingPosition {
    /// The cursor of the left side.
    pub left: Option<String>,
    /// The cursor of the right side.
    pub right: Option<String>,
    /// Whether somebody has confirmed a dry run, or the host said that none is needed: records may be created.
    pub confirmed: bool,
    /// The fingerprint of the rules that it was last opened with.
    pub fingerprint: String,
}

impl PairingPosition {
    /// The cursor of a side.
    pub fn cursor(&self, side: PairSide) -> Option<&str> {
        match side {
            PairSide::Left => self.left.as_deref(),
            PairSide::Right => self.right.as_deref(),
        }
    }
}

/// The values by which an unlinked record is matched. Its `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatchValues {
    /// The record.
    pub key: Key,
    /// The number of a rule, and the record's value of it.
    pub values: Vec<(u32, String)>,
}

impl MatchValues {
    /// The values of a record.
    pub fn new(key: Key, values: Vec<(u32, String)>) -> Self {
        Self { key, values }
    }
}

impl std::fmt::Debug for MatchValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MatchValues").field("key", &self.key).finish_non_exhaustive()
    }
}

/// How much is stored of a pairing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PairingCounts {
    /// Links that are neither unlinked nor ended.
    pub links: u64,
    /// Links of which a write is under way.
    pub writing: u64,
    /// Links that wait for an approval.
    pub held: u64,
    /// Links that a person has to look at.
    pub parked: u64,
    /// Changed records that are to be looked at.
    pub changed: u64,
    /// Open tasks.
    pub open_tasks: u64,
    /// Conflicts of the log.
    pub conflicts: u64,
}

/// Where two-way sync keeps which records belong together, what both sides last agreed on, and what was decided.
///
/// Every method is one transaction and sees one pairing only; transactions of one pairing follow each other. An unknown
/// pairing is empty. All times are by the store's clock. Erasing a connection erases the pairings that it is a side of.
#[async_trait]
pub trait PairingStore: Debug + Send + Sync {
    /// Opens a pairing, and makes it where it is new. `sides` are the connections whose erasure erases the pairing.
    ///
    /// # Errors
    ///
    /// `Config` when the pairing was made of other connections; otherwise as the store fails.
    async fn open_pairing(
        &self,
        pairing: &PairingId,
        sides: [Option<&ConnectionId>; 2],
        fingerprint: &str,
    ) -> Result<PairingPosition>;

    /// Notes that somebody confirmed a dry run: records may be created from now on.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn confirm_pairing(&self, pairing: &PairingId) -> Result<()>;

    /// Stores which records of a side changed, and moves the side's cursor, when it is still where it was. Returns whether
    /// it was.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn note_changes(
        &self,
        pairing: &PairingId,
        side: PairSide,
        keys: &[Key],
        cursor: (Option<&str>, Option<&str>),
    ) -> Result<bool>;

    /// Returns changed records that are due, in the order of their changes, those after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn changed_records(
        &self,
        pairing: &PairingId,
        after: Option<&ChangedRecord>,
        limit: u32,
    ) -> Result<Vec<ChangedRecord>>;

    /// Removes changed records that need nothing, and that did not change since.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn forget_changes(&self, pairing: &PairingId, handled: &[ChangedRecord]) -> Result<()>;

    /// Stores the values by which unlinked records are matched, one for each rule; those of a record replace what it had.
    /// They go when the record is linked.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn put_match_values(
        &self,
        pairing: &PairingId,
        side: PairSide,
        values: &[MatchValues],
    ) -> Result<()>;

    /// Returns the unlinked records of a side that have a value of a rule, at most `limit`.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn matching_records(
        &self,
        pairing: &PairingId,
        side: PairSide,
        value: (u32, &str),
        limit: u32,
    ) -> Result<Vec<Key>>;

    /// Returns the links of records of a side, in no order; also of those that are unlinked.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn links_of(&self, pairing: &PairingId, side: PairSide, keys: &[Key]) -> Result<Vec<Link>>;

    /// Returns a link.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn link(&self, pairing: &PairingId, link: LinkId) -> Result<Option<Link>>;

    /// Returns links in a state by number, those after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn links_in(
        &self,
        pairing: &PairingId,
        state: LinkState,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>>;

    /// Stores a change of a link with all that belongs to it. Returns the link as it is then; `None`, and nothing is
    /// stored, when the link changed since it was seen or one of the records is linked already.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn store_link(&self, pairing: &PairingId, change: LinkChange) -> Result<Option<Link>>;

    /// Decides an open task, and changes the link that it is about, together. Returns whether it did: nothing is stored when
    /// the task is not open or the link changed since.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn decide_task(
        &self,
        pairing: &PairingId,
        decision: &TaskDecision,
        change: Option<LinkChange>,
    ) -> Result<bool>;

    /// Stores a task about the pairing as a whole, or about a link at a revision. An open task of the same kind and subject
    /// is replaced.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn add_task(&self, pairing: &PairingId, about: Option<LinkRevision>, task: NewTask) -> Result<()>;

    /// Returns tasks by number, those after one; only of a status, or all.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn tasks(
        &self,
        pairing: &PairingId,
        status: Option<TaskStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Task>>;

    /// Returns a task.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn task(&self, pairing: &PairingId, number: u64) -> Result<Option<Task>>;

    /// Returns conflicts by number, those after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn conflicts(&self, pairing: &PairingId, after: Option<u64>, limit: u32) -> Result<Vec<Conflict>>;

    /// Returns how much is stored. Walks an index, so it takes time on a large pairing.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn pairing_counts(&self, pairing: &PairingId) -> Result<PairingCounts>;
}

/// The keys of rows that changed since a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowChangeKeys {
    /// The keys of rows that were put or went.
    pub keys: Vec<Key>,
    /// The cursor to go on from.
    pub next: String,
    /// Whether there is more already.
    pub more: bool,
}

impl RowChangeKeys {
    /// For whoever writes a store.
    pub fn new(keys: Vec<Key>, next: String, more: bool) -> Self {
        Self { keys, next, more }
    }
}

/// A store whose rows can be followed by a cursor that is kept as text.
#[async_trait]
pub trait RowChangeStore: Debug + Send + Sync {
    /// Returns the keys of a target's rows that changed since a cursor; `None` begins at the beginning. Too old a cursor
    /// begins there again, so that no change is missed.
    ///
    /// # Errors
    ///
    /// `StateInvalid` for a cursor that cannot be read; otherwise as the store fails.
    async fn changed_rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&str>,
        limit: u32,
    ) -> Result<RowChangeKeys>;
}
