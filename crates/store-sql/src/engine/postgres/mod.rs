//! PostgreSQL: each transaction begins by naming its tenant, and row-level security holds the rest back.

mod fault;
mod statements;
mod turn;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgPool};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;

use super::{Access, Database, Transaction};
use crate::wake::{RowWaiter, Waiter};
use fault::explain;

pub use turn::HostTx;
pub(crate) use turn::Turn;

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
