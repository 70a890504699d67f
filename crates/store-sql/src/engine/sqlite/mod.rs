//! SQLite: one writer at a time.

mod fault;
mod statements;
mod turn;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tieline_core::Result;
use tieline_store::TenantId;
use tieline_store::plan::check_name;
use tokio::sync::{Mutex, watch};

use super::{Access, Database, Transaction};
use crate::wake::{RowWaiter, Waiter};
use fault::{explain, is_locked, unopened};
use statements::Statements;

pub use turn::HostTx;
pub(crate) use turn::Turn;

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
