//! The laws that every store keeps, with a role that row-level security holds.

use crate::world::World;

async fn store() -> Box<tieline_store_postgres::PostgresStore> {
    World::new().await.store().await.into()
}

tieline_store::contract_tests!(store);
tieline_store::outbox_contract_tests!(store);
