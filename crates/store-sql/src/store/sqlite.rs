//! How a store in SQLite is opened.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::SqlitePool;
use tieline_core::Result;

use super::{SqlStore, transact};
use crate::engine::sqlite::Sqlite;
use crate::time::micros;
use crate::{log, schema};

impl SqlStore<Sqlite> {
    /// Opens a file, or makes it, for the tenant `main`. Its folder must exist.
    ///
    /// The file is in WAL mode with `synchronous=NORMAL`: a commit that returned survives the end of this process,
    /// however it ends. Should the machine lose power, the last commits may be missing, each of them whole, state and
    /// records alike, so that the next run reads them again. For commits that survive that too, bring a
    /// [pool](Self::with_pool) with `synchronous=FULL`. Connections, secrets and leases survive it anyway.
    ///
    /// # Errors
    ///
    /// `Internal` when the file cannot be opened, is no database, or was made by a newer version of this crate.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::prepare(Sqlite::open(path.as_ref()).await?).await
    }

    /// A store that is gone when its last handle is dropped, for the tenant `main`.
    ///
    /// # Errors
    ///
    /// `Internal` when there is no memory for it.
    pub async fn in_memory() -> Result<Self> {
        Self::prepare(Sqlite::in_memory().await?).await
    }

    /// A store in a database of the host, for the tenant `main`. All names in it begin with `tieline_`. Pool and pragmas
    /// are the host's choice; WAL mode and a busy timeout are recommended.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn with_pool(pool: SqlitePool) -> Result<Self> {
        Self::prepare(Sqlite::with_pool(pool)).await
    }

    async fn prepare(database: Sqlite) -> Result<Self> {
        schema::sqlite::migrate(&database).await?;
        Ok(Self::new(database))
    }

    /// Deletes what the logs hold of before a time, of this tenant. Returns how many entries went.
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn prune_logs(&self, before: DateTime<Utc>) -> Result<u64> {
        transact!(self, Write, "pruning logs", |tx| log::prune(tx, micros(before)))
    }

    /// Closes all connections to the file, of all handles. Dropping the last handle does so too, in the background.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
