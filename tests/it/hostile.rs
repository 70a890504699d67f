//! Connections whose rows were tampered with, whose key is another one, whose clock is off, or whose database goes away
//! while a token is renewed: errors that say so, and nothing overwritten.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use tieline::pipedrive::PipedriveFactory;
use tieline::sqlite::SqliteStore;
use tieline::store::connections::NewConnection;
use tieline::store::{MemoryStore, TenantId};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    ApplicationStore, Callback, CheckRequest, Clock, Error, ErrorKind, OAuthApp, Provider, Secret, Tenant,
    Tieline,
};
use tieline_auth::{Moment, Step, StepObserver};
use tieline_http::TokioClock;
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::pipedrive::Pipedrive as Model;
use tieline_sandbox::{InProcess, Sandbox};
use url::Url;

const SESSION: &str = "cookie-6d1f";

struct World {
    sandbox: Arc<Sandbox<Model>>,
    clock: TokioClock,
    key: Key,
    store: Arc<dyn ApplicationStore>,
}

#[derive(Debug)]
struct Off(TokioClock, TimeDelta);

impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + self.1
    }
}

/// Sees nothing.
#[derive(Debug)]
struct Unmoved;

#[async_trait::async_trait]
impl StepObserver for Unmoved {
    async fn at(&self, _: Step, _: Moment) {}
}

fn copy(key: &Key) -> Key {
    Key::parse(&key.to_text()).unwrap()
}

impl World {
    fn new(store: Arc<dyn ApplicationStore>) -> Self {
        let sandbox = Sandbox::pipedrive();
        let clock = TokioClock::starting_at(sandbox.now());
        Self { sandbox, clock, key: Key::generate().unwrap(), store }
    }

    fn process(&self) -> Tenant {
        self.process_with(KeyRing::new(copy(&self.key)), TimeDelta::zero(), Arc::new(Unmoved))
    }

    /// Nothing in memory of what other processes met.
    fn process_with(&self, ring: KeyRing, off: TimeDelta, observer: Arc<dyn StepObserver>) -> Tenant {
        let clock: Arc<dyn Clock> = Arc::new(Off(self.clock, off));
        let transport = Arc::new(InProcess::new(Arc::clone(&self.sandbox)));
        let app = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
        Tieline::builder()
            .store(Arc::clone(&self.store))
            .vault(Vault::new(ring))
            .provider(Provider::new(PipedriveFactory::default()).with_app(app))
            .clock(clock)
            .http(|http| http.transport(transport))
            .steps(observer)
            .build_unverified()
            .unwrap()
            .tenant("main")
    }

    async fn visit(&self, connections: &Tenant, id: &str) -> Callback {
        let begun =
            connections.begin_consent(NewConnection::new(id, "pipedrive", "Sales"), SESSION).await.unwrap();
        let request = http::Request::get(begun.url.as_str()).body(bytes::Bytes::new()).unwrap();
        let reply = self.sandbox.handle(request);
        let location: Url = reply.headers["location"].to_str().unwrap().parse().unwrap();
        Callback::new(location.query().unwrap().to_owned(), SESSION)
    }

    async fn consent(&self, connections: &Tenant, id: &str) {
        let callback = self.visit(connections, id).await;
        connections.finish_consent(&callback).await.unwrap().store(&"anna".into()).await.unwrap();
    }

    async fn works(&self, connections: &Tenant, id: &str) -> tieline::Result<()> {
        connections.connection(id).connect().await?.check(CheckRequest::default()).await.map(drop)
    }

    async fn generation(&self, id: &str) -> u64 {
        self.store.secret(&id.into(), Secret::NAME).await.unwrap().unwrap().generation
    }

    fn refreshes(&self) -> (u64, u64) {
        let counters = self.sandbox.authorization().counters();
        (counters.refreshes, counters.refresh_tokens_reused)
    }
}

/// Tenant, connection, generation, and what is sealed.
type Row = (String, String, i64, Option<Vec<u8>>);

