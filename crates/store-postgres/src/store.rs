//! The store: a pool of the host's, as one tenant sees it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};
use tieline_core::{Clock, EntityName, Error, ErrorKind, Key, RawJson, Record, RecordLookup, Result};
use tieline_store::plan::Plan;
use tieline_store::{
    Commit, CommitStats, ConnectionId, Counts, Moment, Position, Row, StreamId, SyncStore, TargetName,
    TenantId,
};

use crate::fault::Fault;
use crate::turn::{Access, Turn};
use crate::{read, schema, write};

/// How long [`PostgresStore::connect`] lets callers wait for one of its connections.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECTIONS: u32 = 10;

/// A store in a PostgreSQL database, as one tenant sees it. Cheap to clone; clones and the handles of
/// [other tenants](Self::for_tenant) share the pool.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    pub(crate) tenant: TenantId,
    named: bool,
    /// What leases end by instead of the server's clock.
    pub(crate) clock: Option<Arc<dyn Clock>>,
    /// For error texts.
    place: Arc<str>,
}

impl PostgresStore {
    /// Connects to `postgres://role:password@host:port/database`, makes the tables or brings them up to date, and
    /// answers the handle of the tenant `main`. Up to 10 connections.
    ///
    /// # Errors
    ///
    /// `Config` for an address that cannot be used and for a role or password that the database refuses, `Unavailable`
    /// when it cannot be reached; otherwise as [`with_pool`](Self::with_pool). No error holds the password.
    pub async fn connect(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(|_: sqlx::Error| {
            // The cause may quote the address, and with it the password.
            Error::new(ErrorKind::Config, "the address of the database cannot be read")
                .with_advice("write it as postgres://role:password@host:port/database")
        })?;
        let place = place(&options);
        // Not by the pool, which would go on trying for a while and then tell nothing of the reason.
        let first = options.connect().await;
        let first = first.map_err(|error| Fault::from(error).explain("connecting", &place))?;
        // It served its purpose; what becomes of it matters to nobody.
        let _ = first.close().await;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        Self::with_pool(pool).await
    }

    /// A store in a database of the host, for the tenant `main`. Makes the tables or brings them up to date, in the
    /// first schema of the pool's `search_path`; all names in it begin with `tieline_`. Where they are up to date, it
    /// only looks, so that the pool's role needs no right to make tables: see [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// `Config` when the role may not do what is needed, `Unavailable` when the database cannot be reached, `Internal`
    /// when a newer version of this crate made the tables.
    pub async fn with_pool(pool: PgPool) -> Result<Self> {
        let store = Self::unprepared(pool);
        store.explain(schema::migrate(&store.pool).await, "preparing its tables")?;
        Ok(store)
    }

    /// Makes the tables, or brings them up to date, with the pool of a role that owns them. Processes may do so at the
    /// same time.
    ///
    /// # Errors
    ///
    /// As [`with_pool`](Self::with_pool).
    pub async fn migrate(owner: &PgPool) -> Result<()> {
        let store = Self::unprepared(owner.clone());
        store.explain(schema::migrate(owner).await, "preparing its tables")
    }

    /// Grants a role what a store needs of the tables, with the pool of the role that owns them. To be repeated after
    /// each [`migrate`](Self::migrate) that made tables; repeating it does no harm.
    ///
    /// # Errors
    ///
    /// `Internal` when there is no such role, otherwise as [`with_pool`](Self::with_pool).
    pub async fn grant(owner: &PgPool, role: &str) -> Result<()> {
        let store = Self::unprepared(owner.clone());
        store.explain(schema::grant(owner, role).await, "granting rights")
    }

    fn unprepared(pool: PgPool) -> Self {
        let place = place(&pool.connect_options()).into();
        Self { pool, tenant: TenantId::default(), named: true, clock: None, place }
    }

    /// The handle of another tenant. It sees that tenant's rows and no others, whatever it is asked.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// A handle that prepares no statements by name, for a pooler in transaction mode that does not follow them.
    /// PgBouncer does since 1.21, with its `max_prepared_statements` above 0. Costs one more message to and fro a
    /// statement.
    #[must_use]
    pub fn without_named_statements(mut self) -> Self {
        self.named = false;
        self
    }

