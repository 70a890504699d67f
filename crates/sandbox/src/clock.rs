//! The sandbox's own time: injected, and movable by hand.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where a sandbox takes its time from. Clones share one hand, so advancing one advances all.
///
/// ```
/// use std::time::Duration;
/// use tieline_sandbox::Clock;
///
/// let start = "2026-11-02T08:00:00Z".parse().unwrap();
/// let clock = Clock::frozen_at(start);
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now().to_rfc3339(), "2026-11-02T08:01:30+00:00");
/// ```
#[derive(Clone)]
pub struct Clock {
    source: Now,
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Time from a function.
    #[must_use]
    pub fn from_fn(now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>) -> Self {
        Self { source: now, ahead_ms: Arc::default() }
    }

    /// The machine's time. Take it where a client compares the sandbox's dates with its own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(Arc::new(|| SystemTime::now().into()))
    }

    /// Starts at a given moment and runs with the runtime's time: real time, unless a test has paused it.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let begun = Instant::now();
        Self::from_fn(Arc::new(move || {
            start + TimeDelta::from_std(begun.elapsed()).unwrap_or(TimeDelta::zero())
        }))
    }

    /// Stands still until somebody advances it.
    #[must_use]
    pub fn frozen_at(moment: DateTime<Utc>) -> Self {
        Self::from_fn(Arc::new(move || moment))
    }

    /// The time now, with all that it was advanced by.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.source)();
        now.checked_add_signed(TimeDelta::milliseconds(self.ahead_ms.load(Ordering::SeqCst))).unwrap_or(now)
    }

    /// Moves the time forward.
    pub fn advance(&self, by: std::time::Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let _before = self
            .ahead_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |ahead| Some(ahead.saturating_add(by)));
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Clock").field(&self.now()).finish()
    }
}
