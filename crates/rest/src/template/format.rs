use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::format::{Item, StrftimeItems};
use chrono::{
    DateTime, LocalResult, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone as _, Timelike as _, Utc,
};
use chrono_tz::Tz;

use crate::stamp::Stamp;

/// The format of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// As it is: a time in the provider's own form, a list joined by commas.
    #[default]
    Plain,
    /// `2026-01-31`.
    Date,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Seconds ago.
    Age,
    /// RFC 3339 in UTC, whole seconds.
    Rfc3339,
    /// RFC 2822.
    Rfc2822,
    /// strftime.
    Strftime(String),
    /// Wall clock in the description's zone, without a zone: `2026-01-31T08:12:43`, or by this strftime.
    Local(Option<String>),
    /// A list joined by this text.
    Join(String),
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// JSON, as a text.
    Json,
    /// Each `'` doubled, for literals of OData and SQL.
    Quoted,
    /// `\` before each `\`, `'` and `"`, for literals of SOQL.
    Escaped,
    /// Base 64 for URLs, without padding.
    Base64Url,
}

/// The names of the formats, for messages.
pub(crate) const NAMES: [&str; 15] = [
    "date",
    "seconds",
    "ms",
    "age",
    "rfc3339",
    "rfc2822",
    "local",
    "join(…)",
    "lower",
    "upper",
    "json",
    "quoted",
    "escaped",
    "base64url",
    "%…",
];

impl Format {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "date" => Self::Date,
            "seconds" => Self::Seconds,
            "ms" => Self::Milliseconds,
            "age" => Self::Age,
            "rfc3339" => Self::Rfc3339,
            "rfc2822" => Self::Rfc2822,
            "local" => Self::Local(None),
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "json" => Self::Json,
            "quoted" => Self::Quoted,
            "escaped" => Self::Escaped,
            "base64url" => Self::Base64Url,
            text if text.starts_with('%') => return strftime(text).map(Self::Strftime),
            text if text.starts_with("local(") => {
                let pattern = text.strip_prefix("local(")?.strip_suffix(')')?;
                return strftime(pattern).map(|pattern| Self::Local(Some(pattern)));
            }
            text => Self::Join(text.strip_prefix("join(")?.strip_suffix(')')?.to_owned()),
        })
    }

    /// Whether it makes a literal of a query language safe.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self, Self::Quoted | Self::Escaped | Self::Json | Self::Base64Url)
    }

    /// Whether it writes times only.
    pub(crate) fn is_of_times(&self) -> bool {
        use Format::{Age, Date, Local, Milliseconds, Rfc2822, Rfc3339, Seconds, Strftime};
        matches!(self, Date | Seconds | Milliseconds | Age | Rfc3339 | Rfc2822 | Strftime(_) | Local(_))
    }

    /// Whether what it writes of a time is a number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Seconds | Self::Milliseconds | Self::Age)
    }

    /// Writes a time. `None` when the stamp is a growing number, or the format is not one of times.
    pub(crate) fn time(&self, stamp: &Stamp, now: DateTime<Utc>, zone: Option<Tz>) -> Option<String> {
        let at = stamp.instant()?;
        Some(match self {
            Self::Date => at.format("%Y-%m-%d").to_string(),
            Self::Seconds => at.timestamp().to_string(),
            Self::Milliseconds => at.timestamp_millis().to_string(),
            // One second more, so that what is cut off the instant is not lost.
            Self::Age => (now - at).num_seconds().saturating_add(1).max(0).to_string(),
            Self::Rfc3339 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Rfc2822 => at.to_rfc2822(),
            Self::Strftime(pattern) => at.format(pattern).to_string(),
            Self::Local(pattern) => {
                wall(at, zone).format(pattern.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S")).to_string()
            }
            _ => return None,
        })
    }

    /// Writes a text.
    pub(crate) fn text(&self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Json => serde_json::Value::from(text).to_string(),
            Self::Quoted => text.replace('\'', "''"),
            Self::Escaped => {
                let mut out = String::with_capacity(text.len() + 8);
                for c in text.chars() {
                    if matches!(c, '\\' | '\'' | '"') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out
            }
            Self::Base64Url => URL_SAFE_NO_PAD.encode(text),
            _ => text.to_owned(),
        }
    }
}

