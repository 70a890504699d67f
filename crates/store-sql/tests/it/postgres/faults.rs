//! What a person reads when the database fails, and what is left afterwards.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use tieline_core::{
    Batch, Change, Clock, Error, ErrorKind, Operation, RawJson, Record, Resend, State, SystemClock, WriteOp,
};
use tieline_store::connections::{Actor, ConnectionStore, NewConnection};
use tieline_store::outbox::{OutboxStore, Status};
use tieline_store::{Commit, StreamId, SyncStore};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::{Role, TestDatabase, TestServer};

use crate::postgres::world::{World, batch, empty_database};

pub(super) fn stream() -> StreamId {
    StreamId::new("acme", "deals")
}

/// The text without the place, which is another one in each run, and its cause.
pub(super) fn told(error: &Error) -> String {
    let place = error.context().find(|(name, _)| *name == "database").map(|(_, place)| place.to_owned());
    let cause = error.source().map(|cause| format!("\n  because: {cause}")).unwrap_or_default();
    let cause = cause.split(" (os error").next().unwrap_or_default();
    let text = format!("{error}{cause}");
    let text = place.map_or(text.clone(), |place| text.replace(&place, "PLACE"));
    // Each test has a database with another name.
    match text.split_once("denied for database ") {
        Some((before, _)) => format!("{before}denied for database NAME"),
        None => text,
    }
}

/// A server of its own, which may be stopped.
async fn own_server() -> (TestServer, TestDatabase) {
    match TestServer::start() {
        Some(server) => {
            let database = server.database().await;
            (server, database)
        }
        None => std::process::exit(0),
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_told_and_comes_back() {
    let (server, database) = own_server().await;
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(300));
    let pool = pool.connect_lazy_with(database.options(Role::Owner));
    let store = PostgresStore::with_pool(pool).await.unwrap();
    store.commit(batch(&stream(), 0)).await.unwrap();

    server.crash();
    let during = store.commit(batch(&stream(), 1)).await.unwrap_err();
    let reading = store.position(&stream()).await.unwrap_err();
    for error in [&during, &reading] {
        assert_eq!((error.kind(), error.resend()), (ErrorKind::Unavailable, Resend::Safe), "{error}");
    }
    let connecting = PostgresStore::connect(&database.url(Role::Owner)).await.unwrap_err();
    assert_eq!(connecting.kind(), ErrorKind::Unavailable);
    insta::assert_snapshot!(told(&reading), @r###"
    the database cannot be reached while reading a position: check that it runs, and the address; nothing was stored (unavailable, database=PLACE)
      because: error communicating with database: No such file or directory
    "###);
    insta::assert_snapshot!(told(&connecting), @r###"
    the database cannot be reached while connecting: check that it runs, and the address; nothing was stored (unavailable, database=PLACE)
      because: error communicating with database: No such file or directory
    "###);

    server.resume();
    let position = store.position(&stream()).await.unwrap();
    assert_eq!(position.state.unwrap().body::<u32>().unwrap(), 0, "what was answered is there");
    store.commit(batch(&stream(), 1).expecting(position.revision)).await.unwrap();
}

/// Whenever the server goes away, what was not answered is there as a whole or not at all, and the error does not
/// promise more than is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_in_a_commit_leaves_it_whole() {
    let (server, database) = own_server().await;
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_secs(20));
    let pool = pool.connect_lazy_with(database.options(Role::Owner));
    let store = PostgresStore::with_pool(pool).await.unwrap();
    let (mut answered, mut n) = (None, 0);
    for round in 0..5_u64 {
        let next = Arc::new(AtomicU32::new(n));
        let writer = {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    match store.commit(batch(&stream(), n)).await {
                        Ok(_) => n += 1,
                        Err(error) => return (n, error),
                    }
                    next.store(n, Ordering::Relaxed);
                }
            })
        };
        while next.load(Ordering::Relaxed) == n && !writer.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis((round * 7_919) % 40)).await;
        tokio::task::block_in_place(|| server.crash());
        let (failed, error) = writer.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        tokio::task::block_in_place(|| server.resume());
        if failed > n {
            answered = Some(failed - 1);
        }
        let state = store.position(&stream()).await.unwrap().state;
        let stored = state.map(|state| state.body::<u32>().unwrap());
        match error.resend() {
            Resend::Safe => assert_eq!(stored, answered, "nothing of it was stored"),
            Resend::IfIdempotent => assert!(stored == answered || stored == Some(failed)),
            Resend::Never => panic!("{error}"),
        }
        let records = store.counts(&"acme".into()).await.unwrap().records("deals");
        assert_eq!(records, stored.map_or(0, |stored| u64::from(stored + 1) * 19 + 1));
        answered = stored;
        n = stored.map_or(0, |stored| stored + 1);
    }
    assert!(answered.is_some(), "the server never lived long enough for a commit");
}

