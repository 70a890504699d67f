//! Looking records up by their keys.

use futures_util::{StreamExt, TryStreamExt, stream};
use tieline_core::http::HttpResponse;
use tieline_core::{Change, Error, ErrorKind, Key, Lookup, Lookups, Result};
use tieline_kit::{Call, KeyChunks};

use crate::connector::Api;
use crate::endpoints::{Endpoint, IDS};
use crate::factory::concerns_connection;
use crate::head::{self, records};

/// How many single records are asked for at once.
const AT_ONCE: usize = 4;

/// Asks for all keys in chunks, then singly for those that the lists hide: archived and deleted ones, those that this
/// user may not see, and those that never were. A text that cannot be a key of the entity is missing, without a request.
pub(crate) async fn keys(api: &Api, endpoint: &'static Endpoint, keys: Vec<Key>) -> Result<Lookups> {
    let mut keys = KeyChunks::new(keys);
    for key in keys.open() {
        if !endpoint.fits(key.as_str()) {
            keys.answer(Lookup::Missing(key));
        }
    }
    if endpoint.by_ids {
        for chunk in keys.chunks(IDS) {
            // A single record costs a tenth of a list.
            if chunk.len() > 1 {
                for answer in several(api, endpoint, &chunk).await? {
                    keys.answer(answer);
                }
            }
        }
    }
    let answers: Vec<Lookup> = stream::iter(keys.open())
        .map(|key| async move { one(api, endpoint, &key).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for answer in answers {
        keys.answer(answer);
    }
    Ok(Lookups::new(keys.finish()))
}

async fn several(api: &Api, endpoint: &Endpoint, chunk: &[Key]) -> Result<Vec<Lookup>> {
    let ids: Vec<&str> = chunk.iter().map(Key::as_str).collect();
    let call = Call::get(endpoint.list)
        .entity(endpoint.name)
        .cost(endpoint.list_cost)
        .query("ids", ids.join(","))
        .query("limit", IDS);
    let answer = api.send(call).await.map_err(|error| error.with_context("entity", endpoint.name))?;
    let mut found = Vec::new();
    // What cannot be read here is asked for singly.
    records(answer.text()?, |head| {
        found.extend(head.change(endpoint).ok().and_then(lookup));
        Ok(())
    })?;
    Ok(found)
}

/// One record.
pub(crate) async fn one(api: &Api, endpoint: &Endpoint, key: &Key) -> Result<Lookup> {
    let answer = match api.send(endpoint.one(key.as_str())).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lookup::Missing(key.clone())),
        Err(error) if error.kind() == ErrorKind::Forbidden && !concerns_connection(&error) => {
            return Ok(Lookup::Forbidden(key.clone()));
        }
        answer => answer.map_err(|error| error.with_context("entity", endpoint.name))?,
    };
    let unreadable = || {
        Error::new(ErrorKind::Decode, "Pipedrive's answer is not the record that was asked for")
            .with_context("entity", endpoint.name)
            .with_context("key", key)
    };
    match record(endpoint, &answer).map_err(|_| unreadable())? {
        None => Ok(Lookup::Missing(key.clone())),
        Some(change) => lookup(change).ok_or_else(unreadable),
    }
}

/// The record that an answer holds as its data, or `None` when that is null. Fails when it holds something else.
pub(crate) fn record(endpoint: &Endpoint, answer: &HttpResponse) -> Result<Option<Change>> {
    let unreadable = || {
        Error::new(ErrorKind::Decode, "Pipedrive's answer is no record").with_context("entity", endpoint.name)
    };
    let mut found = Vec::new();
    head::record(answer.text()?, |head| {
        found.push(head.change(endpoint).map_err(|_| unreadable())?);
        Ok(())
    })
    .map_err(|_| unreadable())?;
    let first = found.pop();
    if found.is_empty() { Ok(first) } else { Err(unreadable()) }
}

pub(crate) fn lookup(change: Change) -> Option<Lookup> {
    match change {
        Change::Upsert(record) => Some(Lookup::Record(record)),
        Change::Delete(deletion) => Some(Lookup::Deleted(deletion)),
        _ => None,
    }
}
