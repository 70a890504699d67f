//! The outbox: one transaction per step, and a change only to an entry that did not change since.

mod entry;
mod store;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tieline_core::{EntityName, Operation, OperationId, Result as Told};
use tieline_store::outbox::{Answer, Claim, Entry, Mark, Stage, Status};
use tieline_store::plan::{Queued, unknown_operation};

use crate::fault::Fault;
use crate::scope::{Scope, number};
use crate::time::micros;
use crate::write::{BEGIN, step_connection};
use entry::Stored;

/// Entries `o` of the connection `?2` of the tenant `?1`.
macro_rules! select {
    ($condition:literal $(,)?) => {
        sqlx::query_as::<_, Stored>(concat!(
            "SELECT o.* FROM tieline_outbox o JOIN tieline_connection_numbers c ON c.id = o.connection_id
             WHERE c.tenant = ?1 AND c.connection = ?2 AND ",
            $condition
        ))
    };
}

fn entries(stored: Vec<Stored>) -> Result<Vec<Entry>, Fault> {
    Ok(stored.into_iter().map(Stored::entry).collect::<Told<_>>()?)
}

pub(crate) async fn enqueue(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    entity: &EntityName,
    operations: &[Operation],
    now: DateTime<Utc>,
) -> Result<u64, Fault> {
    let queued: Vec<Queued> =
        operations.iter().map(|operation| Queued::new(entity, operation)).collect::<Told<_>>()?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    let (connection_id, _) = step_connection(&mut transaction, scope, 0).await?;
    let mut new = 0;
    for queued in queued {
        let inserted = sqlx::query(
            "INSERT INTO tieline_outbox
                 (connection_id, operation, entity, op, record, stage, open, due, revision, attempts,
                  enqueued_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'pending', 1, ?6, 0, 0, ?6, ?6)
             ON CONFLICT (connection_id, operation) DO NOTHING",
        )
        .bind(connection_id)
        .bind(queued.id.as_str())
        .bind(queued.entity.as_str())
        .bind(queued.op.get())
        .bind(queued.record.as_ref().map(|record| record.as_str()))
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        new += inserted;
        if inserted == 0 {
            let (entity, op): (String, String) = sqlx::query_as(
                "SELECT entity, op FROM tieline_outbox WHERE connection_id = ? AND operation = ?",
            )
            .bind(connection_id)
            .bind(queued.id.as_str())
            .fetch_one(&mut *transaction)
            .await?;
            queued.known(&entity, &op)?;
        }
    }
    transaction.commit().await?;
    Ok(new)
}

pub(crate) async fn claim(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    claim: &Claim,
) -> Result<Vec<Entry>, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let due = select!(
        "o.stage = 'pending' AND o.due <= ?3 AND NOT EXISTS (
             SELECT 1 FROM tieline_outbox e
             WHERE e.connection_id = o.connection_id AND e.entity = o.entity AND e.record = o.record
                 AND e.open = 1 AND e.record IS NOT NULL AND e.id < o.id
         )
         ORDER BY o.id LIMIT ?4",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(micros(claim.due))
    .bind(claim.limit)
    .fetch_all(&mut *transaction)
    .await?;
    let mut claimed = entries(due)?;
    let entity = claimed.first().map(|first| first.entity.clone());
    let same = claimed.iter().take_while(|entry| Some(&entry.entity) == entity.as_ref()).count();
    claimed.truncate(same);
    for entry in &mut claimed {
        claim.take(entry);
        save(&mut transaction, entry).await?;
    }
    transaction.commit().await?;
    Ok(claimed)
}

