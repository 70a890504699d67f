//! Transactions, as all concerns of the store use them.

use async_trait::async_trait;
use tieline_core::Result;
use tieline_store::TenantId;

use crate::sql::{Arg, Bulk, Column, Dialect, Sql};
use crate::value::{FromRow, Row};

/// A transaction of one tenant, on either database: the store's own, or one that a host has begun.
///
/// Every concern of the store is functions over this trait, so several of them, and statements of the host's, commit
/// together. Errors say what went wrong and what to do; a transaction that failed can only be rolled back.
#[async_trait]
pub trait Tx: Send {
    /// Which database it is in.
    fn dialect(&self) -> Dialect;

    /// Whose rows it sees.
    fn tenant(&self) -> &TenantId;

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    ///
    /// As the database refuses or fails: `Unavailable`, `Config`, `Rejected` or `Internal`.
    async fn rows(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>>;

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows).
    async fn run(&mut self, sql: &Sql, args: &[Arg<'_>]) -> Result<u64>;

    /// Inserts many rows and returns how many it inserted or changed. `same` are the columns that are the same in all
    /// rows, without the tenant; all of `columns` are equally long.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows).
    async fn insert(&mut self, bulk: &Bulk, same: &[Arg<'_>], columns: &[Column<'_>]) -> Result<u64>;
}

/// Returns all rows of a statement.
pub(crate) async fn all<T: FromRow>(tx: &mut dyn Tx, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<T>> {
    tx.rows(sql, args).await?.into_iter().map(T::from_row).collect()
}

/// Returns the first row of a statement.
pub(crate) async fn first<T: FromRow>(tx: &mut dyn Tx, sql: &Sql, args: &[Arg<'_>]) -> Result<Option<T>> {
    tx.rows(sql, args).await?.into_iter().next().map(T::from_row).transpose()
}

/// Returns the row of a statement that always has one.
pub(crate) async fn one<T: FromRow>(tx: &mut dyn Tx, sql: &Sql, args: &[Arg<'_>]) -> Result<T> {
    let row = tx.rows(sql, args).await?.into_iter().next();
    // Reading from no columns is the same error.
    T::from_row(row.unwrap_or_else(|| Row::new(Vec::new())))
}

/// Arguments of a statement, in their order.
macro_rules! args {
    ($($arg:expr),* $(,)?) => { &[$($crate::sql::Arg::from($arg)),*] };
}
pub(crate) use args;
