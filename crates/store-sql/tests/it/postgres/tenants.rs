//! Row-level security, from the side of somebody who writes SQL of their own.

use sqlx::{PgPool, Postgres, Transaction};
use tieline_core::webhook::{Hint, Hints};
use tieline_core::{
    Batch, Change, Clock, FieldPath, Operation, RawJson, Record, RecordLookup, State, SystemClock, WriteOp,
};
use tieline_store::connections::{
    Actor, ConnectionStore, Consent, ConsentState, ConsentStore, LeaseStore, NewConnection, PutSecret,
    SecretStore,
};
use tieline_store::inbox::{InboxStore, NewDelivery, encode_event};
use tieline_store::pairings::{
    ConflictWinner, LinkChange, LinkState, MatchValues, NewConflict, NewTask, PairSide, TaskKind,
};
use tieline_store::webhooks::{
    EndpointStore, NewAttempt, NewEndpoint, NewSubscriber, NotificationEnd, NotificationStore,
};
use tieline_store::{Commit, OutboxStore, PairingStore, StreamId, SyncStore, TargetChange, TenantId};
use tieline_store_sql::events::{self, NewEvent};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::Role;
use tieline_store_sql::{TABLES, directory};
use tieline_vault::{Context, Key, KeyRing, Vault};

use crate::postgres::world::{World, batch};