#[tokio::test]
async fn a_terminated_connection_is_told_and_replaced() {
    let world = World::new().await;
    let store = PostgresStore::with_pool(world.database.pool(Role::App, 1)).await.unwrap();
    let superuser = world.database.pool(Role::Superuser, 1);
    let terminate =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'tieline_app'
             AND datname = current_database()";
    for _ in 0..3 {
        store.commit(batch(&stream(), 0)).await.unwrap();
        sqlx::query(terminate).execute(&superuser).await.unwrap();
        // The pool finds out before it hands the connection out, or the store does.
        if let Err(error) = store.commit(batch(&stream(), 1)).await {
            assert_eq!((error.kind(), error.resend()), (ErrorKind::Unavailable, Resend::Safe), "{error}");
        }
    }
    store.commit(batch(&stream(), 2)).await.unwrap();
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_explained_without_the_password() {
    let database = empty_database().await;
    let socket = database.url(Role::App).split("host=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mut texts = Vec::new();
    for address in [
        "postgres://app:s3cr3t-1Qz@".to_owned(),
        "postgres://app:s3cr3t-1Qz@host:port/crm".to_owned(),
        "mysql//app:s3cr3t-1Qz".to_owned(),
        "postgres://app:s3cr3t-1Qz@localhost/crm?sslmode=s3cr3t-1Qz".to_owned(),
        "postgres://app:s3cr3t-1Qz@127.0.0.1:1/crm".to_owned(),
        format!("postgres:///crm?host={socket}&user=tieline_app&password=s3cr3t-1Qz"),
        format!("postgres:///postgres?host={socket}&user=nobody&password=s3cr3t-1Qz"),
        format!("postgres:///postgres?host={socket}&user=locked&password=s3cr3t-1Qz"),
    ] {
        let error = PostgresStore::connect(&address).await.unwrap_err();
        let text = told(&error);
        assert!(!format!("{text} {error:?}").contains("s3cr3t"), "{text}");
        texts.push(text.replace(&socket, "SOCKET"));
    }
    insta::assert_snapshot!(texts.join("\n"), @r###"
    the address of the database cannot be read: write it as postgres://role:password@host:port/database (config)
    the address of the database cannot be read: write it as postgres://role:password@host:port/database (config)
    the address of the database cannot be read: write it as postgres://role:password@host:port/database (config)
    the address of the database cannot be read: write it as postgres://role:password@host:port/database (config)
    the database cannot be reached while connecting: check that it runs, and the address; nothing was stored (unavailable, database=PLACE)
      because: error communicating with database: Connection refused
    the database does not exist while connecting: make it, or correct its name (config, code 3D000, database=PLACE)
      because: database "crm" does not exist
    the database does not accept the role or its password while connecting: check both in the pool's options (config, code 28000, database=PLACE)
      because: role "nobody" does not exist
    the database does not accept the role or its password while connecting: check both in the pool's options (config, code 28P01, database=PLACE)
      because: password authentication failed for user "locked"
    "###);
    let store = database.url(Role::Owner) + "&password=s3cr3t-1Qz";
    let store = PostgresStore::connect(&store).await.unwrap();
    assert!(!format!("{store:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let database = empty_database().await;
    let superuser = database.pool(Role::Superuser, 1);
    sqlx::query("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
        .execute(&superuser)
        .await
        .unwrap();
    let options = database.options(Role::Superuser).database("latin");
    let error = PostgresStore::migrate(&PgPoolOptions::new().connect_lazy_with(options)).await.unwrap_err();
    insta::assert_snapshot!(told(&error), @"the database's encoding is LATIN1, not UTF8: make the database with ENCODING 'UTF8' (config)");
}

#[tokio::test]
async fn a_database_that_may_only_be_read_can_be_read() {
    let world = World::new().await;
    world.store().await.commit(batch(&stream(), 0)).await.unwrap();
    let options = world.database.options(Role::App).options([("default_transaction_read_only", "on")]);
    let store = PostgresStore::with_pool(PgPoolOptions::new().connect_lazy_with(options)).await.unwrap();
    assert!(store.position(&stream()).await.unwrap().state.is_some());
    insta::assert_snapshot!(told(&store.commit(batch(&stream(), 1)).await.unwrap_err()), @r###"
    the database is read-only while committing a batch: connect to the primary server, not to a standby; nothing was stored (internal, code 25006, database=PLACE)
      because: cannot execute INSERT in a read-only transaction
    "###);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_and_a_lock_that_is_never_given_are_told() {
    let world = World::new().await;
    world.store().await.commit(batch(&stream(), 0)).await.unwrap();
    let holder = world.database.pool(Role::Superuser, 1);
    let mut lock = holder.begin().await.unwrap();
    sqlx::query("SELECT FROM tieline.synced FOR UPDATE").execute(&mut *lock).await.unwrap();
    let mut texts = Vec::new();
    // Long enough for the other statements on a machine that is busy.
    for setting in ["statement_timeout", "lock_timeout"] {
        let options = world.database.options(Role::App).options([(setting, "2s")]);
        let store = PostgresStore::with_pool(PgPoolOptions::new().connect_lazy_with(options)).await.unwrap();
        let error = store.commit(batch(&stream(), 1)).await.unwrap_err();
        assert_eq!(error.resend(), Resend::Safe);
        texts.push(told(&error));
        assert!(store.position(&stream()).await.unwrap().state.is_some(), "reading goes on");
    }
    insta::assert_snapshot!(texts.join("\n"), @r###"
    the database cancelled a statement while committing a batch: raise the role's statement_timeout, or try again when there is less to do; nothing was stored (unavailable, code 57014, database=PLACE)
      because: canceling statement due to statement timeout
    another transaction was in the way while committing a batch: nothing was stored; try again (unavailable, code 55P03, database=PLACE)
      because: canceling statement due to lock timeout
    "###);
}

#[tokio::test]
async fn what_postgresql_cannot_keep_is_refused_and_nothing_is_lost() {
    let world = World::new().await;
    let store = world.store().await;
    let id = "acme".into();
    let fields = RawJson::parse(r#"{"text":"a\u0000b \ud800","n":1.10}"#).unwrap();
    let create = Operation::new("order", WriteOp::create(fields.clone()));
    store.enqueue(&id, &"deals".into(), std::slice::from_ref(&create)).await.unwrap();
    let claim = tieline_store::outbox::Claim::new(Duration::from_secs(60), 9);
    let claimed = store.claim(&id, &claim).await.unwrap();
    assert_eq!(claimed[0].operation, create, "a NUL that is written as JSON is kept");

    // A provider's word about what happened must not be lost for a NUL in it, nor kept as another.
    let odd = Status::Applied { key: Some("4\0x".into()) };
    let error = store.advance(&id, claimed[0].at_revision(), odd, None).await.unwrap_err();
    insta::assert_snapshot!(told(&error), @r###"
    a text holds a NUL character, which PostgreSQL cannot store while storing an outcome: correct it at its source; nothing was stored (rejected, code 22021, database=PLACE)
      because: invalid byte sequence for encoding "UTF8": 0x00
    "###);
    assert_eq!(store.entries(&id, None, None, 9).await.unwrap(), claimed, "as it was");
    let done = Status::Applied { key: Some("42".into()) };
    let note = Some("it said: \0".to_owned());
    let done = store.advance(&id, claimed[0].at_revision(), done, note).await.unwrap().unwrap();
    assert_eq!(done.note.as_deref(), Some("it said: \u{fffd}"));

    let deals = stream();
    store.commit(batch(&deals, 0)).await.unwrap();
    assert!(store.load(&id, &"deals".into(), &["0".into(), "a\0b".into()]).await.unwrap().len() == 1);
    let after = |key: &str| {
        let (store, key) = (store.clone(), key.into());
        async move { store.records(&"acme".into(), &"deals".into(), Some(&key), 99).await.unwrap().len() }
    };
    // Between 0-18 and 0-19, and behind 0-18 however it goes on.
    assert_eq!((after("0-18").await, after("0-18\0x").await, after("0\0").await), (9, 9, 19));

    // Long, and nothing that could be compressed.
    let mut random = 7_u64;
    let mut letter = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'0' + u8::try_from(random >> 58).unwrap())
    };
    let long: String = (0..9_000).map(|_| letter()).collect();
    let change = Change::Upsert(Record::new(long.as_str(), fields));
    let commit = Commit::batch(deals.clone(), Batch::new("deals", vec![change], State::new(1, &9).unwrap()));
    let error = store.commit(commit).await.unwrap_err();
    insta::assert_snapshot!(told(&error), @r###"
    a name or key is longer than PostgreSQL can index while committing a batch: keep it below 2,600 bytes; nothing was stored (rejected, code 54000, database=PLACE)
      because: index row requires 9024 bytes, maximum size is 8191
    "###);
    assert_eq!(store.position(&deals).await.unwrap().state, Some(State::new(1, &0).unwrap()));
}

#[tokio::test]
async fn what_was_stored_by_others_is_an_error_and_not_a_guess() {
    let world = World::new().await;
    let store = world.store().await;
    let (id, now) = ("acme".into(), SystemClock.now());
    store.commit(batch(&stream(), 0)).await.unwrap();
    store.create(NewConnection::new("acme", "p", "n"), Vec::new(), &Actor::new("anna"), now).await.unwrap();
    let create = WriteOp::create(RawJson::parse("{}").unwrap());
    store.enqueue(&id, &"deals".into(), &[Operation::new("order", create)]).await.unwrap();
    let superuser = world.database.pool(Role::Superuser, 1);
    let mut texts = Vec::new();
    for statement in [
        "UPDATE tieline.streams SET state = '{'",
        "UPDATE tieline.outbox SET status = 'later'",
        "UPDATE tieline.outbox SET status = 'pending', op = '{\"undo\":{}}'",
        "UPDATE tieline.connections SET config = '{'",
        "UPDATE tieline.connections SET config = '{}', health = 'well'",
        "UPDATE tieline.audit SET action = 'seen'",
    ] {
        sqlx::query(statement).execute(&superuser).await.unwrap();
        let error = match statement.split(' ').nth(1).unwrap() {
            "tieline.streams" => store.position(&stream()).await.unwrap_err(),
            "tieline.outbox" => store.entry(&id, &"order".into()).await.unwrap_err(),
            "tieline.connections" => store.connection(&id).await.unwrap_err(),
            _ => store.audit(None, None, 9).await.unwrap_err(),
        };
        texts.push(error.to_string());
    }
    insta::assert_snapshot!(texts.join("\n"), @r###"
    the stored state is not a state: start over without state: a full read skips nothing (state_invalid, stream=acme/deals)
    the status of a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=order, status=later)
    a stored operation cannot be read: update the crate: a newer version may have stored it (internal, operation=order)
    the stored settings of a connection cannot be read: restore them from a backup, or store them anew (internal, connection=acme)
    the stored health cannot be read: update the crate: a newer version may have stored it (internal, stored=well)
    the stored audit action cannot be read: update the crate: a newer version may have stored it (internal, stored=seen)
    "###);
    store.reset(&stream()).await.unwrap();
    assert!(store.position(&stream()).await.unwrap().state.is_none());
}
