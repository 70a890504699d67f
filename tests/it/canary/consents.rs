//! Consent, renewal, revocation, keys and their rotation, for every connector with OAuth, on both databases.

use std::sync::Arc;

use sqlx::Row as _;
use tieline::Provider;
use tieline::fortnox::FortnoxFactory;
use tieline::pipedrive::PipedriveFactory;
use tieline::sqlite::SqliteStore;
use tieline_conformance::Hunt;
use tieline_sandbox::oauth::Authorizes;
use tieline_sandbox::{Model, Server};

use super::walk::{About, Walk};

const PIPEDRIVE: About = About {
    provider: "pipedrive",
    factory: || Provider::new(PipedriveFactory::default()),
    scopes: &[],
    config: r#"{"company":"acme-demo"}"#,
    field: "api_token",
    entity: "deals",
};

const FORTNOX: About = About {
    provider: "fortnox",
    factory: || Provider::new(FortnoxFactory::default()),
    scopes: &["companyinformation", "costcenter"],
    config: "{}",
    field: "token",
    entity: "costcenters",
};

const PIPEDRIVE_KEY: &str = "f00dbabe5eedc0def00dbabe5eedc0def00dbabe";
const FORTNOX_KEY: &str = "fnx-5eedc0de-f00d-4bab-8e5e-edc0def00dba";

async fn pipedrive() -> Server<tieline_sandbox::pipedrive::Pipedrive> {
    let sandbox = tieline_sandbox::Sandbox::pipedrive();
    sandbox.set_limits(tieline_sandbox::pipedrive::Limits::none());
    sandbox.set_token(PIPEDRIVE_KEY);
    sandbox.serve().await.unwrap()
}

async fn fortnox() -> Server<tieline_sandbox::fortnox::Fortnox> {
    let sandbox = tieline_sandbox::fortnox::Fortnox::builder().invoices(1).token(FORTNOX_KEY).build();
    sandbox.serve().await.unwrap()
}

/// A place that keeps rows: copies of what it holds go to the hunt.
trait Database {
    async fn rows(&self, hunt: &mut Hunt);
    async fn files(&self, hunt: &mut Hunt);
    /// Puts a text where people put notes.
    async fn plant(&self, text: &str);
}

async fn hunt_through<M: Model + Authorizes>(mut walk: Walk<M>, key: &str, database: &impl Database) {
    let log = super::log();
    walk.callbacks().await;
    walk.renewals().await;
    walk.pasted(key).await;
    database.rows(&mut walk.hunt).await;
    walk.rotation().await;
    database.rows(&mut walk.hunt).await;
    walk.ends().await;
    database.rows(&mut walk.hunt).await;
    database.files(&mut walk.hunt).await;
    walk.learn();
    let about = walk.about.provider;
    assert!(walk.hunt.secrets() > 60, "{about}: {} secrets", walk.hunt.secrets());
    let hunt = &mut walk.hunt;
    let text = log.text();
    assert!(text.contains(&walk.server.address().to_string()), "the log has the requests");
    hunt.text("the log", text);
    assert_eq!(hunt.found(), [""; 0], "{about}");

    // It would have been found.
    let mut hunt = Hunt::default();
    let [logged, kept] = ["l0gged", "k3pt"].map(|word| format!("{word}-{about}/+canary"));
    hunt.secret("what was logged", &logged);
    hunt.secret("what was kept", &kept);
    tracing::trace!(target: "planted", planted = logged);
    database.plant(&kept).await;
    database.rows(&mut hunt).await;
    database.files(&mut hunt).await;
    hunt.text("the log", log.text());
    let found = hunt.found();
    assert!(
        found.iter().any(|line| line.starts_with("what was logged, as it is, is in the log")),
        "{found:?}"
    );
    let kept = |line: &&String| line.starts_with("what was kept");
    assert!(found.iter().filter(kept).any(|line| line.contains("is in the rows")), "{found:?}");
    assert!(found.iter().filter(kept).any(|line| line.contains("is in the files")), "{found:?}");
}

struct InFile(tempfile::TempDir, SqliteStore, sqlx::SqlitePool);

impl InFile {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tieline.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        Self(folder, store, sqlx::SqlitePool::connect_lazy_with(options))
    }

    fn walk<M: Model + Authorizes>(&self, about: About, server: Server<M>) -> Walk<M> {
        Walk::new(about, server, Arc::new(self.1.clone()))
    }
}

