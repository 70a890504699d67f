//! Records as types of the caller.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tieline_core::{BatchStream, Change, Error, ErrorKind, Record, Result};

use crate::excerpt;

/// A record as a `T`. Fails with `Decode` that names the record and not what it holds.
pub fn typed<T: DeserializeOwned>(entity: &str, record: &Record) -> Result<T> {
    serde_json::from_str(record.payload.get()).map_err(|error| {
        // The parser's message may quote what the record holds.
        Error::new(ErrorKind::Decode, "a record does not have the shape of the type that was asked for")
            .with_context("entity", excerpt(entity, 80))
            .with_context("key", &record.key)
            .with_context("byte", error.column())
    })
}

/// The records of a read, each as a `T`. Ends at the first that does not fit, with `Decode`.
pub fn records_as<T>(batches: BatchStream, entity: &str) -> Pin<Box<dyn Stream<Item = Result<T>> + Send>>
where
    T: DeserializeOwned + Send + 'static,
{
    let entity = entity.to_owned();
    let records = batches.map_ok(move |batch| {
        let entity = entity.clone();
        let changes = batch.groups.into_iter().flat_map(|group| group.changes);
        stream::iter(changes.filter_map(move |change| match change {
            Change::Upsert(record) => Some(typed(&entity, &record)),
            _ => None,
        }))
    });
    records.try_flatten().boxed()
}
