//! A calendar month.

use std::fmt;

use chrono::{Datelike, NaiveDate};

/// A calendar month, shown as `2026-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since the beginning of the year 0.
    index: i64,
}

impl Month {
    /// The month that a date lies in.
    pub fn of(date: NaiveDate) -> Self {
        Self { index: i64::from(date.year()) * 12 + i64::from(date.month0()) }
    }

    /// The year.
    pub fn year(self) -> i64 {
        self.index.div_euclid(12)
    }

    /// The month of the year, from 1.
    pub fn month(self) -> i64 {
        self.index.rem_euclid(12) + 1
    }

    /// The month that is `months` later, or earlier when negative.
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        Self { index: self.index + i64::from(months) }
    }

    /// How many months this one is later than another.
    pub fn since(self, other: Self) -> i64 {
        self.index - other.index
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.month()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_across_years() {
        let january = Month::of(NaiveDate::from_ymd_opt(2026, 1, 31).unwrap());
        assert_eq!(january.to_string(), "2026-01");
        assert_eq!(january.plus(-1).to_string(), "2025-12");
        assert_eq!(january.plus(11).to_string(), "2026-12");
        assert_eq!(january.plus(12).since(january), 12);
        // Any date has a month.
        assert!(Month::of(NaiveDate::MIN) < Month::of(NaiveDate::MAX));
    }
}
