//! PostgreSQL: each transaction begins by naming its tenant, and row-level security holds the rest back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgListener, PgPoolOptions, PgRow};
use sqlx::{
    Arguments, AssertSqlSafe, Column as _, ConnectOptions, Connection, PgPool, Row as _, TypeInfo, ValueRef,
};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;

use super::postgres_fault::{explain, explain_commit};
use super::{Access, Database, Transaction};
use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::tx::Tx;
use crate::value::{Row, Value};
use crate::wake::{RowWaiter, Waiter};

/// How long callers wait for a connection of a pool that [`Postgres::connect`] made.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECTIONS: u32 = 10;

/// A PostgreSQL database. Clones share its pool.
#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    pub(crate) lock_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    /// Connections to the server itself, where the pool's go through a pooler.
    pub(crate) direct: Option<PgPool>,
    /// For error texts.
    place: Arc<str>,
}

impl Postgres {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let options = read_address(url)?;
        let place = place(&options);
        // Not by the pool, which would go on trying for a while and then tell nothing of the reason.
        let first = options.connect().await.map_err(|error| explain(error, "connecting", &place))?;
        // It served its purpose; how its end went matters to nobody.
        let _ = first.close().await;
        Ok(Self::with_pool(Self::pool(url, CONNECTIONS)?))
    }

    /// A pool that connects when it is first used.
    pub(crate) fn pool(url: &str, connections: u32) -> Result<PgPool> {
        let options = PgPoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE);
        Ok(options.connect_lazy_with(read_address(url)?))
    }

    pub(crate) fn with_pool(pool: PgPool) -> Self {
        let place = place(&pool.connect_options()).into();
        Self {
            pool,
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            direct: None,
            place,
        }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs one statement outside of any transaction, on a connection of its own.
    pub(crate) async fn alone(&self, statement: String, doing: &'static str) -> Result<()> {
        let done = async {
            let mut connection = self.pool.connect_options().connect().await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            connection.close().await
        };
        done.await.map_err(|error| explain(error, doing, &self.place))
    }

    /// Begins a transaction without tenant, for what belongs to none.
    pub(crate) async fn bare(&self, doing: &'static str) -> Result<Turn> {
        Turn::open(self, TenantId::new(""), Access::Write, doing).await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Postgres").field(&self.place).finish()
    }
}

fn read_address(url: &str) -> Result<PgConnectOptions> {
    url.parse().map_err(|_: sqlx::Error| {
        // The cause may quote the address, and with it the password.
        Error::new(ErrorKind::Config, "the address of the database cannot be read")
            .with_advice("write it as postgres://role:password@host:port/database")
    })
}

