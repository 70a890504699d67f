//! The outbox: one transaction per step, and a change only to an entry that did not change since. Like all writes of a
//! connection, each first locks the connection's row.

mod entry;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Operation, OperationId, Result as Told};
use tieline_store::ConnectionId;
use tieline_store::outbox::{Answer, Claim, Entry, Mark, Stage, Status};
use tieline_store::plan::{Queued, unknown_operation};

use crate::fault::Fault;
use crate::lists;
use crate::turn::Turn;
use crate::write::{lock_connection, step_connection};
use entry::Stored;

/// Entries `o` of the connection `$2`.
macro_rules! select {
    ($turn:expr, $condition:literal $(,)?) => {
        $turn.rows::<Stored>(concat!(
            "SELECT o.* FROM tieline_outbox o JOIN tieline_synced c ON c.id = o.synced_id
             WHERE c.tenant = $1 AND c.connection = $2 AND o.tenant = $1 AND ",
            $condition
        ))
    };
}

fn entries(stored: Vec<Stored>) -> Result<Vec<Entry>, Fault> {
    Ok(stored.into_iter().map(Stored::entry).collect::<Told<_>>()?)
}

pub(crate) async fn enqueue(
    turn: &mut Turn,
    connection: &ConnectionId,
    entity: &EntityName,
    operations: &[Operation],
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    let queued: Vec<Queued> =
        operations.iter().map(|operation| Queued::new(entity, operation)).collect::<Told<_>>()?;
    let (synced_id, _) = step_connection(turn, connection, 0).await?;
    let mut new = 0;
    for chunk in queued.chunks(lists::KEYS) {
        let ids: Vec<&str> = chunk.iter().map(|queued| queued.id.as_str()).collect();
        let stored: Vec<(String, String, String)> = turn
            .rows(
                "SELECT operation, entity, op FROM tieline_outbox
                 WHERE tenant = $1 AND synced_id = $2 AND operation = ANY ($3)",
            )
            .bind(synced_id)
            .bind(ids)
            .fetch_all(turn.on())
            .await?;
        let stored = stored.iter().map(|(id, entity, op)| (id.as_str(), (entity.as_str(), op.as_str())));
        let mut known: HashMap<&str, (&str, &str)> = stored.collect();
        let mut added: Vec<&Queued> = Vec::new();
        for queued in chunk {
            match known.get(queued.id.as_str()) {
                Some((entity, op)) => queued.known(entity, op)?,
                None => {
                    known.insert(queued.id.as_str(), (queued.entity.as_str(), queued.op.get()));
                    added.push(queued);
                }
            }
        }
        new += insert(turn, synced_id, &added, now).await?;
    }
    Ok(new)
}

async fn insert(
    turn: &mut Turn,
    synced_id: i64,
    queued: &[&Queued],
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    let column = |of: fn(&Queued) -> &str| queued.iter().map(|queued| of(queued)).collect::<Vec<&str>>();
    let records: Vec<Option<&str>> =
        queued.iter().map(|queued| queued.record.as_ref().map(|record| record.as_str())).collect();
    // Numbers are given in the order of the list.
    let inserted = turn
        .query(
            "INSERT INTO tieline_outbox
                 (tenant, synced_id, operation, entity, op, record, stage, open, due, revision, attempts,
                  enqueued_at, changed_at)
             SELECT $1, $2, u.operation, u.entity, u.op, u.record, 'pending', TRUE, $3, 0, 0, $3, $3
             FROM unnest($4::text[], $5::text[], $6::text[], $7::text[])
                 WITH ORDINALITY AS u (operation, entity, op, record, place)
             ORDER BY u.place",
        )
        .bind(synced_id)
        .bind(now)
        .bind(column(|queued| queued.id.as_str()))
        .bind(column(|queued| queued.entity.as_str()))
        .bind(column(|queued| queued.op.get()))
        .bind(records)
        .execute(turn.on())
        .await?;
    Ok(inserted.rows_affected())
}

pub(crate) async fn claim(
    turn: &mut Turn,
    connection: &ConnectionId,
    claim: &Claim,
) -> Result<Vec<Entry>, Fault> {
    if lock_connection(turn, connection).await?.is_none() {
        return Ok(Vec::new());
    }
    let due = select!(
        turn,
        "o.stage = 'pending' AND o.due <= $3 AND NOT EXISTS (
             SELECT 1 FROM tieline_outbox e
             WHERE e.tenant = $1 AND e.synced_id = o.synced_id AND e.entity = o.entity AND e.record = o.record
                 AND e.open AND e.record IS NOT NULL AND e.id < o.id
         )
         ORDER BY o.id LIMIT $4",
    )
    .bind(connection.as_str())
    .bind(claim.due)
    .bind(i64::from(claim.limit))
    .fetch_all(turn.on())
    .await?;
    let mut claimed = entries(due)?;
    let entity = claimed.first().map(|first| first.entity.clone());
    let same = claimed.iter().take_while(|entry| Some(&entry.entity) == entity.as_ref()).count();
    claimed.truncate(same);
    for entry in &mut claimed {
        claim.take(entry);
        save(turn, entry).await?;
    }
    Ok(claimed)
}

