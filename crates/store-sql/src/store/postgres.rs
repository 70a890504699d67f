//! How a store in PostgreSQL is opened, and its tables are made.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tieline_core::{Clock as _, Result, SystemClock};

use super::SqlStore;
use crate::engine::postgres::Postgres;
use crate::schema::{partitions, postgres as schema};

/// For how many months the partitions of logs are made ahead.
const MONTHS_AHEAD: u32 = 3;

/// How a store in PostgreSQL works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresOptions {
    bypass_rls: bool,
    lock_timeout: Duration,
    statement_timeout: Duration,
    direct: Option<PgPool>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            bypass_rls: false,
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            direct: None,
        }
    }
}

impl PostgresOptions {
    /// The defaults: no role that passes row-level security, 10 seconds for locks, 60 for statements.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows a role that passes row-level security, such as a superuser. Only the statements themselves keep tenants
    /// apart then.
    #[must_use]
    pub fn allow_bypassing_rls(mut self) -> Self {
        self.bypass_rls = true;
        self
    }

    /// Sets how long a statement waits for a lock, where neither the role nor the pool has set it.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets a pool of connections to the server itself, for what a pooler in transaction mode cannot do: tables are made
    /// there, and [`row_waiter`](SqlStore::row_waiter) listens there. Each waiter keeps one of its connections. Without it,
    /// waiters poll.
    #[must_use]
    pub fn with_direct_pool(mut self, pool: PgPool) -> Self {
        self.direct = Some(pool);
        self
    }

    /// Sets how long a statement may take, where neither the role nor the pool has set it.
    #[must_use]
    pub fn with_statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }
}

impl SqlStore<Postgres> {
    /// Connects to `postgres://role:password@host:port/database`, makes the tables or brings them up to date, and
    /// returns the handle of the tenant `main`. Up to 10 connections.
    ///
    /// # Errors
    ///
    /// `Config` for an address that cannot be used and for a role or password that the database refuses, `Unavailable`
    /// when it cannot be reached; otherwise as [`with_pool`](Self::with_pool). No error holds the password.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::prepare(Postgres::connect(url).await?, PostgresOptions::default()).await
    }

    /// A store in a database of the host, for the tenant `main`. Makes the tables or brings them up to date, in the
    /// schema `tieline`. Where they are up to date, it only looks, so that the pool's role needs no right to make
    /// tables: see [`migrate`](Self::migrate). It works behind a pooler in transaction mode.
    ///
    /// # Errors
    ///
    /// `Config` when the role may not do what is needed, or passes row-level security; `Unavailable` when the database
    /// cannot be reached; `Internal` when a newer version of this crate made the tables.
    pub async fn with_pool(pool: PgPool) -> Result<Self> {
        Self::with_options(pool, PostgresOptions::default()).await
    }

    /// The same with other options.
    ///
    /// # Errors
    ///
    /// As [`with_pool`](Self::with_pool).
    pub async fn with_options(pool: PgPool, options: PostgresOptions) -> Result<Self> {
        Self::prepare(Postgres::with_pool(pool), options).await
    }

    async fn prepare(mut database: Postgres, options: PostgresOptions) -> Result<Self> {
        database.lock_timeout = options.lock_timeout;
        database.statement_timeout = options.statement_timeout;
        if !options.bypass_rls {
            schema::check_role(&database).await?;
        }
        match &options.direct {
            Some(direct) => schema::migrate(&Postgres::with_pool(direct.clone())).await?,
            None => schema::migrate(&database).await?,
        }
        database.direct = options.direct;
        Ok(Self::new(database))
    }

    /// Returns a pool of one connection to `postgres://owner:password@host:port/database`, for [`migrate`](Self::migrate)
    /// and the grants.
    ///
    /// # Errors
    ///
    /// `Config` for an address that cannot be used. Nothing is sent.
    pub fn owner_pool(url: &str) -> Result<PgPool> {
        Postgres::pool(url, 1)
    }

    /// Makes the tables, or brings them up to date, with the pool of a role that owns them, and makes the logs' partitions for
    /// the next three months: run it at least that often. Entries of a month without a partition are kept in a default one. Processes
    /// may do so at the same time. Not behind a pooler.
    ///
    /// # Errors
    ///
    /// As [`with_pool`](Self::with_pool), without regard to row-level security.
    pub async fn migrate(owner: &PgPool) -> Result<()> {
        let database = Postgres::with_pool(owner.clone());
        schema::migrate(&database).await?;
        partitions::of_months(&database, SystemClock.now(), MONTHS_AHEAD).await
    }

    /// Partitions the tables of records, payloads and rows by a hash of their entity or target, into so many parts, with the
    /// pool of the role that owns them: vacuum and index maintenance work on parts then. For databases of more than some ten
    /// million records. Best done right after [`migrate`](Self::migrate), while the tables are empty; later, nobody can use
    /// them until all rows are copied. [`grant`](Self::grant) comes after it. Tables that are partitioned stay as they are.
    ///
    /// # Errors
    ///
    /// As [`with_pool`](Self::with_pool).
    pub async fn partition_records(owner: &PgPool, partitions: u32) -> Result<()> {
        partitions::by_hash(&Postgres::with_pool(owner.clone()), partitions).await
    }

    /// Removes what the logs hold of before a time, of all tenants, with the pool of the role that owns the tables: whole
    /// months at once. Entries of that time's own month stay. Returns the names of the partitions that went.
    ///
    /// # Errors
    ///
    /// As [`with_pool`](Self::with_pool).
    pub async fn prune_logs(owner: &PgPool, before: DateTime<Utc>) -> Result<Vec<String>> {
        partitions::drop_before(&Postgres::with_pool(owner.clone()), before).await
    }

    /// The SQL that [`migrate`](Self::migrate) runs in an empty database, for hosts with a migrator of their own.
    pub fn migration_sql() -> String {
        schema::print()
    }

    /// Grants a role what a store needs of the tables, with the pool of the role that owns them. It may add to the audit
    /// log, and not change what is there. To be repeated after each [`migrate`](Self::migrate) that made tables;
    /// repeating it does no harm.
    ///
    /// # Errors
    ///
    /// `Config` when there is no such role, otherwise as [`with_pool`](Self::with_pool).
    pub async fn grant(owner: &PgPool, role: &str) -> Result<()> {
        schema::grant(&Postgres::with_pool(owner.clone()), role, false).await
    }

    /// Grants a role what a dispatcher needs: to read, across tenants, the directory of routes and of what is due. It
    /// holds no personal data, and the role sees nothing else.
    ///
    /// # Errors
    ///
    /// As [`grant`](Self::grant).
    pub async fn grant_dispatcher(owner: &PgPool, role: &str) -> Result<()> {
        schema::grant(&Postgres::with_pool(owner.clone()), role, true).await
    }

    /// Closes all connections of the pool.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
