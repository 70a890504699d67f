//! Provider records.

use std::collections::{BTreeMap, HashMap};

use tieline_core::{EntityName, Key, Record, Text};
use tieline_store::plan::{Effect, content_hash};

use super::{Mark, Work, entity_id};
use crate::fault::Fault;
use crate::lists;

/// What is stored of a record, without its payload.
#[derive(sqlx::FromRow)]
struct Stored {
    key: String,
    id: i64,
    stream_id: i64,
    generation: i64,
    changed_in: i64,
    hash: Vec<u8>,
    changed_at: Option<String>,
    version: Option<String>,
}

/// Records to write, a column each.
#[derive(Default)]
struct Columns<'r> {
    keys: Vec<&'r str>,
    /// Of records that are there already.
    ids: Vec<i64>,
    changed_in: Vec<i64>,
    hashes: Vec<[u8; 16]>,
    changed_at: Vec<Option<&'r str>>,
    versions: Vec<Option<&'r str>>,
    payloads: Vec<&'r str>,
}

impl<'r> Columns<'r> {
    fn push(&mut self, record: &'r Record, hash: [u8; 16]) {
        self.keys.push(record.key.as_str());
        self.hashes.push(hash);
        self.changed_at.push(record.changed_at.as_ref().map(Text::as_str));
        self.versions.push(record.version.as_ref().map(Text::as_str));
        self.payloads.push(record.payload.get());
    }
}

/// What becomes of some keys.
#[derive(Default)]
struct Outcome<'r> {
    created: Columns<'r>,
    /// Records with another payload.
    updated: Columns<'r>,
    /// Records with the same payload, but another time or version.
    touched: Columns<'r>,
    /// Records that were only seen.
    seen: Vec<i64>,
    gone: Vec<i64>,
    gone_keys: Vec<&'r str>,
    changed: Vec<Key>,
}

