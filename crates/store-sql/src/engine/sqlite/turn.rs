//! Transactions in SQLite: the store's own, and those of a host.

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnection;
use tieline_core::Result;
use tieline_store::TenantId;
use tieline_store::plan::check_name;
use tokio::sync::OwnedMutexGuard;

use super::statements::Statements;
use crate::engine::tx_by_statements;
use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::tx::Tx;
use crate::value::Row;

/// A transaction under way.
#[derive(Debug)]
pub(crate) struct Turn {
    /// There until the end.
    pub(super) connection: Option<PoolConnection<sqlx::Sqlite>>,
    pub(super) statements: Statements,
    /// The pragma to go back to.
    pub(super) lower_to: Option<&'static str>,
    /// Whether the transaction may be open.
    pub(super) open: bool,
    pub(super) _writing: Option<OwnedMutexGuard<()>>,
}

impl Turn {
    fn parts(&mut self) -> Result<(&mut SqliteConnection, &Statements)> {
        let Self { connection, statements, .. } = self;
        let connection = connection.as_deref_mut();
        Ok((connection.ok_or_else(|| statements.explain(sqlx::Error::PoolClosed))?, statements))
    }

    fn on(&mut self) -> Result<&mut SqliteConnection> {
        Ok(self.parts()?.0)
    }

    pub(super) async fn control(&mut self, statement: &'static str) -> Result<()> {
        let done = sqlx::raw_sql(statement).execute(self.on()?).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    /// Runs statements that take no parameters.
    pub(crate) async fn batch(&mut self, statements: String) -> Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(self.on()?).await;
        done.map(drop).map_err(|error| self.statements.explain(error))
    }

    /// Makes commits of this connection wait for the disk.
    pub(super) async fn raise_synchronous(&mut self) -> Result<()> {
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

    pub(super) async fn lower_synchronous(&mut self) {
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

tx_by_statements!(Turn, Sqlite);

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

    fn parts(&mut self) -> Result<(&mut SqliteConnection, &Statements)> {
        Ok((self.connection, &self.statements))
    }
}

tx_by_statements!(HostTx<'_>, Sqlite);
