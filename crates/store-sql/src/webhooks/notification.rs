//! Notifications as people see them: lists, the delivery log, replay.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_store::webhooks::{Attempt, NewAttempt, Notification, NotificationRevision, NotificationStatus};

use super::unreadable;
use crate::sql::Sql;
use crate::time::{after, micros, now, time};
use crate::tx::{Tx, all, args};
use crate::value::{FromRow, Row};

/// The most characters of a note.
const NOTE: usize = 500;

pub(super) struct Stored(pub(super) Notification);

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        let revision = NotificationRevision::new(row.take()?, row.take()?);
        let (subscriber, event): (String, u64) = (row.take()?, row.take()?);
        let (kind, body, status): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let (due, failed, created_at): (Option<i64>, i64, i64) = (row.take()?, row.take()?, row.take()?);
        let mut notification = Notification::new(revision, subscriber, event, (kind, body), time(created_at));
        notification.status =
            NotificationStatus::parse(&status).ok_or_else(|| unreadable("the status of a notification"))?;
        notification.due = due.map_or(notification.created_at, time);
        notification.failed = u32::try_from(failed).unwrap_or(u32::MAX);
        Ok(Self(notification))
    }
}

/// Returns notifications: see
/// [`NotificationStore::notifications`](tieline_store::webhooks::NotificationStore::notifications).
///
/// # Errors
///
/// As the database fails.
pub async fn list(
    tx: &mut dyn Tx,
    id: &str,
    status: Option<NotificationStatus>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Notification>> {
    static PAGE: Sql = Sql::new(
        "SELECT n.id, n.revision, n.subscriber, n.event, n.kind, n.body, n.status, n.due, n.failed, n.created_at
         FROM tieline.notifications n JOIN tieline.synced c ON c.tenant = $1 AND c.id = n.synced_id
         WHERE n.tenant = $1 AND n.subscriber = $2 AND n.id > $3 AND (n.status = $4 OR $4 = '') AND NOT c.erased
         ORDER BY n.id LIMIT $5",
    );
    let status = status.map_or("", NotificationStatus::as_str);
    let stored: Vec<Stored> = all(tx, &PAGE, args![id, after.unwrap_or(0), status, limit]).await?;
    Ok(stored.into_iter().map(|stored| stored.0).collect())
}

/// Notes an attempt in the log.
pub(super) async fn note(
    tx: &mut dyn Tx,
    (subscriber, synced_id, notification): (&str, i64, u64),
    at: i64,
    attempt: &NewAttempt,
) -> Result<()> {
    static NOTE_IT: Sql = Sql::new(
        "INSERT INTO tieline.attempts (tenant, synced_id, subscriber, notification, at, http_status, took, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let kept: Option<String> =
        attempt.note.as_ref().map(|note| note.chars().filter(|letter| *letter != '\0').take(NOTE).collect());
    let status = attempt.http_status.map(i64::from);
    let took = after(0, attempt.took);
    let noted = args![synced_id, subscriber, notification, at, status, took, kept.as_deref()];
    tx.run(&NOTE_IT, noted).await.map(drop)
}

/// Returns the delivery log: see [`NotificationStore::attempts`](tieline_store::webhooks::NotificationStore::attempts).
///
/// # Errors
///
/// As the database fails.
pub async fn attempts(tx: &mut dyn Tx, id: &str, after: Option<u64>, limit: u32) -> Result<Vec<Attempt>> {
    static PAGE: Sql = Sql::new(
        "SELECT a.id, a.notification, a.at, a.http_status, a.took, a.note
         FROM tieline.attempts a JOIN tieline.synced c ON c.tenant = $1 AND c.id = a.synced_id
         WHERE a.tenant = $1 AND a.subscriber = $2 AND a.id > $3 AND NOT c.erased ORDER BY a.id LIMIT $4",
    );
    type Stored = (u64, u64, i64, Option<i64>, u64, Option<String>);
    let stored: Vec<Stored> = all(tx, &PAGE, args![id, after.unwrap_or(0), limit]).await?;
    let attempt = |(number, notification, at, status, took, note): Stored| {
        let status = status.and_then(|status| u16::try_from(status).ok());
        let attempt = NewAttempt::new(status, Duration::from_micros(took), note);
        Attempt::new(number, notification, time(at), attempt)
    };
    Ok(stored.into_iter().map(attempt).collect())
}

/// Makes notifications due again: see
/// [`NotificationStore::replay_notifications`](tieline_store::webhooks::NotificationStore::replay_notifications).
///
/// # Errors
///
/// As the database fails.
pub async fn replay(
    tx: &mut dyn Tx,
    id: &str,
    number: Option<u64>,
    since: Option<DateTime<Utc>>,
    limit: u32,
) -> Result<u64> {
    static REPLAY: Sql = Sql::new(
        "UPDATE tieline.notifications
         SET status = 'pending', due = $6, revision = revision + 1, failed = 0, changed_at = $6
         WHERE tenant = $1 AND id IN (
             SELECT id FROM tieline.notifications
             WHERE tenant = $1 AND subscriber = $2 AND (id = $3 OR $3 = 0) AND created_at >= $4
                 AND status IN ('delivered', 'dead')
             ORDER BY id LIMIT $5
         )",
    );
    let now = now(tx).await?;
    let since = since.map_or(i64::MIN, micros);
    tx.run(&REPLAY, args![id, number.unwrap_or(0), since, limit, now]).await
}

/// Removes notifications at rest: see
/// [`NotificationStore::prune_notifications`](tieline_store::webhooks::NotificationStore::prune_notifications).
///
/// # Errors
///
/// As the database fails.
pub async fn prune(tx: &mut dyn Tx, at_rest_for: Duration) -> Result<u64> {
    static LOG: Sql = Sql::new(
        "DELETE FROM tieline.attempts WHERE tenant = $1 AND notification IN (
             SELECT id FROM tieline.notifications
             WHERE tenant = $1 AND status IN ('delivered', 'dead') AND changed_at <= $2
         )",
    );
    static PRUNE: Sql = Sql::new(
        "DELETE FROM tieline.notifications
         WHERE tenant = $1 AND status IN ('delivered', 'dead') AND changed_at <= $2",
    );
    let before = now(tx).await?.saturating_sub(after(0, at_rest_for));
    tx.run(&LOG, args![before]).await?;
    tx.run(&PRUNE, args![before]).await
}