impl Database for InFile {
    async fn files(&self, hunt: &mut Hunt) {
        hunt.folder("the files of SQLite,", self.0.path());
    }

    async fn rows(&self, hunt: &mut Hunt) {
        let tables = sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'table'").fetch_all(&self.2);
        for table in tables.await.unwrap() {
            let table: String = table.get(0);
            let columns = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns = sqlx::query(sqlx::AssertSqlSafe(columns)).fetch_all(&self.2).await.unwrap();
            for column in columns {
                let column: String = column.get(0);
                let cells = format!("SELECT CAST(\"{column}\" AS BLOB) FROM \"{table}\"");
                for row in sqlx::query(sqlx::AssertSqlSafe(cells)).fetch_all(&self.2).await.unwrap() {
                    let cell: Option<Vec<u8>> = row.get(0);
                    hunt.bytes(&format!("the rows of {table}.{column}"), cell.unwrap_or_default());
                }
            }
        }
    }

    async fn plant(&self, text: &str) {
        let plant = sqlx::query("UPDATE tieline_connections SET name = ?").bind(text).execute(&self.2);
        assert!(plant.await.unwrap().rows_affected() > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipedrive_on_sqlite() {
    let database = InFile::new().await;
    hunt_through(database.walk(PIPEDRIVE, pipedrive().await), PIPEDRIVE_KEY, &database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fortnox_on_sqlite() {
    let database = InFile::new().await;
    hunt_through(database.walk(FORTNOX, fortnox().await), FORTNOX_KEY, &database).await;
}

#[cfg(unix)]
mod postgres {
    use tieline_store_sql::postgres::PostgresStore;
    use tieline_store_sql::testing::{Role, TestDatabase, TestServer};

    use super::*;

    struct OnServer(TestServer, TestDatabase, PostgresStore, sqlx::PgPool);

    impl OnServer {
        /// A server of its own, so that its files hold this walk alone. Says so itself when the machine has none.
        async fn new() -> Option<Self> {
            let server = TestServer::start()?;
            let database = server.database().await;
            let store = PostgresStore::connect(&database.url(Role::Owner)).await.unwrap();
            let pool = database.pool(Role::Superuser, 1);
            Some(Self(server, database, store, pool))
        }

        fn walk<M: Model + Authorizes>(&self, about: About, server: Server<M>) -> Walk<M> {
            Walk::new(about, server, Arc::new(self.2.clone()))
        }
    }

    impl Database for OnServer {
        async fn rows(&self, hunt: &mut Hunt) {
            let tables = "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
                          WHERE schemaname = 'tieline'";
            let tables = sqlx::query(tables).fetch_all(&self.3).await.unwrap();
            assert!(tables.len() > 10, "{} tables", tables.len());
            for table in tables {
                let table: String = table.get(0);
                let rows = format!("SELECT t::text FROM {table} t");
                for row in sqlx::query(sqlx::AssertSqlSafe(rows)).fetch_all(&self.3).await.unwrap() {
                    hunt.text(&format!("the rows of {table}"), row.get::<String, _>(0));
                }
            }
        }

        async fn files(&self, hunt: &mut Hunt) {
            sqlx::query("CHECKPOINT").execute(&self.3).await.unwrap();
            let oid = "SELECT oid::text FROM pg_database WHERE datname = current_database()";
            let oid: String = sqlx::query(oid).fetch_one(&self.3).await.unwrap().get(0);
            for place in [&*format!("data/base/{oid}"), "data/pg_wal"] {
                hunt.folder("the files of PostgreSQL,", &self.0.socket().join(place));
            }
            hunt.bytes("the files of PostgreSQL, log", std::fs::read(self.0.socket().join("log")).unwrap());
        }

        async fn plant(&self, text: &str) {
            let plant = sqlx::query("UPDATE tieline.connections SET name = $1").bind(text).execute(&self.3);
            assert!(plant.await.unwrap().rows_affected() > 0);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pipedrive_on_postgres() {
        let Some(database) = OnServer::new().await else { return };
        hunt_through(database.walk(PIPEDRIVE, pipedrive().await), PIPEDRIVE_KEY, &database).await;
        drop(database.1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn fortnox_on_postgres() {
        let Some(database) = OnServer::new().await else { return };
        hunt_through(database.walk(FORTNOX, fortnox().await), FORTNOX_KEY, &database).await;
        drop(database.1);
    }
}
