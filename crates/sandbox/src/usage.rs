//! How a client used the rate that it was allowed: counted by the limit itself, the same for every provider.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// What a client made of a limit of so many requests in any window of so many seconds.
///
/// ```
/// use tieline_sandbox::RateUsage;
///
/// // 50 requests in the 5 seconds between the first and the last, at 25 in 5 seconds: two windows could hold 50.
/// let usage = RateUsage { burst: 25, window_seconds: 5, admitted: 50, refused: 0, span_ms: 5_000 };
/// assert_eq!(usage.allowed(), 50);
/// assert!(usage.share() > 0.99);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateUsage {
    /// Requests that any window may hold.
    pub burst: u32,
    /// The window's length in seconds.
    pub window_seconds: u32,
    /// Requests that were let through.
    pub admitted: u64,
    /// Requests that were answered with 429.
    pub refused: u64,
    /// From the first request that was let through to the last, in milliseconds.
    pub span_ms: u64,
}

impl RateUsage {
    /// The most requests that the limit lets through in the same time.
    #[must_use]
    pub fn allowed(&self) -> u64 {
        let window = u64::from(self.window_seconds).saturating_mul(1000).max(1);
        (self.span_ms / window + 1).saturating_mul(u64::from(self.burst))
    }

    /// The part of the allowed rate that was used, from 0 to 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio of counts of requests")]
    pub fn share(&self) -> f64 {
        self.admitted as f64 / self.allowed().max(1) as f64
    }
}

/// A limit on any window of a fixed length, kept exactly: a log of what it let through.
#[derive(Clone, Debug)]
pub(crate) struct SlidingWindow {
    burst: u32,
    window_seconds: u32,
    /// Whether a request that is refused takes room all the same.
    counts_refused: bool,
    recent: VecDeque<DateTime<Utc>>,
    admitted: u64,
    refused: u64,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

impl SlidingWindow {
    pub(crate) const fn new(burst: u32, window_seconds: u32, counts_refused: bool) -> Self {
        let recent = VecDeque::new();
        Self {
            burst,
            window_seconds,
            counts_refused,
            recent,
            admitted: 0,
            refused: 0,
            first: None,
            last: None,
        }
    }

    /// Lets a request through, or not.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>) -> bool {
        let window = TimeDelta::seconds(self.window_seconds.into());
        while self.recent.front().is_some_and(|at| *at + window <= now) {
            self.recent.pop_front();
        }
        if self.recent.len() >= usize::try_from(self.burst).unwrap_or(usize::MAX) {
            self.refused += 1;
            if self.counts_refused {
                // The room that the oldest one leaves is never more than a window away.
                self.recent.pop_front();
                self.recent.push_back(now);
            }
            return false;
        }
        if self.burst < u32::MAX {
            self.recent.push_back(now);
        }
        self.admitted += 1;
        self.first.get_or_insert(now);
        self.last = Some(now);
        true
    }

    pub(crate) fn usage(&self) -> RateUsage {
        let span = self.first.zip(self.last).map(|(first, last)| (last - first).num_milliseconds());
        RateUsage {
            burst: self.burst,
            window_seconds: self.window_seconds,
            admitted: self.admitted,
            refused: self.refused,
            span_ms: span.unwrap_or_default().max(0).unsigned_abs(),
        }
    }

    /// Counts from zero again. What stands in the window stays there.
    pub(crate) const fn forget(&mut self) {
        (self.admitted, self.refused, self.first, self.last) = (0, 0, None, None);
    }
}
