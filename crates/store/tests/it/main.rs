//! The laws of a store, kept in memory; and what is said when something is refused.
#![allow(clippy::unwrap_used)]

mod messages;

use tieline_store::MemoryStore;

async fn store() -> Box<MemoryStore> {
    Box::new(MemoryStore::new())
}

tieline_store::contract_tests!(store);
tieline_store::outbox_contract_tests!(store);
tieline_store::connection_contract_tests!(store, MemoryStore::for_tenant);
