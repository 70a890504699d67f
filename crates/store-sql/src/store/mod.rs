//! The store: a database as one tenant sees it, and the traits of the engine as thin faces of the functions.

mod connections;
mod inbox;
mod outbox;
mod pairings;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod sync;
mod webhooks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tieline_core::Result;
use tieline_store::{ConnectionId, TargetName, TenantId};

#[cfg(feature = "postgres")]
pub use postgres::PostgresOptions;

use crate::engine::{Access, Database, Transaction};
use crate::erase::{erase_batch, erase_tenant_batch};
use crate::events::{self, EventsPage};
use crate::records::{self, RowCursor, RowsPage};
use crate::sink::RowSink;
use crate::wake::RowWaiter;

/// A store in a database, as one tenant sees it: [`SqliteStore`](crate::sqlite::SqliteStore) or
/// [`PostgresStore`](crate::postgres::PostgresStore). Cheap to clone; clones and the handles of
/// [other tenants](Self::for_tenant) share the connections.
#[derive(Clone)]
pub struct SqlStore<D> {
    pub(crate) database: D,
    pub(crate) tenant: TenantId,
    sinks: Arc<[Arc<dyn RowSink>]>,
}

impl<D> fmt::Debug for SqlStore<D>
where
    D: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore").field(&self.database).field(&self.tenant).finish()
    }
}

impl<D: Database> SqlStore<D> {
    pub(crate) fn new(database: D) -> Self {
        Self { database, tenant: TenantId::default(), sinks: Arc::default() }
    }

    /// The handle of another tenant. It sees that tenant's rows and no others, whatever it is asked.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Adds a sink, which takes the rows of its target in the transactions of this handle's commits.
    #[must_use]
    pub fn with_sink(mut self, sink: Arc<dyn RowSink>) -> Self {
        self.sinks = self.sinks.iter().cloned().chain([sink]).collect();
        self
    }

    /// Begins a transaction of this tenant, in which several concerns of the store and statements of the host's commit
    /// together. In SQLite nobody else writes until its end; a store in memory has one connection, so that its other
    /// methods wait for that end too.
    ///
    /// # Errors
    ///
    /// As [`Database::begin`].
    pub async fn begin(&self) -> Result<Transaction> {
        self.database.begin(&self.tenant, Access::Write, "using a transaction").await
    }

    /// Returns what became of a target's rows since a cursor, at most `limit` rows: for readers that follow them. See
    /// [`forget_deleted`](Self::forget_deleted).
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn rows_since(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        since: &RowCursor,
        limit: u32,
    ) -> Result<RowsPage> {
        transact!(self, Read, "following rows", |tx| {
            records::rows_since(tx, connection, target, since, limit)
        })
    }

    /// Returns a waiter for readers that [follow rows](Self::rows_since). Make it before the first look, so that nothing is
    /// missed. Sync announces the end of each run that changed rows; others do so by
    /// [`announce`](tieline_store::SyncStore::announce).
    ///
    /// In SQLite a waiter hears of this process's runs only. In PostgreSQL it hears of all processes' where the store has a
    /// direct pool (`PostgresOptions::with_direct_pool`), and polls where it has none.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the database cannot be reached.
    pub async fn row_waiter(&self) -> Result<RowWaiter> {
        self.database.listen().await
    }

    /// Forgets which rows of a target went, up to a cursor that every reader has followed. A reader that is behind it
    /// begins anew. Returns how many.
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn forget_deleted(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        read: &RowCursor,
    ) -> Result<u64> {
        transact!(self, Write, "forgetting deleted rows", |tx| {
            records::forget_deleted(tx, connection, target, read)
        })
    }

    /// Returns the tenant's [events](crate::events) in order, after a number; `None` begins with the oldest that is kept. A
    /// [`row_waiter`](Self::row_waiter) wakes whoever follows them.
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn events_since(&self, after: Option<u64>, limit: u32) -> Result<EventsPage> {
        transact!(self, Read, "following events", |tx| events::since(tx, after, limit))
    }

    /// Deletes events of the tenant that are older than this. Returns how many.
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn prune_events(&self, older_than: Duration) -> Result<u64> {
        transact!(self, Write, "pruning events", |tx| events::prune(tx, older_than))
    }

    /// Erases the tenant: everything that sync keeps is invisible at once, then deleted in batches, with the accounts,
    /// secrets, consents and leases. The audit log stays, until a role that may change it deletes it. One that was cut off
    /// goes on when it is called again.
    ///
    /// # Errors
    ///
    /// As the database fails.
    pub async fn erase_tenant(&self) -> Result<()> {
        loop {
            let more = transact!(self, Write, "erasing a tenant", |tx| erase_tenant_batch(tx))?;
            if !more {
                return self.finish_erasures().await;
            }
        }
    }

    /// Goes on with erasures of this tenant that were cut off, until all are done. Every erasure of the tenant does so
    /// too.
    ///
    /// # Errors
    ///
    /// As the database fails. What was marked as erased stays invisible.
    pub async fn finish_erasures(&self) -> Result<()> {
        loop {
            let more = transact!(self, Write, "erasing a connection", |tx| erase_batch(tx))?;
            if !more {
                return Ok(());
            }
        }
    }
}

/// Does something in a transaction of the store's tenant, and commits it.
macro_rules! transact {
    ($store:expr, $access:ident, $doing:literal, |$tx:ident| $work:expr) => {{
        let store = $store;
        let access = $crate::engine::Access::$access;
        let mut transaction =
            $crate::engine::Database::begin(&store.database, &store.tenant, access, $doing).await?;
        let $tx = &mut transaction;
        match $work.await {
            Ok(value) => transaction.commit().await.map(|()| value),
            Err(error) => {
                transaction.rollback().await;
                Err(error)
            }
        }
    }};
}
pub(crate) use transact;