/// Somebody with the database's own tools.
enum Raw {
    Sqlite(sqlx::SqlitePool),
    #[cfg(unix)]
    Postgres(sqlx::PgPool),
}

impl Raw {
    async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(pool) => {
                let sql = sqlx::AssertSqlSafe(sql.replace("tieline.", "tieline_"));
                sqlx::raw_sql(sql).execute(pool).await.unwrap();
            }
            #[cfg(unix)]
            Self::Postgres(pool) => {
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(pool).await.unwrap();
            }
        }
    }

    /// All secrets as they lie there.
    async fn rows(&self) -> Vec<Row> {
        const ROWS: &str =
            "SELECT tenant, connection, generation, sealed FROM tieline.secrets ORDER BY tenant, connection";
        match self {
            Self::Sqlite(pool) => {
                let rows = sqlx::AssertSqlSafe(ROWS.replace("tieline.", "tieline_"));
                sqlx::query_as(rows).fetch_all(pool).await.unwrap()
            }
            #[cfg(unix)]
            Self::Postgres(pool) => sqlx::query_as(ROWS).fetch_all(pool).await.unwrap(),
        }
    }
}

async fn tamper(world: &World, globex: Arc<dyn ApplicationStore>, raw: &Raw) -> String {
    let connections = world.process();
    connections.verify_keys().await.unwrap();
    world.consent(&connections, "sales").await;
    world.consent(&connections, "support").await;
    // Of the other tenant, without a secret of its own.
    let new = NewConnection::new("sales", "pipedrive", "Theirs");
    let config = serde_json::json!({ "company": "https://acme-demo.pipedrive.com" });
    globex.create(new.with_config(config), Vec::new(), &"ben".into(), world.clock.now()).await.unwrap();
    raw.run("CREATE TABLE kept AS SELECT * FROM tieline.secrets").await;

    let support = "(SELECT s.sealed FROM tieline.secrets s WHERE s.connection = 'support')";
    let mut lines = Vec::new();
    for (what, change) in [
        ("cut short", "SET sealed = substr(sealed, 1, length(sealed) - 1)".to_owned()),
        ("cut to its head", "SET sealed = substr(sealed, 1, 9)".to_owned()),
        ("emptied", "SET sealed = substr(sealed, 1, 0)".to_owned()),
        ("another connection's", format!("SET sealed = {support}")),
        ("another tenant's", "SET tenant = 'globex'".to_owned()),
    ] {
        raw.run(&format!("UPDATE tieline.secrets {change} WHERE connection = 'sales'")).await;
        let before = raw.rows().await;
        let connections = world.process();
        let mut errors = Vec::new();
        errors.push(("connect", world.works(&connections, "sales").await.unwrap_err()));
        let theirs = connections.tieline().tenant("globex");
        errors.push(("their connect", world.works(&theirs, "sales").await.unwrap_err()));
        errors.extend(connections.connection("sales").masked().await.err().map(|error| ("masked", error)));
        let ring = KeyRing::new(Key::generate().unwrap()).with_older(copy(&world.key));
        let rotating = world.process_with(ring, TimeDelta::zero(), Arc::new(Unmoved));
        let rotated = match what {
            "another tenant's" => rotating.tieline().tenant("globex").rotate_keys(&"x".into()).await,
            _ => rotating.rotate_keys(&"x".into()).await,
        };
        match rotated {
            Ok(rotated) => errors.extend(rotated.failed.into_iter().map(|(_, _, error)| ("rotate", error))),
            Err(error) => errors.push(("rotate", error)),
        }
        let refused = errors.iter().any(|(call, _)| *call == "rotate");
        // A rotation opens no secret, only the key that it is sealed with.
        assert_eq!(refused, what != "cut short", "{errors:?}");
        if refused {
            // What was altered stays as it is, for whoever looks into it.
            let altered =
                |rows: &[Row]| rows.iter().filter(|row| row.1 == "sales").cloned().collect::<Vec<_>>();
            assert_eq!(altered(&raw.rows().await), altered(&before), "{what}");
        } else {
            errors.push(("connect after it", world.works(&rotating, "sales").await.unwrap_err()));
        }
        lines.extend(errors.into_iter().map(|(call, error)| format!("{what}, {call}: {}", told(&error))));
        raw.run("DELETE FROM tieline.secrets; INSERT INTO tieline.secrets SELECT * FROM kept").await;
        // The check of the keys followed the rotation.
        raw.run("DELETE FROM tieline.key_check").await;
        world.works(&world.process(), "sales").await.unwrap();
        world.works(&world.process(), "support").await.unwrap();
    }

    let before = raw.rows().await;
    let stranger =
        world.process_with(KeyRing::new(Key::generate().unwrap()), TimeDelta::zero(), Arc::new(Unmoved));
    let wrong = [
        ("verify", stranger.verify_keys().await.unwrap_err()),
        ("connect", world.works(&stranger, "sales").await.unwrap_err()),
    ];
    assert!(wrong.iter().all(|(_, error)| error.kind() == ErrorKind::Config), "{wrong:?}");
    lines.extend(wrong.iter().map(|(call, error)| format!("a wrong key, {call}: {}", told(error))));
    let rotated = stranger.rotate_keys(&"x".into()).await;
    assert!(rotated.is_err() || rotated.is_ok_and(|rotated| rotated.failed.len() == 2));
    assert_eq!(raw.rows().await, before);
    assert_eq!(world.refreshes(), (0, 0), "the provider heard nothing of it");
    lines.join("\n")
}

