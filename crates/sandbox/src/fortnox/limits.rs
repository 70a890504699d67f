//! Fortnox's limit: so many requests of one integration to one company in any five seconds.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::refusal::{self, Refusal};
use crate::usage::{RateUsage, SlidingWindow};

/// How many requests the sandbox lets through. The default is Fortnox's:
/// <https://www.fortnox.se/developer/guides-and-good-to-know/rate-limits-for-fortnox-api>
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests in a sliding window.
    pub burst: u32,
    /// The window's length.
    pub window_seconds: u32,
    /// Whether a request that is refused takes room in the window all the same. The source can be read either way.
    pub counts_refused: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { burst: 25, window_seconds: 5, counts_refused: false }
    }
}

impl Limits {
    /// No limit that a test could reach.
    #[must_use]
    pub fn none() -> Self {
        Self { burst: u32::MAX, ..Self::default() }
    }
}

/// What was used of the limit, by each integration.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    limits: Limits,
    windows: BTreeMap<String, SlidingWindow>,
}

impl Meter {
    pub(crate) fn set(&mut self, limits: Limits) {
        *self = Self { limits, windows: BTreeMap::new() };
    }

    /// Counts a request, or refuses it. The refusal says nothing about when to come back.
    pub(crate) fn admit(&mut self, integration: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let Limits { burst, window_seconds, counts_refused } = self.limits;
        let window = self
            .windows
            .entry(integration.to_owned())
            .or_insert_with(|| SlidingWindow::new(burst, window_seconds, counts_refused));
        if window.admit(now) { Ok(()) } else { Err(refusal::of_status(http::StatusCode::TOO_MANY_REQUESTS)) }
    }

    /// What the busiest integration used, with the refusals of all.
    pub(crate) fn usage(&self) -> RateUsage {
        let Limits { burst, window_seconds, .. } = self.limits;
        let of_each = || self.windows.values().map(SlidingWindow::usage);
        let busiest = of_each().max_by_key(|usage| usage.admitted);
        let busiest = busiest.unwrap_or(RateUsage { burst, window_seconds, ..RateUsage::default() });
        RateUsage { refused: of_each().map(|usage| usage.refused).sum(), ..busiest }
    }

    pub(crate) fn forget(&mut self) {
        self.windows.values_mut().for_each(SlidingWindow::forget);
    }
}