fn strftime(pattern: &str) -> Option<String> {
    let valid = !StrftimeItems::new(pattern).any(|item| matches!(item, Item::Error));
    valid.then(|| pattern.to_owned())
}

/// The most seconds of an hour that comes twice, with one more.
const FOLD: i64 = 7_201;

/// An instant on the zone's wall clock, never later than the instant however it is read: one in the hour that comes twice
/// is written as the last second before it.
fn wall(at: DateTime<Utc>, zone: Option<Tz>) -> NaiveDateTime {
    let Some(zone) = zone else { return at.naive_utc() };
    let local = zone.from_utc_datetime(&at.naive_utc()).naive_local();
    let comes_twice =
        |local: &NaiveDateTime| matches!(zone.from_local_datetime(local), LocalResult::Ambiguous(..));
    if !comes_twice(&local) {
        return local;
    }
    let whole = local.with_nanosecond(0).unwrap_or(local);
    let before = (1..=FOLD).map(|seconds| whole - TimeDelta::seconds(seconds));
    before.into_iter().find(|earlier| !comes_twice(earlier)).unwrap_or(local)
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "",
            Self::Date => "date",
            Self::Seconds => "seconds",
            Self::Milliseconds => "ms",
            Self::Age => "age",
            Self::Rfc3339 => "rfc3339",
            Self::Rfc2822 => "rfc2822",
            Self::Strftime(pattern) => pattern,
            Self::Local(None) => "local",
            Self::Local(Some(pattern)) => return write!(f, "local({pattern})"),
            Self::Join(between) => return write!(f, "join({between})"),
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Json => "json",
            Self::Quoted => "quoted",
            Self::Escaped => "escaped",
            Self::Base64Url => "base64url",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stockholm(at: DateTime<Utc>) -> String {
        let format = Format::parse("local(%Y-%m-%d %H:%M:%S)").unwrap();
        format.time(&Stamp::at(at), at, Some(chrono_tz::Europe::Stockholm)).unwrap()
    }

    #[test]
    fn local_time_with_its_fold_and_its_gap() {
        for (instant, local) in [
            ("2026-01-10T05:00:00Z", "2026-01-10 06:00:00"),
            ("2026-07-10T05:00:00.900Z", "2026-07-10 07:00:00"),
            // The clocks go forward on 29 March at 01:00 UTC, and back on 25 October at 01:00 UTC.
            ("2026-03-29T00:59:59Z", "2026-03-29 01:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29 03:00:00"),
            ("2026-10-24T23:59:59Z", "2026-10-25 01:59:59"),
            ("2026-10-25T00:00:00Z", "2026-10-25 01:59:59"),
            ("2026-10-25T01:59:59Z", "2026-10-25 01:59:59"),
            ("2026-10-25T02:00:00Z", "2026-10-25 03:00:00"),
        ] {
            assert_eq!(stockholm(instant.parse().unwrap()), local, "{instant}");
        }
    }

    proptest! {
        /// Whatever happens at the instant or after it has a local time that is not before the written one.
        #[test]
        fn nothing_later_is_left_out(start in 1_700_000_000i64..1_900_000_000, later in 0i64..200_000) {
            let start = DateTime::from_timestamp(start, 0).unwrap();
            let after = start + TimeDelta::seconds(later);
            let zone = chrono_tz::Europe::Stockholm;
            let stamped = zone.from_utc_datetime(&after.naive_utc()).format("%Y-%m-%d %H:%M:%S").to_string();
            prop_assert!(stamped >= stockholm(start));
        }
    }
}
