//! The store: a pool, and one writer at a time.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};
use tieline_core::{
    Clock, EntityName, Error, ErrorKind, Key, RawJson, Record, RecordLookup, Result, SystemClock,
};
use tieline_store::plan::{Plan, check_name};
use tieline_store::{
    Commit, CommitStats, ConnectionId, Counts, Moment, Position, Row, StreamId, SyncStore, TargetName,
    TenantId,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::fault::Fault;
use crate::scope::Scope;
use crate::{read, schema, write};

/// How long a commit waits for a writer in another process.
const LOCK_PATIENCE: Duration = Duration::from_secs(15);
const CONNECTIONS: u32 = 4;

/// A store in one SQLite file: a handle of one tenant. Cheap to clone; clones, and the handles of other tenants, share
/// their connections to the file.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) tenant: TenantId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pool: SqlitePool,
    /// SQLite has one writer. Waiting here is fair and costs nothing; waiting there is polling.
    writing: Arc<Mutex<()>>,
    /// For error texts.
    place: Arc<str>,
}

impl SqliteStore {
    /// Opens a file, or makes it, for the tenant `main`. Its folder must exist.
    ///
    /// The file is in WAL mode with `synchronous=NORMAL`: a commit that was answered survives the end of this process,
    /// however it ends. Should the machine lose power, the last commits may be missing, each of them whole, state and
    /// records alike, so that the next run reads them again. For commits that survive that too, bring a
    /// [pool](Self::with_pool) with `synchronous=FULL`. Connections, secrets and leases survive it anyway.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(LOCK_PATIENCE)
            // In KiB. The indexes of some hundred thousand records.
            .pragma("cache_size", "-16384");
        let place: Arc<str> = path.to_string_lossy().into();
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await;
        match pool {
            Ok(pool) => Self::prepare(pool, place).await,
            Err(error) => Err(unopened(path, error.into())),
        }
    }

    /// A store that is gone when its last handle is dropped, for the tenant `main`.
    pub async fn in_memory() -> Result<Self> {
        // Every connection to memory has a database of its own, so there is one, for ever.
        let place: Arc<str> = "memory".into();
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .map_err(|error| Fault::from(error).explain("opening it", &place))?;
        Self::prepare(pool, place).await
    }

    /// A store in a database of the host, for the tenant `main`. All names in it begin with `tieline_`. Pool and pragmas are the host's
    /// choice; WAL mode and a busy timeout are recommended.
    pub async fn with_pool(pool: SqlitePool) -> Result<Self> {
        let place = pool.connect_options().get_filename().to_string_lossy().into();
        Self::prepare(pool, place).await
    }

    async fn prepare(pool: SqlitePool, place: Arc<str>) -> Result<Self> {
        let (tenant, clock) = (TenantId::default(), Arc::new(SystemClock));
        let store = Self { tenant, clock, pool, writing: Arc::default(), place };
        let mut turn = store.turn().await?;
        let outcome = schema::migrate(&mut turn.connection).await;
        turn.finish(outcome, "preparing its tables").await?;
        Ok(store)
    }

    /// The same database for another tenant. Neither sees anything of the other's.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Sets the clock that leases end by. It must be the same for all processes that share the file, as the machine's
    /// is, which is the default.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn scope<'a>(&'a self, connection: &'a ConnectionId) -> Scope<'a> {
        Scope { tenant: &self.tenant, connection }
    }

    /// Closes all connections to the file, of all handles. Dropping the last handle does so too, in the background.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn explain<T>(&self, outcome: Result<T, Fault>, doing: &'static str) -> Result<T> {
        outcome.map_err(|fault| fault.explain(doing, &self.place))
    }

    pub(crate) async fn turn(&self) -> Result<Turn<'_>> {
        check_name("tenant", self.tenant.as_str())?;
        let writing = self.writing.lock().await;
        let connection = self.explain(self.usable_connection().await, "connecting")?;
        Ok(Turn { store: self, connection, lower_to: None, _writing: writing })
    }

    /// A turn whose commit survives a loss of power too, and with it everything that was committed before.
    pub(crate) async fn durable_turn(&self) -> Result<Turn<'_>> {
        let mut turn = self.turn().await?;
        let outcome = raise_synchronous(&mut turn.connection).await;
        turn.lower_to = self.explain(outcome, "preparing a durable commit")?;
        Ok(turn)
    }

    async fn usable_connection(&self) -> Result<PoolConnection<Sqlite>, Fault> {
        for _ in 0..=self.pool.options().get_max_connections() {
            let mut connection = self.pool.acquire().await?;
            if !connection.is_in_transaction() {
                return Ok(connection);
            }
            // A write was abandoned just when SQLite had ended its transaction by itself.
            connection.close_on_drop();
        }
        Err(Error::new(ErrorKind::Internal, "every connection of the pool is inside a transaction")
            .with_advice("end transactions before connections go back to the pool")
            .into())
    }
}

/// The right to write.
pub(crate) struct Turn<'s> {
    store: &'s SqliteStore,
    pub(crate) connection: PoolConnection<Sqlite>,
    /// The pragma to go back to.
    lower_to: Option<&'static str>,
    _writing: MutexGuard<'s, ()>,
}

