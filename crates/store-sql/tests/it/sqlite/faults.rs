//! What a person reads when the database fails, and what is left afterwards.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use tieline_core::{Batch, Change, Error, ErrorKind, RawJson, Record, Resend, State};
use tieline_store::{Commit, StreamId, SyncStore};
use tieline_store_sql::sqlite::SqliteStore;

fn stream() -> StreamId {
    StreamId::new("acme", "deals")
}

fn commit(n: u32) -> Commit {
    let payload = RawJson::of(&"x".repeat(2_000)).unwrap();
    let records = (0..20).map(|i| Change::Upsert(Record::new(format!("{n}-{i}"), payload.clone()))).collect();
    Commit::batch(stream(), Batch::new("deals", records, State::new(1, &n).unwrap()))
}

/// The text without the place, which is another one in each run.
fn told(error: &Error, path: &Path) -> String {
    error.to_string().replace(&*path.to_string_lossy(), "FILE")
}

fn pool(options: SqliteConnectOptions, connections: u32) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(connections).connect_lazy_with(options)
}

#[tokio::test]
async fn a_full_disk_stops_a_run_that_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    for journal in [SqliteJournalMode::Wal, SqliteJournalMode::Delete] {
        let options =
            SqliteConnectOptions::new().filename(&path).create_if_missing(true).journal_mode(journal);
        // Room for the tables, and for little else.
        SqliteStore::with_pool(pool(options.clone(), 1)).await.unwrap().close().await;
        let looking = pool(options.clone(), 1);
        let tables: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&looking).await.unwrap();
        looking.close().await;
        let room = (tables + 40).to_string();
        let full =
            SqliteStore::with_pool(pool(options.clone().pragma("max_page_count", room), 1)).await.unwrap();
        let mut done = 0;
        let error = loop {
            match full.commit(commit(done)).await {
                Ok(_) => done += 1,
                Err(error) => break error,
            }
        };
        assert!(done > 0);
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&error, &path), @"the disk, or the database's size limit, is full while committing a batch: free some space and run again; what was committed before is intact (internal, database=FILE)");
        }
        assert_eq!((error.kind(), error.resend()), (ErrorKind::Internal, Resend::Never));
        // The same connection goes on working.
        let state = full.position(&stream()).await.unwrap().state.unwrap();
        assert_eq!(state.body::<u32>().unwrap() + 1, done);
        assert_eq!(full.counts(&"acme".into()).await.unwrap().records("deals"), u64::from(done) * 20);
        full.commit(commit(done)).await.unwrap_err();
        full.erase(&"somebody-else".into()).await.unwrap();
        full.close().await;

        let roomy = SqliteStore::with_pool(pool(options, 1)).await.unwrap();
        let revision = roomy.position(&stream()).await.unwrap().revision;
        roomy.commit(commit(done).expecting(revision)).await.unwrap();
        assert_eq!(roomy.counts(&"acme".into()).await.unwrap().records("deals"), u64::from(done + 1) * 20);
        roomy.erase(&"acme".into()).await.unwrap();
        roomy.close().await;
        std::fs::remove_file(&path).unwrap();
    }
}

#[tokio::test]
async fn a_locked_database_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let first = SqliteStore::open(&path).await.unwrap();
    first.commit(commit(0)).await.unwrap();
    // A file that is being closed is locked for a moment.
    first.close().await;
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(Duration::from_millis(20));
    let store = SqliteStore::with_pool(pool(options.clone(), 2)).await.unwrap();

    let other = pool(options, 1);
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.commit(commit(1)).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the database is locked by another connection while committing a batch: find what keeps it locked, or try again later; nothing was stored (internal, database=FILE)");
    assert_eq!(error.resend(), Resend::Safe);
    assert!(store.position(&stream()).await.unwrap().state.is_some(), "reading goes on");
    drop(lock);
    other.close().await;
    store.commit(commit(1)).await.unwrap();
}

