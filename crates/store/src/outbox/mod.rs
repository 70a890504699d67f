//! The outbox: writes that are stored before they are sent.

mod entry;
mod queued;
mod store;

pub(crate) use entry::shortened;
pub use entry::{Destination, Entry, EntryRevision, Status, StatusKind};
pub use queued::{Queued, unknown_operation};
pub use store::{Answer, Claim, OutboxStore};
