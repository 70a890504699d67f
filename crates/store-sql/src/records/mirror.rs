//! Provider records.

use std::collections::{BTreeMap, HashMap};

use tieline_core::{EntityName, Key, Record, Result, Text};
use tieline_store::plan::{Effect, content_hash};

use super::KEYS;
use super::commit::{SeenIn, Work};
use crate::sql::{Bulk, Column, Sql};
use crate::tx::{all, args};
use crate::value::{FromRow, Row};

/// What is stored of a record, without its payload.
struct Stored {
    key: String,
    stream_id: i64,
    generation: i64,
    changed_in: i64,
    hash: Vec<u8>,
    changed_at: Option<String>,
    version: Option<String>,
}

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        Ok(Self {
            key: row.take()?,
            stream_id: row.take()?,
            generation: row.take()?,
            changed_in: row.take()?,
            hash: row.take()?,
            changed_at: row.take()?,
            version: row.take()?,
        })
    }
}

/// What becomes of some keys.
#[derive(Default)]
struct Outcome<'r> {
    /// Records to write, with the commit that last changed their payload.
    written: Vec<(&'r Record, i64, [u8; 16])>,
    /// Of them, those whose payload is new.
    changed: Vec<&'r Record>,
    /// Records that were only seen, and those of them that another stream saw last.
    seen: Vec<&'r str>,
    moved: Vec<&'r str>,
    gone: Vec<&'r Key>,
    /// Records that are gone and stay for the time being.
    held: Vec<&'r str>,
    /// Keys that are no longer pending, and those that are no longer gone.
    decided: Vec<&'r str>,
    there: Vec<&'r str>,
}

