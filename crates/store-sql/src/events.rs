//! Events: what happened to a tenant's connections, numbered in the order in which it became visible, for pages that are
//! shown live and for webhooks that are sent.
//!
//! An event is appended in the transaction of the change that it reports, so that neither is there without the other. A client keeps
//! the number of the last event that it has, as the `Last-Event-ID` of Server-Sent Events does, and misses none.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tieline_core::{RawJson, Result};
pub use tieline_store::events::{EventsPage, NewEvent, StoredEvent};
use tieline_store::plan::check_text;
use tieline_store::{ConnectionId, RowIssue, TargetName};

use crate::log;
use crate::records::step_connection;
use crate::sink::{RowChange, RowSink};
use crate::sql::{Bulk, Column, Sql};
use crate::time::{after, now, time};
use crate::tx::{Tx, all, args};

/// The most keys that an event of changed rows names.
const KEYS_NAMED: usize = 100;

/// Appends events of a connection. To be called last of all in a transaction: until its end, nobody else appends events of
/// the tenant.
///
/// # Errors
///
/// `Rejected` for a kind that cannot be kept; otherwise as the database fails.
pub async fn append(tx: &mut dyn Tx, connection: &ConnectionId, events: &[NewEvent]) -> Result<()> {
    static ADD: Bulk = Bulk::new(
        "tieline.events (tenant, synced_id, at, number, kind, data)",
        3,
        &["bigint", "text", "text"],
        "",
    );
    if events.is_empty() {
        return Ok(());
    }
    for event in events {
        check_text("kind of an event", &event.kind)?;
    }
    let (synced_id, _) = step_connection(tx, connection, 0).await?;
    let at = now(tx).await?;
    let before = log::number(tx, "events", events.len()).await?;
    let columns = [
        Column::Ints((before + 1..).take(events.len()).collect()),
        Column::Texts(events.iter().map(|event| event.kind.as_str()).collect()),
        Column::Texts(events.iter().map(|event| event.data.get()).collect()),
    ];
    tx.insert(&ADD, args![synced_id, at], &columns).await.map(drop)
}

/// Returns the tenant's events in order, after a number; `None` begins with the oldest that is kept.
///
/// # Errors
///
/// As the database fails.
pub async fn since(tx: &mut dyn Tx, after: Option<u64>, limit: u32) -> Result<EventsPage> {
    static PAGE: Sql = Sql::new(
        "SELECT e.number, e.at, c.connection, e.kind, e.data
         FROM tieline.events e JOIN tieline.synced c ON c.tenant = $1 AND c.id = e.synced_id AND NOT c.erased
         WHERE e.tenant = $1 AND e.number > $2 ORDER BY e.number LIMIT $3",
    );
    type Stored = (u64, i64, String, String, String);
    let stored: Vec<Stored> = all(tx, &PAGE, args![after.unwrap_or(0), limit]).await?;
    let events: Vec<StoredEvent> = stored
        .into_iter()
        .map(|(number, at, connection, kind, data)| {
            StoredEvent::new(number, time(at), connection.into(), kind, RawJson::from_checked(&data))
        })
        .collect();
    let gap = after.zip(events.first()).is_some_and(|(after, first)| first.number > after + 1);
    Ok(EventsPage::new(events, gap))
}

/// Deletes events of the tenant that are older than this. Returns how many.
///
/// # Errors
///
/// As the database fails.
pub async fn prune(tx: &mut dyn Tx, older_than: Duration) -> Result<u64> {
    static PRUNE: Sql = Sql::new("DELETE FROM tieline.events WHERE tenant = $1 AND at <= {now} - $2");
    tx.run(&PRUNE, args![after(0, older_than)]).await
}

/// A sink that appends an event `rows.changed` for a target's rows in the transaction of each commit that changes some.
///
/// Its data is `{"target": "deals", "put": 2, "removed": 1, "keys": ["7", "8", "9"]}`, with up to 100 keys and no fields.
#[derive(Clone, Debug)]
pub struct EventSink {
    target: TargetName,
}

impl EventSink {
    /// A sink for a target's rows.
    pub fn new(target: impl Into<TargetName>) -> Self {
        Self { target: target.into() }
    }
}

#[async_trait]
impl RowSink for EventSink {
    fn target(&self) -> &TargetName {
        &self.target
    }

    async fn apply(
        &self,
        tx: &mut dyn Tx,
        connection: &ConnectionId,
        changes: &[RowChange],
    ) -> Result<Vec<RowIssue>> {
        let put = changes.iter().filter(|change| change.fields.is_some()).count();
        let keys: Vec<&str> = changes.iter().take(KEYS_NAMED).map(|change| change.key.as_str()).collect();
        let data = json!({
            "target": self.target.as_str(), "put": put, "removed": changes.len() - put, "keys": keys,
        });
        append(tx, connection, &[NewEvent::new("rows.changed", RawJson::of(&data)?)]).await?;
        Ok(Vec::new())
    }
}
