//! Looking records up by their keys, and by a field that Fortnox filters by.

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use tieline_core::{Error, ErrorKind, FieldPath, Key, Lookup, Lookups, RawJson, Record, Result};
use tieline_kit::KeyChunks;

use crate::connector::Api;
use crate::endpoints::{Endpoint, PAGE};
use crate::filters::finds;
use crate::list::{self, Ask, List};

/// How many single records are asked for at once. The limit lets five through in a second; more in flight only covers
/// answers that take longer than that.
pub(crate) const AT_ONCE: usize = 10;

/// The most rows that a search walks through.
const MOST: u64 = 10_000;

/// Asks for each key. A text that cannot be a key of the entity is missing, without a request.
pub(crate) async fn keys(api: &Api, endpoint: &'static Endpoint, keys: Vec<Key>) -> Result<Lookups> {
    let mut keys = KeyChunks::new(keys);
    for answer in records(api, endpoint, keys.open()).await? {
        keys.answer(answer);
    }
    Ok(Lookups::new(keys.finish()))
}

async fn records(api: &Api, endpoint: &'static Endpoint, keys: Vec<Key>) -> Result<Vec<Lookup>> {
    let about = |error: Error| error.with_context("entity", endpoint.name);
    stream::iter(keys)
        .map(|key| async move { one(api, endpoint, &key).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(about)
}

/// One record.
pub(crate) async fn one(api: &Api, endpoint: &'static Endpoint, key: &Key) -> Result<Lookup> {
    let Some(call) = endpoint.at(Method::GET, endpoint.get, key.as_str()) else {
        return Ok(Lookup::Missing(key.clone()));
    };
    let answer = match api.send(call).await {
        Err(error) if is_missing(endpoint, &error) => return Ok(Lookup::Missing(key.clone())),
        answer => answer?,
    };
    let raw = list::record(endpoint, answer.text()?).map_err(|error| error.with_context("key", key))?;
    // There is one record, whatever key is asked for.
    if endpoint.is_single() && endpoint.key_of(raw.get()).as_ref() != Some(key) {
        return Ok(Lookup::Missing(key.clone()));
    }
    Ok(Lookup::Record(Record::new(key.clone(), RawJson::from_raw(raw))))
}

/// Whether an error says that there is no such record. Some of them come as a refusal of the request.
pub(crate) fn is_missing(endpoint: &Endpoint, error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.code().is_some_and(|code| endpoint.missing.contains(&code))
}

/// All records whose field has this text.
pub(crate) async fn by_field(
    api: &Api,
    endpoint: &'static Endpoint,
    field: &FieldPath,
    value: &RawJson,
) -> Result<Lookups> {
    let about = |error: Error| error.with_context("entity", endpoint.name).with_context("field", field);
    let filters = finds(endpoint, field, value)?;
    let list = List::of(endpoint)?;
    let mut found = Vec::new();
    let mut ask = Ask { since: None, year: None, offset: 0, limit: PAGE };
    loop {
        let answer = api.send(ask.call(endpoint, &filters)).await.map_err(about)?;
        let listed = list
            .rows(answer.text()?, |row| {
                if let Ok(key) = row.key(None)
                    && filters.rows.hold(row.text())?
                {
                    found.push(key);
                }
                Ok(())
            })
            .map_err(about)?;
        if listed.count == 0 || !listed.goes_on(&ask) {
            break;
        }
        ask.offset = ask.offset.saturating_add(u64::try_from(listed.count).unwrap_or(u64::MAX));
        if ask.offset > MOST {
            let error = Error::new(ErrorKind::Rejected, "too many Fortnox records have this value");
            return Err(about(error.with_advice("read the entity with a filter instead")));
        }
    }
    // Records that come while the pages are walked move others onto the next one.
    let mut seen = std::collections::HashSet::new();
    found.retain(|key: &Key| seen.insert(key.clone()));
    let mut answers = Vec::new();
    for answer in records(api, endpoint, found).await? {
        if let Lookup::Record(record) = &answer
            && filters.records.hold(record.payload.get()).map_err(about)?
        {
            answers.push(answer);
        }
    }
    Ok(Lookups::new(answers))
}
