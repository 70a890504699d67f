//! What a batch needs of other records: by their keys from the store, by other fields from a walk over the mirror.

use std::collections::{BTreeMap, HashMap, HashSet};

use tieline_core::{
    EntityName, FieldPath, Key, MappingContext, RawJson, RecordLookup, Result, comparable_value,
};
use tieline_store::{ConnectionId, SyncStore};

/// How many records of the mirror are walked at once.
const PAGE: u32 = 500;

/// What was resolved for a batch.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) given: MappingContext,
    /// The keys of the records that were found by another field.
    found: HashMap<RecordLookup, Key>,
}

impl Resolved {
    /// The needs as the store keeps them, so that a row follows the records that it looks up. A need by another field
    /// becomes one by the key of the record that was found; one that found nothing has no record to follow.
    pub(crate) fn by_key(&self, needs: Vec<RecordLookup>) -> Vec<RecordLookup> {
        let key = |need: RecordLookup| match &need.by {
            None => Some(need),
            Some(_) => self
                .found
                .get(&need)
                .map(|key| RecordLookup::new(need.entity.clone(), key.clone(), need.field)),
        };
        needs.into_iter().filter_map(key).collect()
    }
}

pub(crate) async fn resolve(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    needs: &HashSet<&RecordLookup>,
) -> Result<Resolved> {
    let mut resolved = Resolved::default();
    let (by_key, by_field): (Vec<&RecordLookup>, Vec<&RecordLookup>) =
        needs.iter().copied().partition(|need| need.by.is_none());
    if !by_key.is_empty() {
        let by_key: Vec<RecordLookup> = by_key.into_iter().cloned().collect();
        resolved.given.resolved = store.resolve(connection, &by_key).await?;
    }
    let mut entities: BTreeMap<&EntityName, Wanted<'_>> = BTreeMap::new();
    for need in by_field {
        if let Some(by) = &need.by {
            let fields = entities.entry(&need.entity).or_default();
            fields.entry(by).or_default().entry(need.key.as_str()).or_default().push(need);
        }
    }
    for (entity, wanted) in entities {
        walk(store, connection, entity, &wanted, &mut resolved).await?;
    }
    Ok(resolved)
}

/// Needs by the field that finds them and the value that it must have.
type Wanted<'n> = BTreeMap<&'n FieldPath, HashMap<&'n str, Vec<&'n RecordLookup>>>;

async fn walk(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    entity: &EntityName,
    wanted: &Wanted<'_>,
    resolved: &mut Resolved,
) -> Result<()> {
    let mut after: Option<Key> = None;
    loop {
        let records = store.records(connection, entity, after.as_ref(), PAGE).await?;
        let Some(last) = records.last() else { break };
        after = Some(last.key.clone());
        for record in &records {
            for (by, values) in wanted {
                let found = record.payload.at(by.as_str())?.and_then(comparable_value);
                let Some(value) = found else { continue };
                for need in values.get(value.as_str()).into_iter().flatten() {
                    let field = record.payload.at(need.field.as_str())?;
                    let field = field.map_or_else(|| RawJson::from_checked("null"), RawJson::from_raw);
                    resolved.given.add_found(need, field);
                    resolved.found.insert((*need).clone(), record.key.clone());
                }
            }
        }
    }
    // Two records with the value: which of them is meant is not known.
    let Resolved { given, found } = resolved;
    found.retain(|need, _| !given.ambiguous.contains(need));
    Ok(())
}
