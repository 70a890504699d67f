use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::Clock;
use tokio::time::Instant;

/// A clock that starts at a given date and runs with tokio's time, so that a test which pauses time holds both.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// use std::time::Duration;
/// use tieline_core::Clock;
/// use tieline_http::TokioClock;
///
/// let clock = TokioClock::starting_at("2026-01-01T00:00:00Z".parse()?);
/// tokio::time::sleep(Duration::from_secs(90)).await;
/// assert_eq!(clock.now().to_rfc3339(), "2026-01-01T00:01:30+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: DateTime<Utc>,
    since: Instant,
}

impl TokioClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self { start, since: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> DateTime<Utc> {
        TimeDelta::from_std(self.since.elapsed())
            .ok()
            .and_then(|passed| self.start.checked_add_signed(passed))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
