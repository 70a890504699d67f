//! The inbox of webhooks: a queue of events. A delivery is stored under a shared lock of its connection's row, so that
//! deliveries do not wait for each other and none is stored into what is being erased. All times are the database's.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::inbox::{
    Delivery, DeliveryRevision, DeliveryStatus, EventKind, InboxClaim, NewDelivery, Received, Settlement,
    decode_event,
};

use crate::directory::set_due;
use crate::queue::Queue;
use crate::records::{lock_connection, step_connection};
use crate::sql::Sql;
use crate::time::{after, micros, now, time};
use crate::tx::{Tx, all, args, first, one};
use crate::value::{FromRow, Row};

/// The word under which a connection is due in the directory while its inbox holds anything.
pub const DUE: &str = "inbox";
/// The most characters of a note.
const NOTE: usize = 500;

static INBOX: LazyLock<Queue> = LazyLock::new(|| Queue::new("inbox", "q.due IS NOT NULL"));

/// Stores a delivery: see [`InboxStore::receive`](tieline_store::inbox::InboxStore::receive).
///
/// # Errors
///
/// `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn receive(tx: &mut dyn Tx, connection: &ConnectionId, new: &NewDelivery) -> Result<Received> {
    static FIND: Sql = Sql::new(
        "SELECT id FROM tieline.synced WHERE tenant = $1 AND connection = $2 AND NOT erased {share}",
    );
    static ADD: Sql = Sql::new(
        "INSERT INTO tieline.inbox (tenant, synced_id, endpoint, identity, status, due, revision, attempts, event,
             received_at, changed_at)
         VALUES ($1, $2, $3, $4, 'pending', $5, 0, 0, $6, $5, $5)
         ON CONFLICT (synced_id, endpoint, identity) WHERE identity IS NOT NULL DO NOTHING
         RETURNING id",
    );
    static AGAIN: Sql = Sql::new(
        "UPDATE tieline.inbox
         SET status = 'pending', due = $5, revision = revision + 1, attempts = 0, note = NULL, event = $6,
             changed_at = $5
         WHERE tenant = $1 AND synced_id = $2 AND endpoint = $3 AND identity = $4
         RETURNING id",
    );
    static SAME: Sql = Sql::new(
        "SELECT id FROM tieline.inbox
         WHERE tenant = $1 AND synced_id = $2 AND endpoint = $3 AND identity = $4",
    );
    new.check()?;
    let found: Option<(i64,)> = first(tx, &FIND, args![connection.as_str()]).await?;
    let synced_id = match found {
        Some((id,)) => id,
        None => step_connection(tx, connection, 0).await?.0,
    };
    let now = now(tx).await?;
    let identity = new.identity.as_ref().map(<[u8; 32]>::as_slice);
    let delivery = args![synced_id, new.endpoint.as_str(), identity, now, new.event.get()];
    let added: Option<(u64,)> = first(tx, &ADD, delivery).await?;
    let received = match added {
        Some((number,)) => Received::Stored(number),
        None if new.kind == EventKind::Hints && !new.is_exact => {
            Received::Again(one::<(u64,)>(tx, &AGAIN, delivery).await?.0)
        }
        None => {
            let same = args![synced_id, new.endpoint.as_str(), identity];
            return Ok(Received::Repeated(one::<(u64,)>(tx, &SAME, same).await?.0));
        }
    };
    set_due(tx, connection, DUE, Some(time(now))).await?;
    Ok(received)
}

