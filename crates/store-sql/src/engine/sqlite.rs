//! SQLite: one writer at a time.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Column as _, Row as _, SqlitePool, TypeInfo, ValueRef};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;
use tieline_store::plan::check_name;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::sqlite_fault::{explain, is_locked, unopened};
use super::{Access, Database, Transaction};
use crate::sql::{Arg, BULK_ROWS, Bulk, Column, Dialect, Sql};
use crate::tx::Tx;
use crate::value::{Row, Value};
use crate::wake::{RowWaiter, Waiter};

/// How long a write waits for a writer in another process.
const LOCK_PATIENCE: Duration = Duration::from_secs(15);
const CONNECTIONS: u32 = 4;

/// A SQLite database. Clones share its pool.
#[derive(Clone)]
pub struct Sqlite {
    pool: SqlitePool,
    /// SQLite has one writer. Waiting here is fair and costs nothing; waiting there is polling.
    writing: Arc<Mutex<()>>,
    /// Tells readers of this process of runs that ended.
    announced: watch::Sender<()>,
    /// For error texts.
    place: Arc<str>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(LOCK_PATIENCE)
            // In KiB. The indexes of some hundred thousand records.
            .pragma("cache_size", "-16384");
        let begun = Instant::now();
        loop {
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
            match pool.connect_with(options.clone()).await {
                Ok(pool) => return Ok(Self::new(pool, &path.to_string_lossy())),
                // Two processes that make a file at the same time: SQLite does not wait when the journal's mode changes.
                Err(error) if is_locked(&error) && begun.elapsed() < LOCK_PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(unopened(path, error)),
            }
        }
    }

    pub(crate) async fn in_memory() -> Result<Self> {
        // Every connection to memory has a database of its own, so there is one, for ever.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            // Who gives up during the test drops the connection, and with it the database.
            .test_before_acquire(false)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .map_err(|error| explain(error, "opening it", &"memory"))?;
        Ok(Self::new(pool, "memory"))
    }

    pub(crate) fn with_pool(pool: SqlitePool) -> Self {
        let place = pool.connect_options().get_filename().to_string_lossy().into_owned();
        Self::new(pool, &place)
    }

    fn new(pool: SqlitePool, place: &str) -> Self {
        Self { pool, writing: Arc::default(), announced: watch::Sender::new(()), place: place.into() }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sqlite").field(&self.place).finish()
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn begin(&self, tenant: &TenantId, access: Access, doing: &'static str) -> Result<Transaction> {
        self.turn(tenant, access, doing).await.map(Into::into)
    }

    async fn announce(&self) -> Result<()> {
        self.announced.send_replace(());
        Ok(())
    }

    async fn listen(&self) -> Result<RowWaiter> {
        Ok(RowWaiter(Waiter::Process(self.announced.subscribe())))
    }
}

impl Sqlite {
    pub(crate) async fn turn(&self, tenant: &TenantId, access: Access, doing: &'static str) -> Result<Turn> {
        check_name("tenant", tenant.as_str())?;
        let writing = match access {
            Access::Read => None,
            Access::Write | Access::Durable => Some(Arc::clone(&self.writing).lock_owned().await),
        };
        let connection =
            self.pool.acquire().await.map_err(|error| explain(error, "connecting", &self.place))?;
        let mut turn = Turn {
            connection: Some(connection),
            statements: Statements { tenant: tenant.clone(), doing, place: Arc::clone(&self.place) },
            lower_to: None,
            open: false,
            _writing: writing,
        };
        if access == Access::Durable {
            turn.raise_synchronous().await?;
        }
        let begin = if access == Access::Read { "BEGIN" } else { "BEGIN IMMEDIATE" };
        turn.open = true;
        let begun = turn.control(begin).await;
        if begun.is_err() {
            turn.open = false;
            turn.lower_synchronous().await;
        }
        begun?;
        Ok(turn)
    }
}

/// What statements are run with.
#[derive(Debug)]
struct Statements {
    tenant: TenantId,
    doing: &'static str,
    place: Arc<str>,
}