impl Turn<'_> {
    pub(crate) async fn finish<T>(mut self, outcome: Result<T, Fault>, doing: &'static str) -> Result<T> {
        if outcome.is_err() {
            // Some failures make SQLite end the transaction by itself. sqlx then counts one that is not there, and
            // the connection is of no more use. The ping waits for the rollback.
            let alive = self.connection.ping().await.is_ok();
            if !alive || self.connection.is_in_transaction() {
                self.connection.close_on_drop();
            }
        }
        if let Some(pragma) = self.lower_to {
            // What was committed is committed; a connection that stays as it is only commits more slowly.
            let _ = sqlx::query(pragma).execute(&mut *self.connection).await;
        }
        self.store.explain(outcome, doing)
    }
}

/// Makes commits of this connection wait for the disk. Answers the pragma that undoes it.
async fn raise_synchronous(connection: &mut SqliteConnection) -> Result<Option<&'static str>, Fault> {
    let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    let undo = match level {
        0 => "PRAGMA synchronous = OFF",
        1 => "PRAGMA synchronous = NORMAL",
        _ => return Ok(None),
    };
    sqlx::query("PRAGMA synchronous = FULL").execute(connection).await?;
    Ok(Some(undo))
}

/// SQLite says only that it cannot open a file. The file system knows more.
fn unopened(path: &Path, fault: Fault) -> Error {
    let place = path.display();
    if fault.cannot_open() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let told = |message: &'static str, advice: &'static str| {
            Error::new(ErrorKind::Internal, message).with_advice(advice).with_context("database", &place)
        };
        if path.is_dir() {
            return told("the path of the database is a folder", "name a file in it");
        }
        if folder.is_some_and(|folder| matches!(folder.try_exists(), Ok(false))) {
            return told("the folder of the database does not exist", "make the folder, or correct the path");
        }
        let denied = |result: std::io::Result<()>| {
            result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        };
        let opened = std::fs::OpenOptions::new().read(true).write(true).open(path);
        if denied(opened.map(drop)) || denied(path.try_exists().map(drop)) {
            return told(
                "this process may not read and write the database",
                "give it the permission, for the file and for its folder",
            );
        }
    }
    fault.explain("opening it", &place)
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore").field(&self.place).field(&self.tenant).finish()
    }
}

#[async_trait]
impl SyncStore for SqliteStore {
    async fn position(&self, stream: &StreamId) -> Result<Position> {
        self.explain(read::position(&self.pool, &self.tenant, stream).await, "reading a position")
    }

    async fn reset(&self, stream: &StreamId) -> Result<()> {
        let mut turn = self.turn().await?;
        let outcome = write::reset(&mut turn.connection, &self.tenant, stream).await;
        turn.finish(outcome, "resetting a stream").await
    }

    async fn commit(&self, commit: Commit) -> Result<CommitStats> {
        let plan = Plan::new(commit)?;
        let mut turn = self.turn().await?;
        let outcome = write::commit(&mut turn.connection, &self.tenant, plan).await;
        turn.finish(outcome, "committing a batch").await
    }

    async fn moment(&self, connection: &ConnectionId) -> Result<Moment> {
        self.explain(read::moment(&self.pool, self.scope(connection)).await, "reading the history")
    }

    async fn resolve(
        &self,
        connection: &ConnectionId,
        needs: &[RecordLookup],
    ) -> Result<HashMap<RecordLookup, RawJson>> {
        self.explain(read::resolve(&self.pool, self.scope(connection), needs).await, "looking up fields")
    }

    async fn load(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        keys: &[Key],
    ) -> Result<Vec<Record>> {
        self.explain(read::load(&self.pool, self.scope(connection), entity, keys).await, "loading records")
    }

    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64> {
        let mut turn = self.turn().await?;
        let outcome =
            write::open_target(&mut turn.connection, self.scope(connection), target, entity, fingerprint)
                .await;
        turn.finish(outcome, "opening a target").await
    }

    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()> {
        let mut turn = self.turn().await?;
        let outcome = write::drop_target(&mut turn.connection, self.scope(connection), target).await;
        turn.finish(outcome, "dropping a target").await
    }

    async fn stale(&self, connection: &ConnectionId, target: &TargetName, limit: u32) -> Result<Vec<Key>> {
        self.explain(
            read::stale(&self.pool, self.scope(connection), target, limit).await,
            "listing stale rows",
        )
    }

    async fn rows_of(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        keys: &[Key],
    ) -> Result<Vec<Row>> {
        self.explain(read::rows_of(&self.pool, self.scope(connection), target, keys).await, "loading rows")
    }

    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        self.explain(
            read::rows(&self.pool, self.scope(connection), target, after, limit).await,
            "listing rows",
        )
    }

    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        self.explain(
            read::records(&self.pool, self.scope(connection), entity, after, limit).await,
            "listing records",
        )
    }

    async fn counts(&self, connection: &ConnectionId) -> Result<Counts> {
        self.explain(read::counts(&self.pool, self.scope(connection)).await, "counting")
    }

    async fn erase(&self, connection: &ConnectionId) -> Result<()> {
        let mut turn = self.turn().await?;
        let outcome = write::erase(&mut turn.connection, self.scope(connection)).await;
        turn.finish(outcome, "erasing a connection").await
    }
}
