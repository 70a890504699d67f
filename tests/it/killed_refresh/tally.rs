//! Where kills fell.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tieline_auth::Step;

/// How many must land at each point.
pub const KILLS: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub step: Step,
    pub place: Where,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    Before,
    Inside,
    After,
}

#[derive(Debug, Default)]
pub struct Tally {
    landed: BTreeMap<Point, u32>,
    /// Kills that were meant for the inside of a step and came too late.
    late: BTreeMap<Step, u32>,
    tried: u32,
    worked: u32,
    lost: u32,
}

impl Tally {
    pub fn landed(&self, point: Point) -> u32 {
        self.landed.get(&point).copied().unwrap_or(0)
    }

    /// A kill at the point, or after the step where it was meant for its inside.
    pub fn count(&mut self, point: Point, landed: bool) {
        self.tried += 1;
        if landed {
            *self.landed.entry(point).or_default() += 1;
        } else {
            *self.late.entry(point.step).or_default() += 1;
        }
    }

    /// How long after a step's beginning the next kill for its inside falls: from at once to some milliseconds, sooner
    /// when the last ones were late.
    pub fn delay(&self, point: Point) -> Duration {
        if point.place != Where::Inside {
            return Duration::ZERO;
        }
        let late = self.late.get(&point.step).copied().unwrap_or(0);
        let longest = 6_000 / u64::from(late + 1);
        Duration::from_micros(u64::from(self.tried) * 7_919 % longest.max(1))
    }

    pub fn note_worked(&mut self) {
        self.worked += 1;
    }

    pub fn note_lost(&mut self) {
        self.lost += 1;
    }

    pub fn worked(&self) -> u32 {
        self.worked
    }

    pub fn lost(&self) -> u32 {
        self.lost
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (point, landed) in &self.landed {
            writeln!(
                f,
                "  {:<10} {:<7} {landed:>3} kills",
                format!("{:?}", point.step),
                format!("{:?}", point.place)
            )?;
        }
        write!(
            f,
            "  {} kills: {} connections worked, {} must be made anew",
            self.tried, self.worked, self.lost
        )
    }
}
