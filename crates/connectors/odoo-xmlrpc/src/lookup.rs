//! Looking records up: by their keys, by a field, by the marker of a create.

use serde_json::json;
use tieline_core::{Error, ErrorKind, FieldPath, Key, Lookup, Lookups, RawJson, Record, Result};
use tieline_kit::{KeyChunks, excerpt};

use crate::call::Call;
use crate::connector::Api;
use crate::model::Model;
use crate::{load, salvage, values};

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
pub(crate) async fn keys(api: &Api, entity: &str, keys: Vec<Key>) -> Result<Lookups> {
    let model = api.model(entity).await?;
    let fields = model.wanted(&[])?;
    let mut keys = KeyChunks::new(keys);
    for key in keys.open() {
        if id(&key).is_none() {
            keys.answer(Lookup::Missing(key));
        }
    }
    for chunk in keys.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().filter_map(id).collect();
        let domain = [RawJson::of(&json!(["id", "in", ids]))?];
        for record in search(api, &model, &fields, &domain, ids.len()).await? {
            keys.answer(Lookup::Record(record));
        }
    }
    for chunk in keys.chunks(CHUNK) {
        let ids: Vec<i64> = chunk.iter().filter_map(id).collect();
        let mut open = vec![ids.as_slice()];
        while let Some(part) = open.pop() {
            match (salvage::by_ids(api, &model, &fields, part).await, part) {
                (Ok((records, _)), _) => {
                    for record in records.into_iter().flatten() {
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
pub(crate) async fn field(api: &Api, entity: &str, field: &FieldPath, value: &RawJson) -> Result<Lookups> {
    if load::is_marker(field) {
        let marker: String =
            value.view().map_err(|_| Error::new(ErrorKind::Config, "a marker is looked up by its text"))?;
        let Some(id) = load::marked(api, entity, &marker).await? else { return Ok(Lookups::default()) };
        // An entry may outlive its record.
        let mut found = keys(api, entity, vec![Key::from(id)]).await?;
        found.answers.retain(|answer| !matches!(answer, Lookup::Missing(_)));
        return Ok(found);
    }
    let model = api.model(entity).await?;
    let fields = model.wanted(&[])?;
    let conditions = values::conditions(&model, field, value)?;
    let mut found: Vec<Record> = Vec::new();
    let mut last = 0;
    loop {
        let mut domain = vec![RawJson::of(&json!(["id", ">", last]))?];
        domain.extend(conditions.iter().cloned());
        let page = search(api, &model, &fields, &domain, PAGE).await?;
        let Some(next) = page.last().and_then(|record| id(&record.key)).filter(|next| *next > last) else {
            break;
        };
        last = next;
        found.extend(page);
        if found.len() > MOST {
            return Err(Error::new(ErrorKind::Rejected, format!("more than {MOST} records have this value"))
                .with_advice("read the entity with a filter instead")
                .with_context("field", excerpt(field.as_str(), 80)));
        }
    }
    Ok(Lookups::new(found.into_iter().map(Lookup::Record).collect()))
}

async fn search(
    api: &Api,
    model: &Model,
    fields: &[String],
    domain: &[RawJson],
    limit: usize,
) -> Result<Vec<Record>> {
    let call = Call::reading(&model.name, "search_read")
        .arg("domain", domain)?
        .named("fields", fields)?
        .named("limit", &limit)?
        .named("order", "id")?
        .with_archived();
    let (records, _) = api.records(&call, model).await?;
    Ok(records.into_iter().flatten().collect())
}
