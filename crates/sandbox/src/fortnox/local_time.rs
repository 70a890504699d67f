//! Swedish local time, in which Fortnox compares and writes.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Europe::Stockholm;

/// The wall clock in Stockholm. In the hour that comes twice it shows the same time twice.
pub(crate) fn local(moment: DateTime<Utc>) -> NaiveDateTime {
    moment.with_timezone(&Stockholm).naive_local()
}

/// The day in Stockholm.
pub(crate) fn today(moment: DateTime<Utc>) -> NaiveDate {
    local(moment).date()
}

/// A day, or a day with hours and minutes, with seconds or without.
pub(crate) fn parse(text: &str) -> Option<NaiveDateTime> {
    parse_date(text).map(|day| day.and_time(NaiveTime::MIN)).or_else(|| {
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    })
}

pub(crate) fn parse_date(text: &str) -> Option<NaiveDate> {
    (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}
