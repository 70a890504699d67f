//! One task does it, all others wait for what comes of it.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tieline_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::watch;

type Outcome<T> = Result<T, Arc<Error>>;

/// A piece of work that is under way at most once. It runs in a task of its own, so that it ends whoever is cancelled.
pub(crate) struct Flight<T> {
    running: Mutex<Option<watch::Receiver<Option<Outcome<T>>>>>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { running: Mutex::new(None) }
    }
}

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    /// Whether somebody does it right now.
    pub(crate) fn is_running(&self) -> bool {
        lock(&self.running).as_ref().is_some_and(is_open)
    }

    /// What comes of the work that is under way, else of `work`.
    pub(crate) async fn join<F>(&self, work: impl FnOnce() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut outcome = self.start_or_follow(work)?;
        let ended = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        match ended {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(again(&error)),
            None => Err(Error::new(ErrorKind::Internal, "the task that renews a credential ended early")),
        }
    }

    fn start_or_follow<F>(&self, work: impl FnOnce() -> F) -> Result<watch::Receiver<Option<Outcome<T>>>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut running = lock(&self.running);
        if let Some(outcome) = running.as_ref().filter(|outcome| is_open(outcome)) {
            return Ok(outcome.clone());
        }
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Internal, "a credential is renewed outside of a tokio runtime")
                .with_advice("send requests from within one")
        })?;
        let (sender, receiver) = watch::channel(None);
        let work = work();
        runtime.spawn(async move {
            let outcome = work.await.map_err(Arc::new);
            // Nobody may be waiting any more.
            sender.send_replace(Some(outcome));
        });
        *running = Some(receiver.clone());
        Ok(receiver)
    }
}

/// Neither ended nor dropped.
fn is_open<T>(outcome: &watch::Receiver<Option<T>>) -> bool {
    outcome.borrow().is_none() && outcome.has_changed().is_ok()
}

/// An error for one more of those who waited for it. Its cause stays with the first.
pub(crate) fn again(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned())
        .with_resend(error.resend())
        .with_attempts(error.attempts());
    if let Some(advice) = error.advice() {
        copy = copy.with_advice(advice.to_owned());
    }
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    if let Some(code) = error.code() {
        copy = copy.with_code(code);
    }
    if let Some(id) = error.request_id() {
        copy = copy.with_request_id(id);
    }
    if let Some(wait) = error.retry_after() {
        copy = copy.with_retry_after(wait);
    }
    error.context().fold(copy, |copy, (name, value)| copy.with_context(name, value))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
