//! Partitions: made on wish or ahead, pruned, and as closed to other tenants as the tables that they are parts of.

use chrono::{TimeZone, Utc};
use tieline_core::{Clock as _, SystemClock};
use tieline_store::connections::{Actor, ConnectionStore, NewConnection};
use tieline_store::{SyncStore, TargetChange, TenantId};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::Role;
use tieline_store_sql::{Sql, Tx};

use crate::both::{changes, json, put, upsert};
use crate::postgres::world::World;

async fn texts(world: &World, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(&world.database.pool(Role::Superuser, 1)).await.unwrap()
}

async fn fill(store: &PostgresStore, keys: std::ops::Range<u32>) {
    store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "1").await.unwrap();
    let keys: Vec<String> = keys.map(|key| key.to_string()).collect();
    let rows = keys.iter().map(|key| TargetChange::put(key.as_str(), json("{}"), Vec::new())).collect();
    let records = keys.iter().map(|key| upsert(key, "{}")).collect();
    put(store, changes("deals", records).with_target("copy", rows)).await;
}

#[tokio::test]
async fn records_are_partitioned_with_all_that_is_in_them() {
    let world = World::new().await;
    let other = world.store().await.for_tenant(TenantId::new("globex"));
    fill(&world.store().await, 0..30).await;
    fill(&other, 0..7).await;
    let owner = world.database.pool(Role::Owner, 1);
    for _ in 0..2 {
        PostgresStore::partition_records(&owner, 4).await.unwrap();
    }
    PostgresStore::migrate(&owner).await.unwrap();
    PostgresStore::grant(&owner, Role::App.name()).await.unwrap();
    let parts = "SELECT CAST(inhrelid::regclass AS text) FROM pg_inherits
                 WHERE inhparent IN ('tieline.records'::regclass, 'tieline.rows'::regclass) ORDER BY 1";
    assert_eq!(texts(&world, parts).await.len(), 8);
    let indexes = "SELECT indexname::text FROM pg_indexes
                   WHERE schemaname = 'tieline' AND tablename IN ('records', 'payloads', 'rows') ORDER BY 1";
    assert_eq!(
        texts(&world, indexes).await,
        ["payloads_pkey", "records_pkey", "rows_pkey", "tieline_records_stream", "tieline_rows_changed"]
    );
    let store = world.store().await;
    fill(&store, 20..50).await;
    let counts = store.counts(&"acme".into()).await.unwrap();
    assert_eq!((counts.records("deals"), counts.rows("copy")), (50, 50));
    assert_eq!(other.counts(&"acme".into()).await.unwrap().records("deals"), 7);
    // One part is looked into, and none of them directly.
    let mut tx = store.begin().await.unwrap();
    let plan = "EXPLAIN SELECT key FROM tieline.records WHERE tenant = $1 AND entity_id = 1 AND key = 'x'";
    let mut plan = tx.rows(&Sql::built(plan.to_owned()), &[]).await.unwrap();
    let plan: Vec<String> = plan.iter_mut().map(|row| row.take().unwrap()).collect();
    assert_eq!(plan.iter().filter(|line| line.contains(" on ")).count(), 1, "{plan:?}");
    let direct = Sql::unscoped("SELECT key FROM tieline.records_1".to_owned());
    assert_eq!(tx.rows(&direct, &[]).await.unwrap_err().code(), Some("42501"));
    tx.rollback().await;
    let mut tx = PostgresStore::with_pool(owner).await.unwrap().begin().await.unwrap();
    assert!(tx.rows(&direct, &[]).await.unwrap().is_empty(), "not even by the owner");
    tx.rollback().await;
    store.erase(&"acme".into()).await.unwrap();
    assert_eq!(other.counts(&"acme".into()).await.unwrap().records("deals"), 7);
}

#[tokio::test]
async fn logs_have_months_ahead_and_old_ones_go() {
    let world = World::new().await;
    let parts = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'tieline.audit'::regclass ORDER BY 1";
    let months = texts(&world, parts).await;
    assert_eq!(months.len(), 5, "this month, three more, and the default: {months:?}");
    let store = world.store().await;
    let note = async |id: &str, at| {
        let new = NewConnection::new(id, "pipedrive", "Sales");
        store.create(new, Vec::new(), &Actor::new("anna"), at).await.unwrap();
    };
    note("now", SystemClock.now()).await;
    // Nobody made a partition for it.
    note("then", Utc.with_ymd_and_hms(2019, 5, 6, 7, 8, 9).unwrap()).await;
    note("late", Utc.with_ymd_and_hms(2098, 5, 6, 7, 8, 9).unwrap()).await;
    assert_eq!(
        texts(&world, "SELECT connection FROM tieline.audit_default ORDER BY 1").await,
        ["late", "then"]
    );
    let logged = async || {
        let log = store.audit(None, None, 9).await.unwrap();
        log.iter().map(|entry| entry.connection.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(logged().await, ["now", "then", "late"], "by number, whatever the part");
    let owner = world.database.pool(Role::Owner, 1);
    let gone = PostgresStore::prune_logs(&owner, SystemClock.now()).await.unwrap();
    assert_eq!(gone, [""; 0], "this month is not over");
    assert_eq!(logged().await, ["now", "late"]);
    let gone = PostgresStore::prune_logs(&owner, Utc.with_ymd_and_hms(2097, 1, 1, 0, 0, 0).unwrap()).await;
    assert_eq!(gone.unwrap().len(), 8, "of both logs");
    assert_eq!(logged().await, ["late"]);
    PostgresStore::migrate(&owner).await.unwrap();
    assert_eq!(texts(&world, parts).await, months);
    note("again", SystemClock.now()).await;
    assert_eq!(logged().await, ["late", "again"]);
}
