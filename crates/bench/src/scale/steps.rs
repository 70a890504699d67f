//! The busy steps of a connection.

use std::time::{Duration, Instant};

use tieline_core::{FieldPath, RecordLookup};
use tieline_store::SyncStore;
use tieline_store::outbox::{Claim, OutboxStore, Status};
use tieline_store_sql::{Database, RowCursor, SqlStore, directory};

use super::fill;
use crate::Result;

/// The number of records that a measured commit changes.
const CHANGED: usize = 20;

/// Each step with the times that it took.
pub(super) async fn measure<D: Database>(
    store: &SqlStore<D>,
    connection: &str,
    repeat: usize,
    round: usize,
) -> Result<Vec<(&'static str, Vec<Duration>)>> {
    let id = connection.into();
    let mut steps: Vec<(&'static str, Vec<Duration>)> =
        ["commit", "lookup-key", "lookup-field", "rows-since", "claim", "due"]
            .map(|name| (name, Vec::with_capacity(repeat)))
            .into();
    let mut cursor = RowCursor::default();
    for n in 0..repeat {
        let numbers: Vec<String> = (0..CHANGED).map(|n| n.to_string()).collect();
        let by_key: Vec<RecordLookup> = numbers
            .iter()
            .map(|key| RecordLookup::new("persons", key.as_str(), FieldPath::field("id")))
            .collect();
        let by_field: Vec<RecordLookup> = numbers
            .iter()
            .map(|key| {
                let mail = format!("person-{key}@example.com");
                RecordLookup::new("persons", mail.as_str(), FieldPath::field("id")).by(fill::field())
            })
            .collect();
        let commit = fill::commit(connection, 0..CHANGED, 1 + round * 1_000_000 + n)?;
        let mut times = Vec::with_capacity(steps.len());
        let mut start = Instant::now();
        let mut lap = || {
            times.push(start.elapsed());
            start = Instant::now();
        };
        store.commit(commit).await?;
        lap();
        store.resolve(&id, &by_key).await?;
        lap();
        store.resolve(&id, &by_field).await?;
        lap();
        let page = store.rows_since(&id, &"copy".into(), &cursor, 100).await?;
        lap();
        let claimed = store.claim(&id, &Claim::new(Duration::from_secs(600), 1)).await?;
        lap();
        let mut tx = store.begin().await?;
        directory::due(&mut tx, None, 10).await?;
        tx.rollback().await;
        lap();
        cursor = page.next;
        for entry in claimed {
            let again = Status::Pending { not_before: entry.enqueued_at };
            store.advance(&id, entry.at_revision(), again, None).await?;
        }
        for ((_, all), time) in steps.iter_mut().zip(times) {
            all.push(time);
        }
    }
    Ok(steps)
}

/// The times of small commits, so many or until it is enough.
pub(super) async fn commits<D: Database>(
    store: &SqlStore<D>,
    connection: &str,
    most: usize,
    enough: impl Fn() -> bool,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    while times.len() < most && !enough() {
        let commit = fill::commit(connection, 0..CHANGED, 1 + times.len())?;
        let start = Instant::now();
        store.commit(commit).await?;
        times.push(start.elapsed());
    }
    Ok(times)
}
