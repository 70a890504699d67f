//! An index of records by a field, so that no mirror is ever walked for a lookup.
//!
//! An index is made when a mapping first looks something up by the field, from the stored records, in batches; commits
//! keep it up to date from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tieline_core::{EntityName, Key, Record, RecordLookup, Result};
use tieline_store::ConnectionId;
use tieline_store::plan::lookup_value;

use super::commit::Work;
use super::{KEYS, entity, lock_connection};
use crate::sql::{Bulk, Column, Sql};
use crate::tx::{Tx, all, args, first};

static ENTRIES: Bulk = Bulk::new(
    "tieline.index_entries (tenant, entity_id, field, value, key)",
    2,
    &["text", "text", "text"],
    "ON CONFLICT DO NOTHING",
);

/// Returns which of the lookups by a field lack an index, or have one that is not complete. Entities that have no record
/// yet need none.
///
/// # Errors
///
/// As the database fails.
pub async fn missing_indexes(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    needs: &[RecordLookup],
) -> Result<Vec<(EntityName, String)>> {
    static READY: Sql = Sql::new(
        "SELECT field FROM tieline.indexes WHERE tenant = $1 AND entity_id = $2 AND built_to IS NULL",
    );
    let mut wanted: BTreeMap<&EntityName, BTreeSet<&str>> = BTreeMap::new();
    for need in needs {
        if let Some(by) = &need.by {
            wanted.entry(&need.entity).or_default().insert(by.as_str());
        }
    }
    let mut missing = Vec::new();
    for (name, fields) in wanted {
        let Some(entity_id) = entity(tx, connection, name).await? else { continue };
        let ready: Vec<(String,)> = all(tx, &READY, args![entity_id]).await?;
        let ready: BTreeSet<String> = ready.into_iter().map(|(field,)| field).collect();
        let fields = fields.into_iter().filter(|field| !ready.contains(*field));
        missing.extend(fields.map(|field| (name.clone(), field.to_owned())));
    }
    Ok(missing)
}

/// Puts up to a thousand more of the stored records into an index, which it makes where there is none. Returns whether
/// there is more to do.
///
/// # Errors
///
/// As the database fails.
pub async fn build_index(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &EntityName,
    field: &str,
) -> Result<bool> {
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.indexes (tenant, entity_id, field, built_to) VALUES ($1, $2, $3, '')
         ON CONFLICT DO NOTHING",
    );
    static BUILT_TO: Sql =
        Sql::new("SELECT built_to FROM tieline.indexes WHERE tenant = $1 AND entity_id = $2 AND field = $3");
    static PAGE: Sql = Sql::new(
        "SELECT key, payload FROM tieline.payloads
         WHERE tenant = $1 AND entity_id = $2 AND key >= $3 ORDER BY key LIMIT $4",
    );
    static NOTE: Sql = Sql::new(
        "UPDATE tieline.indexes SET built_to = $4 WHERE tenant = $1 AND entity_id = $2 AND field = $3",
    );
    if lock_connection(tx, connection).await?.is_none() {
        return Ok(false);
    }
    let Some(entity_id) = entity(tx, connection, name).await? else { return Ok(false) };
    tx.run(&MAKE, args![entity_id, field]).await?;
    let built_to: Option<(Option<String>,)> = first(tx, &BUILT_TO, args![entity_id, field]).await?;
    let Some((Some(built_to),)) = built_to else { return Ok(false) };
    let limit = KEYS + 1;
    let page: Vec<(String, String)> = all(tx, &PAGE, args![entity_id, &built_to, limit as u64]).await?;
    let next = page.get(KEYS).map(|(key, _)| key.clone());
    let page = page.get(..KEYS).unwrap_or(&page);
    let values: Vec<Option<String>> = page.iter().map(|(_, payload)| lookup_value(payload, field)).collect();
    let mut columns: (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for ((key, _), value) in page.iter().zip(&values) {
        if let Some(value) = value {
            columns.0.push(value);
            columns.1.push(key);
        }
    }
    let fields = vec![field; columns.0.len()];
    let columns = [Column::Texts(fields), Column::Texts(columns.0), Column::Texts(columns.1)];
    tx.insert(&ENTRIES, args![entity_id], &columns).await?;
    tx.run(&NOTE, args![entity_id, field, next.as_deref()]).await?;
    Ok(next.is_some())
}

impl Work<'_> {
    async fn indexes_of(&mut self, entity_id: i64) -> Result<Arc<[String]>> {
        static FIND: Sql =
            Sql::new("SELECT field FROM tieline.indexes WHERE tenant = $1 AND entity_id = $2 ORDER BY field");
        if let Some(fields) = self.indexes.get(&entity_id) {
            return Ok(Arc::clone(fields));
        }
        let stored: Vec<(String,)> = all(self.tx, &FIND, args![entity_id]).await?;
        let fields: Arc<[String]> = stored.into_iter().map(|(field,)| field).collect();
        self.indexes.insert(entity_id, Arc::clone(&fields));
        Ok(fields)
    }

    /// Puts records that were written into the indexes of their entity, in place of what they had there.
    pub(super) async fn index_records(&mut self, entity_id: i64, records: &[&Record]) -> Result<()> {
        let fields = self.indexes_of(entity_id).await?;
        if fields.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
        self.forget_indexed(entity_id, &keys).await?;
        let mut entries: Vec<(&str, String, &Key)> = Vec::new();
        for record in records {
            for field in fields.iter() {
                if let Some(value) = lookup_value(record.payload.get(), field) {
                    entries.push((field, value, &record.key));
                }
            }
        }
        let columns = [
            Column::Texts(entries.iter().map(|(field, ..)| *field).collect()),
            Column::Texts(entries.iter().map(|(_, value, _)| value.as_str()).collect()),
            Column::Texts(entries.iter().map(|(_, _, key)| key.as_str()).collect()),
        ];
        self.tx.insert(&ENTRIES, args![entity_id], &columns).await?;
        let noted = self.changed.entry(entity_id).or_default();
        for (field, value, _) in entries {
            noted.values.entry(field.to_owned()).or_default().push(value);
        }
        Ok(())
    }

    /// Takes records out of the indexes, and notes the values that they had.
    pub(super) async fn forget_indexed(&mut self, entity_id: i64, keys: &[&str]) -> Result<()> {
        static FORGET: Sql = Sql::new(
            "DELETE FROM tieline.index_entries WHERE tenant = $1 AND {keys entity_id = $2, key in $3}
             RETURNING field, value",
        );
        if self.indexes_of(entity_id).await?.is_empty() {
            return Ok(());
        }
        let had: Vec<(String, String)> = all(self.tx, &FORGET, args![entity_id, keys]).await?;
        let noted = self.changed.entry(entity_id).or_default();
        for (field, value) in had {
            noted.values.entry(field).or_default().push(value);
        }
        Ok(())
    }
}
