//! When a notification is sent again.

use std::time::Duration;

use aws_lc_rs::rand;

/// The waits after each failed attempt: three days in all.
const WAITS: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(14 * 60 * 60),
    Duration::from_secs(20 * 60 * 60),
    Duration::from_secs(20 * 60 * 60 + 25 * 60),
];

/// The waits between attempts at a notification: longer each time, a tenth more or less by chance, three days in all.
/// Afterwards the endpoint is paused and its owner is notified.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetrySchedule;

impl RetrySchedule {
    /// Returns the wait after so many failed attempts, at least what the endpoint asked for; `None` when it is given up.
    pub fn wait(self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        let at = usize::try_from(failed.checked_sub(1)?).ok()?;
        let wait = WAITS.get(at)?;
        let mut chance = [0; 1];
        // Without randomness all wait alike, which is only less even.
        let _ = rand::fill(&mut chance);
        let tenth = wait.as_secs_f64() / 10.0;
        let shift = tenth * (f64::from(chance[0]) / 127.5 - 1.0);
        let spread = Duration::try_from_secs_f64(wait.as_secs_f64() + shift).unwrap_or(*wait);
        Some(spread.max(asked.unwrap_or_default()).min(Duration::from_secs(24 * 60 * 60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_go_on_for_three_days() {
        let all: Vec<Duration> = (1..).map_while(|failed| RetrySchedule.wait(failed, None)).collect();
        let days = all.iter().sum::<Duration>().as_secs_f64() / 86_400.0;
        assert!((2.7..3.4).contains(&days), "{days}");
        assert!(all.windows(2).all(|pair| pair[0] < pair[1] * 2));
        assert_eq!(RetrySchedule.wait(0, None), None);
        let asked = Duration::from_secs(600);
        assert_eq!(RetrySchedule.wait(1, Some(asked)), Some(asked));
        assert!(RetrySchedule.wait(1, Some(Duration::MAX)).unwrap() <= Duration::from_secs(86_400));
    }
}
