//! The laws of a store, kept in memory.

use tieline_store::MemoryStore;

async fn store() -> Box<MemoryStore> {
    Box::new(MemoryStore::new())
}

tieline_store::contract_tests!(store);
tieline_store::outbox_contract_tests!(store);
