//! The number of deliveries that an endpoint takes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tieline_core::Text;

/// The most endpoints whose count is kept.
const KEPT: usize = 20_000;
const WINDOW: Duration = Duration::from_secs(60);

/// A limit on the deliveries that an endpoint takes in a minute, in this process. What is over it gets 429, and the
/// provider sends again.
#[derive(Debug)]
pub struct RateLimit {
    per_minute: u32,
    counts: Mutex<HashMap<Text, (Instant, u32)>>,
}

impl RateLimit {
    /// So many a minute.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, counts: Mutex::default() }
    }

    /// Counts one. `Err` with the time until the next one is taken.
    pub(super) fn take(&self, endpoint: &Text) -> Result<(), Duration> {
        let now = Instant::now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KEPT && !counts.contains_key(endpoint) {
            counts.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        }
        let (since, count) = counts.entry(endpoint.clone()).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        if *count >= self.per_minute {
            return Err(WINDOW.saturating_sub(now.duration_since(*since)));
        }
        *count += 1;
        Ok(())
    }
}
