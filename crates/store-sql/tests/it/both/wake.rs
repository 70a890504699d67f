//! Readers of rows are woken.

use std::time::Duration;

use tieline_store::SyncStore;
use tieline_store_sql::sqlite::SqliteStore;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_reader_of_this_process_is_woken_in_sqlite() {
    let store = SqliteStore::in_memory().await.unwrap();
    let mut waiter = store.row_waiter().await.unwrap();
    assert!(!waiter.wait(SHORT).await.unwrap());
    store.for_tenant("globex".into()).announce().await.unwrap();
    assert!(waiter.wait(LONG).await.unwrap(), "what was announced meanwhile counts");
    assert!(!waiter.wait(SHORT).await.unwrap(), "once");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_another_process_is_woken_in_postgresql() {
    use tieline_store_sql::postgres::{PostgresOptions, PostgresStore};
    use tieline_store_sql::testing::Role;

    let world = crate::postgres::world::World::new().await;
    let options = PostgresOptions::new().with_direct_pool(world.database.pool(Role::App, 1));
    let reader = PostgresStore::with_options(world.database.pool(Role::App, 1), options).await.unwrap();
    let writer = world.store().await;
    let mut waiter = reader.row_waiter().await.unwrap();
    assert!(!waiter.wait(SHORT).await.unwrap());
    writer.announce().await.unwrap();
    assert!(waiter.wait(LONG).await.unwrap());
    let waiting = tokio::spawn(async move { waiter.wait(LONG).await });
    tokio::time::sleep(SHORT).await;
    writer.announce().await.unwrap();
    assert!(waiting.await.unwrap().unwrap());
    // Without a direct address it looks again after a while.
    assert!(writer.row_waiter().await.unwrap().wait(SHORT).await.unwrap());
}
