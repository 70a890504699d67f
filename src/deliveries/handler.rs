//! Deliveries become runs of sync.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::webhook::{Records, WebhookEvent};
use tieline_core::{Error, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, ConnectionChange};
use tieline_store::inbox::Delivery;
use tieline_sync::{OneWaySync, Report};
use tieline_webhook::inbox::{DeliveryHandler, pending_hints};

use crate::ConnectionHandle;
use crate::events::NEEDS_RECONNECT;

/// The name in the audit log of what a delivery changes.
const WEBHOOK: &str = "webhook";

type Configure = Arc<dyn Fn(OneWaySync) -> OneWaySync + Send + Sync>;

/// Handles deliveries of a connection by its connector.
pub(super) struct SyncHandler {
    connection: ConnectionHandle,
    configure: Configure,
}

impl SyncHandler {
    pub(super) fn new(connection: ConnectionHandle, configure: Configure) -> Self {
        Self { connection, configure }
    }

    async fn run_hints(&self, deliveries: &[Delivery]) -> Result<()> {
        let hints = pending_hints(deliveries);
        let report = self.run()?.await?.run_hints(&hints).await;
        failure(report)
    }

    async fn run_records(&self, records: &Records) -> Result<()> {
        failure(self.run()?.await?.run_records(&records.changes).await)
    }

    /// A run of the connection, with the streams of the host.
    fn run(&self) -> Result<impl Future<Output = Result<OneWaySync>> + Send + '_> {
        self.connection.tenant().tieline().0.activity.check()?;
        Ok(async {
            let connector = self.connection.connect().await?;
            let store = self.connection.tenant().store().clone();
            Ok((self.configure)(OneWaySync::new(connector, store, self.connection.id().clone())))
        })
    }

    async fn read_changes(&self) -> Result<()> {
        let configure = Arc::clone(&self.configure);
        failure(self.connection.sync(|run| configure(run)).await?)
    }

    async fn switch_off(&self) -> Result<()> {
        let tenant = self.connection.tenant();
        let mut change = ConnectionChange::default();
        change.active = Some(false);
        tenant.store().change(self.connection.id(), change, &Actor::new(WEBHOOK), tenant.now()).await?;
        let facts = serde_json::json!({ "reason": "the provider ended the connection" });
        tenant.record_event(self.connection.id(), NEEDS_RECONNECT, &facts).await
    }
}

#[async_trait]
impl DeliveryHandler for SyncHandler {
    async fn handle(&self, _: &ConnectionId, deliveries: &[Delivery]) -> Vec<Result<()>> {
        let (mut hinted, mut missed) = (None, None);
        let mut results = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let result = match &delivery.event {
                // All hints are one run, and all that was missed is one read.
                WebhookEvent::Hints(_) => {
                    if hinted.is_none() {
                        hinted = Some(self.run_hints(deliveries).await.map_err(|error| brief(&error)));
                    }
                    again(hinted.as_ref())
                }
                WebhookEvent::Missed(_) => {
                    if missed.is_none() {
                        missed = Some(self.read_changes().await.map_err(|error| brief(&error)));
                    }
                    again(missed.as_ref())
                }
                WebhookEvent::Records(records) => self.run_records(records).await,
                WebhookEvent::Disconnected(_) => self.switch_off().await,
                WebhookEvent::Handshake(_) | WebhookEvent::Nothing => Ok(()),
                _ => Err(Error::unsupported("handling this event of a webhook")),
            };
            results.push(result);
        }
        results
    }
}

impl fmt::Debug for SyncHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncHandler").field("connection", &self.connection).finish_non_exhaustive()
    }
}

fn failure(report: Report) -> Result<()> {
    report.into_result().map(drop)
}

/// The parts of an error that several deliveries share.
fn brief(error: &Error) -> (tieline_core::ErrorKind, String, Option<std::time::Duration>) {
    (error.kind(), error.message().to_owned(), error.retry_after())
}

type Shared = std::result::Result<(), (tieline_core::ErrorKind, String, Option<std::time::Duration>)>;

fn again(shared: Option<&Shared>) -> Result<()> {
    match shared {
        Some(Err((kind, message, wait))) => {
            let error = Error::new(*kind, message.clone());
            Err(match wait {
                Some(wait) => error.with_retry_after(*wait),
                None => error,
            })
        }
        _ => Ok(()),
    }
}