impl Work<'_> {
    pub(super) async fn apply_mirror(
        &mut self,
        entity: &EntityName,
        effects: &BTreeMap<Key, Effect>,
        mark: Mark,
    ) -> Result<(), Fault> {
        let entity_id = entity_id(self.turn, self.synced_id, entity).await?;
        let effects: Vec<(&Key, &Effect)> = effects.iter().collect();
        for chunk in effects.chunks(lists::KEYS) {
            let stored = self.stored(entity_id, chunk).await?;
            let outcome = self.decide(chunk, &stored, mark);
            self.write(entity_id, mark, outcome).await?;
        }
        Ok(())
    }

    async fn stored(
        &mut self,
        entity_id: i64,
        effects: &[(&Key, &Effect)],
    ) -> Result<HashMap<String, Stored>, Fault> {
        let stored: Vec<Stored> = self
            .turn
            .rows(
                "SELECT key, id, stream_id, generation, changed_in, hash, changed_at, version
                 FROM tieline_records WHERE tenant = $1 AND entity_id = $2 AND key = ANY ($3)",
            )
            .bind(entity_id)
            .bind(lists::keys(effects.iter().map(|(key, _)| *key)))
            .fetch_all(self.turn.on())
            .await?;
        Ok(stored.into_iter().map(|stored| (stored.key.clone(), stored)).collect())
    }

    fn decide<'r>(
        &mut self,
        effects: &[(&'r Key, &'r Effect)],
        stored: &HashMap<String, Stored>,
        mark: Mark,
    ) -> Outcome<'r> {
        let mut outcome = Outcome::default();
        for (key, effect) in effects {
            let stored = stored.get(key.as_str());
            match (effect, stored) {
                (Effect::Upsert(record), None) => {
                    self.tally.mirror.created += 1;
                    outcome.created.push(record, content_hash(record.payload.get()));
                    outcome.changed.push(record.key.clone());
                }
                (Effect::Upsert(record), Some(stored)) => {
                    let hash = content_hash(record.payload.get());
                    if stored.hash != hash {
                        self.tally.mirror.updated += 1;
                        outcome.updated.ids.push(stored.id);
                        outcome.updated.changed_in.push(self.sequence);
                        outcome.updated.push(record, hash);
                        outcome.changed.push(record.key.clone());
                        continue;
                    }
                    self.tally.mirror.unchanged += 1;
                    if !same_text(&stored.changed_at, &record.changed_at)
                        || !same_text(&stored.version, &record.version)
                    {
                        outcome.touched.ids.push(stored.id);
                        outcome.touched.changed_in.push(stored.changed_in);
                        outcome.touched.push(record, hash);
                    } else if !stored.has(mark) {
                        outcome.seen.push(stored.id);
                    }
                }
                (Effect::Present, Some(stored)) if !stored.has(mark) => outcome.seen.push(stored.id),
                (Effect::Present, Some(_)) => {}
                (Effect::Present, None) => self.tally.unknown += 1,
                (Effect::DeleteFromStream, Some(stored)) if stored.stream_id != mark.stream => {}
                (Effect::Delete | Effect::DeleteFromStream, Some(stored)) => {
                    self.tally.mirror.deleted += 1;
                    outcome.gone.push(stored.id);
                    outcome.gone_keys.push(key.as_str());
                    outcome.changed.push((*key).clone());
                }
                (Effect::Delete | Effect::DeleteFromStream, None) => {}
            }
        }
        outcome
    }

    async fn write(&mut self, entity_id: i64, mark: Mark, outcome: Outcome<'_>) -> Result<(), Fault> {
        let Outcome { created, updated, touched, seen, gone, gone_keys, changed } = outcome;
        if !created.keys.is_empty() {
            self.create(entity_id, mark, created).await?;
        }
        if !updated.ids.is_empty() {
            self.turn
                .query(
                    "UPDATE tieline_payloads p SET payload = u.payload
                     FROM unnest($2::bigint[], $3::text[]) AS u (id, payload)
                     WHERE p.tenant = $1 AND p.record_id = u.id",
                )
                .bind(&updated.ids)
                .bind(&updated.payloads)
                .execute(self.turn.on())
                .await?;
            self.update(mark, updated).await?;
        }
        if !touched.ids.is_empty() {
            self.update(mark, touched).await?;
        }
        if !seen.is_empty() {
            self.turn
                .query(
                    "UPDATE tieline_records SET stream_id = $2, generation = $3
                     WHERE tenant = $1 AND id = ANY ($4)",
                )
                .bind(mark.stream)
                .bind(mark.generation)
                .bind(seen)
                .execute(self.turn.on())
                .await?;
        }
        if !gone.is_empty() {
            self.delete(entity_id, &gone, &gone_keys).await?;
        }
        if !changed.is_empty() {
            self.changed.push((entity_id, changed));
        }
        Ok(())
    }

    async fn create(&mut self, entity_id: i64, mark: Mark, records: Columns<'_>) -> Result<(), Fault> {
        self.turn
            .query(
                "WITH new AS (
                     INSERT INTO tieline_records
                         (tenant, entity_id, key, stream_id, generation, changed_in, hash, changed_at, version)
                     SELECT $1, $2, u.key, $3, $4, $5, u.hash, u.changed_at, u.version
                     FROM unnest($6::text[], $7::bytea[], $8::text[], $9::text[])
                         AS u (key, hash, changed_at, version)
                     RETURNING id, key
                 )
                 INSERT INTO tieline_payloads (record_id, tenant, payload)
                 SELECT new.id, $1, u.payload
                 FROM new JOIN unnest($6::text[], $10::text[]) AS u (key, payload) ON u.key = new.key",
            )
            .bind(entity_id)
            .bind(mark.stream)
            .bind(mark.generation)
            .bind(self.sequence)
            .bind(records.keys)
            .bind(records.hashes)
            .bind(records.changed_at)
            .bind(records.versions)
            .bind(records.payloads)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }

    async fn update(&mut self, mark: Mark, records: Columns<'_>) -> Result<(), Fault> {
        self.turn
            .query(
                "UPDATE tieline_records r
                 SET stream_id = $2, generation = $3, changed_in = u.changed_in, hash = u.hash,
                     changed_at = u.changed_at, version = u.version
                 FROM unnest($4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::text[])
                     AS u (id, changed_in, hash, changed_at, version)
                 WHERE r.tenant = $1 AND r.id = u.id",
            )
            .bind(mark.stream)
            .bind(mark.generation)
            .bind(records.ids)
            .bind(records.changed_in)
            .bind(records.hashes)
            .bind(records.changed_at)
            .bind(records.versions)
            .execute(self.turn.on())
            .await?;
        Ok(())
    }

    /// Deletes records with their rows.
    async fn delete(&mut self, entity_id: i64, ids: &[i64], keys: &[&str]) -> Result<(), Fault> {
        for statement in [
            "DELETE FROM tieline_payloads WHERE tenant = $1 AND record_id = ANY ($2)",
            "DELETE FROM tieline_records WHERE tenant = $1 AND id = ANY ($2)",
        ] {
            self.turn.query(statement).bind(ids).execute(self.turn.on()).await?;
        }
        self.turn
            .query("UPDATE tieline_entities SET deleted_in = $2 WHERE tenant = $1 AND id = $3")
            .bind(self.sequence)
            .bind(entity_id)
            .execute(self.turn.on())
            .await?;
        let targets: Vec<i64> = self
            .turn
            .values("SELECT id FROM tieline_targets WHERE tenant = $1 AND entity_id = $2")
            .bind(entity_id)
            .fetch_all(self.turn.on())
            .await?;
        for target in targets {
            self.tally.target.deleted += self.delete_rows(target, keys).await?;
            self.forget_look_ups(target, keys).await?;
            self.unmark(target, keys).await?;
        }
        Ok(())
    }
}

impl Stored {
    fn has(&self, mark: Mark) -> bool {
        self.stream_id == mark.stream && self.generation == mark.generation
    }
}

fn same_text(stored: &Option<String>, new: &Option<Text>) -> bool {
    stored.as_deref() == new.as_ref().map(Text::as_str)
}
