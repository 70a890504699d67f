//! Waking readers that follow a target's rows, so that they need not ask all the time.
//!
//! A run that changed rows announces its end once, with nothing in it: notifications of each commit would make commits of
//! PostgreSQL wait for each other.

use std::fmt;
use std::time::Duration;

use tieline_core::Result;

/// The pause of a waiter that nothing is announced to.
#[cfg(feature = "postgres")]
pub(crate) const POLL: Duration = Duration::from_secs(5);

/// Waits until rows may have changed: see [`SqlStore::row_waiter`](crate::SqlStore::row_waiter).
pub struct RowWaiter(pub(crate) Waiter);

pub(crate) enum Waiter {
    /// Runs of this process are announced.
    #[cfg(feature = "sqlite")]
    Process(tokio::sync::watch::Receiver<()>),
    /// Runs of all processes are announced.
    #[cfg(feature = "postgres")]
    Server(Box<sqlx::postgres::PgListener>, std::sync::Arc<str>),
    /// Nothing is announced.
    #[cfg(feature = "postgres")]
    Poll,
}

impl RowWaiter {
    /// Waits until a run announces changed rows, but no longer than this. Returns whether rows may have changed; what was
    /// announced since the waiter was made, or since the last call, counts. Where nothing can be announced, it waits for
    /// up to 5 seconds and returns `true`.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the connection that is listened on cannot be made again.
    pub async fn wait(&mut self, at_most: Duration) -> Result<bool> {
        match &mut self.0 {
            #[cfg(feature = "sqlite")]
            Waiter::Process(announced) => {
                // The sender lives as long as the store. Without it, nothing will be announced.
                Ok(matches!(tokio::time::timeout(at_most, announced.changed()).await, Ok(Ok(()))))
            }
            #[cfg(feature = "postgres")]
            Waiter::Server(listener, place) => {
                match tokio::time::timeout(at_most, listener.try_recv()).await {
                    // A connection that broke off may have missed something.
                    Ok(Ok(_)) => Ok(true),
                    Ok(Err(error)) => Err(crate::engine::postgres::unheard(error, place)),
                    Err(_) => Ok(false),
                }
            }
            #[cfg(feature = "postgres")]
            Waiter::Poll => {
                tokio::time::sleep(at_most.min(POLL)).await;
                Ok(true)
            }
        }
    }
}

impl fmt::Debug for RowWaiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RowWaiter").finish_non_exhaustive()
    }
}
