//! Pairings: two sides whose records are kept in step, and what is stored of it. Links, changed records to be looked at,
//! conflicts, and tasks for people.

mod link;
mod store;
mod task;

pub use link::{ChangedRecord, Link, LinkChange, LinkId, LinkRevision, LinkState, PairSide};
pub use store::{
    MatchValues, PairingCounts, PairingId, PairingPosition, PairingStore, RowChangeKeys, RowChangeStore,
};
pub use task::{Conflict, ConflictWinner, NewConflict, NewTask, Task, TaskDecision, TaskKind, TaskStatus};
