//! Work under way, and the end of the application.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tieline_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

/// Counts the work that must be saved before the process ends, and stops the rest.
#[derive(Debug)]
pub(crate) struct Activity {
    busy: watch::Sender<usize>,
    ending: watch::Sender<bool>,
}

/// Work that the end of the application waits for, until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'a>(&'a watch::Sender<usize>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|busy| *busy = busy.saturating_sub(1));
    }
}

impl Default for Activity {
    fn default() -> Self {
        Self { busy: watch::Sender::new(0), ending: watch::Sender::new(false) }
    }
}

impl Activity {
    /// Begins work that the end waits for. Fails once the application ends.
    pub(crate) fn begin(&self) -> Result<Busy<'_>> {
        self.check()?;
        self.busy.send_modify(|busy| *busy = busy.saturating_add(1));
        Ok(Busy(&self.busy))
    }

    /// Fails once the application ends.
    pub(crate) fn check(&self) -> Result<()> {
        if *self.ending.borrow() { Err(ended()) } else { Ok(()) }
    }

    /// Does work that may be dropped anywhere, until it is done or the application ends.
    pub(crate) async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut ending = self.ending.subscribe();
        let mut end = pin!(ending.wait_for(|ending| *ending));
        let mut work = pin!(work);
        poll_fn(|context| {
            if end.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(ended()));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Lets no work begin any more, and waits for what must be saved.
    pub(crate) async fn end(&self) {
        self.ending.send_replace(true);
        let mut busy = self.busy.subscribe();
        // The sender lives as long as `self`.
        let _ = busy.wait_for(|busy| *busy == 0).await;
    }
}

/// Whether an error only says that the application ended meanwhile.
pub(crate) fn ended() -> Error {
    Error::new(ErrorKind::Unavailable, "the application is shutting down")
        .with_advice("run it again after the next start: it goes on from what is stored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_for_what_must_be_saved_and_lets_nothing_begin() {
        let activity = Activity::default();
        let busy = activity.begin().ok();
        assert!(busy.is_some());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut end = pin!(activity.end());
        assert!(end.as_mut().poll(&mut context).is_pending());
        assert!(activity.begin().is_err());
        let mut endless = pin!(activity.unless_ended(std::future::pending::<()>()));
        assert!(matches!(endless.as_mut().poll(&mut context), Poll::Ready(Err(_))));
        drop(busy);
        assert!(end.as_mut().poll(&mut context).is_ready());
    }
}
