//! The laws that every store keeps.

/// With a role that row-level security holds, as programs should run.
mod as_a_program {
    use std::sync::Arc;

    use tieline_core::Clock;
    use tieline_store_postgres::PostgresStore;
    use tieline_store_postgres::testing::Role;

    use crate::world::InWorld;

    async fn store() -> InWorld {
        InWorld::new(Role::App, 4).await
    }

    async fn with_clock(clock: Arc<dyn Clock>) -> InWorld {
        store().await.map(|store| store.with_clock(clock))
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

    use crate::world::InWorld;

    async fn store() -> InWorld {
        InWorld::new(Role::Superuser, 1).await.map(PostgresStore::without_named_statements)
    }

    async fn with_clock(clock: Arc<dyn Clock>) -> InWorld {
        store().await.map(|store| store.with_clock(clock))
    }

    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(with_clock, PostgresStore::for_tenant);
}
