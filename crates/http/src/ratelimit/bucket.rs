use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::window::{Blocked, Window};
use crate::headers::LONGEST_WAIT;

/// One limit of one holder, shared by every task that falls under it. First come, first served.
#[derive(Debug)]
pub(super) struct Bucket {
    state: Mutex<State>,
    /// Whoever holds this is the first in the queue.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    window: Window,
    waiting: usize,
}

/// The wait is longer than the caller may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) Duration);

impl Bucket {
    pub(super) fn new(quota: u32, per: Duration) -> Self {
        Self {
            state: Mutex::new(State { window: Window::new(quota, per), waiting: 0 }),
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
        }
    }

    pub(super) fn configure(&self, quota: u32, per: Duration) {
        self.change(|window| window.configure(quota, per));
    }

    pub(super) fn learn_quota(&self, quota: u64) {
        if self.lock().window.quota != quota {
            self.change(|window| window.quota = quota);
        }
    }

    pub(super) fn pause(&self, wait: Duration) {
        self.change(|window| window.pause(Instant::now() + wait.min(LONGEST_WAIT)));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lock().window.is_idle(Instant::now())
    }

    /// Waits for room for `units`, but not beyond `deadline`.
    pub(super) async fn reserve(
        self: &Arc<Self>,
        units: u64,
        deadline: Instant,
    ) -> Result<Reservation, TooLong> {
        {
            let mut state = self.lock();
            if state.waiting == 0 && state.window.reserve(units, Instant::now()).is_ok() {
                return Ok(Reservation { bucket: Arc::clone(self), units });
            }
            state.waiting += 1;
        }
        let _queued = Queued(self);
        // The queue of a tokio mutex is fair, and a waiter that is dropped leaves it.
        let Ok(_turn) = timeout_at(deadline, self.turn.lock()).await else {
            return Err(TooLong(self.lock().window.per()));
        };
        loop {
            let now = Instant::now();
            let (blocked, per) = {
                let mut state = self.lock();
                match state.window.reserve(units, now) {
                    Ok(()) => return Ok(Reservation { bucket: Arc::clone(self), units }),
                    Err(blocked) => (blocked, state.window.per()),
                }
            };
            let earliest = match blocked {
                Blocked::Until(until) => until,
                Blocked::ByAnswers => now + per,
            };
            if earliest > deadline {
                return Err(TooLong(earliest.saturating_duration_since(now)));
            }
            let wake = if let Blocked::Until(until) = blocked { until } else { deadline };
            let timed_out = timeout_at(wake, self.changed.notified()).await.is_err();
            if timed_out && Instant::now() >= deadline && blocked == Blocked::ByAnswers {
                return Err(TooLong(per));
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Window)) {
        let mut state = self.lock();
        change(&mut state.window);
        if state.waiting > 0 {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Queued<'a>(&'a Bucket);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

/// Units that are on their way. Dropping it counts them as answered now, which is the careful reading of a request
/// that was cancelled.
#[derive(Debug)]
pub(super) struct Reservation {
    bucket: Arc<Bucket>,
    units: u64,
}

impl Reservation {
    /// The provider certainly never saw them.
    pub(super) fn unsent(mut self) {
        let units = std::mem::take(&mut self.units);
        self.bucket.change(|window| window.unsent(units));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.units > 0 {
            self.bucket.change(|window| window.answered(self.units, Instant::now()));
        }
    }
}
