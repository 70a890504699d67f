use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Above this many, entries that are close in time share one.
const ENTRIES: u32 = 1024;

/// Longer periods would only overflow the clock.
const LONGEST_PERIOD: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A sliding window, kept from this side of the network.
///
/// The provider saw a request somewhere between its sending and its answer. So a unit counts from when it is sent
/// until a window's length after its answer arrived. Then in every window of that length, on the provider's clock,
/// there are at most `quota` units: the one sent last still counted all the others.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) quota: u64,
    per: Duration,
    in_flight: u64,
    answered: u64,
    log: VecDeque<Entry>,
    paused_until: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    first: Instant,
    last: Instant,
    units: u64,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// There is room at this time, if nothing happens before.
    Until(Instant),
    /// Answers that are still out decide.
    ByAnswers,
}

impl Window {
    pub(super) fn new(quota: u32, per: Duration) -> Self {
        Self {
            quota: u64::from(quota),
            per: per.min(LONGEST_PERIOD),
            in_flight: 0,
            answered: 0,
            log: VecDeque::new(),
            paused_until: None,
        }
    }

    pub(super) fn per(&self) -> Duration {
        self.per
    }

    pub(super) fn configure(&mut self, quota: u32, per: Duration) {
        self.quota = u64::from(quota);
        self.per = per.min(LONGEST_PERIOD);
    }

    /// Counts `units` as sent, if there is room now. What costs more than the whole window is sent into an empty one.
    pub(super) fn reserve(&mut self, units: u64, now: Instant) -> Result<(), Blocked> {
        if let Some(until) = self.paused_until {
            if now < until {
                return Err(Blocked::Until(until));
            }
            self.paused_until = None;
        }
        self.forget(now);
        let room = self.quota.saturating_sub(units);
        if self.in_flight.saturating_add(self.answered) <= room {
            self.in_flight = self.in_flight.saturating_add(units);
            return Ok(());
        }
        // Answers still out will each count for another window.
        let Some(mut excess) =
            room.checked_sub(self.in_flight).map(|free| self.answered.saturating_sub(free))
        else {
            return Err(Blocked::ByAnswers);
        };
        for entry in &self.log {
            excess = excess.saturating_sub(entry.units);
            if excess == 0 {
                return Err(Blocked::Until(entry.last + self.per + TICK));
            }
        }
        Err(Blocked::ByAnswers)
    }

    /// The answer to `units` is here, or will never be.
    pub(super) fn answered(&mut self, units: u64, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(units);
        if units == 0 {
            return;
        }
        self.answered = self.answered.saturating_add(units);
        let grain = if self.quota > u64::from(ENTRIES) { self.per / ENTRIES } else { Duration::ZERO };
        match self.log.back_mut() {
            Some(entry) if now.saturating_duration_since(entry.first) <= grain => {
                entry.last = now;
                entry.units = entry.units.saturating_add(units);
            }
            _ => self.log.push_back(Entry { first: now, last: now, units }),
        }
    }

    /// The provider certainly never saw these units.
    pub(super) fn unsent(&mut self, units: u64) {
        self.in_flight = self.in_flight.saturating_sub(units);
    }

    /// Nothing is sent until then.
    pub(super) fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |paused| paused.max(until)));
    }

    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.in_flight == 0 && self.answered == 0 && self.paused_until.is_none_or(|until| until <= now)
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.log.len()
    }

    fn forget(&mut self, now: Instant) {
        // Strictly later, because the provider may count both ends of its window.
        while let Some(entry) = self.log.front().filter(|entry| now > entry.last + self.per) {
            self.answered = self.answered.saturating_sub(entry.units);
            self.log.pop_front();
        }
    }
}

/// The timer's resolution.
const TICK: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_for_a_large_quota() {
        let mut window = Window::new(1_000_000, Duration::from_secs(60));
        for _ in 0..60_000 {
            window.reserve(1, Instant::now()).unwrap();
            window.answered(1, Instant::now());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(window.entries() <= 1100, "{} entries", window.entries());
    }

    #[tokio::test(start_paused = true)]
    async fn what_costs_more_than_the_window_waits_for_an_empty_one() {
        let mut window = Window::new(10, Duration::from_secs(2));
        let start = Instant::now();
        window.reserve(1, start).unwrap();
        assert_eq!(window.reserve(80, start), Err(Blocked::ByAnswers));
        window.answered(1, start);
        assert_eq!(window.reserve(80, start), Err(Blocked::Until(start + Duration::from_secs(2) + TICK)));
        assert!(window.reserve(80, start + Duration::from_millis(2001)).is_ok());
        assert_eq!(window.reserve(1, start + Duration::from_secs(60)), Err(Blocked::ByAnswers));
    }
}
