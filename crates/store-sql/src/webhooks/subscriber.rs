//! Addresses that are notified of events.

use tieline_core::Result;
use tieline_store::webhooks::{NewSubscriber, SecretPurpose, Subscriber};

use super::{names, secret, taken};
use crate::sql::Sql;
use crate::time::{now, time};
use crate::tx::{Tx, all, args, first};
use crate::value::{FromRow, Row};

pub(super) struct Stored(pub(super) Subscriber);

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self> {
        let (id, connection, url): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let (kinds, is_active, pause): (String, bool, Option<String>) =
            (row.take()?, row.take()?, row.take()?);
        let (followed, created_at): (u64, i64) = (row.take()?, row.take()?);
        let mut subscriber = Subscriber::new(id, url, time(created_at));
        subscriber.connection = (!connection.is_empty()).then(|| connection.into());
        subscriber.kinds = names(&kinds)?;
        subscriber.is_active = is_active;
        subscriber.pause = pause;
        subscriber.followed = followed;
        Ok(Self(subscriber))
    }
}

/// Selects whole subscribers.
macro_rules! select {
    ($condition:literal) => {
        Sql::new(concat!(
            "SELECT id, connection, url, kinds, active, pause, followed, created_at FROM tieline.subscribers
             WHERE tenant = $1 AND ",
            $condition
        ))
    };
}

/// Makes a subscriber: see
/// [`NotificationStore::create_subscriber`](tieline_store::webhooks::NotificationStore::create_subscriber).
///
/// # Errors
///
/// `Conflict` when its id is taken, `Rejected` for what cannot be kept; otherwise as the database fails.
pub async fn create(tx: &mut dyn Tx, new: &NewSubscriber) -> Result<Subscriber> {
    static LAST: Sql = Sql::new("SELECT last FROM tieline.log_counts WHERE tenant = $1 AND log = 'events'");
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.subscribers
             (tenant, id, connection, url, kinds, active, pause, followed, created_at)
         VALUES ($1, $2, $3, $4, $5, TRUE, NULL, $6, $7) ON CONFLICT DO NOTHING",
    );
    new.check()?;
    let now = now(tx).await?;
    let followed: i64 = first::<(i64,)>(tx, &LAST, args![]).await?.map_or(0, |(last,)| last);
    let id = new.id.as_str();
    let connection = new.connection.as_ref().map_or("", |connection| connection.as_str());
    let kinds = serde_json::json!(new.kinds).to_string();
    let made = args![id, connection, &new.url, &kinds, followed, now];
    if tx.run(&MAKE, made).await? == 0 {
        return Err(taken("subscriber"));
    }
    secret::store(tx, (id, connection), SecretPurpose::Signing, &new.secret).await?;
    let mut subscriber = Subscriber::new(new.id.clone(), new.url.clone(), time(now));
    subscriber.kinds.clone_from(&new.kinds);
    subscriber.connection.clone_from(&new.connection);
    subscriber.followed = followed.cast_unsigned();
    subscriber.secrets = secret::in_force(tx, id).await?;
    Ok(subscriber)
}

/// Returns a subscriber: see [`NotificationStore::subscriber`](tieline_store::webhooks::NotificationStore::subscriber).
///
/// # Errors
///
/// As the database fails.
pub async fn subscriber(tx: &mut dyn Tx, id: &str) -> Result<Option<Subscriber>> {
    static FIND: Sql = select!("id = $2");
    let Some(Stored(mut subscriber)) = first(tx, &FIND, args![id]).await? else { return Ok(None) };
    subscriber.secrets = secret::in_force(tx, id).await?;
    Ok(Some(subscriber))
}

/// A subscriber that nobody else changes until the end of the transaction, without its secrets.
pub(super) async fn locked(tx: &mut dyn Tx, id: &str) -> Result<Option<Subscriber>> {
    static LOCK: Sql = select!("id = $2 {lock}");
    Ok(first::<Stored>(tx, &LOCK, args![id]).await?.map(|stored| stored.0))
}

/// Returns subscribers by id: see
/// [`NotificationStore::subscribers`](tieline_store::webhooks::NotificationStore::subscribers).
///
/// # Errors
///
/// As the database fails.
pub async fn subscribers(tx: &mut dyn Tx, after: Option<&str>, limit: u32) -> Result<Vec<Subscriber>> {
    static PAGE: Sql = select!("id > $2 ORDER BY id LIMIT $3");
    let stored: Vec<Stored> = all(tx, &PAGE, args![after.unwrap_or(""), limit]).await?;
    let mut subscribers = Vec::with_capacity(stored.len());
    for Stored(mut subscriber) in stored {
        subscriber.secrets = secret::in_force(tx, subscriber.id.as_str()).await?;
        subscribers.push(subscriber);
    }
    Ok(subscribers)
}

/// Pauses a subscriber, or resumes it: see
/// [`NotificationStore::set_subscriber_active`](tieline_store::webhooks::NotificationStore::set_subscriber_active).
///
/// # Errors
///
/// As the database fails.
pub async fn set_active(tx: &mut dyn Tx, id: &str, is_active: bool) -> Result<bool> {
    static SET: Sql =
        Sql::new("UPDATE tieline.subscribers SET active = $3, pause = NULL WHERE tenant = $1 AND id = $2");
    static WAKE: Sql = Sql::new(
        "UPDATE tieline.notifications SET due = $3, failed = 0, revision = revision + 1
         WHERE tenant = $1 AND subscriber = $2 AND status = 'pending'",
    );
    let found = tx.run(&SET, args![id, is_active]).await? > 0;
    if found && is_active {
        let now = now(tx).await?;
        tx.run(&WAKE, args![id, now]).await?;
    }
    Ok(found)
}

/// Pauses a subscriber for a reason.
pub(super) async fn pause(tx: &mut dyn Tx, id: &str, reason: &str) -> Result<()> {
    static PAUSE: Sql =
        Sql::new("UPDATE tieline.subscribers SET active = FALSE, pause = $3 WHERE tenant = $1 AND id = $2");
    tx.run(&PAUSE, args![id, reason]).await.map(drop)
}

/// Marks how far a subscriber has followed the log of events.
pub(super) async fn follow(tx: &mut dyn Tx, id: &str, number: u64) -> Result<()> {
    static FOLLOW: Sql =
        Sql::new("UPDATE tieline.subscribers SET followed = $3 WHERE tenant = $1 AND id = $2");
    tx.run(&FOLLOW, args![id, number]).await.map(drop)
}

/// Removes a subscriber: see
/// [`NotificationStore::remove_subscriber`](tieline_store::webhooks::NotificationStore::remove_subscriber).
///
/// # Errors
///
/// As the database fails.
pub async fn remove(tx: &mut dyn Tx, id: &str) -> Result<bool> {
    static REMOVE: Sql = Sql::new("DELETE FROM tieline.subscribers WHERE tenant = $1 AND id = $2");
    static FORGET: [Sql; 2] = [
        Sql::new("DELETE FROM tieline.attempts WHERE tenant = $1 AND subscriber = $2"),
        Sql::new("DELETE FROM tieline.notifications WHERE tenant = $1 AND subscriber = $2"),
    ];
    if locked(tx, id).await?.is_none() {
        return Ok(false);
    }
    for forget in &FORGET {
        tx.run(forget, args![id]).await?;
    }
    secret::forget(tx, id).await?;
    tx.run(&REMOVE, args![id]).await?;
    Ok(true)
}