impl Statements {
    fn explain(&self, error: sqlx::Error) -> Error {
        explain(error, self.doing, &self.place)
    }

    fn bind(&self, scoped: bool, args: &[Arg<'_>]) -> Result<SqliteArguments> {
        let mut bound = SqliteArguments::default();
        let add = |bound: &mut SqliteArguments, arg: &Arg<'_>| match *arg {
            Arg::Bool(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value.map(str::to_owned)),
            Arg::Bytes(value) => bound.add(value.map(<[u8]>::to_vec)),
            Arg::Texts(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
            Arg::OptTexts(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
            Arg::Ints(values) => bound.add(serde_json::to_string(values).unwrap_or_default()),
        };
        let tenant = [Arg::from(self.tenant.as_str())];
        let tenant = if scoped { tenant.as_slice() } else { &[] };
        for arg in tenant.iter().chain(args) {
            add(&mut bound, arg).map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        Ok(bound)
    }

    async fn rows(&self, on: &mut SqliteConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Sqlite)));
        let bound = self.bind(sql.scoped(), args)?;
        let rows = sqlx::query_with(text, bound).fetch_all(on).await.map_err(|error| self.explain(error))?;
        rows.iter().map(|row| self.read(row)).collect()
    }

    async fn run(&self, on: &mut SqliteConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Sqlite)));
        let bound = self.bind(sql.scoped(), args)?;
        let done = sqlx::query_with(text, bound).execute(on).await.map_err(|error| self.explain(error))?;
        Ok(done.rows_affected())
    }

    async fn insert(
        &self,
        on: &mut SqliteConnection,
        bulk: &Bulk,
        same: &[Arg<'_>],
        columns: &[Column<'_>],
    ) -> Result<u64> {
        let rows = columns.first().map_or(0, Column::len);
        let mut inserted = 0;
        let mut begin = 0;
        while begin < rows {
            let end = rows.min(begin + BULK_ROWS);
            let mut bound = self.bind(true, same)?;
            for row in begin..end {
                for column in columns {
                    let added = match column {
                        Column::Ints(values) => bound.add(values.get(row).copied()),
                        Column::Texts(values) => bound.add(values.get(row).map(|text| (*text).to_owned())),
                        Column::OptTexts(values) => {
                            bound.add(values.get(row).copied().flatten().map(str::to_owned))
                        }
                        Column::Bytes(values) => bound.add(values.get(row).map(|bytes| bytes.to_vec())),
                    };
                    added.map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
                }
            }
            let whole = end - begin == BULK_ROWS;
            let text = AssertSqlSafe(bulk.sqlite(end - begin));
            let done = sqlx::query_with(text, bound).persistent(whole).execute(&mut *on).await;
            inserted += done.map_err(|error| self.explain(error))?.rows_affected();
            begin = end;
        }
        Ok(inserted)
    }

    fn read(&self, row: &SqliteRow) -> Result<Row> {
        let mut values = Vec::with_capacity(row.len());
        for index in 0..row.len() {
            let raw = row.try_get_raw(index).map_err(|error| self.explain(error))?;
            if raw.is_null() {
                values.push(Value::Null);
                continue;
            }
            let value = match raw.type_info().name() {
                "TEXT" => row.try_get_unchecked(index).map(Value::Text),
                "BLOB" => row.try_get_unchecked(index).map(Value::Bytes),
                "INTEGER" | "BOOLEAN" => row.try_get_unchecked(index).map(Value::Int),
                kind => {
                    let column = row.column(index).name();
                    return Err(Error::new(
                        ErrorKind::Internal,
                        format!("a column of type {kind} cannot be read as it is"),
                    )
                    .with_advice("cast it to text in the statement")
                    .with_context("column", column));
                }
            };
            values.push(value.map_err(|error| self.explain(error))?);
        }
        Ok(Row::new(values))
    }
}

/// A transaction under way.
#[derive(Debug)]
pub(crate) struct Turn {
    /// There until the end.
    connection: Option<PoolConnection<sqlx::Sqlite>>,
    statements: Statements,
    /// The pragma to go back to.
    lower_to: Option<&'static str>,
    /// Whether the transaction may be open.
    open: bool,
    _writing: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    fn on(&mut self) -> Result<&mut SqliteConnection> {
        self.connection.as_deref_mut().ok_or_else(|| self.statements.explain(sqlx::Error::PoolClosed))
    }

    async fn control(&mut self, statement: &'static str) -> Result<()> {
        let done = sqlx::raw_sql(statement).execute(self.on()?).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    /// Runs statements that take no parameters.
    pub(crate) async fn batch(&mut self, statements: String) -> Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(self.on()?).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    /// Makes commits of this connection wait for the disk.
    async fn raise_synchronous(&mut self) -> Result<()> {
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(self.on()?)
            .await
            .map_err(|error| self.statements.explain(error))?;
        let undo = match level {
            0 => "PRAGMA synchronous = OFF",
            1 => "PRAGMA synchronous = NORMAL",
            _ => return Ok(()),
        };
        self.control("PRAGMA synchronous = FULL").await?;
        self.lower_to = Some(undo);
        Ok(())
    }

    async fn lower_synchronous(&mut self) {
        if let Some(pragma) = self.lower_to.take() {
            // What was committed is committed; a connection that stays as it is only commits more slowly.
            let _ = self.control(pragma).await;
        }
    }

    pub(crate) async fn commit(mut self) -> Result<()> {
        let committed = self.control("COMMIT").await;
        if committed.is_err() {
            // Where SQLite has ended it by itself, there is nothing to take back, and that is an error again.
            let _ = self.control("ROLLBACK").await;
        }
        self.open = false;
        self.lower_synchronous().await;
        committed
    }

    pub(crate) async fn rollback(mut self) {
        let _ = self.control("ROLLBACK").await;
        self.open = false;
        self.lower_synchronous().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        let (writing, lower_to) = (self._writing.take(), self.lower_to);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                // It was abandoned: the right to write goes on when it is taken back.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await;
                if let Some(pragma) = lower_to {
                    let _ = sqlx::raw_sql(pragma).execute(&mut *connection).await;
                }
                drop(connection);
                drop(writing);
            })),
            Err(_) => connection.close_on_drop(),
        }
    }
}

