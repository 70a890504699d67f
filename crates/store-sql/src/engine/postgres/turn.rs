//! Transactions in PostgreSQL: the store's own, and those of a host.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::AssertSqlSafe;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use tieline_core::Result;
use tieline_store::TenantId;

use super::fault::explain_commit;
use super::statements::Statements;
use super::{Postgres, check_tenant};
use crate::engine::{Access, tx_by_statements};
use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::tx::Tx;
use crate::value::Row;

/// A transaction under way.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(super) connection: PoolConnection<sqlx::Postgres>,
    pub(super) statements: Statements,
    /// Whether the transaction may be open.
    open: bool,
}

impl Turn {
    pub(super) async fn open(
        on: &Postgres,
        tenant: TenantId,
        access: Access,
        doing: &'static str,
    ) -> Result<Self> {
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

    fn parts(&mut self) -> Result<(&mut PgConnection, &Statements)> {
        Ok((&mut self.connection, &self.statements))
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

tx_by_statements!(Turn, Postgres);

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

    fn parts(&mut self) -> Result<(&mut PgConnection, &Statements)> {
        Ok((self.connection, &self.statements))
    }
}

tx_by_statements!(HostTx<'_>, Postgres);
