//! Handling what was received.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tieline_core::{Error, Result};
use tieline_store::inbox::{Delivery, InboxClaim, Settlement};
use tieline_store::{ConnectionId, InboxStore};

/// The first wait after a failed attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Handles deliveries that were stored.
#[async_trait]
pub trait DeliveryHandler: fmt::Debug + Send + Sync {
    /// Handles deliveries of one connection, in the order of their arrival. Returns one result for each; a missing one
    /// counts as done. One that dies in the middle is called again with the same deliveries, so that doing something
    /// twice must do no harm.
    async fn handle(&self, connection: &ConnectionId, deliveries: &[Delivery]) -> Vec<Result<()>>;
}

/// Takes deliveries from an inbox, has them handled, and stores how it went: what fails is tried again after 5 seconds,
/// then twice as long each time up to an hour, and is dead after the last attempt.
pub struct InboxWorker {
    store: Arc<dyn InboxStore>,
    handler: Arc<dyn DeliveryHandler>,
    claim: InboxClaim,
    attempts: u32,
}

/// The number of deliveries that were handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkReport {
    /// Handled.
    pub done: u64,
    /// Failed, and tried again.
    pub retried: u64,
    /// Given up.
    pub dead: u64,
    /// Changed or taken by another worker meanwhile.
    pub lost: u64,
}

impl InboxWorker {
    /// A worker that takes 100 deliveries at a time for 5 minutes, and gives one up after 15 attempts.
    pub fn new(store: Arc<dyn InboxStore>, handler: Arc<dyn DeliveryHandler>) -> Self {
        Self { store, handler, claim: InboxClaim::new(100, Duration::from_secs(300)), attempts: 15 }
    }

    /// Sets how many it takes and for how long.
    #[must_use]
    pub fn with_claim(mut self, claim: InboxClaim) -> Self {
        self.claim = claim;
        self
    }

    /// Sets after how many attempts a delivery is given up.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Handles what is due of a connection until nothing is.
    ///
    /// # Errors
    ///
    /// As the store fails. What was taken is handled again once its lease ends.
    pub async fn run(&self, connection: &ConnectionId) -> Result<WorkReport> {
        let mut report = WorkReport::default();
        loop {
            let deliveries = self.store.claim_deliveries(connection, &self.claim).await?;
            if deliveries.is_empty() {
                return Ok(report);
            }
            let mut results = self.handler.handle(connection, &deliveries).await.into_iter();
            for delivery in &deliveries {
                let result = results.next().unwrap_or(Ok(()));
                let to = self.settlement(delivery, result);
                let counted = match &to {
                    Settlement::Done => &mut report.done,
                    Settlement::Retry { .. } => &mut report.retried,
                    _ => &mut report.dead,
                };
                if self.store.settle_delivery(connection, delivery.revision, to).await? {
                    *counted += 1;
                } else {
                    report.lost += 1;
                }
            }
        }
    }

    fn settlement(&self, delivery: &Delivery, result: Result<()>) -> Settlement {
        let error = match result {
            Ok(()) => return Settlement::Done,
            Err(error) => error,
        };
        if delivery.attempts >= self.attempts {
            return Settlement::dead(error.to_string());
        }
        Settlement::retry(wait(delivery.attempts, &error), error.to_string())
    }
}

/// The wait before the next attempt: what the error asks for, else longer each time.
fn wait(attempts: u32, error: &Error) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    error.retry_after().unwrap_or_default().max(doubled).min(LONGEST_WAIT)
}

impl fmt::Debug for InboxWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxWorker").field("handler", &self.handler).finish_non_exhaustive()
    }
}
