//! The outbox: one transaction a step, and a change only to an entry that did not change since. Like all writes of a
//! connection, each first locks the connection's row. All times are the database's.

mod entry;

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use tieline_core::{Operation, OperationId, Result};
use tieline_store::ConnectionId;
use tieline_store::outbox::{Answer, Claim, Destination, Entry, EntryRevision, Status, StatusKind};
use tieline_store::plan::{Queued, unknown_operation};

use crate::queue::Queue;
use crate::records::{KEYS, lock_connection, partition_name, step_connection};
use crate::sql::{Bulk, Column, Sql};
use crate::time::{after, micros, now, time};
use crate::tx::{Tx, all, args, first};
use entry::Stored;

/// An operation waits while an earlier one on the same record is open.
static OUTBOX: LazyLock<Queue> = LazyLock::new(|| {
    Queue::new(
        "outbox",
        "NOT EXISTS (
             SELECT 1 FROM tieline.outbox e
             WHERE e.tenant = $1 AND e.synced_id = $2 AND e.entity = q.entity AND e.partition = q.partition
                 AND e.record = q.record AND e.open AND e.record IS NOT NULL AND e.id < q.id
         )",
    )
});

/// Entries `o` of the connection `$2`.
macro_rules! select {
    ($condition:literal) => {
        Sql::new(concat!(
            "SELECT o.id, o.operation, o.entity, o.partition, o.op, o.status, o.due, o.revision, o.attempts, o.ticket, o.key,
                 o.note, o.marker_field, o.search_delay, o.marker_always, o.conclusive, o.enqueued_at,
                 o.attempted_at, o.changed_at
             FROM tieline.outbox o JOIN tieline.synced c ON c.id = o.synced_id
             WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND o.tenant = $1 AND ",
            $condition
        ))
    };
}

fn entries(stored: Vec<Stored>) -> Result<Vec<Entry>> {
    stored.into_iter().map(Stored::entry).collect()
}

/// Stores operations: see [`OutboxStore::enqueue`](tieline_store::OutboxStore::enqueue).
///
/// # Errors
///
/// `Conflict` when an id is stored with other content, `Rejected` for what cannot be kept; otherwise as the database
/// fails.
pub async fn enqueue(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    to: &Destination,
    operations: &[Operation],
) -> Result<u64> {
    static STORED: Sql = Sql::new(
        "SELECT operation, entity, partition, op FROM tieline.outbox
         WHERE tenant = $1 AND synced_id = $2 AND operation {in $3}",
    );
    let queued: Vec<Queued> =
        operations.iter().map(|operation| Queued::new(to, operation)).collect::<Result<_>>()?;
    let (synced_id, _) = step_connection(tx, connection, 0).await?;
    let now = now(tx).await?;
    let mut new = 0;
    for chunk in queued.chunks(KEYS) {
        let ids: Vec<&str> = chunk.iter().map(|queued| queued.id.as_str()).collect();
        let stored: Vec<(String, String, String, String)> = all(tx, &STORED, args![synced_id, &ids]).await?;
        let mut known: HashMap<OperationId, (Destination, String)> = HashMap::new();
        for (id, entity, partition, op) in stored {
            known.insert(id.into(), (entry::destination(entity, &partition), op));
        }
        let mut added: Vec<&Queued> = Vec::new();
        for queued in chunk {
            match known.get(&queued.id) {
                Some((to, op)) => queued.known(to, op)?,
                None => {
                    known.insert(queued.id.clone(), (queued.to.clone(), queued.op.get().to_owned()));
                    added.push(queued);
                }
            }
        }
        new += insert(tx, synced_id, &added, now).await?;
    }
    Ok(new)
}

