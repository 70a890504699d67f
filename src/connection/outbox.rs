//! The outbox of a connection.

use std::sync::Arc;

use tieline_core::{Connector, Operation, OperationId, Result};
use tieline_store::outbox::{Answer, Destination, Entry, OutboxStore, StatusKind};
use tieline_sync::{Outbox, OutboxReport};
use tracing::{Instrument as _, info, info_span};

use super::ConnectionHandle;
use crate::observer::RunOf;

/// The outbox of a connection: operations are stored first, sent once, and settled when a response is lost.
///
/// ```no_run
/// # async fn example(tieline: tieline::Tieline) -> tieline::Result<()> {
/// use tieline::{Operation, RawJson, WriteOp};
///
/// let outbox = tieline.connection("acme", "crm").outbox();
/// let fields = RawJson::parse(r#"{"title":"Order 1001","value":"18250.50"}"#)?;
/// outbox.enqueue("deals", &[Operation::new("order-1001", WriteOp::create(fields))]).await?;
/// println!("{}", outbox.run(|outbox| outbox).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionOutbox {
    connection: ConnectionHandle,
    /// The connector of an open connection; otherwise each run opens it.
    connector: Option<Arc<dyn Connector>>,
}

impl ConnectionOutbox {
    pub(super) fn new(connection: ConnectionHandle, connector: Option<Arc<dyn Connector>>) -> Self {
        Self { connection, connector }
    }

    /// Stores operations, all or none, and returns how many are new. One whose id is stored with the same content is
    /// passed over, so that a caller who is not sure enqueues again.
    ///
    /// # Errors
    ///
    /// `Conflict` when an id is stored with other content; whatever the store fails with.
    pub async fn enqueue(&self, to: impl Into<Destination>, operations: &[Operation]) -> Result<u64> {
        self.store().enqueue(self.connection.id(), &to.into(), operations).await
    }

    /// Returns operations in order, after a number; only those of a kind of status, or all.
    ///
    /// # Errors
    ///
    /// Whatever the store fails with.
    pub async fn entries(
        &self,
        kind: Option<StatusKind>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.store().entries(self.connection.id(), kind, after, limit).await
    }

    /// Decides about an operation that may have happened.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown operation, `Conflict` when nothing is asked about it; whatever the store fails with.
    pub async fn answer(&self, operation: &OperationId, answer: Answer) -> Result<Entry> {
        self.store().answer(self.connection.id(), operation, answer).await
    }

    /// Settles what earlier runs left open, then sends what is due. `configure` may change lease, grace and chunks. The end
    /// of the application waits for the run.
    ///
    /// # Errors
    ///
    /// As for [`ConnectionHandle::open`]; `Unavailable` when the application ends. What ended the run early is in the
    /// report.
    pub async fn run(&self, configure: impl FnOnce(Outbox) -> Outbox) -> Result<OutboxReport> {
        let tenant = self.connection.tenant();
        let shared = &tenant.tieline().0;
        let _busy = shared.activity.begin()?;
        let connector = match &self.connector {
            Some(connector) => Arc::clone(connector),
            None => self.connection.connect().await?,
        };
        let id = self.connection.id();
        let outbox = configure(Outbox::new(connector, tenant.store().clone(), id.clone()));
        let span = info_span!("tieline.outbox", tieline.connection = %id, tieline.tenant = %tenant.id());
        let work = async {
            let report = outbox.run().await;
            let OutboxReport { sent, applied, rejected, needs_review, .. } = &report;
            let complete = report.error.is_none();
            info!(sent, applied, rejected, needs_review, complete, "outbox ended");
            report
        };
        let report = Box::pin(work).instrument(span).await;
        let of = RunOf { tenant: tenant.id(), connection: id };
        shared.observers.iter().for_each(|observer| observer.outbox_finished(of, &report));
        Ok(report)
    }

    fn store(&self) -> &dyn OutboxStore {
        &**self.connection.tenant().store()
    }
}
