//! Mapped rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tieline_core::{EntityName, Key};
use tieline_store::TargetName;
use tieline_store::plan::{self, Plan, RowEffect, content_hash};

use super::{Work, entity_id};
use crate::fault::Fault;
use crate::lists;

/// What a mapping looked up, by the number of the entity.
type LookedUp = BTreeSet<(i64, String)>;

/// The target that rows are written to.
struct Target {
    id: i64,
    entity: EntityName,
    entity_id: i64,
}

impl Work<'_> {
    /// `seen` counts the commits that the rows' mapping has seen.
    pub(super) async fn apply_rows(
        &mut self,
        name: &TargetName,
        effects: &BTreeMap<Key, RowEffect>,
        plan: &Plan,
        seen: Option<i64>,
    ) -> Result<(), Fault> {
        let stored: Option<(i64, String, i64)> = self
            .turn
            .rows(
                "SELECT t.id, e.name, e.id
                 FROM tieline_targets t JOIN tieline_entities e ON e.tenant = $1 AND e.id = t.entity_id
                 WHERE t.tenant = $1 AND t.synced_id = $2 AND t.name = $3",
            )
            .bind(self.synced_id)
            .bind(name.as_str())
            .fetch_optional(self.turn.on())
            .await?;
        let (id, entity, entity_id) = stored.ok_or_else(|| plan::not_opened(name))?;
        let target = Target { id, entity: entity.into(), entity_id };
        let effects: Vec<(&Key, &RowEffect)> = effects.iter().collect();
        for chunk in effects.chunks(lists::KEYS) {
            let (current, outdated) = self.sort_out(&target, chunk, plan, seen).await?;
            if !outdated.is_empty() {
                self.mark(target.id, &outdated).await?;
            }
            if !current.is_empty() {
                self.write_rows(target.id, &current).await?;
                self.write_look_ups(target.id, &current, seen).await?;
            }
        }
        Ok(())
    }

    /// Leaves out what has no record any more. Answers what holds, and the keys whose record changed since.
    async fn sort_out<'r>(
        &mut self,
        target: &Target,
        effects: &[(&'r Key, &'r RowEffect)],
        plan: &Plan,
        seen: Option<i64>,
    ) -> Result<(Vec<(&'r Key, &'r RowEffect)>, Vec<&'r str>), Fault> {
        let records: Vec<(String, i64)> = self
            .turn
            .rows(
                "SELECT key, changed_in FROM tieline_records
                 WHERE tenant = $1 AND entity_id = $2 AND key = ANY ($3)",
            )
            .bind(target.entity_id)
            .bind(lists::keys(effects.iter().map(|(key, _)| *key)))
            .fetch_all(self.turn.on())
            .await?;
        let records: HashMap<String, i64> = records.into_iter().collect();
        let (mut current, mut outdated) = (Vec::with_capacity(effects.len()), Vec::new());
        for (key, effect) in effects {
            match records.get(key.as_str()) {
                None => self.tally.outdated += u64::from(effect.fields.is_some()),
                Some(changed_in)
                    if seen.is_some_and(|seen| *changed_in > seen) && !plan.brings(&target.entity, key) =>
                {
                    self.tally.outdated += 1;
                    outdated.push(key.as_str());
                }
                Some(_) => current.push((*key, *effect)),
            }
        }
        Ok((current, outdated))
    }

    async fn write_rows(&mut self, target: i64, effects: &[(&Key, &RowEffect)]) -> Result<(), Fault> {
        let keys = lists::keys(effects.iter().map(|(key, _)| *key));
        let stored: Vec<(String, Vec<u8>)> = self
            .turn
            .rows(
                "SELECT key, hash FROM tieline_rows
                 WHERE tenant = $1 AND target_id = $2 AND key = ANY ($3)",
            )
            .bind(target)
            .bind(&keys)
            .fetch_all(self.turn.on())
            .await?;
        let stored: HashMap<String, Vec<u8>> = stored.into_iter().collect();
        let (mut changed, mut hashes, mut fields_of) = (Vec::new(), Vec::new(), Vec::new());
        let mut gone = Vec::new();
        for (key, effect) in effects {
            let Some(fields) = &effect.fields else {
                gone.push(key.as_str());
                continue;
            };
            let hash = content_hash(fields.get());
            match stored.get(key.as_str()) {
                Some(stored) if *stored == hash => {
                    self.tally.target.unchanged += 1;
                    continue;
                }
                Some(_) => self.tally.target.updated += 1,
                None => self.tally.target.created += 1,
            }
            changed.push(key.as_str());
            hashes.push(hash);
            fields_of.push(fields.get());
        }
        if !changed.is_empty() {
            self.turn
                .query(
                    "INSERT INTO tieline_rows (tenant, target_id, key, hash, fields)
                     SELECT $1, $2, u.key, u.hash, u.fields
                     FROM unnest($3::text[], $4::bytea[], $5::text[]) AS u (key, hash, fields)
                     ON CONFLICT (target_id, key) DO UPDATE SET hash = excluded.hash, fields = excluded.fields",
                )
                .bind(target)
                .bind(changed)
                .bind(hashes)
                .bind(fields_of)
                .execute(self.turn.on())
                .await?;
        }
        if !gone.is_empty() {
            self.tally.target.deleted += self.delete_rows(target, &gone).await?;
        }
        self.unmark(target, &keys).await
    }

    async fn write_look_ups(
        &mut self,
        target: i64,
        effects: &[(&Key, &RowEffect)],
        seen: Option<i64>,
    ) -> Result<(), Fault> {
        let stored: Vec<(String, i64, String)> = self
            .turn
            .rows(
                "SELECT key, entity_id, needed FROM tieline_needs
                 WHERE tenant = $1 AND target_id = $2 AND key = ANY ($3)",
            )
            .bind(target)
            .bind(lists::keys(effects.iter().map(|(key, _)| *key)))
            .fetch_all(self.turn.on())
            .await?;
        let mut stored_by_key: HashMap<String, LookedUp> = HashMap::new();
        for (key, entity, needed) in stored {
            stored_by_key.entry(key).or_default().insert((entity, needed));
        }

        let (mut other, mut looking) = (Vec::new(), Vec::new());
        let (mut entities, mut needed, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for (key, effect) in effects {
            let looked_up = self.with_numbers(&effect.looked_up).await?;
            if !looked_up.is_empty() {
                looking.push(key.as_str());
            }
            if stored_by_key.remove(key.as_str()).unwrap_or_default() != looked_up {
                other.push(key.as_str());
                for (entity, key_needed) in looked_up {
                    entities.push(entity);
                    needed.push(key_needed);
                    keys.push(key.as_str());
                }
            }
        }
        if !other.is_empty() {
            self.forget_look_ups(target, &other).await?;
        }
        if !keys.is_empty() {
            self.turn
                .query(
                    "INSERT INTO tieline_needs (tenant, entity_id, needed, target_id, key)
                     SELECT $1, u.entity_id, u.needed, $2, u.key
                     FROM unnest($3::bigint[], $4::text[], $5::text[]) AS u (entity_id, needed, key)",
                )
                .bind(target)
                .bind(entities)
                .bind(needed)
                .bind(keys)
                .execute(self.turn.on())
                .await?;
        }
        match seen {
            Some(seen) if !looking.is_empty() => self.mark_overtaken(target, &looking, seen).await,
            _ => Ok(()),
        }
    }

    async fn with_numbers(&mut self, looked_up: &BTreeSet<(EntityName, Key)>) -> Result<LookedUp, Fault> {
        let mut numbered = LookedUp::new();
        for (entity, key) in looked_up {
            let number = match self.entities.get(entity) {
                Some(number) => *number,
                None => {
                    let number = entity_id(self.turn, self.synced_id, entity).await?;
                    self.entities.insert(entity.clone(), number);
                    number
                }
            };
            numbered.insert((number, key.as_str().to_owned()));
        }
        Ok(numbered)
    }

    /// Answers how many there were.
    pub(super) async fn delete_rows(&mut self, target: i64, keys: &[&str]) -> Result<u64, Fault> {
        let done = self
            .turn
            .query("DELETE FROM tieline_rows WHERE tenant = $1 AND target_id = $2 AND key = ANY ($3)")
            .bind(target)
            .bind(keys)
            .execute(self.turn.on())
            .await?;
        Ok(done.rows_affected())
    }

    pub(super) async fn forget_look_ups(&mut self, target: i64, keys: &[&str]) -> Result<(), Fault> {
        self.turn
            .query("DELETE FROM tieline_needs WHERE tenant = $1 AND target_id = $2 AND key = ANY ($3)")
            .bind(target)
            .bind(keys)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }
}