/// Writes what can change of an entry.
async fn save(turn: &mut Turn, entry: &Entry) -> Result<(), Fault> {
    let (ticket, key) = match &entry.status {
        Status::Accepted { ticket, .. } => (Some(ticket.as_str()), None),
        Status::Applied { key } => (None, key.as_ref().map(|key| key.as_str())),
        _ => (None, None),
    };
    let stage = entry.status.stage();
    let marker = entry.marker.as_ref();
    turn.query(
        "UPDATE tieline_outbox
         SET stage = $2, open = $3, due = $4, revision = $5, attempts = $6, ticket = $7, key = $8, note = $9,
             marker_field = $10, search_delay = $11, marker_always = $12, conclusive = $13, attempted_at = $14,
             changed_at = $15
         WHERE tenant = $1 AND id = $16",
    )
    .bind(stage.as_str())
    .bind(stage.is_open())
    .bind(entry.status.due())
    .bind(entry.revision.cast_signed())
    .bind(i64::from(entry.attempts))
    .bind(ticket)
    .bind(key)
    .bind(entry.note.as_deref())
    .bind(marker.map(|marker| marker.field.as_str()))
    .bind(marker.map(|marker| i64::try_from(marker.search_delay.as_micros()).unwrap_or(i64::MAX)))
    .bind(marker.map(|marker| marker.always))
    .bind(match &entry.status {
        Status::Unknown { conclusive, .. } => Some(*conclusive),
        _ => None,
    })
    .bind(entry.attempted_at)
    .bind(entry.changed_at)
    .bind(entry.number.cast_signed())
    .execute(turn.on())
    .await?;
    Ok(())
}

pub(crate) async fn renew(
    turn: &mut Turn,
    connection: &ConnectionId,
    marks: &[Mark],
    until: DateTime<Utc>,
) -> Result<bool, Fault> {
    let Some(synced_id) = lock_connection(turn, connection).await? else { return Ok(marks.is_empty()) };
    let numbers: Vec<i64> = marks.iter().map(|mark| lists::number(mark.number)).collect();
    let revisions: Vec<i64> = marks.iter().map(|mark| lists::number(mark.revision)).collect();
    let renewed = turn
        .query(
            "UPDATE tieline_outbox o SET due = $3
             FROM unnest($4::bigint[], $5::bigint[]) AS u (id, revision)
             WHERE o.tenant = $1 AND o.synced_id = $2 AND o.id = u.id AND o.revision = u.revision
                 AND o.stage = 'sending'",
        )
        .bind(synced_id)
        .bind(until)
        .bind(numbers)
        .bind(revisions)
        .execute(turn.on())
        .await?;
    Ok(renewed.rows_affected() == marks.len() as u64)
}

pub(crate) async fn advance(
    turn: &mut Turn,
    connection: &ConnectionId,
    from: Mark,
    to: Status,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<Option<Entry>, Fault> {
    if lock_connection(turn, connection).await?.is_none() {
        return Ok(None);
    }
    let stored = select!(turn, "o.id = $3 AND o.revision = $4 AND o.open")
        .bind(connection.as_str())
        .bind(lists::number(from.number))
        .bind(lists::number(from.revision))
        .fetch_optional(turn.on())
        .await?;
    let Some(stored) = stored else { return Ok(None) };
    let mut entry = stored.entry()?;
    entry.change(to, note, now)?;
    save(turn, &entry).await?;
    Ok(Some(entry))
}

pub(crate) async fn answer(
    turn: &mut Turn,
    connection: &ConnectionId,
    operation: &OperationId,
    answer: Answer,
    now: DateTime<Utc>,
) -> Result<Entry, Fault> {
    lock_connection(turn, connection).await?;
    let mut entry = entry(turn, connection, operation).await?.ok_or_else(|| unknown_operation(operation))?;
    entry.answer(answer, now)?;
    save(turn, &entry).await?;
    Ok(entry)
}

pub(crate) async fn prune(
    turn: &mut Turn,
    connection: &ConnectionId,
    finished_before: DateTime<Utc>,
) -> Result<u64, Fault> {
    let Some(synced_id) = lock_connection(turn, connection).await? else { return Ok(0) };
    let pruned = turn
        .query(
            "DELETE FROM tieline_outbox
             WHERE tenant = $1 AND synced_id = $2 AND NOT open AND changed_at < $3",
        )
        .bind(synced_id)
        .bind(finished_before)
        .execute(turn.on())
        .await?;
    Ok(pruned.rows_affected())
}

pub(crate) async fn unsettled(
    turn: &mut Turn,
    connection: &ConnectionId,
    now: DateTime<Utc>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let stored = select!(
        turn,
        "o.stage IN ('sending', 'accepted', 'unknown') AND o.due <= $3 AND o.id > $4 ORDER BY o.id LIMIT $5"
    )
    .bind(connection.as_str())
    .bind(now)
    .bind(lists::number(after.unwrap_or(0)))
    .bind(i64::from(limit))
    .fetch_all(turn.on())
    .await?;
    entries(stored)
}

pub(crate) async fn entry(
    turn: &mut Turn,
    connection: &ConnectionId,
    operation: &OperationId,
) -> Result<Option<Entry>, Fault> {
    let stored = select!(turn, "o.operation = $3")
        .bind(connection.as_str())
        .bind(operation.as_str())
        .fetch_optional(turn.on())
        .await?;
    Ok(stored.map(Stored::entry).transpose()?)
}

pub(crate) async fn list(
    turn: &mut Turn,
    connection: &ConnectionId,
    stage: Option<Stage>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let query = match stage {
        None => select!(turn, "o.id > $3 ORDER BY o.id LIMIT $4"),
        Some(_) => select!(turn, "o.id > $3 AND o.stage = $5 ORDER BY o.id LIMIT $4"),
    };
    let query =
        query.bind(connection.as_str()).bind(lists::number(after.unwrap_or(0))).bind(i64::from(limit));
    let query = match stage {
        None => query,
        Some(stage) => query.bind(stage.as_str()),
    };
    entries(query.fetch_all(turn.on()).await?)
}
