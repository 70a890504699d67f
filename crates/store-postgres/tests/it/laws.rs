//! The laws that every store keeps.

/// With a role that row-level security holds, as programs should run.
mod as_a_program {
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
}

/// With a role that passes row-level security, so that only the statements themselves keep tenants apart; and with one
/// connection and no named statements, as behind an old pooler.
mod as_superuser {
    use std::sync::Arc;

    use tieline_core::Clock;
    use tieline_store_postgres::PostgresStore;
    use tieline_store_postgres::testing::Role;

    use crate::world::World;

    async fn store() -> Box<PostgresStore> {
        let world = World::new().await;
        let pool = world.database.pool(Role::Superuser, 1);
        Box::new(PostgresStore::with_pool(pool).await.unwrap().without_named_statements())
    }

    async fn with_clock(clock: Arc<dyn Clock>) -> Box<PostgresStore> {
        Box::new(store().await.with_clock(clock))
    }

    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(with_clock, PostgresStore::for_tenant);
}
