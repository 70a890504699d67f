//! The laws that every store keeps.

/// With a role that row-level security holds, as programs should run.
mod as_a_program {
    use tieline_store_sql::postgres::PostgresStore;
    use tieline_store_sql::testing::Role;

    use crate::postgres::world::InWorld;

    async fn store() -> InWorld {
        InWorld::new(Role::App, 4).await
    }

    tieline_store::contract_tests!(store);
    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(store, PostgresStore::for_tenant);
}

/// With a role that passes row-level security, so that only the statements themselves keep tenants apart; and with one
/// connection.
mod as_superuser {
    use tieline_store_sql::postgres::PostgresStore;
    use tieline_store_sql::testing::Role;

    use crate::postgres::world::InWorld;

    async fn store() -> InWorld {
        InWorld::new(Role::Superuser, 1).await
    }

    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(store, PostgresStore::for_tenant);
}
