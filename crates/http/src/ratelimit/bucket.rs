use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveTime, Utc};
use tieline_core::{Clock, Limit, LimitUnit};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::window::{Blocked, Paused, Window};
use crate::headers::LONGEST_WAIT;

/// One limit of one holder, shared by every task that falls under it. First come, first served.
#[derive(Debug)]
pub(super) struct Bucket {
    state: Mutex<State>,
    /// Whoever holds this is the first in the queue.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct State {
    window: Window,
    /// The zone whose midnights begin the windows.
    day: Option<FixedOffset>,
    waiting: usize,
}

/// The wait is longer than the caller may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong {
    pub(super) wait: Duration,
    /// Whether a budget for a long period is used up.
    pub(super) exhausted: bool,
}

impl TooLong {
    fn after(wait: Duration) -> Self {
        Self { wait: wait.max(Duration::from_secs(1)), exhausted: false }
    }
}

impl Bucket {
    pub(super) fn new(limit: &Limit, clock: Arc<dyn Clock>) -> Self {
        Self {
            state: Mutex::new(State {
                window: Window::new(limit.quota, period(limit)),
                day: limit.day,
                waiting: 0,
            }),
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            clock,
        }
    }

    pub(super) fn configure(&self, limit: &Limit) {
        self.change(|state| {
            state.window.configure(limit.quota, period(limit));
            state.day = limit.day;
        });
    }

    pub(super) fn learn_quota(&self, quota: u64) {
        if self.lock().window.quota != quota {
            self.change(|state| state.window.quota = quota);
        }
    }

    /// The provider says how many units are left, and when its window is whole again.
    pub(super) fn learn_remaining(&self, remaining: u64, reset: Option<Duration>) {
        let now = Instant::now();
        self.change(|state| {
            let longest = self.expires(state, now);
            let expires = reset.map_or(longest, |reset| (now + reset.min(LONGEST_WAIT)).min(longest));
            state.window.remaining(remaining, now, expires);
        });
    }

    pub(super) fn pause(&self, wait: Duration, exhausted: bool) {
        let until = Instant::now() + wait.min(LONGEST_WAIT);
        self.change(|state| state.window.pause(Paused { until, exhausted }));
    }

    /// Ends a pause. Returns whether there was one.
    pub(super) fn lift(&self) -> bool {
        let mut lifted = false;
        self.change(|state| lifted = state.window.lift(Instant::now()));
        lifted
    }

    /// How long nothing is sent from now on, and whether a long budget is used up.
    pub(super) fn paused(&self) -> Option<(Duration, bool)> {
        let now = Instant::now();
        let paused = self.lock().window.paused(now)?;
        Some((paused.until.saturating_duration_since(now), paused.exhausted))
    }

    pub(super) fn per(&self) -> Duration {
        self.lock().window.per()
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
            return Err(TooLong::after(self.per()));
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
            let (earliest, exhausted) = match blocked {
                Blocked::Until(until) => (until, false),
                Blocked::Paused(paused) => (paused.until, paused.exhausted),
                Blocked::ByAnswers => (now + per, false),
            };
            if earliest > deadline {
                let wait = earliest.saturating_duration_since(now);
                return Err(TooLong { exhausted, ..TooLong::after(wait) });
            }
            let by_answers = blocked == Blocked::ByAnswers;
            let wake = if by_answers { deadline } else { earliest };
            let timed_out = timeout_at(wake, self.changed.notified()).await.is_err();
            if timed_out && by_answers && Instant::now() >= deadline {
                return Err(TooLong::after(per));
            }
        }
    }

    /// When a unit that is answered now stops to count.
    fn expires(&self, state: &State, now: Instant) -> Instant {
        let wait = match state.day {
            Some(zone) => until_midnight(self.clock.now(), zone),
            None => state.window.per(),
        };
        now + wait
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        if state.waiting > 0 {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn period(limit: &Limit) -> Duration {
    if limit.unit == LimitUnit::InFlight { Duration::ZERO } else { limit.per }
}

/// The time until the calendar day ends in a zone without changes of the clock.
fn until_midnight(now: DateTime<Utc>, zone: FixedOffset) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let local = now.with_timezone(&zone).naive_local();
    let midnight = local.date().checked_add_days(Days::new(1)).map(|day| day.and_time(NaiveTime::MIN));
    midnight.and_then(|midnight| (midnight - local).to_std().ok()).unwrap_or(DAY)
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
pub(crate) struct Reservation {
    bucket: Arc<Bucket>,
    units: u64,
}

impl Reservation {
    pub(super) fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The provider certainly never saw them.
    pub(super) fn unsent(mut self) {
        let units = std::mem::take(&mut self.units);
        self.bucket.change(|state| state.window.unsent(units));
    }

    /// Corrects the number of units to what the request has cost.
    pub(super) fn settle(&mut self, cost: u64) {
        let reserved = std::mem::replace(&mut self.units, cost);
        if reserved != cost {
            self.bucket.change(|state| state.window.settle(reserved, cost));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.units > 0 {
            let now = Instant::now();
            self.bucket.change(|state| {
                let expires = self.bucket.expires(state, now);
                state.window.answered(self.units, now, expires);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_of_its_zone() {
        let now = "2026-11-30T22:30:00Z".parse().unwrap();
        let hours =
            |east: i32| until_midnight(now, FixedOffset::east_opt(east * 3600).unwrap()).as_secs() / 60;
        assert_eq!((hours(0), hours(1), hours(2), hours(-5)), (90, 30, 23 * 60 + 30, 390));
    }
}