async fn insert(tx: &mut dyn Tx, synced_id: i64, queued: &[&Queued], now: i64) -> Result<u64> {
    // Numbers are given in the order of the list.
    static ADD: Bulk = Bulk::new(
        "tieline.outbox (tenant, synced_id, status, open, due, revision, attempts, enqueued_at, changed_at,
             partition, operation, entity, op, record)",
        10,
        &["text", "text", "text", "text"],
        "",
    );
    let column = |of: fn(&Queued) -> &str| Column::Texts(queued.iter().map(|queued| of(queued)).collect());
    let records = queued.iter().map(|queued| queued.record.as_ref().map(|record| record.as_str())).collect();
    let columns = [
        column(|queued| queued.id.as_str()),
        column(|queued| queued.to.entity.as_str()),
        column(|queued| queued.op.get()),
        Column::OptTexts(records),
    ];
    let partition = queued.first().map_or(String::new(), |first| partition_name(first.to.partition.as_ref()));
    let same = args![synced_id, StatusKind::Pending.as_str(), true, now, 0_i64, 0_i64, now, now, &partition];
    tx.insert(&ADD, same, &columns).await
}

/// Takes operations to be sent: see [`OutboxStore::claim`](tieline_store::OutboxStore::claim).
///
/// # Errors
///
/// As the database fails.
pub async fn claim(tx: &mut dyn Tx, connection: &ConnectionId, claim: &Claim) -> Result<Vec<Entry>> {
    static LOAD: Sql = select!("o.id {in $3} ORDER BY o.id");
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(Vec::new()) };
    let now = now(tx).await?;
    let due = claim.due.map_or(now, |due| micros(due).min(now));
    let ids = OUTBOX.due(tx, synced_id, StatusKind::Pending.as_str(), due, claim.limit).await?;
    let mut claimed = entries(all(tx, &LOAD, args![connection.as_str(), &ids]).await?)?;
    let same = claimed.iter().take_while(|entry| claimed.first().is_some_and(|first| first.goes_with(entry)));
    let same = same.count();
    claimed.truncate(same);
    for entry in &mut claimed {
        claim.take(entry, time(now));
        save(tx, entry).await?;
    }
    Ok(claimed)
}

/// Writes what can change of an entry.
async fn save(tx: &mut dyn Tx, entry: &Entry) -> Result<()> {
    static SAVE: Sql = Sql::new(
        "UPDATE tieline.outbox
         SET status = $2, open = $3, due = $4, revision = $5, attempts = $6, ticket = $7, key = $8, note = $9,
             marker_field = $10, search_delay = $11, marker_always = $12, conclusive = $13, attempted_at = $14,
             changed_at = $15
         WHERE tenant = $1 AND id = $16",
    );
    let (ticket, key) = match &entry.status {
        Status::Accepted { ticket, .. } => (Some(ticket.as_str()), None),
        Status::Applied { key } => (None, key.as_ref().map(|key| key.as_str())),
        _ => (None, None),
    };
    let conclusive = match &entry.status {
        Status::Unknown { conclusive, .. } => Some(*conclusive),
        _ => None,
    };
    let status = entry.status.kind();
    let marker = entry.marker.as_ref();
    let delay = marker.map(|marker| i64::try_from(marker.search_delay.as_micros()).unwrap_or(i64::MAX));
    let saved = args![
        status.as_str(),
        status.is_open(),
        entry.status.due().map(micros),
        entry.revision,
        entry.attempts,
        ticket,
        key,
        entry.note.as_deref(),
        marker.map(|marker| marker.field.as_str()),
        delay,
        marker.map(|marker| marker.always),
        conclusive,
        entry.attempted_at.map(micros),
        micros(entry.changed_at),
        entry.number,
    ];
    tx.run(&SAVE, saved).await.map(drop)
}

/// Prolongs leases: see [`OutboxStore::renew`](tieline_store::OutboxStore::renew).
///
/// # Errors
///
/// As the database fails.
pub async fn renew(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    marks: &[EntryRevision],
    lease: Duration,
) -> Result<bool> {
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(marks.is_empty()) };
    let until = after(now(tx).await?, lease);
    let mut all = true;
    for mark in marks {
        let entry = (mark.number, mark.revision);
        all &= OUTBOX.renew(tx, synced_id, entry, StatusKind::Sending.as_str(), until).await?;
    }
    Ok(all)
}