/// Takes deliveries: see [`InboxStore::claim_deliveries`](tieline_store::inbox::InboxStore::claim_deliveries).
///
/// # Errors
///
/// As the database fails.
pub async fn claim(tx: &mut dyn Tx, connection: &ConnectionId, claim: &InboxClaim) -> Result<Vec<Delivery>> {
    static TAKE: Sql = Sql::new(
        "UPDATE tieline.inbox
         SET status = 'working', due = $3, revision = revision + 1, attempts = attempts + 1, changed_at = $4
         WHERE tenant = $1 AND id {in $2}",
    );
    static LOAD: Sql = Sql::new(
        "SELECT id, revision, endpoint, status, due, attempts, event, note, received_at FROM tieline.inbox
         WHERE tenant = $1 AND id {in $2} ORDER BY id",
    );
    // A worker's lease is a due time as well, so the earliest of either is when somebody has work.
    static NEXT: Sql = Sql::new(
        "SELECT MIN(due) FROM tieline.inbox
         WHERE tenant = $1 AND synced_id = $2 AND status IN ('pending', 'working')",
    );
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(Vec::new()) };
    let now = now(tx).await?;
    let mut ids = INBOX.due(tx, synced_id, DeliveryStatus::Working.as_str(), now, claim.limit).await?;
    let left = claim.limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
    ids.extend(INBOX.due(tx, synced_id, DeliveryStatus::Pending.as_str(), now, left).await?);
    if !ids.is_empty() {
        tx.run(&TAKE, args![&ids, after(now, claim.lease), now]).await?;
    }
    let (next,): (Option<i64>,) = one(tx, &NEXT, args![synced_id]).await?;
    set_due(tx, connection, DUE, next.map(time)).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let stored: Vec<Stored> = all(tx, &LOAD, args![&ids]).await?;
    stored.into_iter().map(Stored::delivery).collect()
}

/// Ends an attempt: see [`InboxStore::settle_delivery`](tieline_store::inbox::InboxStore::settle_delivery).
///
/// # Errors
///
/// As the database fails.
pub async fn settle(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    from: DeliveryRevision,
    to: &Settlement,
) -> Result<bool> {
    static SETTLE: Sql = Sql::new(
        "UPDATE tieline.inbox
         SET status = $5, due = $6, note = $7, revision = revision + 1, changed_at = $8
         WHERE tenant = $1 AND synced_id = $2 AND id = $3 AND revision = $4 AND status = 'working'",
    );
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(false) };
    let now = now(tx).await?;
    let (status, due, note) = match to {
        Settlement::Done => (DeliveryStatus::Done, None, None),
        Settlement::Retry { after: wait, note, .. } => {
            (DeliveryStatus::Pending, Some(after(now, *wait)), Some(shortened(note)))
        }
        Settlement::Dead { note, .. } => (DeliveryStatus::Dead, None, Some(shortened(note))),
        _ => return Err(Error::unsupported("this end of an attempt")),
    };
    let settled = args![synced_id, from.number, from.revision, status.as_str(), due, note.as_deref(), now];
    let settled = tx.run(&SETTLE, settled).await? > 0;
    if settled && let Some(due) = due {
        earlier(tx, connection, due).await?;
    }
    Ok(settled)
}

/// Makes a connection due at a time, unless it is due earlier.
async fn earlier(tx: &mut dyn Tx, connection: &ConnectionId, at: i64) -> Result<()> {
    static EARLIER: Sql = Sql::new(
        "INSERT INTO tieline.due AS d (tenant, connection, what, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, connection, what)
         DO UPDATE SET at = CASE WHEN d.at < excluded.at THEN d.at ELSE excluded.at END",
    );
    tx.run(&EARLIER, args![connection.as_str(), DUE, at]).await.map(drop)
}

fn shortened(note: &str) -> String {
    note.chars().filter(|letter| *letter != '\0').take(NOTE).collect()
}