impl Work<'_> {
    pub(super) async fn apply_mirror(
        &mut self,
        entity: &EntityName,
        effects: &BTreeMap<Key, Effect>,
        seen_in: SeenIn,
    ) -> Result<()> {
        static STORED: Sql = Sql::new(
            "SELECT key, stream_id, generation, changed_in, hash, changed_at, version
             FROM tieline.records WHERE tenant = $1 AND {keys entity_id = $2, key in $3}",
        );
        let entity_id = self.entity_id(entity).await?;
        let effects: Vec<(&Key, &Effect)> = effects.iter().collect();
        for chunk in effects.chunks(KEYS) {
            let keys: Vec<&str> = chunk.iter().map(|(key, _)| key.as_str()).collect();
            let stored: Vec<Stored> = all(self.tx, &STORED, args![entity_id, &keys]).await?;
            let stored: HashMap<String, Stored> =
                stored.into_iter().map(|stored| (stored.key.clone(), stored)).collect();
            let created = self.created.entry(entity_id).or_default();
            let made = chunk.iter().filter(|(key, effect)| {
                matches!(effect, Effect::Upsert(_)) && !stored.contains_key(key.as_str())
            });
            created.extend(made.map(|(key, _)| (*key).clone()));
            let outcome = self.decide(chunk, &stored, seen_in);
            self.write(entity_id, seen_in, outcome).await?;
        }
        Ok(())
    }

    fn decide<'r>(
        &mut self,
        effects: &[(&'r Key, &'r Effect)],
        stored: &HashMap<String, Stored>,
        seen_in: SeenIn,
    ) -> Outcome<'r> {
        let mut outcome = Outcome::default();
        for (key, effect) in effects {
            let stored = stored.get(key.as_str());
            match effect {
                Effect::Hold if stored.is_some() => {
                    self.tally.held_deletions += 1;
                    outcome.held.push(key.as_str());
                }
                Effect::Upsert(_) | Effect::Delete | Effect::Hold => outcome.decided.push(key.as_str()),
                Effect::Present => outcome.there.push(key.as_str()),
                // Deleting it does the rest.
                Effect::DeleteFromStream => {}
            }
            match (effect, stored) {
                (Effect::Hold, _) => {}
                (Effect::Upsert(record), stored) => {
                    let hash = content_hash(record.payload.get());
                    match stored {
                        Some(stored) if stored.hash == hash => {
                            self.tally.mirror.unchanged += 1;
                            if !stored.has_facts(record) {
                                outcome.written.push((record, stored.changed_in, hash));
                            } else {
                                outcome.note_seen(stored, key, seen_in);
                            }
                            continue;
                        }
                        Some(_) => self.tally.mirror.updated += 1,
                        None => self.tally.mirror.created += 1,
                    }
                    outcome.written.push((record, self.sequence, hash));
                    outcome.changed.push(record);
                }
                (Effect::Present, Some(stored)) => outcome.note_seen(stored, key, seen_in),
                (Effect::Present, None) => self.tally.unknown += 1,
                (Effect::DeleteFromStream, Some(stored)) if stored.stream_id != seen_in.stream => {}
                (Effect::Delete | Effect::DeleteFromStream, Some(_)) => {
                    self.tally.mirror.deleted += 1;
                    outcome.gone.push(key);
                }
                (Effect::Delete | Effect::DeleteFromStream, None) => {}
            }
        }
        outcome
    }

    async fn write(&mut self, entity_id: i64, seen_in: SeenIn, outcome: Outcome<'_>) -> Result<()> {
        static RECORDS: Bulk = Bulk::new(
            "tieline.records
                 (tenant, entity_id, stream_id, generation, key, changed_in, hash, changed_at, version)",
            4,
            &["text", "bigint", "bytea", "text", "text"],
            "ON CONFLICT (entity_id, key) DO UPDATE SET stream_id = excluded.stream_id,
                 generation = excluded.generation, changed_in = excluded.changed_in, hash = excluded.hash,
                 changed_at = excluded.changed_at, version = excluded.version",
        );
        static PAYLOADS: Bulk = Bulk::new(
            "tieline.payloads (tenant, entity_id, key, payload)",
            2,
            &["text", "text"],
            "ON CONFLICT (entity_id, key) DO UPDATE SET payload = excluded.payload",
        );
        // A column of an index is written only where it changes.
        static SEEN: Sql = Sql::new(
            "UPDATE tieline.records SET generation = $3 WHERE tenant = $1 AND {keys entity_id = $2, key in $4}",
        );
        static MOVED: Sql = Sql::new(
            "UPDATE tieline.records SET generation = $3, stream_id = $5
             WHERE tenant = $1 AND {keys entity_id = $2, key in $4}",
        );
        let Outcome { written, changed, seen, moved, gone, held, decided, there } = outcome;
        self.decide_pending(entity_id, &decided, &there).await?;
        if !held.is_empty() {
            self.note_gone(entity_id, seen_in.stream, &held).await?;
        }
        if !written.is_empty() {
            let columns = [
                Column::Texts(written.iter().map(|(record, ..)| record.key.as_str()).collect()),
                Column::Ints(written.iter().map(|(_, changed_in, _)| *changed_in).collect()),
                Column::Bytes(written.iter().map(|(_, _, hash)| hash.as_slice()).collect()),
                Column::OptTexts(written.iter().map(|(record, ..)| text(&record.changed_at)).collect()),
                Column::OptTexts(written.iter().map(|(record, ..)| text(&record.version)).collect()),
            ];
            self.tx.insert(&RECORDS, args![entity_id, seen_in.stream, seen_in.generation], &columns).await?;
        }
        if !changed.is_empty() {
            let columns = [
                Column::Texts(changed.iter().map(|record| record.key.as_str()).collect()),
                Column::Texts(changed.iter().map(|record| record.payload.get()).collect()),
            ];
            self.tx.insert(&PAYLOADS, args![entity_id], &columns).await?;
            self.index_records(entity_id, &changed).await?;
            let noted = self.changed.entry(entity_id).or_default();
            noted.keys.extend(changed.iter().map(|record| record.key.clone()));
            noted.kept.extend(changed.iter().map(|record| record.key.clone()));
        }
        if !seen.is_empty() {
            self.tx.run(&SEEN, args![entity_id, seen_in.generation, &seen]).await?;
        }
        if !moved.is_empty() {
            self.tx.run(&MOVED, args![entity_id, seen_in.generation, &moved, seen_in.stream]).await?;
        }
        if !gone.is_empty() {
            self.delete(entity_id, &gone).await?;
        }
        Ok(())
    }

    /// Deletes records with their rows.
    pub(super) async fn delete(&mut self, entity_id: i64, gone: &[&Key]) -> Result<()> {
        static PAYLOADS: Sql =
            Sql::new("DELETE FROM tieline.payloads WHERE tenant = $1 AND {keys entity_id = $2, key in $3}");
        static RECORDS: Sql =
            Sql::new("DELETE FROM tieline.records WHERE tenant = $1 AND {keys entity_id = $2, key in $3}");
        let keys: Vec<&str> = gone.iter().map(|key| key.as_str()).collect();
        for statement in [&PAYLOADS, &RECORDS] {
            self.tx.run(statement, args![entity_id, &keys]).await?;
        }
        self.forget_indexed(entity_id, &keys).await?;
        self.decide_pending(entity_id, &keys, &[]).await?;
        for target in self.targets_of(entity_id).await?.iter() {
            self.delete_rows(target, &keys).await?;
            self.forget_needs(target.id, &keys).await?;
            self.unmark(target.id, &keys).await?;
        }
        let noted = self.changed.entry(entity_id).or_default();
        noted.keys.extend(gone.iter().map(|key| (*key).clone()));
        noted.deleted = true;
        Ok(())
    }
}

impl<'r> Outcome<'r> {
    /// An unchanged record is marked as seen, unless it is.
    fn note_seen(&mut self, stored: &Stored, key: &'r Key, seen_in: SeenIn) {
        if stored.stream_id != seen_in.stream {
            self.moved.push(key.as_str());
        } else if stored.generation != seen_in.generation {
            self.seen.push(key.as_str());
        }
    }
}

impl Stored {
    /// Whether the time and version are the stored ones.
    fn has_facts(&self, record: &Record) -> bool {
        self.changed_at.as_deref() == text(&record.changed_at)
            && self.version.as_deref() == text(&record.version)
    }
}

fn text(text: &Option<Text>) -> Option<&str> {
    text.as_ref().map(Text::as_str)
}