    /// Sets a clock that leases end by instead of the server's. For tests, which do not wait: processes agree about
    /// leases only by the server's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Closes all connections of the pool.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn explain<T>(&self, outcome: Result<T, Fault>, doing: &'static str) -> Result<T> {
        outcome.map_err(|fault| fault.explain(doing, &self.place))
    }

    pub(crate) async fn begin(&self, access: Access, doing: &'static str) -> Result<Turn> {
        let begun = Turn::begin(&self.pool, self.named, &self.tenant, access).await;
        self.explain(begun, doing)
    }

    pub(crate) async fn end<T>(
        &self,
        turn: Turn,
        outcome: Result<T, Fault>,
        doing: &'static str,
    ) -> Result<T> {
        self.explain(turn.finish(outcome).await, doing)
    }
}

/// Does something in a transaction of the store's tenant.
macro_rules! transact {
    ($store:expr, $access:ident, $doing:literal, |$turn:ident| $work:expr) => {{
        let mut turn = $store.begin($crate::turn::Access::$access, $doing).await?;
        let $turn = &mut turn;
        let outcome = $work.await;
        $store.end(turn, outcome, $doing).await
    }};
}
pub(crate) use transact;

/// Where a database is, without the password.
fn place(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("{user}@{}/{database}", socket.display()),
        None => format!("{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.place).field("tenant", &self.tenant).finish()
    }
}

#[async_trait]
impl SyncStore for PostgresStore {
    async fn position(&self, stream: &StreamId) -> Result<Position> {
        transact!(self, Read, "reading a position", |turn| read::position(turn, stream))
    }

    async fn reset(&self, stream: &StreamId) -> Result<()> {
        transact!(self, Write, "resetting a stream", |turn| write::reset(turn, stream))
    }

    async fn commit(&self, commit: Commit) -> Result<CommitStats> {
        let plan = Plan::new(commit)?;
        transact!(self, Write, "committing a batch", |turn| write::commit(turn, plan))
    }

    async fn moment(&self, connection: &ConnectionId) -> Result<Moment> {
        transact!(self, Read, "reading the history", |turn| read::moment(turn, connection))
    }

    async fn resolve(
        &self,
        connection: &ConnectionId,
        needs: &[RecordLookup],
    ) -> Result<HashMap<RecordLookup, RawJson>> {
        transact!(self, Read, "looking up fields", |turn| read::resolve(turn, connection, needs))
    }

    async fn load(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        keys: &[Key],
    ) -> Result<Vec<Record>> {
        transact!(self, Read, "loading records", |turn| read::load(turn, connection, entity, keys))
    }

    async fn open_target(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        entity: &EntityName,
        fingerprint: &str,
    ) -> Result<u64> {
        transact!(self, Write, "opening a target", |turn| {
            write::open_target(turn, connection, target, entity, fingerprint)
        })
    }

    async fn drop_target(&self, connection: &ConnectionId, target: &TargetName) -> Result<()> {
        transact!(self, Write, "dropping a target", |turn| write::drop_target(turn, connection, target))
    }

    async fn stale(&self, connection: &ConnectionId, target: &TargetName, limit: u32) -> Result<Vec<Key>> {
        transact!(self, Read, "listing stale rows", |turn| read::stale(turn, connection, target, limit))
    }

    async fn rows_of(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        keys: &[Key],
    ) -> Result<Vec<Row>> {
        transact!(self, Read, "loading rows", |turn| read::rows_of(turn, connection, target, keys))
    }

    async fn rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Row>> {
        transact!(self, Read, "listing rows", |turn| read::rows(turn, connection, target, after, limit))
    }

    async fn records(
        &self,
        connection: &ConnectionId,
        entity: &EntityName,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        transact!(self, Read, "listing records", |turn| {
            read::records(turn, connection, entity, after, limit)
        })
    }

    async fn counts(&self, connection: &ConnectionId) -> Result<Counts> {
        transact!(self, Read, "counting", |turn| read::counts(turn, connection))
    }

    async fn erase(&self, connection: &ConnectionId) -> Result<()> {
        transact!(self, Write, "erasing a connection", |turn| write::erase(turn, connection))
    }
}