/// Something in every table.
async fn fill(store: &PostgresStore) {
    let (id, deals) = ("acme".into(), StreamId::new("acme", "deals"));
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    let context = Context::new(store.tenant().as_str(), "acme", "oauth2");
    let sealed = vault.seal_text(&context, &"token".to_owned().into()).await.unwrap();
    let (by, now) = (Actor::new("anna"), SystemClock.now());
    let secrets = vec![("oauth2".to_owned(), PutSecret::new(sealed.clone()))];
    let mut new = NewConnection::new("acme", "pipedrive", "Sales");
    new.account = Some("17".to_owned());
    store.create(new, secrets, &by, now).await.unwrap();
    let path_hash = if store.tenant().as_str() == "main" { [3; 32] } else { [4; 32] };
    let endpoint = NewEndpoint::new("endpoint", "acme".into(), "pipedrive", (path_hash, sealed.clone()));
    store.create_endpoint(endpoint).await.unwrap();
    store.create_subscriber(NewSubscriber::new("s", "https://example.test", sealed)).await.unwrap();
    store.put_key_check(None, vault.key_check().await.unwrap()).await.unwrap();
    store.lease(&id, "oauth2", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    let consent = Consent::new(ConsentState::new([1; 32]), "acme", "pipedrive", [2; 32], now);
    store.begin_consent(consent, now).await.unwrap();
    let fields = RawJson::parse("{}").unwrap();
    let create = Operation::new("order", WriteOp::create(fields.clone()));
    store.enqueue(&id, &"deals".into(), &[create]).await.unwrap();
    let hints = Hints::new(vec![Hint::new("deals", Some("1".into()))]).into();
    let (kind, event) = encode_event(&hints).unwrap().unwrap();
    store.receive(&id, NewDelivery::new("endpoint", kind, event)).await.unwrap();
    store.open_target(&id, &"copy".into(), &"deals".into(), "1").await.unwrap();
    let need = RecordLookup::new("persons", "7", FieldPath::field("n"));
    let row = TargetChange::put("0", fields, vec![need]);
    let refused = ("deals".into(), "9".into(), "code 2000".to_owned());
    let commit = batch(&deals, 0).with_target("copy", vec![row]).with_refused([refused]);
    store.commit(commit).await.unwrap();
    // An index, and an entry in it.
    let person = Record::new("8", RawJson::parse(r#"{"n":1}"#).unwrap());
    let persons = Batch::new("persons", vec![Change::Upsert(person)], State::new(1, &1).unwrap());
    store.commit(Commit::batch(StreamId::new("acme", "persons"), persons)).await.unwrap();
    let number = FieldPath::field("n");
    let by_number = RecordLookup::new("persons", "1", number.clone()).by(number);
    assert_eq!(store.resolve(&id, &[by_number]).await.unwrap().resolved.len(), 1);
    let pairing = "companies".into();
    store.open_pairing(&pairing, [Some(&id), None], "1").await.unwrap();
    store.note_changes(&pairing, PairSide::Left, &["1".into()], (None, Some("a"))).await.unwrap();
    let values = [MatchValues::new("3".into(), vec![(0, "5560".to_owned())])];
    store.put_match_values(&pairing, PairSide::Left, &values).await.unwrap();
    let empty = RawJson::parse("{}").unwrap();
    let mut link = LinkChange::create(Some("1".into()), Some("2".into()), LinkState::Linked, empty.clone());
    link.tasks = vec![NewTask::new(TaskKind::Conflict, "/name", empty)];
    link.conflicts = vec![NewConflict::new(FieldPath::field("name"), "left", ConflictWinner::Left)];
    store.store_link(&pairing, link).await.unwrap().unwrap();
    let mut transaction = store.begin().await.unwrap();
    let hash = if store.tenant().as_str() == "main" { [1; 32] } else { [2; 32] };
    directory::set_route(&mut transaction, "webhook", &hash, &id).await.unwrap();
    directory::set_due(&mut transaction, &id, "sync", Some(now)).await.unwrap();
    let event = NewEvent::new("sync.completed", RawJson::parse("{}").unwrap());
    events::append(&mut transaction, &id, &[event]).await.unwrap();
    transaction.commit().await.unwrap();
    store.follow_events("s", 9, 9).await.unwrap();
    let notifications = store.claim_notifications("s", 9, std::time::Duration::ZERO).await.unwrap();
    let attempt = Some(NewAttempt::new(None, std::time::Duration::ZERO, None));
    let end = NotificationEnd::Postponed(std::time::Duration::ZERO);
    assert!(store.settle_notification(notifications[0].revision, end, attempt).await.unwrap());
    // The rows of the other records are stale.
    store.open_target(&id, &"copy".into(), &"deals".into(), "2").await.unwrap();
}

/// All of our tables, except the one that says only the schema's version: the list in the code, which is what there is.
async fn tables(pool: &PgPool) -> Vec<String> {
    let mut listed: Vec<String> = TABLES.iter().map(|table| format!("tieline.{}", table.name)).collect();
    listed.sort();
    let made: Vec<String> = sqlx::query_scalar(
        "SELECT 'tieline.' || relname FROM pg_class
         WHERE relnamespace = 'tieline'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'schema'
             AND NOT relispartition
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(listed, made, "the list of tables is not complete");
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(c.oid::regclass AS text) FROM pg_class c
         WHERE c.relispartition AND c.relkind = 'r' AND (NOT c.relforcerowsecurity OR NOT c.relrowsecurity
             OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(open, [""; 0], "partitions that can be read past the policies of their table");
    listed
}

async fn count(connection: impl sqlx::Executor<'_, Database = Postgres>, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

async fn as_tenant(pool: &PgPool, tenant: &str) -> Transaction<'static, Postgres> {
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("SELECT set_config('tieline.tenant', $1, TRUE)")
        .bind(tenant)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction
}

async fn two_tenants() -> World {
    let world = World::new().await;
    let store = world.store().await;
    fill(&store).await;
    fill(&store.for_tenant(TenantId::new("globex"))).await;
    world
}

#[tokio::test]
async fn every_table_has_forced_row_level_security() {
    let world = World::new().await;
    let pool = world.database.pool(Role::Owner, 1);
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT 'tieline.' || relname FROM pg_class
         WHERE relnamespace = 'tieline'::regnamespace AND relkind IN ('r', 'p')
             AND NOT (relrowsecurity AND relforcerowsecurity)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(open, ["tieline.schema"]);
}

#[tokio::test]
async fn without_a_tenant_nothing_is_there_and_with_one_only_its_rows() {
    let world = two_tenants().await;
    let everything = world.database.pool(Role::Superuser, 1);
    // The owner too, whom row-level security holds only because it is forced.
    for role in [Role::App, Role::Owner] {
        let pool = world.database.pool(role, 1);
        for table in tables(&pool).await {
            let all = count(&everything, &table).await;
            assert!(all > 0, "{table} is empty, so this proves nothing");
            assert_eq!(count(&pool, &table).await, 0, "{role:?} sees {table} without a tenant");
            let mut seen = 0;
            for tenant in ["main", "globex", "nobody"] {
                let mut transaction = as_tenant(&pool, tenant).await;
                let visible = count(&mut *transaction, &table).await;
                assert!(table == "tieline.key_check" || (visible > 0) == (tenant != "nobody"), "{table}");
                if table != "tieline.key_check" {
                    let sql = format!("SELECT DISTINCT tenant FROM {table}");
                    let of: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                        .fetch_all(&mut *transaction)
                        .await
                        .unwrap();
                    assert!(of.iter().all(|of| of == tenant));
                    seen += visible;
                }
                transaction.commit().await.unwrap();
                // The same connection, for the pool has one: the tenant went with its transaction.
                assert_eq!(count(&pool, &table).await, 0, "{table} is visible after the transaction");
            }
            assert!(table == "tieline.key_check" || seen == all, "{table}");
        }
    }
}

#[tokio::test]
async fn a_foreign_tenants_rows_can_be_neither_written_nor_taken() {
    let world = two_tenants().await;
    let everything = world.database.pool(Role::Superuser, 1);
    for role in [Role::App, Role::Owner] {
        let pool = world.database.pool(role, 1);
        for table in tables(&pool).await.into_iter().filter(|table| table != "tieline.key_check") {
            let before = count(&everything, &table).await;
            for (tenant, statement) in [
                ("globex", format!("UPDATE {table} SET tenant = 'main'")),
                ("nobody", format!("DELETE FROM {table}")),
                ("nobody", format!("UPDATE {table} SET tenant = 'nobody'")),
                ("globex", format!("DELETE FROM {table} WHERE tenant = 'main'")),
                ("", format!("UPDATE {table} SET tenant = ''")),
            ] {
                let mut transaction = as_tenant(&pool, tenant).await;
                let done =
                    sqlx::query(sqlx::AssertSqlSafe(statement.clone())).execute(&mut *transaction).await;
                match done {
                    Ok(done) => assert_eq!(done.rows_affected(), 0, "{role:?}: {statement}"),
                    Err(error) => {
                        let code = error.as_database_error().unwrap().code().unwrap().into_owned();
                        assert_eq!(code, "42501", "{statement}: {error}");
                    }
                }
            }
            assert_eq!(count(&everything, &table).await, before);
        }
        for (tenant, of) in [("globex", "main"), ("", "main"), ("", ""), ("globex", "")] {
            let mut transaction = as_tenant(&pool, tenant).await;
            let insert = "INSERT INTO tieline.synced (tenant, connection, sequence) VALUES ($1, 'new', 0)";
            let error = sqlx::query(insert).bind(of).execute(&mut *transaction).await.unwrap_err();
            assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501");
        }
        let insert = "INSERT INTO tieline.synced (tenant, connection, sequence) VALUES ('main', 'new', 0)";
        sqlx::query(insert).execute(&pool).await.unwrap_err();
    }
}

#[tokio::test]
async fn handles_of_tenants_share_one_connection_and_nothing_else() {
    let world = World::new().await;
    let main = PostgresStore::with_pool(world.database.pool(Role::App, 1)).await.unwrap();
    let stores: Vec<_> = (0..3).map(|n| main.for_tenant(TenantId::new(format!("t{n}")))).collect();
    let deals = StreamId::new("acme", "deals");
    for (n, store) in (0..).zip(&stores) {
        store.commit(batch(&deals, n)).await.unwrap();
    }
    for (n, store) in (0..).zip(&stores) {
        let state = store.position(&deals).await.unwrap().state.unwrap();
        assert_eq!(state.body::<u32>().unwrap(), n);
    }
    assert!(main.position(&deals).await.unwrap().state.is_none());
    for name in ["", "a\0b"] {
        let nobody = main.for_tenant(TenantId::new(name));
        let error = nobody.position(&deals).await.unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @"the tenant's name is empty or holds a NUL character: name each tenant by a text that never changes, such as its id (config)");
        }
    }
}

#[tokio::test]
async fn a_dispatcher_reads_the_directory_of_all_tenants_and_nothing_else() {
    let world = World::new().await;
    let owner = world.database.pool(Role::Owner, 1);
    for _ in 0..2 {
        PostgresStore::grant_dispatcher(&owner, Role::Dispatcher.name()).await.unwrap();
    }
    let store = world.store().await;
    fill(&store).await;
    fill(&store.for_tenant(TenantId::new("globex"))).await;

    let pool = world.database.pool(Role::Dispatcher, 1);
    let dispatcher = PostgresStore::with_pool(pool.clone()).await.unwrap();
    let mut tx = dispatcher.begin().await.unwrap();
    let due = directory::due(&mut tx, None, 9).await.unwrap();
    let tenants: Vec<&str> = due.iter().map(|due| due.tenant.as_str()).collect();
    // A read and a delivery of each.
    assert_eq!(tenants.len(), 4, "{due:?}");
    assert!(tenants.contains(&"main") && tenants.contains(&"globex"));
    let route = directory::route(&mut tx, "webhook", &[2; 32]).await.unwrap().unwrap();
    assert_eq!(route.tenant, TenantId::new("globex"));
    drop(tx);
    for table in TABLES.iter() {
        let name = table.name;
        let read = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM tieline.{name}"));
        let read: Result<i64, _> = sqlx::query_scalar(read).fetch_one(&pool).await;
        assert_eq!(read.is_ok(), table.directory, "{name}");
        let write = sqlx::AssertSqlSafe(format!("DELETE FROM tieline.{name}"));
        assert!(sqlx::query(write).execute(&pool).await.is_err(), "{name}");
    }
}
