//! One binary for the integration tests of this crate.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod failures;
mod fields;
mod hints;
mod laws;
mod lookups;
mod outbox;
mod pending;
mod provider;
mod targets;
