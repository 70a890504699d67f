use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Above this many, entries that are close in time share one.
const ENTRIES: u32 = 1024;

/// Longer periods would only overflow the clock.
const LONGEST_PERIOD: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The units that count at one time, kept from this side of the network.
///
/// The provider saw a request somewhere between its sending and its response. So a unit counts from when it is sent
/// until its window ends: a window's length, or the day's end, after its response arrived. Then in every window of the
/// provider there are at most `quota` units: the one sent last still counted all the others.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) quota: u64,
    per: Duration,
    in_flight: u64,
    answered: u64,
    log: VecDeque<Entry>,
    /// Units of others, by what the provider said is left.
    foreign: Option<Foreign>,
    paused: Option<Paused>,
}

#[derive(Debug)]
struct Entry {
    first: Instant,
    expires: Instant,
    units: u64,
}

#[derive(Clone, Copy, Debug)]
struct Foreign {
    units: u64,
    expires: Instant,
}

/// A time during which nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paused {
    pub(super) until: Instant,
    /// Whether a budget for a long period is used up, not only the rate too high.
    pub(super) exhausted: bool,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// There is room at this time, if nothing happens before.
    Until(Instant),
    /// As `Until`, because of a pause.
    Paused(Paused),
    /// Responses that are still out decide.
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
            foreign: None,
            paused: None,
        }
    }

    pub(super) fn per(&self) -> Duration {
        self.per
    }

    pub(super) fn used(&self) -> u64 {
        self.in_flight.saturating_add(self.answered)
    }

    pub(super) fn configure(&mut self, quota: u32, per: Duration) {
        self.quota = u64::from(quota);
        self.per = per.min(LONGEST_PERIOD);
    }

    /// Counts `units` as sent, if there is room now. What costs more than the whole window is sent into an empty one.
    pub(super) fn reserve(&mut self, units: u64, now: Instant) -> Result<(), Blocked> {
        if let Some(paused) = self.paused {
            if now < paused.until {
                return Err(Blocked::Paused(paused));
            }
            self.paused = None;
        }
        self.forget(now);
        let foreign = self.foreign.map_or(0, |foreign| foreign.units);
        let counted = self.answered.saturating_add(foreign);
        let room = self.quota.saturating_sub(units);
        if self.in_flight.saturating_add(counted) <= room {
            self.in_flight = self.in_flight.saturating_add(units);
            return Ok(());
        }
        // Responses still out will each count for another window.
        let Some(excess) = room.checked_sub(self.in_flight).map(|free| counted.saturating_sub(free)) else {
            return Err(Blocked::ByAnswers);
        };
        Err(self.room_after(excess).map_or(Blocked::ByAnswers, |at| Blocked::Until(at + TICK)))
    }

    /// When so many of the counted units will have expired.
    fn room_after(&self, mut excess: u64) -> Option<Instant> {
        let mut foreign = self.foreign;
        for entry in &self.log {
            if let Some(others) = foreign.take_if(|others| others.expires <= entry.expires) {
                excess = excess.saturating_sub(others.units);
                if excess == 0 {
                    return Some(others.expires);
                }
            }
            excess = excess.saturating_sub(entry.units);
            if excess == 0 {
                return Some(entry.expires);
            }
        }
        foreign.filter(|others| others.units >= excess).map(|others| others.expires)
    }

    /// The response to `units` is here, or will never be. They count until `expires`.
    pub(super) fn answered(&mut self, units: u64, now: Instant, expires: Instant) {
        self.in_flight = self.in_flight.saturating_sub(units);
        if units == 0 || expires < now || self.per.is_zero() {
            return;
        }
        self.answered = self.answered.saturating_add(units);
        let grain = if self.quota > u64::from(ENTRIES) { self.per / ENTRIES } else { Duration::ZERO };
        match self.log.back_mut() {
            Some(entry) if now.saturating_duration_since(entry.first) <= grain => {
                entry.expires = entry.expires.max(expires);
                entry.units = entry.units.saturating_add(units);
            }
            _ => self.log.push_back(Entry { first: now, expires, units }),
        }
    }

    /// The provider certainly never saw these units.
    pub(super) fn unsent(&mut self, units: u64) {
        self.in_flight = self.in_flight.saturating_sub(units);
    }

    /// Corrects what a request that is out has cost.
    pub(super) fn settle(&mut self, reserved: u64, cost: u64) {
        self.in_flight = self.in_flight.saturating_sub(reserved).saturating_add(cost);
    }

    /// The provider says what is left. What it counts beyond our own units was used by others. Requests that are out
    /// are taken as counted; their own responses will tell.
    pub(super) fn remaining(&mut self, remaining: u64, now: Instant, expires: Instant) {
        self.forget(now);
        let units = self.quota.saturating_sub(remaining).saturating_sub(self.used());
        self.foreign = (units > 0).then_some(Foreign { units, expires });
    }

    /// Nothing is sent until then.
    pub(super) fn pause(&mut self, pause: Paused) {
        match &mut self.paused {
            Some(paused) if paused.until >= pause.until => {}
            paused => *paused = Some(pause),
        }
    }

    /// Ends a pause. Returns whether there was one.
    pub(super) fn lift(&mut self, now: Instant) -> bool {
        self.paused.take().is_some_and(|paused| now < paused.until)
    }

    pub(super) fn paused(&self, now: Instant) -> Option<Paused> {
        self.paused.filter(|paused| now < paused.until)
    }

    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.used() == 0 && self.foreign.is_none() && self.paused(now).is_none()
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        self.log.len()
    }

    fn forget(&mut self, now: Instant) {
        // Strictly later, because the provider may count both ends of its window.
        while let Some(entry) = self.log.front().filter(|entry| now > entry.expires) {
            self.answered = self.answered.saturating_sub(entry.units);
            self.log.pop_front();
        }
        self.foreign = self.foreign.filter(|foreign| now <= foreign.expires);
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
            let now = Instant::now();
            window.answered(1, now, now + Duration::from_secs(60));
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
        window.answered(1, start, start + Duration::from_secs(2));
        assert_eq!(window.reserve(80, start), Err(Blocked::Until(start + Duration::from_secs(2) + TICK)));
        assert!(window.reserve(80, start + Duration::from_millis(2001)).is_ok());
        assert_eq!(window.reserve(1, start + Duration::from_secs(60)), Err(Blocked::ByAnswers));
    }

    #[tokio::test(start_paused = true)]
    async fn units_of_others_count_until_the_reset() {
        let mut window = Window::new(10, Duration::from_secs(60));
        let start = Instant::now();
        window.reserve(1, start).unwrap();
        // The provider counts eight; seven are of others.
        window.remaining(2, start, start + Duration::from_secs(5));
        window.answered(1, start, start + Duration::from_secs(60));
        assert!(window.reserve(2, start).is_ok());
        assert_eq!(window.reserve(1, start), Err(Blocked::Until(start + Duration::from_secs(5) + TICK)));
        // A later response knows better.
        window.remaining(7, start, start + Duration::from_secs(5));
        assert!(window.reserve(7, start).is_ok());
    }
}
