//! The laws of a store, kept in memory; and what is said when something is refused.
#![allow(clippy::unwrap_used)]

mod messages;

use std::sync::Arc;

use tieline_core::Clock;
use tieline_store::MemoryStore;

async fn store() -> Box<MemoryStore> {
    Box::new(MemoryStore::new())
}

async fn with_clock(clock: Arc<dyn Clock>) -> Box<MemoryStore> {
    Box::new(MemoryStore::new().with_clock(clock))
}

tieline_store::contract_tests!(store);
tieline_store::outbox_contract_tests!(store);
tieline_store::connection_contract_tests!(with_clock, MemoryStore::for_tenant);
