//! A streamed response: it holds its place among the requests in flight until it ends, and ends when nothing moves.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tieline_core::http::BodyStream;
use tieline_core::{Error, ErrorKind, Result};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::ratelimit::Reservation;
use crate::silence::AGAIN;

/// The body of a streamed response.
pub(crate) struct Download {
    shared: Arc<Mutex<Shared>>,
    watchdog: JoinHandle<()>,
}

struct Shared {
    body: Option<BodyStream>,
    /// The places among the requests in flight.
    reserved: Vec<Reservation>,
    moved: Instant,
    left: Option<u64>,
    timed_out: bool,
    waker: Option<Waker>,
}

impl Download {
    /// A body that ends with `Timeout` when it moves nothing for `idle`, and with `Decode` after `limit` bytes.
    pub(crate) fn start(
        body: BodyStream,
        reserved: Vec<Reservation>,
        limit: Option<usize>,
        idle: Duration,
    ) -> BodyStream {
        let shared = Arc::new(Mutex::new(Shared {
            body: Some(body),
            reserved,
            moved: Instant::now(),
            left: limit.and_then(|limit| u64::try_from(limit).ok()),
            timed_out: false,
            waker: None,
        }));
        let watchdog = tokio::spawn(watch(Arc::clone(&shared), idle));
        Box::pin(Self { shared, watchdog })
    }
}

async fn watch(shared: Arc<Mutex<Shared>>, idle: Duration) {
    loop {
        let deadline = lock(&shared).moved + idle;
        tokio::time::sleep_until(deadline).await;
        let (ended, waker) = {
            let mut shared = lock(&shared);
            if shared.body.is_none() {
                return;
            }
            if shared.moved + idle > Instant::now() {
                continue;
            }
            shared.timed_out = true;
            (shared.end(), shared.waker.take())
        };
        drop(ended);
        if let Some(waker) = waker {
            waker.wake();
        }
        return;
    }
}

impl Shared {
    /// Takes everything that is held.
    fn end(&mut self) -> (Option<BodyStream>, Vec<Reservation>) {
        (self.body.take(), std::mem::take(&mut self.reserved))
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut shared = lock(&self.shared);
        let Some(body) = &mut shared.body else {
            let timed_out = std::mem::take(&mut shared.timed_out);
            return Poll::Ready(timed_out.then(|| Err(idle())));
        };
        let next = match body.as_mut().poll_next(context) {
            Poll::Pending => {
                shared.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(next) => next,
        };
        shared.moved = Instant::now();
        let next = match (next, &mut shared.left) {
            (Some(Ok(chunk)), Some(left)) => {
                match left.checked_sub(u64::try_from(chunk.len()).unwrap_or(u64::MAX)) {
                    Some(rest) => {
                        *left = rest;
                        Some(Ok(chunk))
                    }
                    None => Some(Err(Error::new(ErrorKind::Decode, "the download is larger than its limit"))),
                }
            }
            (next, _) => next,
        };
        let ended = if matches!(next, Some(Ok(_))) { None } else { Some(shared.end()) };
        drop(shared);
        drop(ended);
        Poll::Ready(next)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.watchdog.abort();
        let ended = lock(&self.shared).end();
        drop(ended);
    }
}

fn idle() -> Error {
    Error::new(ErrorKind::Timeout, "the download moved nothing for too long, and was ended")
        .with_advice(AGAIN)
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
