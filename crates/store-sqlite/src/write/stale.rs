//! Marks on rows that must be mapped again.

use super::Work;
use crate::fault::Fault;
use crate::lists;

impl Work<'_> {
    pub(super) async fn mark(&mut self, target: i64, keys: &str) -> Result<(), Fault> {
        sqlx::query("INSERT OR IGNORE INTO tieline_stale (target_id, key) SELECT ?, value FROM json_each(?)")
            .bind(target)
            .bind(keys)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn unmark(&mut self, target: i64, keys: &str) -> Result<(), Fault> {
        sqlx::query(
            "DELETE FROM tieline_stale WHERE target_id = ? AND key IN (SELECT value FROM json_each(?))",
        )
        .bind(target)
        .bind(keys)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// Marks every row that was mapped with one of the changed records.
    pub(super) async fn mark_dependents(&mut self) -> Result<(), Fault> {
        for (entity, keys) in std::mem::take(&mut self.changed) {
            sqlx::query(
                "INSERT OR IGNORE INTO tieline_stale (target_id, key)
                 SELECT target_id, key FROM tieline_needs
                 WHERE entity_id = ? AND needed IN (SELECT value FROM json_each(?))",
            )
            .bind(entity)
            .bind(lists::keys(&keys))
            .execute(&mut *self.connection)
            .await?;
        }
        Ok(())
    }

    /// Marks those of the rows whose mapping looked up a record that changed, came or went since.
    pub(super) async fn mark_overtaken(&mut self, target: i64, keys: &str, seen: i64) -> Result<(), Fault> {
        sqlx::query(
            "INSERT OR IGNORE INTO tieline_stale (target_id, key)
             SELECT n.target_id, n.key
             FROM tieline_needs n
             JOIN tieline_entities e ON e.id = n.entity_id
             LEFT JOIN tieline_records r ON r.entity_id = n.entity_id AND r.key = n.needed
             WHERE n.target_id = ? AND n.key IN (SELECT value FROM json_each(?))
                 AND coalesce(r.changed_in, e.deleted_in) > ?",
        )
        .bind(target)
        .bind(keys)
        .bind(seen)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
