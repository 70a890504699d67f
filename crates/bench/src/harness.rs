//! What every bench shares: both sides in turn, medians, one line per comparison, the exit code.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::Result;

/// Fewer rounds say too little.
pub(crate) const LEAST_ROUNDS: u64 = 5;

/// What one run took of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time of all threads; `None` where the system does not tell.
    pub(crate) cpu: Option<Duration>,
}

/// Both sides, one right after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) ours: Cost,
    pub(crate) bare: Cost,
}

/// Runs each side once to warm up, then `rounds` times in turn: ours first, bare first, ours first, and so on, so that
/// neither gains by its place.
pub(crate) fn alternate(
    rounds: u64,
    mut ours: impl FnMut() -> Result<()>,
    mut bare: impl FnMut() -> Result<()>,
) -> Result<Vec<Round>> {
    ours()?;
    bare()?;
    (0..rounds)
        .map(|round| {
            if round % 2 == 0 {
                let ours = cost(&mut ours)?;
                Ok(Round { ours, bare: cost(&mut bare)? })
            } else {
                let bare = cost(&mut bare)?;
                Ok(Round { ours: cost(&mut ours)?, bare })
            }
        })
        .collect()
}

fn cost(side: &mut impl FnMut() -> Result<()>) -> Result<Cost> {
    let (cpu, wall) = (cpu_time(), Instant::now());
    side()?;
    let wall = wall.elapsed();
    Ok(Cost { wall, cpu: cpu.zip(cpu_time()).map(|(before, after)| after.saturating_sub(before)) })
}

/// Times something that cannot be a closure.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Option<Duration>,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    /// Seconds since its start by the clock.
    pub(crate) fn wall(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }

    /// Seconds of CPU time of this process since its start, or by the clock where the system does not tell.
    pub(crate) fn cpu(&self) -> f64 {
        let cpu = self.cpu.zip(cpu_time()).map(|(before, now)| now.saturating_sub(before));
        cpu.map_or_else(|| self.wall(), |cpu| cpu.as_secs_f64())
    }
}

/// The same clock that `getrusage` sums, in nanoseconds instead of ticks.
#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(now.tv_sec).ok()?, u32::try_from(now.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

/// The median of the rounds' ratios. Both runs of a round see the same state of the machine, so its drift cancels out
/// of each ratio; the ratio of two medians would compare runs from different moments.
pub(crate) fn ratio(rounds: &[Round], of: impl Fn(&Cost) -> Option<f64>) -> Option<f64> {
    let ratios: Option<Vec<f64>> =
        rounds.iter().map(|round| Some(of(&round.ours)? / of(&round.bare)?)).collect();
    median(ratios?)
}

/// The middle value, or the mean of the two; `None` for nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values.get(values.len() / 2 - 1)? + upper) / 2.0)
}

/// Prints the comparisons as they are made and remembers whether all held.
#[derive(Debug, Default)]
pub(crate) struct Report {
    over: bool,
}

impl Report {
    /// Prints `NAME ratio=R limit=L`.
    pub(crate) fn compare(&mut self, name: &str, ratio: f64, limit: f64) {
        // Judged as printed, so that the line and the exit code agree.
        let ratio = (ratio * 100.0).round() / 100.0;
        println!("{name} ratio={ratio:.2} limit={limit:?}");
        // A ratio that is no number has not held either.
        self.over |= ratio.is_nan() || ratio > limit;
    }

    /// Compares the larger of the ratios of wall and CPU time, after a line with both sides' times.
    pub(crate) fn compare_times(&mut self, name: &str, rounds: &[Round], limit: f64) -> Result<()> {
        let wall = ratio(rounds, |cost| Some(cost.wall.as_secs_f64())).ok_or("no round was run")?;
        let cpu = ratio(rounds, |cost| Some(cost.cpu?.as_secs_f64()));
        let times = |side: fn(&Round) -> Cost| {
            median(rounds.iter().map(|round| side(round).wall.as_secs_f64() * 1e3).collect())
        };
        println!(
            "{name} ours={:.1}ms bare={:.1}ms wall={wall:.2} cpu={:.2}",
            times(|round| round.ours).unwrap_or_default(),
            times(|round| round.bare).unwrap_or_default(),
            cpu.unwrap_or(f64::NAN),
        );
        self.compare(name, cpu.unwrap_or(wall).max(wall), limit);
        Ok(())
    }

    /// 1 when a ratio was over its limit.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.over))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn both_sides_take_turns_after_a_warm_up() {
        let order = std::cell::RefCell::new(String::new());
        let side = |name| {
            order.borrow_mut().push(name);
            Ok(())
        };
        let rounds = alternate(3, || side('o'), || side('b')).unwrap();
        assert_eq!(rounds.len(), 3);
        assert_eq!(order.into_inner(), "obobboob");
    }

    #[test]
    fn a_report_fails_only_over_the_limit() {
        for (ratio, over) in [(1.99, false), (2.0, false), (2.004, false), (2.01, true), (f64::NAN, true)] {
            let mut report = Report::default();
            report.compare("test", ratio, 2.0);
            assert_eq!(report.over, over, "{ratio}");
        }
    }
}
