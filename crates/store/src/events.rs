//! Events: what happened to a tenant's connections, for pages that are shown live and for webhooks that are sent.

use std::fmt::{self, Write as _};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tieline_core::{RawJson, Result};

use crate::ConnectionId;

/// An event to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEvent {
    /// The kind, such as `sync.completed`.
    pub kind: String,
    /// The facts, as a JSON object.
    pub data: RawJson,
}

impl NewEvent {
    /// An event.
    pub fn new(kind: impl Into<String>, data: RawJson) -> Self {
        Self { kind: kind.into(), data }
    }
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredEvent {
    /// Its place in the tenant's log.
    pub number: u64,
    /// When it was appended, by the store's clock.
    pub at: DateTime<Utc>,
    /// The connection.
    pub connection: ConnectionId,
    /// The kind.
    pub kind: String,
    /// The facts.
    pub data: RawJson,
}

impl StoredEvent {
    /// For whoever writes a store: an event of its log.
    pub fn new(
        number: u64,
        at: DateTime<Utc>,
        connection: ConnectionId,
        kind: impl Into<String>,
        data: RawJson,
    ) -> Self {
        Self { number, at, connection, kind: kind.into(), data }
    }

    /// Returns the event as a message of Server-Sent Events, with its number as the id.
    ///
    /// ```
    /// # use tieline_store::events::StoredEvent;
    /// # fn example(event: &StoredEvent) {
    /// // id: 7
    /// // event: sync.completed
    /// // data: {"connection":"crm","data":{"read":12}}
    /// print!("{}", event.to_sse());
    /// # }
    /// ```
    pub fn to_sse(&self) -> String {
        let kind: String = self.kind.chars().filter(|c| !c.is_control()).collect();
        let mut message = format!("id: {}\nevent: {kind}\n", self.number);
        let connection = json!(self.connection.as_str());
        let data = format!(r#"{{"connection":{connection},"data":{}}}"#, self.data.get());
        // JSON may be written over several lines.
        for line in data.split(['\n', '\r']) {
            let _ = writeln!(message, "data: {line}");
        }
        message.push('\n');
        message
    }

    /// Returns the event as the body of a notification, in the form that Standard Webhooks recommend: `type`,
    /// `timestamp` and `data`, with the connection beside the facts.
    pub fn to_notification(&self) -> String {
        let (kind, connection) = (json!(self.kind), json!(self.connection.as_str()));
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let data = self.data.get();
        format!(r#"{{"type":{kind},"timestamp":"{at}","connection":{connection},"data":{data}}}"#)
    }
}

/// A page of a tenant's events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventsPage {
    /// The events, by number.
    pub events: Vec<StoredEvent>,
    /// Whether events between the number that was asked for and the first of these are gone: pruned, or erased with their
    /// connection. What a client shows may be out of date then.
    pub gap: bool,
}

impl EventsPage {
    /// For whoever writes a store: a page, and whether events before it are gone.
    pub fn new(events: Vec<StoredEvent>, gap: bool) -> Self {
        Self { events, gap }
    }
}

/// A store of events, as one tenant sees it.
#[async_trait]
pub trait EventStore: fmt::Debug + Send + Sync {
    /// Appends events of a connection, and wakes who waits for some.
    ///
    /// # Errors
    ///
    /// `Rejected` for a kind that cannot be kept; otherwise as the store fails.
    async fn append_events(&self, connection: &ConnectionId, events: Vec<NewEvent>) -> Result<()>;

    /// Returns the events after a number, in order; `None` begins with the oldest that is kept.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn events_since(&self, after: Option<u64>, limit: u32) -> Result<EventsPage>;

    /// Returns a waiter. Make it before the first look, so that nothing is missed.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn event_waiter(&self) -> Result<Box<dyn EventWaiter>>;
}

/// Waits until there may be new events.
#[async_trait]
pub trait EventWaiter: Send {
    /// Waits until something is announced, but no longer than this. Returns whether there may be new events.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn wait(&mut self, at_most: Duration) -> Result<bool>;
}
