//! `sync --table`, `rows` and `migrate`: rows in tables of the user's own, in SQLite and PostgreSQL.

use tieline::sqlite::SqliteStore;
use tieline::store_sql::{Sql, Tx};
use tieline_sandbox::pipedrive::Entity;

use crate::world::*;

const MAPPING: &str = r#"
version: 1
entity: deals
fields:
  - host: title
    provider: title
    direction: forward
  - host: amount
    provider: value
    steps: [decimal]
    direction: forward
  - host: closed_on
    provider: expected_close_date
    steps: [date]
    direction: forward
"#;

async fn one_line(file: &std::path::Path, sql: &str) -> String {
    let store = SqliteStore::open(file).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let mut rows = tx.rows(&Sql::unscoped(sql.to_owned()), &[]).await.unwrap();
    rows.remove(0).take().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_the_users_is_kept_filled_and_its_rows_can_be_followed() {
    let world = World::new().await;
    world.file("customers.yaml", MAPPING);
    let sync = "sync pipedrive deals @ --into t.db --connection acme --table my_deals=customers.yaml --json";
    let first = world.run(sync).lines();
    let created = first[0]["streams"][0]["created"].as_u64().unwrap();
    assert_eq!(first[0]["streams"][0]["target"], "my_deals");
    let file = world.path("t.db");
    let counted = "SELECT count(*) || ' ' || count(amount) || ' ' || min(typeof(amount)) || ' ' || min(tenant) FROM my_deals";
    assert_eq!(one_line(&file, counted).await, format!("{created} {created} text main"));

    let rows = "rows my_deals --from t.db --connection acme";
    assert_eq!(world.run(rows).lines().len() as u64, created);
    let begun = world.run(&format!("{rows} --since=")).lines();
    let cursor = begun.last().unwrap()["cursor"].as_str().unwrap().to_owned();
    assert_eq!(begun.len() as u64, created + 1);

    let deal = begun[0]["key"].as_str().unwrap().to_owned();
    world.sandbox.delete(Entity::Deals, deal.parse().unwrap()).unwrap();
    world.run(&format!("{sync} --mode full")).lines();
    let changes = world.run(&format!("{rows} --since {cursor}")).lines();
    assert_eq!((&changes[0]["type"], &changes[0]["key"]), (&"remove".into(), &deal.as_str().into()));
    assert_eq!(changes.len(), 2, "a change and the cursor");
    let left = format!("SELECT '' || count(*) FROM my_deals WHERE provider_key = '{deal}'");
    assert_eq!(one_line(&file, &left).await, "0");

    let csv = world.run(&format!("{rows} --format csv"));
    let header = csv.out.lines().next().unwrap();
    assert_eq!(header, "key,title,amount,closed_on");
    assert_eq!(csv.out.matches("\r\n").count() as u64, created, "a header, and one row less");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_filled_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    world.file("deals.yaml", MAPPING);
    world.file("nameless.yaml", &MAPPING.replace("entity: deals\n", ""));
    world.file("taken.yaml", &MAPPING.replace("host: title", "host: tenant"));
    let sync = "sync pipedrive users @ --into t.db --connection acme --table";
    for (table, told) in [
        ("d=deals.yaml", "is not among the entities"),
        ("d=nameless.yaml", "names no entity"),
        ("deals.yaml", "TABLE=FILE"),
    ] {
        let said = world.run(&format!("{sync} {table}"));
        assert_eq!((said.code, said.err.contains(told)), (Some(2), true), "{}", said.err);
    }
    assert_eq!(world.sandbox.requests().len(), 0);
    let said = world.run("sync pipedrive deals @ --into t.db --connection acme --table d=taken.yaml");
    assert!(said.err.contains("is a column of every table"), "{}", said.err);
    let said = world.run("rows d --from nowhere.db --connection acme");
    assert_eq!((said.code, world.path("nowhere.db").exists()), (Some(10), false));
}

#[test]
fn an_address_with_a_password_is_refused_and_not_shown() {
    let said = said(&mut bare(["migrate", "postgres://me:secret-9@127.0.0.1:1/db"]));
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("PGPASSWORD") && !said.err.contains("secret-9"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sql_of_the_tables_can_be_printed() {
    let printed = said(&mut bare(["migrate", "--print"]));
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    assert!(
        printed.out.contains("CREATE TABLE tieline.records")
            && printed.out.contains("FORCE ROW LEVEL SECURITY")
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_is_prepared_and_filled() {
    use tieline_store_sql::testing::{Role, TestServer};

    let Some(server) = TestServer::shared() else { return };
    let database = server.database().await;
    let (owner, app) = (database.url(Role::Owner), database.url(Role::App));
    let world = World::new().await;
    world.file("deals.yaml", MAPPING);
    for _ in 0..2 {
        let made =
            world.run(&format!("migrate {owner} --grant tieline_app --grant-dispatcher tieline_dispatcher"));
        assert_eq!((made.code, made.err.as_str()), (Some(0), ""), "{}", made.out);
    }
    // The user's table is the owner's; the program fills it.
    let pool = database.pool(Role::Owner, 1);
    let table = "CREATE TABLE public.my_deals (tenant text, connection text, provider_key text, title text, amount numeric,
             closed_on date, PRIMARY KEY (tenant, connection, provider_key));
         GRANT SELECT, INSERT, UPDATE, DELETE ON public.my_deals TO tieline_app";
    sqlx::raw_sql(table).execute(&pool).await.unwrap();
    let sync = format!(
        "sync pipedrive deals @ --into {app} --connection acme --table public.my_deals=deals.yaml --json"
    );
    let done = world.run(&sync).lines();
    let created = done[0]["streams"][0]["created"].as_i64().unwrap();
    let counted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM public.my_deals WHERE amount IS NOT NULL AND tenant = 'main'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(counted, created);
    let rows = world.run(&format!("rows public.my_deals --from {app} --connection acme"));
    assert_eq!(rows.lines().len() as i64, created);
    let other = world.run(&format!("rows public.my_deals --from {app} --connection acme --tenant other"));
    assert!(other.lines().is_empty());
}
