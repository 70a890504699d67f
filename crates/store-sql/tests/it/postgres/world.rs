//! What a test begins with.

use std::ops::Deref;

use tieline_core::{Batch, Change, RawJson, Record, State};
use tieline_store::{Commit, StreamId};
use tieline_store_sql::postgres::{PostgresOptions, PostgresStore};
use tieline_store_sql::testing::{Role, TestDatabase, TestServer};
use tokio::sync::OnceCell;

/// A database of its own, with tables of the owner's and rights for the program.
pub(crate) struct World {
    pub(crate) database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        /// Made once a process.
        static TEMPLATE: OnceCell<TestDatabase> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(Self::template).await;
        match TestServer::shared() {
            Some(server) => Self { database: server.copy(template).await },
            None => std::process::exit(0),
        }
    }

    async fn template() -> TestDatabase {
        let database = empty_database().await;
        let owner = database.pool(Role::Owner, 1);
        PostgresStore::migrate(&owner).await.unwrap();
        PostgresStore::grant(&owner, Role::App.name()).await.unwrap();
        // Sinks make tables of the host's there.
        sqlx::query("GRANT CREATE ON SCHEMA public TO tieline_app").execute(&owner).await.unwrap();
        owner.close().await;
        database
    }

    /// As a program of the host's opens it.
    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::with_pool(self.database.pool(Role::App, 4)).await.unwrap()
    }
}

/// A store with what keeps its database there.
pub(crate) struct InWorld {
    store: PostgresStore,
    _world: World,
}

impl InWorld {
    pub(crate) async fn new(role: Role, connections: u32) -> Self {
        let world = World::new().await;
        let options = PostgresOptions::new();
        let options = if role == Role::Superuser { options.allow_bypassing_rls() } else { options };
        let pool = world.database.pool(role, connections);
        let store = PostgresStore::with_options(pool, options).await.unwrap();
        Self { store, _world: world }
    }
}

impl Deref for InWorld {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

/// Without PostgreSQL every test of this program is left out, and the server has said so.
pub(crate) async fn empty_database() -> TestDatabase {
    match TestServer::shared() {
        Some(server) => server.database().await,
        None => std::process::exit(0),
    }
}

/// Batch `n` of a stream: twenty records of 2 kB, the first of them the same in each batch, and a state that says `n`.
pub(crate) fn batch(stream: &StreamId, n: u32) -> Commit {
    let payload = RawJson::of(&"x".repeat(2_000)).unwrap();
    let key = |i: u32| if i == 0 { "0".to_owned() } else { format!("{n}-{i}") };
    let records = (0..20).map(|i| Change::Upsert(Record::new(key(i), payload.clone()))).collect();
    let batch = Batch::new(stream.entity.clone(), records, State::new(1, &n).unwrap());
    Commit::batch(stream.clone(), batch)
}
