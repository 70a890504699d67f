//! Mapped rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tieline_core::{EntityName, Key, RawJson, Result};
use tieline_store::TargetName;
use tieline_store::plan::{self, CommitPlan, RowEffect, content_hash};

use super::KEYS;
use super::commit::{Target, Work};
use crate::sink::RowChange;
use crate::sql::{Bulk, Column, Sql};
use crate::tx::{all, args, first};

/// What a mapping looked up: the number of the entity, the field (empty for the key), the value.
type Needs = BTreeSet<(i64, String, String)>;

/// The hash of a row that a sink refused: longer than that of its fields, so that sinks get it again, though it is unchanged.
pub(super) fn refused_hash(fields: &RawJson) -> Vec<u8> {
    let mut hash = content_hash(fields.get()).to_vec();
    hash.push(0);
    hash
}

type Effects<'r> = Vec<(&'r Key, &'r RowEffect)>;

impl Work<'_> {
    /// `seen` counts the commits that the rows' mapping has seen.
    pub(super) async fn apply_rows(
        &mut self,
        name: &TargetName,
        effects: &BTreeMap<Key, RowEffect>,
        plan: &CommitPlan,
        seen: Option<i64>,
    ) -> Result<()> {
        static FIND: Sql = Sql::new(
            "SELECT t.id, e.name, e.id,
                 EXISTS (SELECT 1 FROM tieline.stale s WHERE s.tenant = $1 AND s.target_id = t.id),
                 EXISTS (SELECT 1 FROM tieline.needs n WHERE n.tenant = $1 AND n.target_id = t.id)
             FROM tieline.targets t JOIN tieline.entities e ON e.tenant = $1 AND e.id = t.entity_id
             WHERE t.tenant = $1 AND t.synced_id = $2 AND t.name = $3",
        );
        let stored: Option<(i64, String, i64, bool, bool)> =
            first(self.tx, &FIND, args![self.synced_id, name.as_str()]).await?;
        let (id, entity, entity_id, stale, looking) = stored.ok_or_else(|| plan::not_opened(name))?;
        if !stale {
            self.not_stale.insert(id);
        }
        if !looking {
            self.not_looking.insert(id);
        }
        let (target, entity) = (Target { id, name: name.clone() }, EntityName::from(entity));
        let effects: Effects<'_> = effects.iter().collect();
        for chunk in effects.chunks(KEYS) {
            let (mut current, outdated) = self.sort_out((&entity, entity_id), chunk, plan, seen).await?;
            if plan.hold_removals {
                self.hold_removals(target.id, &mut current).await?;
            }
            if !outdated.is_empty() {
                self.mark(target.id, outdated).await?;
            }
            if !current.is_empty() {
                self.write_rows(&target, entity_id, &current).await?;
                self.write_needs(target.id, entity_id, &current, seen).await?;
            }
        }
        Ok(())
    }

    /// Leaves out what has no record any more. Returns what holds, and the keys whose record changed since.
    async fn sort_out<'r>(
        &mut self,
        (entity, entity_id): (&EntityName, i64),
        effects: &[(&'r Key, &'r RowEffect)],
        plan: &CommitPlan,
        seen: Option<i64>,
    ) -> Result<(Effects<'r>, Vec<&'r str>)> {
        static CHANGED_IN: Sql = Sql::new(
            "SELECT key, changed_in FROM tieline.records
             WHERE tenant = $1 AND {keys entity_id = $2, key in $3}",
        );
        // What the commit brings is there, and as new as can be.
        let others = effects.iter().filter(|(key, _)| !plan.brings(entity, key));
        let keys: Vec<&str> = others.map(|(key, _)| key.as_str()).collect();
        let mut records: HashMap<String, i64> = HashMap::new();
        if !keys.is_empty() {
            let stored: Vec<(String, i64)> = all(self.tx, &CHANGED_IN, args![entity_id, &keys]).await?;
            records.extend(stored);
        }
        let (mut current, mut outdated) = (Vec::with_capacity(effects.len()), Vec::new());
        for (key, effect) in effects {
            if plan.brings(entity, key) {
                current.push((*key, *effect));
                continue;
            }
            match records.get(key.as_str()) {
                None => self.tally.outdated += u64::from(effect.fields.is_some()),
                Some(changed_in) if seen.is_some_and(|seen| *changed_in > seen) => {
                    self.tally.outdated += 1;
                    outdated.push(key.as_str());
                }
                Some(_) => current.push((*key, *effect)),
            }
        }
        Ok((current, outdated))
    }

    /// Takes out the removals of rows that are there, and marks them instead.
    async fn hold_removals(&mut self, target: i64, effects: &mut Effects<'_>) -> Result<()> {
        static THERE: Sql = Sql::new(
            "SELECT key FROM tieline.rows
             WHERE tenant = $1 AND {keys target_id = $2, key in $3} AND fields IS NOT NULL",
        );
        let removals = effects.iter().filter(|(_, effect)| effect.fields.is_none());
        let removals: Vec<&str> = removals.map(|(key, _)| key.as_str()).collect();
        if removals.is_empty() {
            return Ok(());
        }
        let held: Vec<(String,)> = all(self.tx, &THERE, args![target, &removals]).await?;
        if held.is_empty() {
            return Ok(());
        }
        let held: HashSet<String> = held.into_iter().map(|(key,)| key).collect();
        effects.retain(|(key, effect)| effect.fields.is_some() || !held.contains(key.as_str()));
        self.tally.held += held.len() as u64;
        self.mark(target, held.iter().map(String::as_str).collect()).await
    }

    /// The keys whose records were there before this commit. The others have no row, no mark and no needs.
    fn known_before<'r>(&self, entity_id: i64, effects: &[(&'r Key, &'r RowEffect)]) -> Vec<&'r str> {
        let created = self.created.get(&entity_id);
        let known = effects.iter().filter(|(key, _)| !created.is_some_and(|created| created.contains(*key)));
        known.map(|(key, _)| key.as_str()).collect()
    }

    async fn write_rows(
        &mut self,
        target: &Target,
        entity_id: i64,
        effects: &[(&Key, &RowEffect)],
    ) -> Result<()> {
        static STORED: Sql = Sql::new(
            "SELECT key, hash FROM tieline.rows
             WHERE tenant = $1 AND {keys target_id = $2, key in $3} AND fields IS NOT NULL",
        );
        static ROWS: Bulk = Bulk::new(
            "tieline.rows (tenant, target_id, changed_in, key, hash, fields)",
            3,
            &["text", "bytea", "text"],
            "ON CONFLICT (target_id, key) DO UPDATE SET hash = excluded.hash, fields = excluded.fields,
                 changed_in = excluded.changed_in",
        );
        let known = self.known_before(entity_id, effects);
        let mut stored: HashMap<String, Vec<u8>> = HashMap::new();
        if !known.is_empty() {
            let rows: Vec<(String, Vec<u8>)> = all(self.tx, &STORED, args![target.id, &known]).await?;
            stored.extend(rows);
        }
        let (mut changed, mut refused, mut gone) = (Vec::new(), Vec::new(), Vec::new());
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
                Some(stored) if stored.starts_with(&hash) => {
                    self.tally.target.unchanged += 1;
                    refused.push((*key, hash.to_vec()));
                    self.tell(target, [RowChange::put((*key).clone(), fields.clone())]);
                    continue;
                }
                Some(_) => self.tally.target.updated += 1,
                None => self.tally.target.created += 1,
            }
            changed.push((*key, hash, fields));
        }
        self.write_hashes(target.id, &refused).await?;
        if !changed.is_empty() {
            let columns = [
                Column::Texts(changed.iter().map(|(key, ..)| key.as_str()).collect()),
                Column::Bytes(changed.iter().map(|(_, hash, _)| hash.as_slice()).collect()),
                Column::Texts(changed.iter().map(|(.., fields)| fields.get()).collect()),
            ];
            self.tx.insert(&ROWS, args![target.id, self.sequence], &columns).await?;
            let put = |(key, _, fields): (&Key, _, &RawJson)| RowChange::put(key.clone(), fields.clone());
            self.tell(target, changed.into_iter().map(put));
        }
        if !gone.is_empty() {
            self.delete_rows(target, &gone).await?;
        }
        self.unmark(target.id, &known).await
    }

    /// Changes the hashes of rows that are there.
    pub(super) async fn write_hashes(&mut self, target: i64, hashes: &[(&Key, Vec<u8>)]) -> Result<()> {
        static HASHES: Bulk = Bulk::new(
            "tieline.rows (tenant, target_id, changed_in, key, hash)",
            3,
            &["text", "bytea"],
            "ON CONFLICT (target_id, key) DO UPDATE SET hash = excluded.hash",
        );
        let columns = [
            Column::Texts(hashes.iter().map(|(key, _)| key.as_str()).collect()),
            Column::Bytes(hashes.iter().map(|(_, hash)| hash.as_slice()).collect()),
        ];
        self.tx.insert(&HASHES, args![target, self.sequence], &columns).await.map(drop)
    }

    async fn write_needs(
        &mut self,
        target: i64,
        entity_id: i64,
        effects: &[(&Key, &RowEffect)],
        seen: Option<i64>,
    ) -> Result<()> {
        static STORED: Sql = Sql::new(
            "SELECT key, entity_id, field, needed FROM tieline.needs
             WHERE tenant = $1 AND {keys target_id = $2, key in $3}",
        );
        static NEEDS: Bulk = Bulk::new(
            "tieline.needs (tenant, target_id, entity_id, field, needed, key)",
            2,
            &["bigint", "text", "text", "text"],
            "",
        );
        let known = self.known_before(entity_id, effects);
        let mut stored_by_key: HashMap<String, Needs> = HashMap::new();
        if !known.is_empty() && !self.not_looking.contains(&target) {
            let stored: Vec<(String, i64, String, String)> =
                all(self.tx, &STORED, args![target, &known]).await?;
            for (key, entity, field, needed) in stored {
                stored_by_key.entry(key).or_default().insert((entity, field, needed));
            }
        }

        let (mut other, mut looking, mut added) = (Vec::new(), Vec::new(), Vec::new());
        for (key, effect) in effects {
            let needs = self.numbered(&effect.looked_up).await?;
            if !needs.is_empty() {
                looking.push(key.as_str());
            }
            let before = stored_by_key.remove(key.as_str()).unwrap_or_default();
            if before != needs {
                if !before.is_empty() {
                    other.push(key.as_str());
                }
                added.extend(needs.into_iter().map(|need| (need, key.as_str())));
            }
        }
        if !other.is_empty() {
            self.forget_needs(target, &other).await?;
        }
        if !added.is_empty() {
            let columns = [
                Column::Ints(added.iter().map(|((entity, ..), _)| *entity).collect()),
                Column::Texts(added.iter().map(|((_, field, _), _)| field.as_str()).collect()),
                Column::Texts(added.iter().map(|((.., needed), _)| needed.as_str()).collect()),
                Column::Texts(added.iter().map(|(_, key)| *key).collect()),
            ];
            self.tx.insert(&NEEDS, args![target], &columns).await?;
            self.not_looking.remove(&target);
            for ((entity, ..), _) in &added {
                self.not_looked_up.remove(entity);
            }
        }
        match seen {
            Some(seen) if !looking.is_empty() => self.mark_overtaken(target, &looking, seen).await,
            _ => Ok(()),
        }
    }

    async fn numbered(&mut self, looked_up: &BTreeSet<plan::LookedUp>) -> Result<Needs> {
        let mut needs = Needs::new();
        for plan::LookedUp { entity, by, value, .. } in looked_up {
            let by = by.as_ref().map_or("", |by| by.as_str());
            needs.insert((self.entity_id(entity).await?, by.to_owned(), value.as_str().to_owned()));
        }
        Ok(needs)
    }

    /// Deletes rows. What is left of each tells readers of changes that it went.
    pub(super) async fn delete_rows(&mut self, target: &Target, keys: &[&str]) -> Result<()> {
        static DELETE: Sql = Sql::new(
            "UPDATE tieline.rows SET fields = NULL, changed_in = $4
             WHERE tenant = $1 AND {keys target_id = $2, key in $3} AND fields IS NOT NULL RETURNING key",
        );
        let gone: Vec<(String,)> = all(self.tx, &DELETE, args![target.id, keys, self.sequence]).await?;
        self.tally.target.deleted += gone.len() as u64;
        self.tell(target, gone.into_iter().map(|(key,)| RowChange::removed(Key::from(key))));
        Ok(())
    }

    pub(super) async fn forget_needs(&mut self, target: i64, keys: &[&str]) -> Result<()> {
        static FORGET: Sql =
            Sql::new("DELETE FROM tieline.needs WHERE tenant = $1 AND {keys target_id = $2, key in $3}");
        self.tx.run(&FORGET, args![target, keys]).await.map(drop)
    }
}