/// Changes the status of an entry that is still as marked: see
/// [`OutboxStore::advance`](tieline_store::OutboxStore::advance).
///
/// # Errors
///
/// `Internal` for a status that an entry cannot be given; otherwise as the database fails.
pub async fn advance(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    from: EntryRevision,
    to: Status,
    note: Option<String>,
) -> Result<Option<Entry>> {
    static FIND: Sql = select!("o.id = $3 AND o.revision = $4 AND o.open");
    if lock_connection(tx, connection).await?.is_none() {
        return Ok(None);
    }
    let stored: Option<Stored> =
        first(tx, &FIND, args![connection.as_str(), from.number, from.revision]).await?;
    let Some(stored) = stored else { return Ok(None) };
    let mut entry = stored.entry()?;
    entry.change(to, note, time(now(tx).await?))?;
    save(tx, &entry).await?;
    Ok(Some(entry))
}

/// Answers a question: see [`OutboxStore::answer`](tieline_store::OutboxStore::answer).
///
/// # Errors
///
/// `NotFound` for an unknown operation, `Conflict` when nothing is asked about it; otherwise as the database fails.
pub async fn answer(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    operation: &OperationId,
    answer: Answer,
) -> Result<Entry> {
    lock_connection(tx, connection).await?;
    let mut entry = entry(tx, connection, operation).await?.ok_or_else(|| unknown_operation(operation))?;
    entry.answer(answer, time(now(tx).await?))?;
    save(tx, &entry).await?;
    Ok(entry)
}

/// Removes finished operations: see [`OutboxStore::prune`](tieline_store::OutboxStore::prune).
///
/// # Errors
///
/// As the database fails.
pub async fn prune(tx: &mut dyn Tx, connection: &ConnectionId, finished_for: Duration) -> Result<u64> {
    static PRUNE: Sql = Sql::new(
        "DELETE FROM tieline.outbox
         WHERE tenant = $1 AND synced_id = $2 AND NOT open AND changed_at <= {now} - $3",
    );
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(0) };
    tx.run(&PRUNE, args![synced_id, after(0, finished_for)]).await
}

/// Returns operations of unknown outcome that are due: see
/// [`OutboxStore::unsettled`](tieline_store::OutboxStore::unsettled).
///
/// # Errors
///
/// As the database fails.
pub async fn unsettled(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>> {
    static PAGE: Sql = select!(
        "o.status IN ('sending', 'accepted', 'unknown') AND o.due <= {now} AND o.id > $3 ORDER BY o.id LIMIT $4"
    );
    entries(all(tx, &PAGE, args![connection.as_str(), after.unwrap_or(0), limit]).await?)
}

/// Returns one operation.
///
/// # Errors
///
/// As the database fails.
pub async fn entry(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    operation: &OperationId,
) -> Result<Option<Entry>> {
    static FIND: Sql = select!("o.operation = $3");
    let stored: Option<Stored> = first(tx, &FIND, args![connection.as_str(), operation.as_str()]).await?;
    stored.map(Stored::entry).transpose()
}

/// Returns operations in order: see [`OutboxStore::entries`](tieline_store::OutboxStore::entries).
///
/// # Errors
///
/// As the database fails.
pub async fn list(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    status: Option<StatusKind>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>> {
    static ALL: Sql = select!("o.id > $3 ORDER BY o.id LIMIT $4");
    static OF_STATUS: Sql = select!("o.id > $3 AND o.status = $5 ORDER BY o.id LIMIT $4");
    let (connection, after) = (connection.as_str(), after.unwrap_or(0));
    let stored = match status {
        None => all(tx, &ALL, args![connection, after, limit]).await?,
        Some(status) => all(tx, &OF_STATUS, args![connection, after, limit, status.as_str()]).await?,
    };
    entries(stored)
}
