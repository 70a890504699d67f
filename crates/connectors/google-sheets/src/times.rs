//! Serial numbers as dates and times. A serial number counts days since 30 December 1899, its fraction is the time of day,
//! and the spreadsheet's time zone is the one that it is meant in.

use std::fmt::Write as _;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

const DAY_MS: i64 = 86_400_000;
/// Days between the beginnings of the two systems of dates.
pub(crate) const DAYS_TO_1904: i64 = 1462;

/// The time zone of a spreadsheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Zone {
    Named(Tz),
    /// Google names some zones by their offset: `GMT-07:00`.
    Fixed(FixedOffset),
}

impl Zone {
    /// Reads a name of IANA, or an offset. `None` for any other name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Ok(zone) = name.parse::<Tz>() {
            return Some(Self::Named(zone));
        }
        let offset = name.strip_prefix("GMT").or_else(|| name.strip_prefix("UTC"))?;
        let (sign, digits) = match offset.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "0"));
        let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
        FixedOffset::east_opt(sign * seconds).map(Self::Fixed)
    }

    /// The instant of a local time. Of two, the earlier one; a local time that a change of the clocks leaves out is moved
    /// forward by the hour.
    fn instant(self, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Fixed(offset) => offset.from_local_datetime(&local).single(),
            Self::Named(zone) => match zone.from_local_datetime(&local) {
                LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.fixed_offset()),
                LocalResult::None => {
                    let later = local.checked_add_signed(TimeDelta::hours(1))?;
                    zone.from_local_datetime(&later).earliest().map(|time| time.fixed_offset())
                }
            },
        }
    }

    /// The local time of an instant.
    fn local(self, instant: DateTime<FixedOffset>) -> NaiveDateTime {
        match self {
            Self::Fixed(offset) => instant.with_timezone(&offset).naive_local(),
            Self::Named(zone) => instant.with_timezone(&zone).naive_local(),
        }
    }
}

fn day_zero() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default().and_time(NaiveTime::MIN)
}

/// The milliseconds of a serial number, rounded. `None` for what is no number or lies beyond all calendars.
pub(crate) fn milliseconds(serial: &str) -> Option<i64> {
    let number = serial.parse::<Decimal>().or_else(|_| Decimal::from_scientific(serial)).ok()?;
    number.checked_mul(Decimal::from(DAY_MS))?.round().to_i64()
}

/// A date, such as `2026-01-10`. `None` beyond the calendar, and for a number that has a time of day.
pub(crate) fn date(ms: i64) -> Option<String> {
    if ms % DAY_MS != 0 {
        return None;
    }
    let at = day_zero().checked_add_signed(TimeDelta::try_milliseconds(ms)?)?;
    Some(at.date().to_string())
}

/// A date and time with the zone's offset, such as `2026-01-10T08:00:00+01:00`.
pub(crate) fn date_time(ms: i64, zone: Zone) -> Option<String> {
    let local = day_zero().checked_add_signed(TimeDelta::try_milliseconds(ms)?)?;
    let time = zone.instant(local)?;
    let format = if ms % 1000 == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S%.3f%:z" };
    Some(time.format(format).to_string())
}

/// A time of day, such as `08:00:00`. `None` for what is no part of one day.
pub(crate) fn time(ms: i64) -> Option<String> {
    if !(0..DAY_MS).contains(&ms) {
        return None;
    }
    let at = NaiveTime::MIN.overflowing_add_signed(TimeDelta::try_milliseconds(ms)?).0;
    Some(at.format(if ms % 1000 == 0 { "%H:%M:%S" } else { "%H:%M:%S%.3f" }).to_string())
}

