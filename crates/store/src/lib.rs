#![doc = include_str!("../README.md")]

mod commit;
pub mod connections;
pub mod events;
mod ids;
pub mod inbox;
mod memory;
pub mod outbox;
pub mod pairings;
mod passes;
mod pending;
pub mod plan;
mod position;
mod store;
mod tally;
pub mod webhooks;

#[cfg(feature = "testing")]
pub mod contract;

pub use commit::{Commit, DeleteThreshold, StreamCommit, TargetChange, TargetChanges};
pub use connections::{ConnectionStore, ConsentStore, LeaseStore, SecretStore};
pub use events::EventStore;
pub use ids::{ConnectionId, StreamId, TargetName, TenantId};
pub use inbox::InboxStore;
pub use memory::MemoryStore;
pub use outbox::OutboxStore;
pub use pairings::{PairingId, PairingStore};
pub use passes::Passes;
pub use pending::{PendingCounts, PendingKind, PendingRecord};
pub use position::{Position, ReadVersion, StreamRevision};
pub use store::{Counts, EntityCount, Row, SyncStore, TargetCount};
pub use tally::{ChangeCounts, CommitStats, RowIssue, SweepRefused};
pub use webhooks::WebhookStore;
