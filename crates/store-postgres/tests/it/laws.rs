//! The laws that every store keeps, with a role that row-level security holds.

use std::sync::Arc;

use tieline_core::Clock;
use tieline_store_postgres::PostgresStore;

use crate::world::World;

async fn store() -> Box<PostgresStore> {
    Box::new(World::new().await.store().await)
}

async fn with_clock(clock: Arc<dyn Clock>) -> Box<PostgresStore> {
    Box::new(World::new().await.store().await.with_clock(clock))
}

tieline_store::contract_tests!(store);
tieline_store::outbox_contract_tests!(store);
tieline_store::connection_contract_tests!(with_clock, PostgresStore::for_tenant);