/// A duration in the form of ISO 8601, such as `PT26H30M`.
pub(crate) fn duration(ms: i64) -> String {
    let mut text = String::from(if ms < 0 { "-PT" } else { "PT" });
    let ms = ms.unsigned_abs();
    let (hours, minutes, seconds, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    if hours > 0 {
        let _written = write!(text, "{hours}H");
    }
    if minutes > 0 {
        let _written = write!(text, "{minutes}M");
    }
    if rest > 0 {
        let _written = write!(text, "{seconds}.{rest:03}S");
    } else if seconds > 0 || ms == 0 {
        let _written = write!(text, "{seconds}S");
    }
    text
}

/// The serial number of a date `2026-01-10`, or of a date and time with an offset. `None` for any other text.
pub(crate) fn serial(text: &str, zone: Zone) -> Option<(Decimal, bool)> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some((Decimal::from((date - day_zero().date()).num_days()), false));
    }
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    let passed = (zone.local(instant) - day_zero()).num_milliseconds();
    Some((Decimal::from(passed).checked_div(Decimal::from(DAY_MS))?.round_dp(11), true))
}

/// The part of a day that a time such as `08:00:00` is. `None` for any other text.
pub(crate) fn part_of_day(text: &str) -> Option<Decimal> {
    let time =
        NaiveTime::parse_from_str(text, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"));
    let passed = time.ok()?.signed_duration_since(NaiveTime::MIN).num_milliseconds();
    Some(Decimal::from(passed).checked_div(Decimal::from(DAY_MS))?.round_dp(11))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stockholm() -> Zone {
        Zone::parse("Europe/Stockholm").unwrap()
    }

    fn at(serial: &str) -> String {
        date_time(milliseconds(serial).unwrap(), stockholm()).unwrap()
    }

    #[test]
    fn serial_numbers_are_local_times() {
        assert_eq!(at("46032.333333333336"), "2026-01-10T08:00:00+01:00");
        assert_eq!(at("46204.5"), "2026-07-01T12:00:00+02:00");
        // The clocks go forward on 29 March, and back on 25 October.
        assert_eq!(at("46110.104166666664"), "2026-03-29T03:30:00+02:00");
        assert_eq!(at("46320.104166666664"), "2026-10-25T02:30:00+02:00");
        assert_eq!(at("46032.33333391204"), "2026-01-10T08:00:00.050+01:00");
        assert_eq!(date(milliseconds("-36522").unwrap()).unwrap(), "1800-01-01");
        assert_eq!(date(milliseconds("0").unwrap()).unwrap(), "1899-12-30");
        assert_eq!(date(milliseconds("4.6032E4").unwrap()).unwrap(), "2026-01-10");
        assert_eq!(milliseconds("1e30"), None);
        assert_eq!(date(milliseconds("99999999").unwrap()), None);
        assert_eq!(Zone::parse("GMT-07:00"), FixedOffset::west_opt(7 * 3600).map(Zone::Fixed));
        assert_eq!(Zone::parse("Mars/Olympus"), None);
    }

    #[test]
    fn times_and_durations() {
        assert_eq!(time(milliseconds("0.5").unwrap()).unwrap(), "12:00:00");
        assert_eq!(time(milliseconds("1.5").unwrap()), None);
        for (days, text) in
            [("1.1041666666666667", "PT26H30M"), ("0", "PT0S"), ("-0.5", "-PT12H"), ("0.00001", "PT0.864S")]
        {
            assert_eq!(duration(milliseconds(days).unwrap()), text);
        }
    }

    #[test]
    fn a_time_becomes_the_number_that_it_came_from() {
        for text in
            ["2026-01-10T08:00:00+01:00", "2026-07-01T12:34:56.789+02:00", "1899-12-29T23:00:00+01:00"]
        {
            let (number, _) = serial(text, stockholm()).unwrap();
            let back = at(&number.to_string());
            assert_eq!(
                DateTime::parse_from_rfc3339(&back).unwrap(),
                DateTime::parse_from_rfc3339(text).unwrap()
            );
        }
        assert_eq!(serial("2026-01-10", stockholm()), Some((Decimal::from(46_032), false)));
        assert_eq!(serial("tomorrow", stockholm()), None);
    }
}
