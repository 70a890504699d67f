//! The shape `log`: entries that are numbered in the order in which they become visible, read in pages, and never
//! changed.
//!
//! The count is a row that one transaction at a time has, so that whoever has read up to a number misses none that comes
//! later. It is to be taken last of all in a transaction.

use tieline_core::Result;

use crate::sql::Sql;
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
