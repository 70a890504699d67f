//! What a test begins with.

use tieline_store_postgres::PostgresStore;
use tieline_store_postgres::testing::{Role, TestDatabase, TestServer};

/// A database of its own, with tables of the owner's and rights for the program.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = empty_database().await;
        let owner = database.pool(Role::Owner, 1);
        PostgresStore::migrate(&owner).await.unwrap();
        PostgresStore::grant(&owner, Role::App.name()).await.unwrap();
        owner.close().await;
        Self { database }
    }

    /// As a program of the host's opens it.
    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::with_pool(self.database.pool(Role::App, 4)).await.unwrap()
    }
}

/// Without PostgreSQL every test of this program is left out, and the server has said so.
pub(crate) async fn empty_database() -> TestDatabase {
    match TestServer::shared() {
        Some(server) => server.database().await,
        None => std::process::exit(0),
    }
}
