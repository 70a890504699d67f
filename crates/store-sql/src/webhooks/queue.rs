//! The queue of notifications: filled from the log of events, claimed under a lease, settled.

use std::time::Duration;

use serde_json::json;
use tieline_core::{RawJson, Result};
use tieline_store::events::{NewEvent, StoredEvent};
use tieline_store::webhooks::{
    NewAttempt, Notification, NotificationEnd, NotificationRevision, NotificationStatus,
};

use super::notification::{Stored, note};
use super::subscriber;
use crate::events;
use crate::sql::{Bulk, Column, Sql};
use crate::time::{after, now, time};
use crate::tx::{Tx, all, args, first, one};

/// The reason of a pause, for the owner.
const GIVEN_UP: &str = "the address failed for three days";

/// Makes notifications of the next events: see
/// [`NotificationStore::follow_events`](tieline_store::webhooks::NotificationStore::follow_events).
///
/// # Errors
///
/// As the database fails.
pub async fn follow(tx: &mut dyn Tx, id: &str, limit: u32, most_waiting: u64) -> Result<u64> {
    static WAITING: Sql = Sql::new(
        "SELECT count(*) FROM tieline.notifications
         WHERE tenant = $1 AND subscriber = $2 AND status IN ('pending', 'sending')",
    );
    static NEXT: Sql = Sql::new(
        "SELECT e.number, e.at, c.connection, e.kind, e.data, e.synced_id
         FROM tieline.events e JOIN tieline.synced c ON c.tenant = $1 AND c.id = e.synced_id AND NOT c.erased
         WHERE e.tenant = $1 AND e.number > $2 ORDER BY e.number LIMIT $3",
    );
    static ADD: Bulk = Bulk::new(
        "tieline.notifications
             (tenant, subscriber, status, due, revision, failed, created_at, changed_at, synced_id, event, kind, body)",
        8,
        &["bigint", "bigint", "text", "text"],
        "ON CONFLICT (tenant, subscriber, event) DO NOTHING",
    );
    type Next = (u64, i64, String, String, String, i64);
    let Some(to) = subscriber::locked(tx, id).await?.filter(|to| to.is_active) else { return Ok(0) };
    let (waiting,): (u64,) = one(tx, &WAITING, args![id]).await?;
    if waiting >= most_waiting {
        return Ok(0);
    }
    let next: Vec<Next> = all(tx, &NEXT, args![to.followed, limit]).await?;
    let Some(last) = next.last().map(|next| next.0) else { return Ok(0) };
    let followed = next.len() as u64;
    let mut synced = Vec::new();
    let mut events = Vec::new();
    for (number, at, connection, kind, data, synced_id) in next {
        let event = StoredEvent::new(number, time(at), connection.into(), kind, RawJson::from_checked(&data));
        if to.takes(&event.kind, &event.connection) {
            synced.push(synced_id);
            events.push((event.to_notification(), event));
        }
    }
    if !events.is_empty() {
        let now = now(tx).await?;
        let same = args![id, NotificationStatus::Pending.as_str(), now, 0_i64, 0_i64, now, now];
        let columns = [
            Column::Ints(synced),
            Column::Ints(events.iter().map(|(_, event)| event.number.cast_signed()).collect()),
            Column::Texts(events.iter().map(|(_, event)| event.kind.as_str()).collect()),
            Column::Texts(events.iter().map(|(body, _)| body.as_str()).collect()),
        ];
        tx.insert(&ADD, same, &columns).await?;
    }
    subscriber::follow(tx, id, last).await?;
    Ok(followed)
}

