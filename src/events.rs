//! Events of runs, appended to the store's log where the application wants them.

use serde_json::{Value, json};
use tieline_core::{Error, ErrorKind, RawJson, Result};
use tieline_store::ConnectionId;
use tieline_store::events::NewEvent;
use tieline_sync::Report;

use crate::Tenant;

pub(crate) const NEEDS_RECONNECT: &str = "connection.needs_reconnect";

impl Tenant {
    /// Appends an event of a connection, where the application records events and the store keeps them.
    pub(crate) async fn record_event(
        &self,
        connection: &ConnectionId,
        kind: &str,
        facts: &Value,
    ) -> Result<()> {
        if !self.tieline().0.records_events {
            return Ok(());
        }
        let Some(store) = self.store().webhooks() else { return Ok(()) };
        store.append_events(connection, vec![NewEvent::new(kind, RawJson::of(facts)?)]).await
    }

    /// Appends the end of a run: `sync.completed` or `sync.failed`; and `connection.needs_reconnect` when the customer has
    /// to connect again, once.
    pub(crate) async fn record_run(
        &self,
        connection: &ConnectionId,
        report: &Report,
        needed_before: bool,
    ) -> Result<()> {
        let counts = |stream: &tieline_sync::StreamReport| {
            let outcome = stream.outcome();
            json!({
                "entity": stream.entity.as_str(),
                "target": stream.target.as_ref().map(|target| target.as_str()),
                "created": outcome.created, "updated": outcome.updated, "deleted": outcome.deleted,
                "issues": stream.issue_count,
                "error": stream.error.as_ref().map(Error::message),
            })
        };
        let streams: Vec<Value> = report.streams.iter().map(counts).collect();
        let errors = || report.streams.iter().filter_map(|stream| stream.error.as_ref());
        let kind = if errors().next().is_some() { "sync.failed" } else { "sync.completed" };
        self.record_event(connection, kind, &json!({ "streams": streams })).await?;
        let refusal = errors().find(|error| error.kind() == ErrorKind::Unauthenticated);
        match refusal.filter(|_| !needed_before) {
            Some(error) => {
                self.record_event(connection, NEEDS_RECONNECT, &json!({ "reason": error.message() })).await
            }
            None => Ok(()),
        }
    }
}
