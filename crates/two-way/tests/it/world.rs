//! PostgreSQL for tests: a copy of a database whose tables are made once a process.

use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::{Role, TestDatabase, TestServer};
use tokio::sync::OnceCell;

/// A database of its own, as a program of the host's opens it. `None` on a machine without PostgreSQL.
pub(crate) async fn postgres() -> Option<(PostgresStore, TestDatabase)> {
    static TEMPLATE: OnceCell<TestDatabase> = OnceCell::const_new();
    let server = TestServer::shared()?;
    let make = || async {
        let database = server.database().await;
        let owner = database.pool(Role::Owner, 1);
        PostgresStore::migrate(&owner).await.unwrap();
        PostgresStore::grant(&owner, Role::App.name()).await.unwrap();
        owner.close().await;
        database
    };
    let database = server.copy(TEMPLATE.get_or_init(make).await).await;
    let store = PostgresStore::with_pool(database.pool(Role::App, 4)).await.unwrap();
    Some((store, database))
}
