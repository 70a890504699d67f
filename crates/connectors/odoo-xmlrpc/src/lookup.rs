//! Looking records up: by their keys, by a field, by the marker of a create.

use std::collections::BTreeSet;

use serde_json::json;
use tieline_core::{Error, ErrorKind, FieldPath, Key, Lookup, Lookups, RawJson, Record, Result};
use tieline_kit::{KeyChunks, excerpt};

use crate::call::Call;
use crate::client::Client;
use crate::model::Model;
use crate::salvage::{self, Page};
use crate::{load, values};

/// Keys a request.
const CHUNK: usize = 200;
/// Records a page.
const PAGE: usize = 500;
/// The most records that have one value.
const MOST: usize = 10_000;

/// The id that a key stands for. Odoo's ids have 32 bits; anything else cannot be one.
pub(crate) fn id(key: &Key) -> Option<i64> {
    let id: i32 = key.as_str().parse().ok()?;
    // "07" and "+7" are other texts than the key "7".
    (id > 0 && key.as_str().bytes().next()?.is_ascii_digit() && !key.as_str().starts_with('0'))
        .then(|| i64::from(id))
}

/// Asks for all keys in chunks, archived records too. What a search hides is asked for by id: it is gone, or may not be
/// seen.
pub(crate) async fn keys(client: &Client, entity: &str, keys: Vec<Key>) -> Result<Lookups> {
    let model = client.model(entity).await?;
    let mut fields = model.wanted(&[])?;
    let own = model.own_fields();
    let mut keys = KeyChunks::new(keys);
    for key in keys.open() {
        if id(&key).is_none() {
            keys.answer(Lookup::Missing(key));
        }
    }
    for chunk in keys.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().filter_map(id).collect();
        let domain = [RawJson::of(&json!(["id", "in", ids]))?];
        let (found, _) = search(client, &model, &mut fields, &domain, ids.len()).await?;
        for answer in found {
            keys.answer(answer);
        }
    }
    for chunk in keys.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().filter_map(id).collect();
        let mut open = vec![ids.as_slice()];
        while let Some(part) = open.pop() {
            match (salvage::by_ids(client, &model, &own, part).await, part) {
                (Ok((records, _)), _) if records.is_empty() => {}
                // A search hides them, and reading by id does not.
                (Ok((records, _)), _) => {
                    let found: Vec<i64> =
                        records.iter().flatten().filter_map(|record| id(&record.key)).collect();
                    for record in read(client, &model, &mut fields, &found).await? {
                        keys.answer(Lookup::Record(record));
                    }
                }
                (Err(error), [id]) if error.kind() == ErrorKind::Forbidden => {
                    keys.answer(Lookup::Forbidden(Key::from(*id)));
                }
                (Err(error), [_]) if error.kind() == ErrorKind::NotFound => {}
                (Err(error), part)
                    if part.len() > 1
                        && matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) =>
                {
                    let (first, second) = part.split_at(part.len() / 2);
                    open.extend([second, first]);
                }
                (Err(error), _) => return Err(error),
            }
        }
    }
    Ok(Lookups::new(keys.finish()))
}

/// All records with a value, archived ones too.
pub(crate) async fn field(
    client: &Client,
    entity: &str,
    field: &FieldPath,
    value: &RawJson,
) -> Result<Lookups> {
    if load::is_marker(field) {
        let marker: String =
            value.view().map_err(|_| Error::new(ErrorKind::Config, "a marker is looked up by its text"))?;
        let Some(id) = load::marked(client, entity, &marker).await? else { return Ok(Lookups::default()) };
        // An entry may outlive its record.
        let mut found = keys(client, entity, vec![Key::from(id)]).await?;
        found.answers.retain(|answer| !matches!(answer, Lookup::Missing(_)));
        return Ok(found);
    }
    let model = client.model(entity).await?;
    let mut fields = model.wanted(&[])?;
    let conditions = values::conditions(&model, field, value)?;
    let mut found: Vec<Lookup> = Vec::new();
    let mut last = 0;
    loop {
        let mut domain = vec![RawJson::of(&json!(["id", ">", last]))?];
        domain.extend(conditions.iter().cloned());
        let (page, next) = search(client, &model, &mut fields, &domain, PAGE).await?;
        let Some(next) = next.filter(|next| *next > last) else { break };
        last = next;
        found.extend(page);
        if found.len() > MOST {
            return Err(Error::new(ErrorKind::Rejected, format!("more than {MOST} records have this value"))
                .with_advice("read the entity with a filter instead")
                .with_context("field", excerpt(field.as_str(), 80)));
        }
    }
    Ok(Lookups::new(found))
}

/// Records by id. A field that cannot be read is left out of them.
async fn read(client: &Client, model: &Model, fields: &mut Vec<String>, ids: &[i64]) -> Result<Vec<Record>> {
    let records = match salvage::by_ids(client, model, fields, ids).await {
        Ok((records, _)) => records,
        Err(error) if salvage::may_be_data(&error) => {
            salvage::rows(client, model, fields, ids, error).await?.records
        }
        Err(error) => return Err(error),
    };
    Ok(records.into_iter().flatten().collect())
}

/// The records that a search finds, those that cannot be read as forbidden; and the last id.
async fn search(
    client: &Client,
    model: &Model,
    fields: &mut Vec<String>,
    domain: &[RawJson],
    limit: usize,
) -> Result<(Vec<Lookup>, Option<i64>)> {
    let call = Call::reading(&model.name, "search_read")
        .arg("domain", domain)?
        .named("fields", fields)?
        .named("limit", &limit)?
        .named("order", "id")?
        .with_archived();
    let page = match client.records(&call, model).await {
        Ok((records, _)) => Page { records, ..Page::default() },
        Err(error) if salvage::may_be_data(&error) => {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            salvage::page(client, model, fields, domain, limit, error).await?
        }
        Err(error) => return Err(error),
    };
    let records: Vec<Record> = page.records.into_iter().flatten().collect();
    let last = page.last.or_else(|| id(&records.last()?.key));
    let refused = page.issues.into_iter().filter(|issue| issue.refused).filter_map(|issue| issue.key);
    let refused: Vec<Lookup> = refused.map(Lookup::Forbidden).collect();
    Ok((records.into_iter().map(Lookup::Record).chain(refused).collect(), last))
}

/// Fails when one of the records is not there or may not be seen, before anything is done to the others: some methods
/// skip what is gone and say that all is well.
pub(crate) async fn require(client: &Client, model: &str, ids: &[i64]) -> Result<()> {
    let mut missing: BTreeSet<i64> = ids.iter().copied().collect();
    for chunk in ids.chunks(CHUNK) {
        let domain = [RawJson::of(&json!(["id", "in", chunk]))?];
        let limit = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        for found in salvage::ids(client, model, &domain, limit).await? {
            missing.remove(&found);
        }
    }
    let Some(first) = missing.first() else { return Ok(()) };
    let error = Error::new(ErrorKind::NotFound, "the record does not exist, was deleted, or may not be seen")
        .with_context("entity", excerpt(model, 80))
        .with_context("key", first);
    Err(if missing.len() > 1 { error.with_context("missing", missing.len()) } else { error })
}
