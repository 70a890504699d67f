//! Days and moments as Odoo writes and reads them.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::Version;
use super::trouble::Trouble;
use crate::Json;

pub(crate) const SECOND: i64 = 1_000_000;

/// `2026-11-20 15:17:16`, from microseconds since 1970.
pub(crate) fn shown(micros: i64) -> String {
    let moment = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn day(text: &str) -> Option<NaiveDate> {
    let (year, month, day) = (text.get(0..4)?, text.get(5..7)?, text.get(8..10)?);
    if [year, month, day].iter().any(|part| part.bytes().any(|byte| !byte.is_ascii_digit())) {
        return None;
    }
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    NaiveDate::from_ymd_opt(year, month, day).filter(|_| dashes)
}

fn micros(moment: NaiveDateTime) -> i64 {
    moment.and_utc().timestamp_micros()
}

/// A day to store. What stands behind the day is cut off.
pub(crate) fn date_in(text: &str) -> Result<String, Trouble> {
    let wrong = || Trouble::value(format!("time data '{text}' does not match format '%Y-%m-%d'"));
    day(text).map(|day| day.to_string()).ok_or_else(wrong)
}

/// A moment to store: with a space, without fractions, without a zone.
pub(crate) fn datetime_in(text: &str) -> Result<String, Trouble> {
    let wrong = || Trouble::value(format!("time data '{text}' does not match format '%Y-%m-%d %H:%M:%S'"));
    match text.len() {
        10 => day(text).map(|day| format!("{day} 00:00:00")).ok_or_else(wrong),
        19 => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
            .map(|moment| moment.format("%Y-%m-%d %H:%M:%S").to_string())
            .map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// The microseconds of a stored moment.
pub(crate) fn stored(text: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(micros)
}

/// A moment in a condition.
pub(crate) struct Bound {
    pub(crate) micros: i64,
    /// It was only a day.
    pub(crate) whole_day: bool,
}

/// Reads the moment of a condition: far more is allowed here than where values are written.
///
/// 17 ignores an offset, so the time is taken as UTC whatever was meant. 19 refuses it, and takes a mere day in the
/// zone of the caller.
pub(crate) fn bound(value: &Json, version: Version, zone: &str) -> Result<Bound, Trouble> {
    let garbage = || Trouble::value(format!("Invalid isoformat string: {value}"));
    let text = value.as_str().ok_or_else(garbage)?;
    let date = day(text).ok_or_else(garbage)?;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        let midnight = micros(date.and_time(NaiveTime::MIN));
        let midnight = if version == Version::V19 { midnight - offset(zone, midnight) } else { midnight };
        return Ok(Bound { micros: midnight, whole_day: true });
    };
    let time = rest.get(1..9).filter(|_| rest.starts_with([' ', 'T'])).ok_or_else(garbage)?;
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S").map_err(|_| garbage())?;
    let tail = rest.get(9..).unwrap_or_default();
    let (fraction, zone) = tail.find(['Z', '+', '-']).map_or((tail, ""), |at| tail.split_at(at));
    if !zone.is_empty() && version == Version::V19 {
        return Err(Trouble::value("expecting only datetimes with no timezone"));
    }
    let fraction: i64 = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) => {
            format!("{digits:0<6}").get(..6).and_then(|six| six.parse().ok()).ok_or_else(garbage)?
        }
        None => return Err(garbage()),
    };
    Ok(Bound { micros: micros(date.and_time(time)) + fraction, whole_day: false })
}

/// How far a zone is ahead of UTC. The sandbox knows UTC and Central European Time.
fn offset(zone: &str, utc: i64) -> i64 {
    if !zone.starts_with("Europe/") {
        return 0;
    }
    let moment = DateTime::from_timestamp_micros(utc).unwrap_or_default().naive_utc();
    let last_sunday = |month: u32| {
        let last = NaiveDate::from_ymd_opt(moment.year(), month, 31).unwrap_or_default();
        let sunday = last - TimeDelta::days(i64::from(last.weekday().num_days_from_sunday()));
        sunday.and_hms_opt(1, 0, 0).unwrap_or_default()
    };
    let summer = moment >= last_sunday(3) && moment < last_sunday(10);
    SECOND * 3600 * if summer { 2 } else { 1 }
}
