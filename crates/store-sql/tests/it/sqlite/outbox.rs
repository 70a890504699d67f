//! The outbox as only a database can have it: shared by processes, and damaged.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tieline_core::{ErrorKind, Operation, RawJson, WriteOp};
use tieline_store::outbox::{Claim, OutboxStore, Status, StatusKind};
use tieline_store_sql::sqlite::SqliteStore;

pub(crate) fn creates(ids: std::ops::Range<u32>) -> Vec<Operation> {
    let fields = RawJson::parse("{}").unwrap();
    ids.map(|id| Operation::new(id.to_string(), WriteOp::create(fields.clone()))).collect()
}

pub(crate) fn claim(limit: u32) -> Claim {
    Claim::new(Duration::from_secs(60), limit)
}

pub(crate) async fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_never_claim_the_same() {
    const OPERATIONS: u32 = 300;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let (here, there) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let (here, there) = (here.unwrap(), there.unwrap());
    here.enqueue(&"acme".into(), &"deals".into(), &creates(0..OPERATIONS)).await.unwrap();
    let mut tasks = Vec::new();
    for worker in 0..4 {
        let store = if worker % 2 == 0 { here.clone() } else { there.clone() };
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

#[tokio::test]
async fn a_claim_waits_for_the_disk_and_other_writes_do_not() {
    let options = SqliteConnectOptions::new().in_memory(true);
    for (level, word) in [(0, "OFF"), (1, "NORMAL"), (3, "EXTRA")] {
        let pool = pool(options.clone().pragma("synchronous", word)).await;
        let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
        // The level of a statement shows where it is run: a trigger keeps it.
        sqlx::raw_sql(
            "CREATE TEMP TABLE seen (status TEXT, level INTEGER);
             CREATE TEMP TRIGGER keep AFTER UPDATE ON main.tieline_outbox BEGIN
                 INSERT INTO seen SELECT new.status, synchronous FROM pragma_synchronous;
             END;",
        )
        .execute(&pool)
        .await
        .unwrap();
        store.enqueue(&"acme".into(), &"deals".into(), &creates(0..1)).await.unwrap();
        let claimed = store.claim(&"acme".into(), &claim(9)).await.unwrap();
        let done = Status::Applied { key: None };
        store.advance(&"acme".into(), claimed[0].at_revision(), done, None).await.unwrap();
        let seen: Vec<(String, i64)> = sqlx::query_as("SELECT * FROM seen").fetch_all(&pool).await.unwrap();
        let raised = 2.max(level);
        assert_eq!(seen, [("sending".to_owned(), raised), ("applied".to_owned(), level)]);
    }
}

#[tokio::test]
async fn a_status_that_cannot_be_read_is_an_error_and_not_a_guess() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true)).await;
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    store.enqueue(&"acme".into(), &"deals".into(), &creates(0..1)).await.unwrap();
    sqlx::query("UPDATE tieline_outbox SET status = 'later'").execute(&pool).await.unwrap();
    let status = store.entry(&"acme".into(), &"0".into()).await.unwrap_err();
    assert!(store.claim(&"acme".into(), &claim(9)).await.unwrap().is_empty());
    sqlx::query("UPDATE tieline_outbox SET status = 'pending', op = '{\"undo\":{}}'")
        .execute(&pool)
        .await
        .unwrap();
    let operation = store.claim(&"acme".into(), &claim(9)).await.unwrap_err();
    assert_eq!((status.kind(), operation.kind()), (ErrorKind::Internal, ErrorKind::Internal));
    insta::assert_snapshot!(format!("{status}\n{operation}"), @r"
    the status of a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=0, status=later)
    a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=0)
    ");
    assert!(store.entries(&"acme".into(), Some(StatusKind::Sending), None, 9).await.unwrap().is_empty());
}
