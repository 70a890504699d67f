//! Many tasks and processes on one database. A store of its own stands for a process: they share nothing else.

use std::collections::HashSet;
use std::time::Duration;

use tieline_core::{Clock, ErrorKind, Operation, RawJson, SystemClock, WriteOp};
use tieline_store::connections::{Actor, ConnectionStore, LeaseStore, NewConnection};
use tieline_store::outbox::{Claim, OutboxStore};
use tieline_store::{StreamId, SyncStore};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::Role;

use crate::postgres::world::{World, batch, empty_database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_the_same_time_make_the_tables_once() {
    let database = empty_database().await;
    let starts = (0..10).map(|_| {
        let pool = database.pool(Role::Owner, 2);
        tokio::spawn(async move { PostgresStore::with_pool(pool).await.unwrap() })
    });
    for start in starts.collect::<Vec<_>>() {
        let store = start.await.unwrap();
        assert!(store.counts(&"acme".into()).await.unwrap().entities.is_empty());
    }
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM tieline.schema")
        .fetch_all(&database.pool(Role::Owner, 1))
        .await
        .unwrap();
    assert_eq!(versions, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_many_streams_and_processes_wait_for_each_other() {
    const BATCHES: u32 = 6;
    let world = World::new().await;
    let stores = [world.store().await, world.store().await];
    let mut tasks = Vec::new();
    for entity in 0..6_usize {
        let store = stores[entity % 2].clone();
        tasks.push(tokio::spawn(async move {
            let stream = StreamId::new("acme", format!("entity-{entity}"));
            let mut revision = store.position(&stream).await.unwrap().revision;
            for n in 0..BATCHES {
                revision =
                    store.commit(batch(&stream, n).expecting(revision)).await.unwrap().revision.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counts = stores[0].counts(&"acme".into()).await.unwrap();
    let records: u64 = counts.entities.iter().map(|count| count.records).sum();
    // Of twenty records of a batch, one is the same in each.
    assert_eq!(records, 6 * (u64::from(BATCHES) * 19 + 1));
}

/// Everything that writes to one connection, at once: nothing fails, so nothing waits in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_writes_wait_for_each_other() {
    let world = World::new().await;
    let stores = [world.store().await, world.store().await];
    let mut tasks = Vec::new();
    for worker in 0..8_usize {
        let store = stores[worker % 2].clone();
        tasks.push(tokio::spawn(async move {
            let (id, by) = ("acme".into(), Actor::new("worker"));
            let deals = StreamId::new("acme", "deals");
            for n in 0..10 {
                let now = SystemClock.now();
                match (worker + n) % 8 {
                    0 => drop(store.commit(batch(&deals, 1)).await.unwrap()),
                    1 => drop(store.open_target(&id, &"copy".into(), &"deals".into(), "1").await.unwrap()),
                    2 => drop(store.enqueue(&id, &"deals".into(), &creates(0..9)).await.unwrap()),
                    3 => drop(store.claim(&id, &claim(3)).await.unwrap()),
                    4 => store.erase(&id).await.unwrap(),
                    5 => drop(store.remove(&id, &by, now).await.unwrap()),
                    6 => {
                        let new = NewConnection::new("acme", "p", "n");
                        if let Err(error) = store.create(new, Vec::new(), &by, now).await {
                            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                        }
                    }
                    _ => drop(store.lease(&id, "oauth2", Duration::ZERO).await.unwrap()),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let audit = stores[0].audit(None, None, 10_000).await.unwrap();
    assert!(audit.iter().map(|entry| entry.number).eq(1..=audit.len() as u64), "no line is missing");
}

fn creates(ids: std::ops::Range<u32>) -> Vec<Operation> {
    let fields = RawJson::parse("{}").unwrap();
    ids.map(|id| Operation::new(id.to_string(), WriteOp::create(fields.clone()))).collect()
}

fn claim(limit: u32) -> Claim {
    Claim::new(Duration::from_secs(60), limit)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_claim_the_same() {
    const OPERATIONS: u32 = 150;
    let world = World::new().await;
    let stores = [world.store().await, world.store().await];
    let id = "acme".into();
    stores[0].enqueue(&id, &"deals".into(), &creates(0..OPERATIONS)).await.unwrap();
    let mut tasks = Vec::new();
    for worker in 0..4_usize {
        let store = stores[worker % 2].clone();
        tasks.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let claimed = store.claim(&"acme".into(), &claim(7)).await.unwrap();
                if claimed.is_empty() {
                    return taken;
                }
                taken.extend(claimed.into_iter().map(|entry| entry.number));
            }
        }));
    }
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.unwrap());
    }
    assert_eq!(taken.len(), OPERATIONS as usize);
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), taken.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_ends_by_the_servers_clock() {
    let world = World::new().await;
    let stores = [world.store().await, world.store().await];
    let id = "acme".into();
    let mut last = 0;
    for round in 0..20_usize {
        let tries = (0..6).map(|n| {
            let (store, id) = (stores[(round + n) % 2].clone(), "acme".into());
            tokio::spawn(async move { store.lease(&id, "oauth2", Duration::from_secs(3_600)).await.unwrap() })
        });
        let mut held = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            held.extend(attempt.await.unwrap());
        }
        assert_eq!(held.len(), 1, "one of six has it");
        assert!(held[0].fence.number() > last);
        last = held[0].fence.number();
        stores[0].release(&id, "oauth2", held[0].fence).await.unwrap();
    }
    let brief = Duration::from_millis(1);
    stores[0].lease(&id, "oauth2", brief).await.unwrap().unwrap();
    let begun = std::time::Instant::now();
    while stores[1].lease(&id, "oauth2", brief).await.unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

#[tokio::test]
async fn a_write_that_is_abandoned_leaves_nothing_and_blocks_nobody() {
    let world = World::new().await;
    let store = PostgresStore::with_pool(world.database.pool(Role::App, 2)).await.unwrap();
    let stream = StreamId::new("acme", "deals");
    let mut abandoned = 0;
    for micros in [0, 50, 200, 500, 1_000, 2_000, 5_000, 10_000] {
        let patience = Duration::from_micros(micros);
        let commit = tokio::time::timeout(patience, store.commit(batch(&stream, 1))).await;
        abandoned += u32::from(commit.is_err());
        // Whether it was committed is decided when nobody holds the connection's row any more.
        store.enqueue(&"acme".into(), &"deals".into(), &[]).await.unwrap();
        let stored = store.counts(&"acme".into()).await.unwrap().records("deals");
        let state = store.position(&stream).await.unwrap().state;
        assert_eq!(stored, if state.is_some() { 20 } else { 0 });
        store.erase(&"acme".into()).await.unwrap();
    }
    assert!(abandoned > 0);
    store.commit(batch(&stream, 2)).await.unwrap();
}