/// Takes notifications: see
/// [`NotificationStore::claim_notifications`](tieline_store::webhooks::NotificationStore::claim_notifications).
///
/// # Errors
///
/// As the database fails.
pub async fn claim(tx: &mut dyn Tx, id: &str, limit: u32, lease: Duration) -> Result<Vec<Notification>> {
    static DUE: Sql = Sql::new(
        "SELECT n.id FROM tieline.notifications n
         WHERE n.tenant = $1 AND n.subscriber = $2 AND n.status = $3 AND n.due <= $4
             AND n.synced_id IN (SELECT c.id FROM tieline.synced c WHERE c.tenant = $1 AND NOT c.erased)
         ORDER BY n.id LIMIT $5 {skip}",
    );
    static TAKE: Sql = Sql::new(
        "UPDATE tieline.notifications
         SET status = 'sending', due = $3, revision = revision + 1, changed_at = $4
         WHERE tenant = $1 AND id {in $2}",
    );
    static LOAD: Sql = Sql::new(
        "SELECT id, revision, subscriber, event, kind, body, status, due, failed, created_at
         FROM tieline.notifications WHERE tenant = $1 AND id {in $2} ORDER BY id",
    );
    if subscriber::locked(tx, id).await?.is_none_or(|to| !to.is_active) {
        return Ok(Vec::new());
    }
    let now = now(tx).await?;
    let mut ids: Vec<i64> = Vec::new();
    for status in [NotificationStatus::Sending, NotificationStatus::Pending] {
        let left = limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        let due: Vec<(i64,)> = all(tx, &DUE, args![id, status.as_str(), now, left]).await?;
        ids.extend(due.into_iter().map(|(id,)| id));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.run(&TAKE, args![&ids, after(now, lease), now]).await?;
    let stored: Vec<Stored> = all(tx, &LOAD, args![&ids]).await?;
    Ok(stored.into_iter().map(|stored| stored.0).collect())
}

/// Ends an attempt: see
/// [`NotificationStore::settle_notification`](tieline_store::webhooks::NotificationStore::settle_notification).
///
/// # Errors
///
/// As the database fails.
pub async fn settle(
    tx: &mut dyn Tx,
    from: NotificationRevision,
    end: NotificationEnd,
    attempt: Option<&NewAttempt>,
) -> Result<bool> {
    static FIND: Sql = Sql::new(
        "SELECT n.subscriber, n.synced_id, c.connection
         FROM tieline.notifications n JOIN tieline.synced c ON c.tenant = $1 AND c.id = n.synced_id
         WHERE n.tenant = $1 AND n.id = $2 AND n.revision = $3 AND n.status = 'sending' AND NOT c.erased",
    );
    static SETTLE: Sql = Sql::new(
        "UPDATE tieline.notifications
         SET status = $4, due = $5, failed = failed + $6, revision = revision + 1, changed_at = $7
         WHERE tenant = $1 AND id = $2 AND revision = $3 AND status = 'sending'",
    );
    let found: Option<(String, i64, String)> = first(tx, &FIND, args![from.number, from.revision]).await?;
    let Some((subscriber, synced_id, connection)) = found else { return Ok(false) };
    let now = now(tx).await?;
    let (status, due, failed) = match end {
        NotificationEnd::Delivered => (NotificationStatus::Delivered, None, 0),
        NotificationEnd::Retry(wait) => (NotificationStatus::Pending, Some(after(now, wait)), 1_i64),
        NotificationEnd::Postponed(wait) => (NotificationStatus::Pending, Some(after(now, wait)), 0),
        _ => (NotificationStatus::Dead, None, 1),
    };
    let settled = args![from.number, from.revision, status.as_str(), due, failed, now];
    if tx.run(&SETTLE, settled).await? == 0 {
        return Ok(false);
    }
    if let Some(attempt) = attempt {
        note(tx, (&subscriber, synced_id, from.number), now, attempt).await?;
    }
    if status == NotificationStatus::Dead {
        subscriber::pause(tx, &subscriber, GIVEN_UP).await?;
        let data = json!({ "subscriber": subscriber, "reason": GIVEN_UP });
        let event = NewEvent::new("webhook.paused", RawJson::of(&data)?);
        events::append(tx, &connection.into(), &[event]).await?;
    }
    Ok(true)
}
