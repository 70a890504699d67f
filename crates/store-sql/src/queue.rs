//! The shape `queue`: rows of a connection that are due at a time, taken by one claimant at a time under a lease by the
//! database's clock, and changed only by whoever saw their latest revision.
//!
//! A table of this shape has the columns `tenant`, `synced_id`, `id`, `status`, `due` and `revision`.

use tieline_core::Result;

use crate::sql::Sql;
use crate::tx::{Tx, all, args};

/// A table of this shape.
#[derive(Debug)]
pub(crate) struct Queue {
    due: Sql,
    renew: Sql,
}

impl Queue {
    /// `condition` may refer to the row as `q`, to the tenant as `$1` and to the connection's number as `$2`.
    pub(crate) fn new(table: &'static str, condition: &'static str) -> Self {
        Self {
            due: Sql::built(format!(
                "SELECT q.id FROM tieline.{table} q
                 WHERE q.tenant = $1 AND q.synced_id = $2 AND q.status = $3 AND q.due <= $4 AND {condition}
                 ORDER BY q.id LIMIT $5 {{skip}}"
            )),
            renew: Sql::built(format!(
                "UPDATE tieline.{table} SET due = $6
                 WHERE tenant = $1 AND synced_id = $2 AND id = $3 AND revision = $4 AND status = $5"
            )),
        }
    }

    /// Returns the numbers of rows in a status that are due, by number, and locks them; those that others have locked
    /// are passed over.
    pub(crate) async fn due(
        &self,
        tx: &mut dyn Tx,
        synced_id: i64,
        status: &str,
        due: i64,
        limit: u32,
    ) -> Result<Vec<i64>> {
        let ids: Vec<(i64,)> = all(tx, &self.due, args![synced_id, status, due, limit]).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Moves the end of a lease that is still as it was taken. Returns whether it was.
    pub(crate) async fn renew(
        &self,
        tx: &mut dyn Tx,
        synced_id: i64,
        (id, revision): (u64, u64),
        status: &str,
        until: i64,
    ) -> Result<bool> {
        Ok(tx.run(&self.renew, args![synced_id, id, revision, status, until]).await? > 0)
    }
}
