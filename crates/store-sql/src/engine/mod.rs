//! The two databases: how transactions begin and end, and how statements are run in them.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::fmt;

use async_trait::async_trait;
use tieline_core::Result;
use tieline_store::TenantId;

use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::tx::Tx;
use crate::value::Row;
use crate::wake::RowWaiter;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Sees one state of the database, whatever is committed meanwhile. Works on a standby, too.
    Read,
    /// Changes rows. Every write first locks the row that what it changes hangs on, so that no two of them wait for
    /// each other; in SQLite there is one write at a time.
    Write,
    /// A write that survives a loss of power as soon as its commit returns.
    Durable,
}

/// A database that a [`SqlStore`](crate::SqlStore) is in: [`Sqlite`](crate::sqlite::Sqlite) or
/// [`Postgres`](crate::postgres::Postgres).
#[async_trait]
pub trait Database: Clone + fmt::Debug + Send + Sync + 'static {
    /// Begins a transaction that sees one tenant's rows. `doing` completes the error messages of its statements:
    /// "… while `doing`".
    ///
    /// # Errors
    ///
    /// `Config` for a tenant without a name, `Unavailable` when the database cannot be reached.
    async fn begin(&self, tenant: &TenantId, access: Access, doing: &'static str) -> Result<Transaction>;

    /// Tells [waiters](Self::listen) that rows may have changed.
    ///
    /// # Errors
    ///
    /// As the database fails.
    async fn announce(&self) -> Result<()>;

    /// Returns a waiter that hears of everything announced from now on.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the database cannot be reached.
    async fn listen(&self) -> Result<RowWaiter>;
}

/// Makes something a transaction that runs its statements by its `parts`: a connection, and what they are run with.
macro_rules! tx_by_statements {
    ($tx:ty, $dialect:ident) => {
        #[async_trait]
        impl Tx for $tx {
            fn dialect(&self) -> Dialect {
                Dialect::$dialect
            }

            fn tenant(&self) -> &TenantId {
                &self.statements.tenant
            }

            async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
                let (connection, statements) = self.parts()?;
                statements.rows(connection, sql, args).await
            }

            async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
                let (connection, statements) = self.parts()?;
                statements.run(connection, sql, args).await
            }

            async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
                let (connection, statements) = self.parts()?;
                statements.insert(connection, bulk, same, columns).await
            }
        }
    };
}
use tx_by_statements;

/// A transaction of the store's own. It is rolled back unless it is [committed](Self::commit).
#[derive(Debug)]
pub struct Transaction(Inner);

#[derive(Debug)]
enum Inner {
    #[cfg(feature = "sqlite")]
    Sqlite(Box<sqlite::Turn>),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Turn>),
}

#[cfg(feature = "sqlite")]
impl From<sqlite::Turn> for Transaction {
    fn from(turn: sqlite::Turn) -> Self {
        Self(Inner::Sqlite(Box::new(turn)))
    }
}

#[cfg(feature = "postgres")]
impl From<postgres::Turn> for Transaction {
    fn from(turn: postgres::Turn) -> Self {
        Self(Inner::Postgres(Box::new(turn)))
    }
}

/// Does the same for whichever database it is.
macro_rules! either {
    ($inner:expr, |$turn:ident| $work:expr) => {
        match $inner {
            #[cfg(feature = "sqlite")]
            Inner::Sqlite($turn) => $work,
            #[cfg(feature = "postgres")]
            Inner::Postgres($turn) => $work,
        }
    };
}

impl Transaction {
    /// Commits it.
    ///
    /// # Errors
    ///
    /// As the database fails. When its answer was lost, the error says that it is not known whether it was stored.
    pub async fn commit(self) -> Result<()> {
        either!(self.0, |turn| turn.commit().await)
    }

    /// Rolls it back, which dropping it does too, in the background.
    pub async fn rollback(self) {
        either!(self.0, |turn| turn.rollback().await);
    }
}

#[async_trait]
impl Tx for Transaction {
    fn dialect(&self) -> Dialect {
        either!(&self.0, |turn| turn.dialect())
    }

    fn tenant(&self) -> &TenantId {
        either!(&self.0, |turn| turn.tenant())
    }

    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>> {
        either!(&mut self.0, |turn| turn.rows(sql, args).await)
    }

    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64> {
        either!(&mut self.0, |turn| turn.run(sql, args).await)
    }

    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64> {
        either!(&mut self.0, |turn| turn.insert(bulk, same, columns).await)
    }
}
