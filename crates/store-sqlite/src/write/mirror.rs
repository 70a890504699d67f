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

/// A row to write.
struct Write<'r> {
    id: i64,
    record: &'r Record,
    changed_in: i64,
    hash: [u8; 16],
}

/// What becomes of some keys.
#[derive(Default)]
struct Outcome<'r> {
    /// Records to write, and those of them whose payload is new.
    records: Vec<Write<'r>>,
    payloads: Vec<(i64, &'r str)>,
    /// Records that were only seen.
    seen: Vec<i64>,
    gone: Vec<i64>,
    gone_keys: Vec<&'r Key>,
    changed: Vec<Key>,
}

impl Work<'_> {
    pub(super) async fn apply_mirror(
        &mut self,
        entity: &EntityName,
        effects: &BTreeMap<Key, Effect>,
        mark: Mark,
    ) -> Result<(), Fault> {
        let entity_id = entity_id(self.connection, self.connection_id, entity).await?;
        let effects: Vec<(&Key, &Effect)> = effects.iter().collect();
        for chunk in effects.chunks(lists::KEYS) {
            let stored = self.stored(entity_id, chunk).await?;
            let next_id: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM tieline_records")
                .fetch_one(&mut *self.connection)
                .await?;
            let outcome = self.decide(chunk, &stored, mark, next_id);
            self.write(entity_id, mark, outcome).await?;
        }
        Ok(())
    }

    async fn stored(
        &mut self,
        entity_id: i64,
        effects: &[(&Key, &Effect)],
    ) -> Result<HashMap<String, Stored>, Fault> {
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT key, id, stream_id, generation, changed_in, hash, changed_at, version
             FROM tieline_records
             WHERE entity_id = ? AND key IN (SELECT value FROM json_each(?))",
        )
        .bind(entity_id)
        .bind(lists::keys(effects.iter().map(|(key, _)| *key)))
        .fetch_all(&mut *self.connection)
        .await?;
        Ok(stored.into_iter().map(|stored| (stored.key.clone(), stored)).collect())
    }

    fn decide<'r>(
        &mut self,
        effects: &[(&'r Key, &'r Effect)],
        stored: &HashMap<String, Stored>,
        mark: Mark,
        mut next_id: i64,
    ) -> Outcome<'r> {
        let mut outcome = Outcome::default();
        for (key, effect) in effects {
            let stored = stored.get(key.as_str());
            match (effect, stored) {
                (Effect::Upsert(record), None) => {
                    self.tally.mirror.created += 1;
                    let hash = content_hash(record.payload.get());
                    outcome.records.push(Write { id: next_id, record, changed_in: self.sequence, hash });
                    outcome.payloads.push((next_id, record.payload.get()));
                    outcome.changed.push(record.key.clone());
                    next_id += 1;
                }
                (Effect::Upsert(record), Some(stored)) => {
                    let hash = content_hash(record.payload.get());
                    if stored.hash != hash {
                        self.tally.mirror.updated += 1;
                        outcome.records.push(Write {
                            id: stored.id,
                            record,
                            changed_in: self.sequence,
                            hash,
                        });
                        outcome.payloads.push((stored.id, record.payload.get()));
                        outcome.changed.push(record.key.clone());
                        continue;
                    }
                    self.tally.mirror.unchanged += 1;
                    if !same_text(&stored.changed_at, &record.changed_at)
                        || !same_text(&stored.version, &record.version)
                    {
                        let changed_in = stored.changed_in;
                        outcome.records.push(Write { id: stored.id, record, changed_in, hash });
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
                    outcome.gone_keys.push(key);
                    outcome.changed.push((*key).clone());
                }
                (Effect::Delete | Effect::DeleteFromStream, None) => {}
            }
        }
        outcome
    }

    async fn write(&mut self, entity_id: i64, mark: Mark, outcome: Outcome<'_>) -> Result<(), Fault> {
        let Outcome { records, payloads, seen, gone, gone_keys, changed } = outcome;
        lists::insert(
            self.connection,
            "INSERT INTO tieline_records
                 (id, entity_id, key, stream_id, generation, changed_in, hash, changed_at, version) ",
            " ON CONFLICT (id) DO UPDATE SET stream_id = excluded.stream_id, generation = excluded.generation,
                 changed_in = excluded.changed_in, hash = excluded.hash, changed_at = excluded.changed_at,
                 version = excluded.version",
            records,
            |values, write| {
                values
                    .push_bind(write.id)
                    .push_bind(entity_id)
                    .push_bind(write.record.key.as_str())
                    .push_bind(mark.stream)
                    .push_bind(mark.generation)
                    .push_bind(write.changed_in)
                    .push_bind(write.hash.to_vec())
                    .push_bind(write.record.changed_at.as_ref().map(Text::as_str))
                    .push_bind(write.record.version.as_ref().map(Text::as_str));
            },
        )
        .await?;
        lists::insert(
            self.connection,
            "INSERT INTO tieline_payloads (record_id, payload) ",
            " ON CONFLICT (record_id) DO UPDATE SET payload = excluded.payload",
            payloads,
            |values, (id, payload)| {
                values.push_bind(id).push_bind(payload);
            },
        )
        .await?;
        if !seen.is_empty() {
            sqlx::query(
                "UPDATE tieline_records SET stream_id = ?, generation = ?
                 WHERE id IN (SELECT value FROM json_each(?))",
            )
            .bind(mark.stream)
            .bind(mark.generation)
            .bind(lists::ids(&seen))
            .execute(&mut *self.connection)
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

    /// Deletes records with their rows.
    async fn delete(&mut self, entity_id: i64, ids: &[i64], keys: &[&Key]) -> Result<(), Fault> {
        let (ids, keys) = (lists::ids(ids), lists::keys(keys.iter().copied()));
        for statement in [
            "DELETE FROM tieline_payloads WHERE record_id IN (SELECT value FROM json_each(?))",
            "DELETE FROM tieline_records WHERE id IN (SELECT value FROM json_each(?))",
        ] {
            sqlx::query(statement).bind(ids.as_str()).execute(&mut *self.connection).await?;
        }
        sqlx::query("UPDATE tieline_entities SET deleted_in = ? WHERE id = ?")
            .bind(self.sequence)
            .bind(entity_id)
            .execute(&mut *self.connection)
            .await?;
        let targets: Vec<i64> = sqlx::query_scalar("SELECT id FROM tieline_targets WHERE entity_id = ?")
            .bind(entity_id)
            .fetch_all(&mut *self.connection)
            .await?;
        for target in targets {
            self.tally.target.deleted += self.delete_rows(target, &keys).await?;
            self.forget_look_ups(target, &keys).await?;
            self.unmark(target, &keys).await?;
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
