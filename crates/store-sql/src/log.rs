//! The shape `log`: entries that are numbered in the order in which they become visible, read in pages, and never
//! changed.
//!
//! The count is a row that one transaction at a time has, so that whoever has read up to a number misses none that comes
//! later. It is to be taken last of all in a transaction.

use tieline_core::Result;

use crate::sql::Sql;
use crate::tables::TABLES;
use crate::tx::{Tx, args, one};

/// Returns the number before those of `count` new entries of a log.
pub(crate) async fn number(tx: &mut dyn Tx, log: &'static str, count: usize) -> Result<i64> {
    static COUNT: Sql = Sql::new(
        "INSERT INTO tieline.log_counts AS t (tenant, log, last) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, log) DO UPDATE SET last = t.last + $3 RETURNING last",
    );
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let (last,): (i64,) = one(tx, &COUNT, args![log, count]).await?;
    Ok(last - count)
}

/// The tables of this shape: what they hold is never changed.
pub(crate) fn logs() -> impl Iterator<Item = &'static str> {
    TABLES.iter().filter(|table| table.log).map(|table| table.name)
}

/// Deletes the entries of a tenant's logs from before a time. Returns how many.
#[cfg(feature = "sqlite")]
pub(crate) async fn prune(tx: &mut dyn Tx, before: i64) -> Result<u64> {
    let mut gone = 0;
    for log in logs() {
        let delete = Sql::built(format!("DELETE FROM tieline.{log} WHERE tenant = $1 AND at < $2"));
        gone += tx.run(&delete, args![before]).await?;
    }
    Ok(gone)
}
