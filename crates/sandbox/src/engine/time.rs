//! Moments in the forms in which providers write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

use super::definition::TimeFormat;
use crate::Json;

/// Cuts a moment to the provider's precision.
pub(crate) fn to_grain(moment: DateTime<Utc>, grain_ms: u32) -> DateTime<Utc> {
    let grain = i64::from(grain_ms.max(1));
    let over = moment.timestamp_millis().rem_euclid(grain);
    let micros = moment.timestamp_subsec_micros() % 1000;
    moment - TimeDelta::milliseconds(over) - TimeDelta::microseconds(micros.into())
}

/// A moment in a form.
pub(crate) fn show(moment: DateTime<Utc>, format: TimeFormat) -> Json {
    match format {
        TimeFormat::Rfc3339 => moment.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
        TimeFormat::Spaced => moment.format("%Y-%m-%d %H:%M:%S").to_string().into(),
        TimeFormat::Unix => moment.timestamp().into(),
        TimeFormat::UnixDecimal => {
            Json::decimal(format!("{}.{:06}", moment.timestamp(), moment.timestamp_subsec_micros()))
        }
        TimeFormat::UnixMs => moment.timestamp_millis().into(),
        TimeFormat::Date => moment.format("%Y-%m-%d").to_string().into(),
    }
}

/// Reads a moment in any of the forms.
pub(crate) fn read(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    if let Ok(naive) = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S") {
        return Some(naive.and_utc());
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = whole.parse().ok()?;
    // Twelve digits and more are milliseconds: as seconds they would lie beyond the year 5000.
    if whole.abs() >= 100_000_000_000 {
        return DateTime::from_timestamp_millis(whole);
    }
    let nanos: u32 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    DateTime::from_timestamp(whole, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_back() {
        let moment = "2026-11-02T08:01:30Z".parse().unwrap();
        let forms = [
            TimeFormat::Rfc3339,
            TimeFormat::Spaced,
            TimeFormat::Unix,
            TimeFormat::UnixDecimal,
            TimeFormat::UnixMs,
        ];
        for form in forms {
            assert_eq!(read(&super::super::template::plain(&show(moment, form))), Some(moment), "{form:?}");
        }
        assert_eq!(read("soon"), None);
        let fine: DateTime<Utc> = "2026-11-02T08:01:30.987654Z".parse().unwrap();
        assert_eq!(to_grain(fine, 1000), moment);
    }
}