#[async_trait]
impl Tx for Turn {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn tenant(&self) -> &TenantId {
        &self.statements.tenant
    }

    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let Self { connection: Some(connection), statements, .. } = self else {
            return Err(self.statements.explain(sqlx::Error::PoolClosed));
        };
        statements.rows(connection, sql, args).await
    }

    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        let Self { connection: Some(connection), statements, .. } = self else {
            return Err(self.statements.explain(sqlx::Error::PoolClosed));
        };
        statements.run(connection, sql, args).await
    }

    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
        let Self { connection: Some(connection), statements, .. } = self else {
            return Err(self.statements.explain(sqlx::Error::PoolClosed));
        };
        statements.insert(connection, bulk, same, columns).await
    }
}

/// A transaction that a host has begun with sqlx, as the store's functions use it. The host commits it.
///
/// In SQLite it should have begun with `BEGIN IMMEDIATE`, so that it does not fail half way for another writer's sake.
#[derive(Debug)]
pub struct HostTx<'c> {
    connection: &'c mut SqliteConnection,
    statements: Statements,
}

impl<'c> HostTx<'c> {
    /// The host's transaction for one tenant.
    ///
    /// # Errors
    ///
    /// `Rejected` for a tenant without a name.
    pub fn new(connection: &'c mut SqliteConnection, tenant: &TenantId) -> Result<Self> {
        check_name("tenant", tenant.as_str())?;
        let statements = Statements {
            tenant: tenant.clone(),
            doing: "using the host's transaction",
            place: "host".into(),
        };
        Ok(Self { connection, statements })
    }
}

#[async_trait]
impl Tx for HostTx<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn tenant(&self) -> &TenantId {
        &self.statements.tenant
    }

    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        self.statements.rows(self.connection, sql, args).await
    }

    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        self.statements.run(self.connection, sql, args).await
    }

    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
        self.statements.insert(self.connection, bulk, same, columns).await
    }
}