/// Returns deliveries: see [`InboxStore::deliveries`](tieline_store::inbox::InboxStore::deliveries).
///
/// # Errors
///
/// As the database fails.
pub async fn list(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    status: Option<DeliveryStatus>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Delivery>> {
    static PAGE: Sql = Sql::new(
        "SELECT i.id, i.revision, i.endpoint, i.status, i.due, i.attempts, i.event, i.note, i.received_at
         FROM tieline.inbox i JOIN tieline.synced c ON c.id = i.synced_id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND i.tenant = $1 AND i.id > $3
             AND (i.status = $4 OR $4 = '')
         ORDER BY i.id LIMIT $5",
    );
    let status = status.map_or("", DeliveryStatus::as_str);
    let stored: Vec<Stored> =
        all(tx, &PAGE, args![connection.as_str(), after.unwrap_or(0), status, limit]).await?;
    stored.into_iter().map(Stored::delivery).collect()
}

/// Makes deliveries due again: see
/// [`InboxStore::replay_deliveries`](tieline_store::inbox::InboxStore::replay_deliveries).
///
/// # Errors
///
/// `Config` for a status in which they are not at rest; otherwise as the database fails.
pub async fn replay(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    status: DeliveryStatus,
    since: Option<DateTime<Utc>>,
    limit: u32,
) -> Result<u64> {
    static REPLAY: Sql = Sql::new(
        "UPDATE tieline.inbox
         SET status = 'pending', due = $5, revision = revision + 1, attempts = 0, changed_at = $5
         WHERE tenant = $1 AND id IN (
             SELECT id FROM tieline.inbox
             WHERE tenant = $1 AND synced_id = $2 AND status = $3 AND received_at >= $4
             ORDER BY id LIMIT $6
         )",
    );
    if !matches!(status, DeliveryStatus::Done | DeliveryStatus::Dead) {
        return Err(Error::new(ErrorKind::Config, "only deliveries that are at rest are replayed")
            .with_advice("name those that are done, or dead"));
    }
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(0) };
    let now = now(tx).await?;
    let since = since.map_or(i64::MIN, micros);
    let replayed = tx.run(&REPLAY, args![synced_id, status.as_str(), since, now, limit]).await?;
    if replayed > 0 {
        earlier(tx, connection, now).await?;
    }
    Ok(replayed)
}

/// Removes deliveries at rest: see
/// [`InboxStore::prune_deliveries`](tieline_store::inbox::InboxStore::prune_deliveries).
///
/// # Errors
///
/// As the database fails.
pub async fn prune(tx: &mut dyn Tx, connection: &ConnectionId, at_rest_for: Duration) -> Result<u64> {
    static PRUNE: Sql = Sql::new(
        "DELETE FROM tieline.inbox
         WHERE tenant = $1 AND synced_id = $2 AND status IN ('done', 'dead') AND changed_at <= {now} - $3",
    );
    let Some(synced_id) = lock_connection(tx, connection).await? else { return Ok(0) };
    tx.run(&PRUNE, args![synced_id, after(0, at_rest_for)]).await
}

/// A row of the inbox.
struct Stored {
    id: u64,
    revision: u64,
    endpoint: String,
    status: String,
    due: Option<i64>,
    attempts: i64,
    event: String,
    note: Option<String>,
    received_at: i64,
}

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        Ok(Self {
            id: row.take()?,
            revision: row.take()?,
            endpoint: row.take()?,
            status: row.take()?,
            due: row.take()?,
            attempts: row.take()?,
            event: row.take()?,
            note: row.take()?,
            received_at: row.take()?,
        })
    }
}

impl Stored {
    fn delivery(self) -> Result<Delivery> {
        let status = DeliveryStatus::ALL.into_iter().find(|status| status.as_str() == self.status);
        let status = status.ok_or_else(|| {
            Error::new(ErrorKind::Internal, "a delivery is stored in an unknown status")
                .with_advice("report it; a newer version may have stored it")
        })?;
        let revision = DeliveryRevision::new(self.id, self.revision);
        let received_at = time(self.received_at);
        let mut delivery =
            Delivery::new(revision, self.endpoint.as_str(), decode_event(&self.event)?, received_at);
        delivery.status = status;
        delivery.due = self.due.map_or(received_at, time);
        delivery.attempts = u32::try_from(self.attempts).unwrap_or(u32::MAX);
        delivery.note = self.note;
        Ok(delivery)
    }
}
