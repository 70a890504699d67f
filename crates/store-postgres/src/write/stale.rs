//! Marks on rows that must be mapped again.

use super::Work;
use crate::fault::Fault;
use crate::lists;

impl Work<'_> {
    pub(super) async fn mark(&mut self, target: i64, keys: &[&str]) -> Result<(), Fault> {
        self.turn
            .query(
                "INSERT INTO tieline_stale (tenant, target_id, key) SELECT $1, $2, unnest($3::text[])
                 ON CONFLICT DO NOTHING",
            )
            .bind(target)
            .bind(keys)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }

    pub(super) async fn unmark(&mut self, target: i64, keys: &[&str]) -> Result<(), Fault> {
        self.turn
            .query("DELETE FROM tieline_stale WHERE tenant = $1 AND target_id = $2 AND key = ANY ($3)")
            .bind(target)
            .bind(keys)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }

    /// Marks every row that was mapped with one of the changed records.
    pub(super) async fn mark_dependents(&mut self) -> Result<(), Fault> {
        for (entity, keys) in std::mem::take(&mut self.changed) {
            self.turn
                .query(
                    "INSERT INTO tieline_stale (tenant, target_id, key)
                     SELECT DISTINCT $1, target_id, key FROM tieline_needs
                     WHERE tenant = $1 AND entity_id = $2 AND needed = ANY ($3)
                     ON CONFLICT DO NOTHING",
                )
                .bind(entity)
                .bind(lists::keys(&keys))
                .execute(self.turn.on())
                .await?;
        }
        Ok(())
    }

    /// Marks those of the rows whose mapping looked up a record that changed, came or went since.
    pub(super) async fn mark_overtaken(
        &mut self,
        target: i64,
        keys: &[&str],
        seen: i64,
    ) -> Result<(), Fault> {
        self.turn
            .query(
                "INSERT INTO tieline_stale (tenant, target_id, key)
                 SELECT DISTINCT $1, n.target_id, n.key
                 FROM tieline_needs n
                 JOIN tieline_entities e ON e.tenant = $1 AND e.id = n.entity_id
                 LEFT JOIN tieline_records r
                     ON r.tenant = $1 AND r.entity_id = n.entity_id AND r.key = n.needed
                 WHERE n.tenant = $1 AND n.target_id = $2 AND n.key = ANY ($3)
                     AND coalesce(r.changed_in, e.deleted_in) > $4
                 ON CONFLICT DO NOTHING",
            )
            .bind(target)
            .bind(keys)
            .bind(seen)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }
}
