//! Step 3: the lease, held for as long as it is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::Fence;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::keeper::CredentialStore;
use crate::Secret;
use crate::oauth::REQUEST_TIMEOUT;

/// Outlives a request and the save after it, even when it cannot be prolonged.
pub(super) const LIFE: Duration = Duration::from_secs(2 * REQUEST_TIMEOUT.as_secs());
const PROLONG_EVERY: Duration = Duration::from_secs(LIFE.as_secs() / 4);

/// The right to renew alone. Prolonged until it is released or dropped.
pub(super) struct HeldLease {
    pub(super) fence: Fence,
    store: Arc<dyn CredentialStore>,
    connection: ConnectionId,
    prolonging: JoinHandle<()>,
    lost: Arc<AtomicBool>,
}

impl HeldLease {
    /// The lease, when nobody has it.
    pub(super) async fn try_take(
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
    ) -> Result<Option<Self>> {
        let Some(lease) = store.lease(connection, Secret::NAME, LIFE).await? else { return Ok(None) };
        let lost = Arc::new(AtomicBool::new(false));
        let prolong = prolong(Arc::clone(store), connection.clone(), lease.fence, Arc::clone(&lost));
        Ok(Some(Self {
            fence: lease.fence,
            store: Arc::clone(store),
            connection: connection.clone(),
            prolonging: tokio::spawn(prolong),
            lost,
        }))
    }

    /// Whether somebody else has it by now.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Gives it back. When the store does not answer, it ends by itself.
    pub(super) async fn release(self) {
        self.prolonging.abort();
        if let Err(error) = self.store.release(&self.connection, Secret::NAME, self.fence).await {
            tracing::debug!(kind = error.kind().as_str(), "a lease was not released");
        }
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.prolonging.abort();
    }
}

async fn prolong(
    store: Arc<dyn CredentialStore>,
    connection: ConnectionId,
    fence: Fence,
    lost: Arc<AtomicBool>,
) {
    loop {
        sleep(PROLONG_EVERY).await;
        // A store that is away for a moment is asked again.
        if let Ok(false) = store.prolong(&connection, Secret::NAME, fence, LIFE).await {
            lost.store(true, Ordering::Release);
            return;
        }
    }
}

/// Waits between looks at a lease that somebody else holds: soon at first, then rarely, for as long as two may take one
/// after the other.
pub(super) struct Patience {
    next: Duration,
    until: Instant,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { next: Duration::from_millis(20), until: Instant::now() + 2 * LIFE }
    }

    /// Fails with `Unavailable` at its end.
    pub(super) async fn wait(&mut self) -> Result<()> {
        const RARELY: Duration = Duration::from_millis(500);
        if Instant::now() >= self.until {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "another process has been renewing the connection's token for long",
            )
            .with_advice("try again later; look for a process that hangs if it stays"));
        }
        sleep(self.next).await;
        self.next = RARELY.min(self.next * 2);
        Ok(())
    }
}
