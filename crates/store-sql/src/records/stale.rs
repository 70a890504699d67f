//! Marks on rows that must be mapped again.

use std::collections::BTreeSet;

use tieline_core::Result;
use tieline_store::plan::CommitPlan;

use super::KEYS;
use super::commit::{Changed, Work};
use crate::sql::{Bulk, Column, Sql};
use crate::tx::args;

impl Work<'_> {
    pub(super) async fn mark(&mut self, target: i64, keys: Vec<&str>) -> Result<()> {
        static MARK: Bulk =
            Bulk::new("tieline.stale (tenant, target_id, key)", 2, &["text"], "ON CONFLICT DO NOTHING");
        self.not_stale.remove(&target);
        self.tx.insert(&MARK, args![target], &[Column::Texts(keys)]).await.map(drop)
    }

    pub(super) async fn unmark(&mut self, target: i64, keys: &[&str]) -> Result<()> {
        static UNMARK: Sql =
            Sql::new("DELETE FROM tieline.stale WHERE tenant = $1 AND {keys target_id = $2, key in $3}");
        if keys.is_empty() || self.not_stale.contains(&target) {
            return Ok(());
        }
        self.tx.run(&UNMARK, args![target, keys]).await.map(drop)
    }

    /// Marks every row that was mapped with one of the changed records, and every row of a changed record that this
    /// commit brought none for.
    pub(super) async fn mark_dependents(&mut self, plan: &CommitPlan) -> Result<()> {
        static NOTE: Sql = Sql::new(
            "UPDATE tieline.entities SET changed_in = $3, deleted_in = CASE WHEN $4 THEN $3 ELSE deleted_in END
             WHERE tenant = $1 AND id = $2",
        );
        static BY_FIELD: Sql = Sql::new(
            "INSERT INTO tieline.stale (tenant, target_id, key)
             SELECT DISTINCT $1, target_id, key FROM tieline.needs
             WHERE tenant = $1 AND {keys entity_id = $2, field = $3, needed in $4}
             ON CONFLICT DO NOTHING",
        );
        for (entity, changed) in std::mem::take(&mut self.changed) {
            let Changed { keys, kept, deleted, values } = changed;
            if keys.is_empty() {
                continue;
            }
            self.tx.run(&NOTE, args![entity, self.sequence, deleted]).await?;
            // The empty field stands for the key.
            let keys = (String::new(), keys.iter().map(|key| key.as_str()).collect::<BTreeSet<&str>>());
            let values = values.iter().map(|(field, values)| {
                (field.clone(), values.iter().map(String::as_str).collect::<BTreeSet<&str>>())
            });
            let looked_up = !self.not_looked_up.contains(&entity);
            for (field, values) in std::iter::once(keys).chain(values).filter(|_| looked_up) {
                let values: Vec<&str> = values.into_iter().collect();
                for chunk in values.chunks(KEYS) {
                    self.tx.run(&BY_FIELD, args![entity, &field, chunk]).await?;
                }
            }
            for target in self.targets_of(entity).await?.iter() {
                let brought = plan.targets.get(&target.name);
                let left = kept.iter().filter(|key| !brought.is_some_and(|rows| rows.contains_key(*key)));
                let left: Vec<&str> = left.map(|key| key.as_str()).collect();
                if !left.is_empty() {
                    self.mark(target.id, left).await?;
                }
            }
        }
        Ok(())
    }

    /// Marks those of the rows whose mapping looked up a record that changed, came or went since. By another field than
    /// the key, any change of the entity counts.
    pub(super) async fn mark_overtaken(&mut self, target: i64, keys: &[&str], seen: i64) -> Result<()> {
        static OVERTAKEN: Sql = Sql::new(
            "INSERT INTO tieline.stale (tenant, target_id, key)
             SELECT DISTINCT $1, n.target_id, n.key
             FROM tieline.needs n
             JOIN tieline.entities e ON e.tenant = $1 AND e.id = n.entity_id
             LEFT JOIN tieline.records r
                 ON r.tenant = $1 AND r.entity_id = n.entity_id AND r.key = n.needed AND n.field = ''
             WHERE n.tenant = $1 AND {keys n.target_id = $2, n.key in $3}
                 AND CASE WHEN n.field = '' THEN coalesce(r.changed_in, e.deleted_in) ELSE e.changed_in END > $4
             ON CONFLICT DO NOTHING",
        );
        self.not_stale.remove(&target);
        self.tx.run(&OVERTAKEN, args![target, keys, seen]).await.map(drop)
    }
}