/// Without the ids of keys, which are new in each run: sixteen digits in hex.
fn told(error: &Error) -> String {
    let text = error.to_string();
    let is_id = |word: &str| word.len() == 16 && word.chars().all(|letter| letter.is_ascii_hexdigit());
    let ids: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| is_id(word)).collect();
    ids.into_iter().fold(text.clone(), |text, id| text.replace(id, "KEY"))
}

#[tokio::test]
async fn tampered_rows_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tieline.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let raw = Raw::Sqlite(sqlx::SqlitePool::connect_lazy_with(options));
    let globex = Arc::new(store.for_tenant(TenantId::new("globex")));
    assert_snapshot!("tampered_rows", tamper(&World::new(Arc::new(store)), globex, &raw).await);
}

/// A callback that another process takes, whose clock is not ours.
#[tokio::test(start_paused = true)]
async fn a_callback_under_a_clock_that_is_off_by_an_hour() {
    let mut lines = Vec::new();
    for (begins, ends) in [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1)] {
        let world = World::new(Arc::new(MemoryStore::new()));
        let process = |hours| {
            world.process_with(KeyRing::new(copy(&world.key)), TimeDelta::hours(hours), Arc::new(Unmoved))
        };
        let callback = world.visit(&process(begins), "sales").await;
        let line = match process(ends).finish_consent(&callback).await {
            Ok(draft) => {
                draft.store(&"anna".into()).await.unwrap();
                // What the ends of tokens are believed to be costs renewals at most.
                for hours in [0, 1, -1] {
                    world.works(&process(hours), "sales").await.unwrap();
                }
                assert!(world.refreshes().0 <= 3 && world.refreshes().1 == 0, "{:?}", world.refreshes());
                "works".to_owned()
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Rejected);
                assert!(world.store.connection(&"sales".into()).await.unwrap().is_none());
                error.to_string()
            }
        };
        lines.push(format!("begun {begins:+} h, taken {ends:+} h: {line}"));
    }
    assert_snapshot!(lines.join("\n"));
}

#[cfg(unix)]
mod postgres {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use sqlx::postgres::PgPoolOptions;
    use tieline_store_sql::postgres::PostgresStore;
    use tieline_store_sql::testing::{Role, TestDatabase, TestServer};