#[tokio::test]
async fn a_read_only_database_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let writing = SqliteStore::open(&path).await.unwrap();
    writing.commit(commit(0)).await.unwrap();
    let store = SqliteStore::with_pool(pool(SqliteConnectOptions::new().filename(&path).read_only(true), 1));
    let store = store.await.unwrap();
    assert!(store.position(&stream()).await.unwrap().state.is_some());
    let error = store.commit(commit(1)).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the database is read-only while committing a batch: let this process write to the file and to its folder, where SQLite keeps two more files beside it (internal, database=FILE)");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "not a database. ".repeat(500);
    std::fs::write(&path, &text).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the file is not a SQLite database while opening it: check the path; the file was not changed (internal, database=FILE)");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_database_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let store = SqliteStore::open(&path).await.unwrap();
    for n in 0..20 {
        store.commit(commit(n)).await.unwrap();
    }
    store.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[4096..length - 4096].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let error = match SqliteStore::open(&path).await {
        Ok(store) => store.commit(commit(1)).await.unwrap_err(),
        Err(error) => error,
    };
    insta::assert_snapshot!(told(&error, &path), @"the database file is damaged while opening it: restore it from a backup, or delete it and read everything again (internal, database=FILE)");
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(folder.path()).await.unwrap_err();
    insta::assert_snapshot!(told(&error, folder.path()), @"the path of the database is a folder: name a file in it (internal, database=FILE)");
    let path = folder.path().join("absent").join("sync.db");
    let error = SqliteStore::open(&path).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the folder of the database does not exist: make the folder, or correct the path (internal, database=FILE)");
    let path = folder.path().join("sync.db");
    let pool = pool(SqliteConnectOptions::new().filename(&path), 1);
    let error = SqliteStore::with_pool(pool).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the database file cannot be opened while connecting: check that its folder exists and that this process may read and write there (internal, database=FILE)");
}

#[cfg(unix)]
#[tokio::test]
async fn a_missing_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        return; // Whoever runs this may do anything.
    }
    let error = SqliteStore::open(&path).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"this process may not read and write the database: give it the permission, for the file and for its folder (internal, database=FILE)");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    SqliteStore::open(&path).await.unwrap().close().await;
    let pool = pool(SqliteConnectOptions::new().filename(&path), 1);
    sqlx::query("INSERT INTO tieline_schema (version, min_reader, applied_at) VALUES (9, 9, 0)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let error = SqliteStore::open(&path).await.unwrap_err();
    insta::assert_snapshot!(told(&error, &path), @"the database was made by a newer version of tieline-store-sql (its schema is 9, which needs a program that knows 9; this one knows 1): update the crate, or choose another database; nothing was changed (internal, database=FILE)");
}

#[tokio::test]
async fn an_unreadable_state_is_never_skipped() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true), 1);
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    store.commit(commit(0)).await.unwrap();
    sqlx::query("UPDATE tieline_streams SET state = '{'").execute(&pool).await.unwrap();
    let error = store.position(&stream()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StateInvalid);
    insta::assert_snapshot!(error, @"the stored state is not a state: start over without state: a full read skips nothing (state_invalid, stream=acme/deals)");
    store.reset(&stream()).await.unwrap();
    assert!(store.position(&stream()).await.unwrap().state.is_none());
    assert_eq!(store.counts(&"acme".into()).await.unwrap().records("deals"), 20);
}

#[tokio::test]
async fn a_host_keeps_its_own_tables_and_migrations_in_the_same_file() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true), 1);
    sqlx::raw_sql("CREATE TABLE _sqlx_migrations (version INTEGER); CREATE TABLE records (id INTEGER);")
        .execute(&pool)
        .await
        .unwrap();
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    store.commit(commit(0)).await.unwrap();
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'tieline_%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(names, ["_sqlx_migrations", "records"]);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let store = SqliteStore::in_memory().await.unwrap();
    store.close().await;
    insta::assert_snapshot!(store.commit(commit(0)).await.unwrap_err(), @"the store is closed while connecting: open it again (internal, database=memory)");
}