/// Where a database is, without the password.
fn place(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("{user}@{}/{database}", socket.display()),
        None => format!("{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// Names the tenant for the rest of the transaction, which carries nothing over, behind a pooler either. A process that
/// was stopped in the middle must not keep its locks for ever, and no statement waits for ever. What the role or the
/// pool has set is left alone.
macro_rules! settings {
    ($more:literal) => {
        concat!(
            "SELECT set_config('tieline.tenant', $1, TRUE),
                 set_config('idle_in_transaction_session_timeout',
                     CASE current_setting('idle_in_transaction_session_timeout')
                         WHEN '0' THEN '60s' ELSE current_setting('idle_in_transaction_session_timeout')
                     END, TRUE),
                 set_config('lock_timeout',
                     CASE current_setting('lock_timeout') WHEN '0' THEN $2 ELSE current_setting('lock_timeout') END, TRUE),
                 set_config('statement_timeout',
                     CASE current_setting('statement_timeout')
                         WHEN '0' THEN $3 ELSE current_setting('statement_timeout')
                     END, TRUE)",
            $more
        )
    };
}

const LOCAL: &str = settings!("");

/// `on` also waits for a synchronous standby, where there is one.
const DURABLE: &str = settings!(
    ", set_config('synchronous_commit',
         CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
             THEN 'on' ELSE current_setting('synchronous_commit')
         END, TRUE)"
);

fn check_tenant(tenant: &TenantId) -> Result<()> {
    let name = tenant.as_str();
    if name.is_empty() || name.contains('\0') {
        return Err(Error::new(ErrorKind::Config, "the tenant's name is empty or holds a NUL character")
            .with_advice("name each tenant by a text that never changes, such as its id"));
    }
    Ok(())
}

#[async_trait]
impl Database for Postgres {
    async fn begin(&self, tenant: &TenantId, access: Access, doing: &'static str) -> Result<Transaction> {
        check_tenant(tenant)?;
        let mut turn = Turn::open(self, tenant.clone(), access, doing).await?;
        let settings = match access {
            Access::Durable => DURABLE,
            Access::Read | Access::Write => LOCAL,
        };
        let (lock, statement) = (self.lock_timeout.as_millis(), self.statement_timeout.as_millis());
        let set = sqlx::query(settings)
            .persistent(false)
            .bind(tenant.as_str())
            .bind(format!("{lock}ms"))
            .bind(format!("{statement}ms"))
            .execute(&mut *turn.connection)
            .await;
        match set {
            Ok(_) => Ok(turn.into()),
            Err(error) => {
                let error = turn.statements.explain(error);
                turn.rollback().await;
                Err(error)
            }
        }
    }

    async fn announce(&self) -> Result<()> {
        let told =
            sqlx::query("SELECT pg_notify($1, '')").persistent(false).bind(CHANNEL).execute(&self.pool).await;
        told.map(drop).map_err(|error| explain(error, "announcing changed rows", &self.place))
    }

    async fn listen(&self) -> Result<RowWaiter> {
        // A pooler in transaction mode passes nothing on.
        let Some(direct) = &self.direct else { return Ok(RowWaiter(Waiter::Poll)) };
        let listening = async {
            let mut listener = PgListener::connect_with(direct).await?;
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        let listener = listening.await.map_err(|error| unheard(error, &self.place))?;
        Ok(RowWaiter(Waiter::Server(Box::new(listener), Arc::clone(&self.place))))
    }
}

/// The channel of runs that ended. What is sent there is empty.
const CHANNEL: &str = "tieline_rows";

/// The error of a connection that is listened on.
pub(crate) fn unheard(error: sqlx::Error, place: &Arc<str>) -> Error {
    explain(error, "waiting for changed rows", place)
}

/// What statements are run with. They have no name, so that a pooler in transaction mode need not follow them.
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

    fn bind(&self, scoped: bool, args: &[Arg<'_>]) -> Result<PgArguments> {
        let mut bound = PgArguments::default();
        let add = |bound: &mut PgArguments, arg: &Arg<'_>| match *arg {
            Arg::Bool(value) => bound.add(value),
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value),
            Arg::Bytes(value) => bound.add(value),
            Arg::Texts(values) => bound.add(values),
            Arg::OptTexts(values) => bound.add(values),
            Arg::Ints(values) => bound.add(values),
        };
        let tenant = [Arg::from(self.tenant.as_str())];
        let tenant = if scoped { tenant.as_slice() } else { &[] };
        for arg in tenant.iter().chain(args) {
            add(&mut bound, arg).map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        Ok(bound)
    }

    async fn rows(&self, on: &mut PgConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Postgres)));
        let bound = self.bind(sql.scoped(), args)?;
        let rows = sqlx::query_with(text, bound).persistent(false).fetch_all(on).await;
        rows.map_err(|error| self.explain(error))?.iter().map(|row| self.read(row)).collect()
    }

    async fn run(&self, on: &mut PgConnection, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        let text = AssertSqlSafe(Arc::clone(sql.shared(Dialect::Postgres)));
        let bound = self.bind(sql.scoped(), args)?;
        let done = sqlx::query_with(text, bound).persistent(false).execute(on).await;
        Ok(done.map_err(|error| self.explain(error))?.rows_affected())
    }

    async fn insert(
        &self,
        on: &mut PgConnection,
        bulk: &Bulk,
        same: &[Arg<'_>],
        columns: &[Column<'_>],
    ) -> Result<u64> {
        if columns.first().is_none_or(Column::is_empty) {
            return Ok(0);
        }
        let mut bound = self.bind(true, same)?;
        for column in columns {
            let added = match column {
                Column::Ints(values) => bound.add(values.as_slice()),
                Column::Texts(values) => bound.add(values.as_slice()),
                Column::OptTexts(values) => bound.add(values.as_slice()),
                Column::Bytes(values) => bound.add(values.as_slice()),
            };
            added.map_err(|error| self.explain(sqlx::Error::Encode(error)))?;
        }
        let text = AssertSqlSafe(Arc::clone(bulk.postgres()));
        let done = sqlx::query_with(text, bound).persistent(false).execute(on).await;
        Ok(done.map_err(|error| self.explain(error))?.rows_affected())
    }

    fn read(&self, row: &PgRow) -> Result<Row> {
        let mut values = Vec::with_capacity(row.len());
        for (index, column) in row.columns().iter().enumerate() {
            let raw = row.try_get_raw(index).map_err(|error| self.explain(error))?;
            if raw.is_null() {
                values.push(Value::Null);
                continue;
            }
            let value = match column.type_info().name() {
                "TEXT" | "VARCHAR" | "NAME" | "CHAR" => row.try_get(index).map(Value::Text),
                "BYTEA" => row.try_get(index).map(Value::Bytes),
                "INT8" => row.try_get(index).map(Value::Int),
                "INT4" => row.try_get(index).map(|value: i32| Value::Int(value.into())),
                "INT2" => row.try_get(index).map(|value: i16| Value::Int(value.into())),
                "BOOL" => row.try_get(index).map(Value::Bool),
                kind => {
                    return Err(Error::new(
                        ErrorKind::Internal,
                        format!("a column of type {kind} cannot be read as it is"),
                    )
                    .with_advice("cast it to text in the statement")
                    .with_context("column", column.name()));
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
    connection: PoolConnection<sqlx::Postgres>,
    statements: Statements,
    /// Whether the transaction may be open.
    open: bool,
}

impl Turn {
    async fn open(on: &Postgres, tenant: TenantId, access: Access, doing: &'static str) -> Result<Self> {
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write | Access::Durable => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let statements = Statements { tenant, doing, place: Arc::clone(&on.place) };
        let connection = on.pool.acquire().await.map_err(|error| statements.explain(error))?;
        let mut turn = Self { connection, statements, open: true };
        turn.control(begin).await?;
        Ok(turn)
    }

    pub(crate) async fn control(&mut self, statements: &'static str) -> Result<()> {
        let done = sqlx::raw_sql(statements).execute(&mut *self.connection).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    /// Runs statements that take no parameters.
    pub(crate) async fn batch(&mut self, statements: String) -> Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *self.connection).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    pub(crate) async fn commit(mut self) -> Result<()> {
        let committed = sqlx::raw_sql("COMMIT").execute(&mut *self.connection).await;
        committed.map_err(|error| explain_commit(error, self.statements.doing, &self.statements.place))?;
        self.open = false;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) {
        self.open = self.control("ROLLBACK").await.is_err();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.open {
            // Abandoned, or broken. The server takes back what a closed connection left open.
            self.connection.close_on_drop();
        }
    }
}

#[async_trait]
impl Tx for Turn {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn tenant(&self) -> &TenantId {
        &self.statements.tenant
    }

    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        self.statements.rows(&mut self.connection, sql, args).await
    }

    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        self.statements.run(&mut self.connection, sql, args).await
    }

    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
        self.statements.insert(&mut self.connection, bulk, same, columns).await
    }
}

/// A transaction that a host has begun with sqlx, as the store's functions use it. The host commits it.
///
/// The tenant is set for the rest of that transaction.
#[derive(Debug)]
pub struct HostTx<'c> {
    connection: &'c mut PgConnection,
    statements: Statements,
}

impl<'c> HostTx<'c> {
    /// Sets the tenant of the host's transaction.
    ///
    /// # Errors
    ///
    /// `Config` for a tenant without a name, `Unavailable` when the connection broke off.
    pub async fn new(connection: &'c mut PgConnection, tenant: &TenantId) -> Result<Self> {
        check_tenant(tenant)?;
        let statements = Statements {
            tenant: tenant.clone(),
            doing: "using the host's transaction",
            place: "host".into(),
        };
        sqlx::query("SELECT set_config('tieline.tenant', $1, TRUE)")
            .persistent(false)
            .bind(tenant.as_str())
            .execute(&mut *connection)
            .await
            .map_err(|error| statements.explain(error))?;
        Ok(Self { connection, statements })
    }
}

#[async_trait]
impl Tx for HostTx<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
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