    use super::*;

    #[tokio::test]
    async fn tampered_rows_in_postgres() {
        let Some(server) = TestServer::shared() else { return };
        let database = server.database().await;
        let store = PostgresStore::connect(&database.url(Role::Owner)).await.unwrap();
        let raw = Raw::Postgres(database.pool(Role::Superuser, 1));
        let globex = Arc::new(store.for_tenant(TenantId::new("globex")));
        assert_snapshot!("tampered_rows", tamper(&World::new(Arc::new(store)), globex, &raw).await);
    }

    /// Stops the server between the provider's answer and the save, and starts it again a little later.
    #[derive(Debug)]
    struct Stopping(Arc<TestServer>, AtomicBool);

    #[async_trait::async_trait]
    impl StepObserver for Stopping {
        async fn at(&self, step: Step, moment: Moment) {
            let due = (step, moment) == (Step::Request, Moment::After);
            if !due || self.1.swap(true, Ordering::SeqCst) {
                return;
            }
            tokio::task::block_in_place(|| self.0.crash());
            let server = Arc::clone(&self.0);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(1));
                server.resume();
            });
        }
    }

    async fn stoppable() -> Option<(Arc<TestServer>, TestDatabase, World)> {
        let server = Arc::new(TestServer::start()?);
        let database = server.database().await;
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(300));
        let pool = pool.connect_lazy_with(database.options(Role::Owner));
        let world = World::new(Arc::new(PostgresStore::with_pool(pool).await.unwrap()));
        Some((server, database, world))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_database_that_stops_before_the_save_gets_the_pair_when_it_is_back() {
        let Some((server, database, world)) = stoppable().await else { return };
        let stopping = Arc::new(Stopping(Arc::clone(&server), AtomicBool::new(false)));
        let ring = KeyRing::new(copy(&world.key));
        let connections = world.process_with(ring, TimeDelta::zero(), stopping.clone());
        world.consent(&connections, "sales").await;
        let before = world.generation("sales").await;
        world.sandbox.expire_access_tokens();
        world.works(&connections, "sales").await.unwrap();
        assert!(stopping.1.load(Ordering::SeqCst), "the server was stopped");
        assert_eq!(world.refreshes(), (1, 0));
        assert_eq!(world.generation("sales").await, before + 1);
        let stored = world.store.secret(&"sales".into(), Secret::NAME).await.unwrap().unwrap();
        assert_eq!(stored.intent, None);
        // Somebody who never heard of it goes on with what was stored.
        world.works(&world.process(), "sales").await.unwrap();
        assert_eq!(world.refreshes(), (1, 0));
        drop(database);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_database_that_is_away_costs_no_refresh_token() {
        let Some((server, database, world)) = stoppable().await else { return };
        let connections = world.process();
        world.consent(&connections, "sales").await;
        let crm = connections.connection("sales").connect().await.unwrap();
        crm.check(CheckRequest::default()).await.unwrap();
        let before = world.generation("sales").await;
        world.sandbox.expire_access_tokens();
        tokio::task::block_in_place(|| server.crash());
        let errors = [
            crm.check(CheckRequest::default()).await.unwrap_err(),
            world.works(&connections, "sales").await.unwrap_err(),
        ];
        assert_eq!(world.refreshes(), (0, 0), "the provider was asked without a lease");
        let lines = errors.map(|error| {
            let place =
                error.context().find(|(name, _)| *name == "database").map(|(_, place)| place.to_owned());
            let text = error.to_string();
            place.map_or(text.clone(), |place| text.replace(&place, "PLACE"))
        });
        assert_snapshot!(lines.join("\n"));
        tokio::task::block_in_place(|| server.resume());
        tokio::time::sleep(Duration::from_secs(6)).await;
        crm.check(CheckRequest::default()).await.unwrap();
        assert_eq!((world.refreshes(), world.generation("sales").await), ((1, 0), before + 1));
        drop(database);
    }
}
