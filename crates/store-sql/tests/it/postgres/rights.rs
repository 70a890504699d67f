//! What the roles of a database may do, and what they are told when they may not.

use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use tieline_core::{Clock, ErrorKind, SystemClock};
use tieline_store::SyncStore;
use tieline_store::connections::{Actor, ConnectionStore, LeaseStore, NewConnection};
use tieline_store_sql::postgres::{PostgresOptions, PostgresStore};
use tieline_store_sql::testing::Role;

use super::faults::{stream, told};
use crate::postgres::world::{World, batch, empty_database};

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_lacks() {
    let database = empty_database().await;
    let (owner, app) = (database.pool(Role::Owner, 1), database.pool(Role::App, 1));
    let nothing_made = PostgresStore::with_pool(app.clone()).await.unwrap_err();
    insta::assert_snapshot!(told(&nothing_made), @r###"
    the role may not do this in the database while preparing its tables: run PostgresStore::migrate as the owner of the tables, then PostgresStore::grant for this role (config, code 42501, database=PLACE)
      because: permission denied for database NAME
    "###);
    PostgresStore::migrate(&owner).await.unwrap();
    let nothing_granted = PostgresStore::with_pool(app.clone()).await.unwrap_err();
    assert_eq!(nothing_granted.kind(), ErrorKind::Config);
    insta::assert_snapshot!(told(&nothing_granted), @r###"
    the role may not do this in the database while preparing its tables: run PostgresStore::migrate as the owner of the tables, then PostgresStore::grant for this role (config, code 42501, database=PLACE)
      because: permission denied for schema tieline
    "###);
    let nobody = PostgresStore::grant(&owner, "no such role").await.unwrap_err();
    insta::assert_snapshot!(told(&nobody), @r###"
    the role does not exist while granting rights: make it, or correct its name (config, code 42704, database=PLACE)
      because: role "no such role" does not exist
    "###);
    for _ in 0..2 {
        PostgresStore::grant(&owner, Role::App.name()).await.unwrap();
    }
    let store = PostgresStore::with_pool(app.clone()).await.unwrap();
    store.commit(batch(&stream(), 0)).await.unwrap();

    sqlx::query("DROP TABLE tieline.payloads").execute(&owner).await.unwrap();
    let dropped = store.commit(batch(&stream(), 1)).await.unwrap_err();
    insta::assert_snapshot!(told(&dropped), @r###"
    the tables are not there while committing a batch: run PostgresStore::migrate as the owner of the database (config, code 42P01, database=PLACE)
      because: relation "tieline.payloads" does not exist
    "###);
    sqlx::query("INSERT INTO tieline.schema (version, min_reader, applied_at) VALUES (9, 9, 0)")
        .execute(&owner)
        .await
        .unwrap();
    let newer = PostgresStore::with_pool(app).await.unwrap_err();
    insta::assert_snapshot!(told(&newer), @"the database was made by a newer version of tieline-store-sql (its schema is 9, which needs a program that knows 9; this one knows 1): update the crate, or choose another database; nothing was changed (internal, database=PLACE)");
}

#[tokio::test]
async fn a_host_keeps_its_own_tables_in_its_own_schema() {
    let database = empty_database().await;
    let owner = database.pool(Role::Owner, 1);
    sqlx::raw_sql("CREATE TABLE _sqlx_migrations (version INT); CREATE TABLE records (id INT)")
        .execute(&owner)
        .await
        .unwrap();
    // Whatever the search_path of a pool, the tables are in a schema of their own.
    let options = database.options(Role::Owner).options([("search_path", "nowhere")]);
    let store = PostgresStore::with_pool(PgPoolOptions::new().connect_lazy_with(options)).await.unwrap();
    store.commit(batch(&stream(), 0)).await.unwrap();
    store.lease(&"acme".into(), "oauth2", Duration::from_secs(9)).await.unwrap().unwrap();
    let tables = "SELECT schemaname::text, count(*) > 2 FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1 ORDER BY 1";
    let tables: Vec<(String, bool)> = sqlx::query_as(tables).fetch_all(&owner).await.unwrap();
    assert_eq!(tables, [("public".to_owned(), false), ("tieline".to_owned(), true)]);
    store.close().await;
    insta::assert_snapshot!(told(&store.position(&stream()).await.unwrap_err()), @"the store is closed while reading a position: open it again (internal, database=PLACE)");
}

/// A superuser, and whoever else passes row-level security, is refused unless the host says that it may be so.
#[tokio::test]
async fn a_role_that_passes_row_level_security_is_refused() {
    let world = World::new().await;
    let pool = || world.database.pool(Role::Superuser, 1);
    let error = PostgresStore::with_pool(pool()).await.unwrap_err();
    insta::assert_snapshot!(told(&error), @"the role passes row-level security, so only the statements themselves would keep tenants apart: connect as a role that is neither superuser nor BYPASSRLS, or allow it with PostgresOptions::allow_bypassing_rls (config, role=postgres)");
    let allowed = PostgresOptions::new().allow_bypassing_rls();
    let store = PostgresStore::with_options(pool(), allowed).await.unwrap();
    store.commit(batch(&stream(), 0)).await.unwrap();
}

/// The application adds to the audit log and cannot change what is there.
#[tokio::test]
async fn the_application_cannot_change_the_past_of_the_audit_log() {
    let world = World::new().await;
    let store = world.store().await;
    let now = SystemClock.now();
    store.create(NewConnection::new("acme", "p", "n"), Vec::new(), &Actor::new("anna"), now).await.unwrap();
    let app = world.database.pool(Role::App, 1);
    for statement in
        ["UPDATE tieline.audit SET actor = 'nobody'", "DELETE FROM tieline.audit", "TRUNCATE tieline.audit"]
    {
        let mut transaction = app.begin().await.unwrap();
        sqlx::query("SELECT set_config('tieline.tenant', 'main', TRUE)")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let error = sqlx::query(statement).execute(&mut *transaction).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{statement}");
    }
    assert_eq!(store.audit(None, None, 9).await.unwrap().len(), 1);
}