/// Writes what can change of an entry.
async fn save(connection: &mut SqliteConnection, entry: &Entry) -> Result<(), Fault> {
    let (ticket, key) = match &entry.status {
        Status::Accepted { ticket, .. } => (Some(ticket.as_str()), None),
        Status::Applied { key } => (None, key.as_ref().map(|key| key.as_str())),
        _ => (None, None),
    };
    let stage = entry.status.stage();
    let marker = entry.marker.as_ref();
    sqlx::query(
        "UPDATE tieline_outbox
         SET stage = ?, open = ?, due = ?, revision = ?, attempts = ?, ticket = ?, key = ?, note = ?,
             marker_field = ?, search_delay = ?, marker_always = ?, conclusive = ?, attempted_at = ?, changed_at = ?
         WHERE id = ?",
    )
    .bind(stage.as_str())
    .bind(stage.is_open())
    .bind(entry.status.due().map(micros))
    .bind(entry.revision.cast_signed())
    .bind(entry.attempts)
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
    .bind(entry.attempted_at.map(micros))
    .bind(micros(entry.changed_at))
    .bind(entry.number.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn renew(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    marks: &[Mark],
    until: DateTime<Utc>,
) -> Result<bool, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let mut renewed = 0;
    for mark in marks {
        renewed += sqlx::query(
            "UPDATE tieline_outbox SET due = ? WHERE id = ? AND revision = ? AND stage = 'sending'
                 AND connection_id = (SELECT id FROM tieline_connection_numbers WHERE tenant = ? AND connection = ?)",
        )
        .bind(micros(until))
        .bind(mark.number.cast_signed())
        .bind(mark.revision.cast_signed())
        .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    }
    transaction.commit().await?;
    Ok(renewed == marks.len() as u64)
}

pub(crate) async fn advance(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    from: Mark,
    to: Status,
    note: Option<String>,
    now: DateTime<Utc>,
) -> Result<Option<Entry>, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let stored = select!("o.id = ?3 AND o.revision = ?4 AND o.open = 1")
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(from.number.cast_signed())
        .bind(from.revision.cast_signed())
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(stored) = stored else { return Ok(None) };
    let mut entry = stored.entry()?;
    entry.change(to, note, now)?;
    save(&mut transaction, &entry).await?;
    transaction.commit().await?;
    Ok(Some(entry))
}

pub(crate) async fn answer(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    operation: &OperationId,
    answer: Answer,
    now: DateTime<Utc>,
) -> Result<Entry, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let stored = select!("o.operation = ?3")
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(operation.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(stored) = stored else { return Err(unknown_operation(operation).into()) };
    let mut entry = stored.entry()?;
    entry.answer(answer, now)?;
    save(&mut transaction, &entry).await?;
    transaction.commit().await?;
    Ok(entry)
}

pub(crate) async fn prune(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    finished_before: DateTime<Utc>,
) -> Result<u64, Fault> {
    let pruned = sqlx::query(
        "DELETE FROM tieline_outbox WHERE open = 0 AND changed_at < ?
             AND connection_id = (SELECT id FROM tieline_connection_numbers WHERE tenant = ? AND connection = ?)",
    )
    .bind(micros(finished_before))
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .execute(connection)
    .await?;
    Ok(pruned.rows_affected())
}

pub(crate) async fn unsettled(
    pool: &SqlitePool,
    scope: Scope<'_>,
    now: DateTime<Utc>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let stored = select!(
        "o.stage IN ('sending', 'accepted', 'unknown') AND o.due <= ?3 AND o.id > ?4 ORDER BY o.id LIMIT ?5"
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(micros(now))
    .bind(number(after.unwrap_or(0)))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    entries(stored)
}

pub(crate) async fn entry(
    pool: &SqlitePool,
    scope: Scope<'_>,
    operation: &OperationId,
) -> Result<Option<Entry>, Fault> {
    let stored = select!("o.operation = ?3")
        .bind(scope.tenant.as_str())
        .bind(scope.connection.as_str())
        .bind(operation.as_str())
        .fetch_optional(pool)
        .await?;
    Ok(stored.map(Stored::entry).transpose()?)
}

pub(crate) async fn list(
    pool: &SqlitePool,
    scope: Scope<'_>,
    stage: Option<Stage>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let after = number(after.unwrap_or(0));
    let query = match stage {
        None => select!("o.id > ?3 ORDER BY o.id LIMIT ?4")
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .bind(after)
            .bind(limit),
        Some(stage) => select!("o.id > ?3 AND o.stage = ?5 ORDER BY o.id LIMIT ?4")
            .bind(scope.tenant.as_str())
            .bind(scope.connection.as_str())
            .bind(after)
            .bind(limit)
            .bind(stage.as_str()),
    };
    entries(query.fetch_all(pool).await?)
}
