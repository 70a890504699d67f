//! Fortnox's clock: `lastmodified` is compared with local time in Sweden, without an offset.

use chrono::{DateTime, LocalResult, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Europe::Stockholm;

/// An instant as `lastmodified` takes it: `YYYY-MM-DD HH:MM:SS`, rounded down to the second, never later than the
/// instant however Fortnox reads it.
///
/// When the clocks go back, an hour of local time happens twice. A record of its second passing stands before one of the
/// first. An instant in either of them is therefore written as the last second before both, which costs at most two hours
/// of records that come again, once a year. In the hour that is left out in spring no instant falls.
pub(crate) fn since(instant: DateTime<Utc>) -> String {
    let local = instant.with_timezone(&Stockholm).naive_local();
    let written = match Stockholm.from_local_datetime(&local) {
        LocalResult::Ambiguous(..) => {
            // The hour that comes twice is a full one.
            let into_it = i64::from(local.minute() * 60 + local.second()) + 1;
            local - TimeDelta::seconds(into_it)
        }
        _ => local,
    };
    written.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn local_time_with_its_fold_and_its_gap() {
        for (instant, local) in [
            ("2026-01-10T05:00:00Z", "2026-01-10 06:00:00"),
            ("2026-07-10T05:00:00.900Z", "2026-07-10 07:00:00"),
            // The clocks go forward on 29 March at 01:00 UTC.
            ("2026-03-29T00:59:59Z", "2026-03-29 01:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29 03:00:00"),
            // And back on 25 October at 01:00 UTC: 02:00 to 03:00 happens twice.
            ("2026-10-24T23:59:59Z", "2026-10-25 01:59:59"),
            ("2026-10-25T00:00:00Z", "2026-10-25 01:59:59"),
            ("2026-10-25T00:59:59Z", "2026-10-25 01:59:59"),
            ("2026-10-25T01:00:00Z", "2026-10-25 01:59:59"),
            ("2026-10-25T01:59:59Z", "2026-10-25 01:59:59"),
            ("2026-10-25T02:00:00Z", "2026-10-25 03:00:00"),
        ] {
            assert_eq!(since(at(instant)), local, "{instant}");
        }
    }

    proptest! {
        /// Whatever happens at the instant or after it has a local time that is not before what is asked for.
        #[test]
        fn nothing_later_is_left_out(start in 1_700_000_000i64..1_900_000_000, later in 0i64..200_000) {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let after = start + TimeDelta::seconds(later);
            let stamped = after.with_timezone(&Stockholm).naive_local().format("%Y-%m-%d %H:%M:%S").to_string();
            prop_assert!(stamped >= since(start), "{stamped} {}", since(start));
        }
    }
}
