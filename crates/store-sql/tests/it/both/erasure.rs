//! Erasure: invisible at once, deleted in batches, resumable.

use tieline_core::{Clock as _, SystemClock};
use tieline_store::connections::{Actor, ConnectionStore, NewConnection};
use tieline_store::{SyncStore, TargetChange, TenantId};
use tieline_store_sql::erase::{BATCH, erase_batch};
use tieline_store_sql::{Database, Sql, SqlStore, TABLES, Tx, records};

use super::{changes, in_both, json, put, upsert};

in_both! {
    an_erasure_that_is_cut_off_goes_on
    nothing_of_an_erased_connection_is_left
    nothing_of_an_erased_tenant_is_left_but_its_log
}

async fn fill<D: Database>(store: &SqlStore<D>, records: u32) {
    let (acme, copy) = ("acme".into(), "copy".into());
    store.open_target(&acme, &copy, &"deals".into(), "1").await.unwrap();
    let keys: Vec<String> = (0..records).map(|n| format!("{n:05}")).collect();
    let rows = keys.iter().map(|key| TargetChange::put(key.as_str(), json("{}"), Vec::new())).collect();
    let records = keys.iter().map(|key| upsert(key, "{}")).collect();
    put(store, changes("deals", records).with_target("copy", rows)).await;
}

/// How many rows of all tables the tenant has, except those that say how far numbers are.
async fn left<D: Database>(store: &SqlStore<D>) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let mut left = 0;
    for table in TABLES.iter().filter(|table| table.has_tenant()) {
        let count = Sql::built(format!("SELECT count(*) FROM tieline.{} WHERE tenant = $1", table.name));
        left += tx.rows(&count, &[]).await.unwrap().remove(0).take::<i64>().unwrap();
    }
    left
}

async fn an_erasure_that_is_cut_off_goes_on<D: Database>(store: SqlStore<D>) {
    let other = store.for_tenant(TenantId::new("globex"));
    fill(&other, 3).await;
    let theirs = left(&other).await;
    fill(&store, u32::try_from(BATCH).unwrap() + 500).await;
    // The process dies after the mark and one batch.
    let mut tx = store.begin().await.unwrap();
    records::mark_erased(&mut tx, &"acme".into()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert!(erase_batch(&mut tx).await.unwrap());
    tx.commit().await.unwrap();
    assert!(left(&store).await > 1_000);
    assert!(store.counts(&"acme".into()).await.unwrap().entities.is_empty(), "nothing of it is seen");
    // It begins a new life meanwhile, which the rest of the erasure leaves alone.
    fill(&store, 2).await;
    store.erase(&"somebody-else".into()).await.unwrap();
    assert_eq!(store.counts(&"acme".into()).await.unwrap().records("deals"), 2);
    let alive = left(&store).await;
    store.finish_erasures().await.unwrap();
    assert_eq!(left(&store).await, alive, "the erasure of another connection finished it");
    assert!(alive < 20);
    assert_eq!(left(&other).await, theirs);
}

async fn nothing_of_an_erased_connection_is_left<D: Database>(store: SqlStore<D>) {
    fill(&store, 10).await;
    assert!(left(&store).await > 30);
    store.erase(&"acme".into()).await.unwrap();
    assert_eq!(left(&store).await, 0);
}

async fn nothing_of_an_erased_tenant_is_left_but_its_log<D: Database>(store: SqlStore<D>) {
    let other = store.for_tenant(TenantId::new("globex"));
    for store in [&store, &other] {
        fill(store, 10).await;
        let new = NewConnection::new("acme", "pipedrive", "Sales");
        store.create(new, Vec::new(), &Actor::new("anna"), SystemClock.now()).await.unwrap();
    }
    let theirs = left(&other).await;
    store.erase_tenant().await.unwrap();
    assert_eq!(store.connection(&"acme".into()).await.unwrap(), None);
    let log = store.audit(None, None, 9).await.unwrap().len() as i64;
    // A line for each log says how far its numbers are.
    assert_eq!(left(&store).await, log + 1);
    assert_eq!(left(&other).await, theirs);
    store.erase_tenant().await.unwrap();
}
