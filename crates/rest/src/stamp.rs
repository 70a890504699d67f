//! Watermarks in the provider's own form: what is written back is written as the provider wrote it.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A time or growing number as a provider writes it, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    text: String,
    form: Form,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Instant(DateTime<Utc>),
    /// A number and the billionths behind its point.
    Number(i128, u32),
}

/// The forms in which providers write times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// With an offset: `2026-01-10T08:12:43.120Z`, `… +0100`.
    Offset {
        separator: char,
        digits: usize,
        offset: FixedOffset,
        suffix: Suffix,
    },
    /// Without a zone: the description's zone, else UTC.
    Naive {
        separator: char,
        digits: usize,
        zone: Option<Tz>,
    },
    Day,
    Seconds {
        number: bool,
    },
    Milliseconds {
        number: bool,
    },
    Rfc2822,
    /// `/Date(1700000000000)/`.
    SlashDate,
    /// `20260110T081243Z`.
    Basic,
    /// No time: a number that grows.
    Growing {
        number: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    Z,
    /// `+01:00`
    Colon,
    /// `+0100`
    Plain,
}

/// `2026-01-10T08:12:43Z`, as most providers write times: read once for each record.
fn common(text: &str) -> Option<DateTime<Utc>> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] =
        *text.as_bytes().first_chunk::<20>()?
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)?;
    let time = day.and_hms_opt(number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?)?;
    (text.len() == 20).then(|| time.and_utc())
}

impl Stamp {
    /// Reads a time. `number` says that it was written as a JSON number.
    pub(crate) fn parse(text: &str, number: bool, zone: Option<Tz>) -> Option<Self> {
        match common(text) {
            Some(at) if !number => {
                let form = Form::Offset { separator: 'T', digits: 0, offset: utc(), suffix: Suffix::Z };
                Some(Self { text: text.to_owned(), form, value: Value::Instant(at) })
            }
            _ => Self::parse_any(text, number, zone),
        }
    }

    fn parse_any(text: &str, number: bool, zone: Option<Tz>) -> Option<Self> {
        let text = text.trim();
        let stamp =
            |form, at: DateTime<Utc>| Some(Self { text: text.to_owned(), form, value: Value::Instant(at) });
        if number || (text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit())) {
            let number_text = text.split(['.', 'e', 'E']).next()?;
            let whole: i64 = number_text.parse().ok()?;
            // Seconds reach five digits less than milliseconds until the year 5138.
            if whole.unsigned_abs() < 100_000_000_000 {
                return stamp(Form::Seconds { number }, DateTime::from_timestamp(whole, 0)?);
            }
            return stamp(Form::Milliseconds { number }, DateTime::from_timestamp_millis(whole)?);
        }
        if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
            let end = inner.get(1..).and_then(|rest| rest.find(['+', '-'])).map_or(inner.len(), |at| at + 1);
            let milliseconds: i64 = inner.get(..end)?.parse().ok()?;
            return stamp(Form::SlashDate, DateTime::from_timestamp_millis(milliseconds)?);
        }
        if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return stamp(Form::Day, day.and_hms_opt(0, 0, 0)?.and_utc());
        }
        if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ") {
            return stamp(Form::Basic, time.and_utc());
        }
        if let Some(split) = split(text) {
            let (body, suffix) = split;
            let separator = body.chars().nth(10)?;
            let digits = body.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            if digits > 9 || !matches!(separator, 'T' | 't' | ' ') {
                return None;
            }
            let plain = body.replacen(separator, "T", 1);
            let naive = NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
            return match offset(suffix) {
                Some((offset, suffix)) => {
                    let at = offset.from_local_datetime(&naive).single()?.to_utc();
                    stamp(Form::Offset { separator, digits, offset, suffix }, at)
                }
                None if suffix.is_empty() => {
                    let at = match zone {
                        // In the hour that comes twice the earlier one, in the hour that is skipped the later: nothing
                        // is skipped, something may be read twice.
                        Some(zone) => zone
                            .from_local_datetime(&naive)
                            .earliest()
                            .or_else(|| zone.from_local_datetime(&(naive - TimeDelta::hours(1))).earliest())?
                            .to_utc(),
                        None => naive.and_utc(),
                    };
                    stamp(Form::Naive { separator, digits, zone }, at)
                }
                None => None,
            };
        }
        let at = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
        stamp(Form::Rfc2822, at)
    }

    /// Reads a number that grows, such as an id.
    pub(crate) fn growing(text: &str, number: bool) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_fraction = fraction.len() <= 9 && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = is_fraction.then(|| format!("{fraction:0<9}"))?;
        let value = Value::Number(whole.parse().ok()?, fraction.parse().ok()?);
        Some(Self { text: text.to_owned(), form: Form::Growing { number }, value })
    }

    /// An instant in RFC 3339, whole seconds.
    pub(crate) fn at(at: DateTime<Utc>) -> Self {
        let form = Form::Offset { separator: 'T', digits: 0, offset: utc(), suffix: Suffix::Z };
        Self { text: at.to_rfc3339_opts(SecondsFormat::Secs, true), form, value: Value::Instant(at) }
    }

    /// An instant, written as this one is. A growing number stays what it is.
    pub(crate) fn like(&self, at: DateTime<Utc>) -> Self {
        if matches!(self.form, Form::Growing { .. }) {
            return self.clone();
        }
        Self { text: self.form.write(at), form: self.form, value: Value::Instant(at) }
    }

    /// The provider's text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is written as a JSON number.
    pub(crate) fn is_number(&self) -> bool {
        matches!(
            self.form,
            Form::Seconds { number: true }
                | Form::Milliseconds { number: true }
                | Form::Growing { number: true }
        )
    }

    /// Whether it is no time.
    pub(crate) fn is_growing(&self) -> bool {
        matches!(self.form, Form::Growing { .. })
    }

    pub(crate) fn instant(&self) -> Option<DateTime<Utc>> {
        match self.value {
            Value::Instant(at) => Some(at),
            Value::Number(..) => None,
        }
    }

    /// The later of two. `None` when one is a time and the other is not.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.value, other.value) {
            (Value::Instant(one), Value::Instant(other)) => Some(one.cmp(&other)),
            (Value::Number(one, part), Value::Number(other, other_part)) => {
                Some((one, part).cmp(&(other, other_part)))
            }
            _ => None,
        }
    }

    /// The default overlap of increments.
    pub(crate) fn default_overlap(&self) -> TimeDelta {
        match self.form {
            Form::Day => TimeDelta::days(1),
            Form::Growing { .. } => TimeDelta::zero(),
            _ => TimeDelta::minutes(1),
        }
    }

    /// This much earlier, in the same form. A growing number stays what it is.
    pub(crate) fn minus(&self, overlap: TimeDelta) -> Self {
        match self.value {
            Value::Instant(at) => self.like(at.checked_sub_signed(overlap).unwrap_or(at)),
            Value::Number(..) => self.clone(),
        }
    }
}

fn utc() -> FixedOffset {
    chrono::Offset::fix(&Utc)
}

/// Date and time, and what follows them: nothing, `Z` or an offset.
fn split(text: &str) -> Option<(&str, &str)> {
    let time = text.get(11..)?;
    let end = time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
    let body = text.get(..11 + end)?;
    let date = body.get(..10)?;
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    is_date.then(|| (body, text.get(11 + end..).unwrap_or_default().trim_start()))
}

fn offset(suffix: &str) -> Option<(FixedOffset, Suffix)> {
    if matches!(suffix, "Z" | "z" | "UTC") {
        return Some((utc(), Suffix::Z));
    }
    let (sign, rest) = match suffix.as_bytes().first()? {
        b'+' => (1, suffix.get(1..)?),
        b'-' => (-1, suffix.get(1..)?),
        _ => return None,
    };
    let (hours, minutes, kind) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes, Suffix::Colon),
        None if rest.len() == 4 => (rest.get(..2)?, rest.get(2..)?, Suffix::Plain),
        None => (rest, "0", Suffix::Plain),
    };
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.parse::<i32>().ok()? * 60)?;
    Some((FixedOffset::east_opt(sign * seconds)?, kind))
}

impl Form {
    /// Rounded down to what the form can say.
    fn write(self, at: DateTime<Utc>) -> String {
        let naive = |time: NaiveDateTime, separator: char, digits: usize| {
            let mut text =
                time.format("%Y-%m-%dT%H:%M:%S").to_string().replacen('T', &separator.to_string(), 1);
            if digits > 0 {
                let nanos = format!("{:09}", time.and_utc().timestamp_subsec_nanos());
                text.push('.');
                text.push_str(nanos.get(..digits.min(9)).unwrap_or_default());
            }
            text
        };
        match self {
            Self::Offset { separator, digits, offset, suffix } => {
                let local = at.with_timezone(&offset);
                let body = naive(local.naive_local(), separator, digits);
                match suffix {
                    Suffix::Z => format!("{body}Z"),
                    Suffix::Colon => format!("{body}{}", local.format("%:z")),
                    Suffix::Plain => format!("{body}{}", local.format("%z")),
                }
            }
            Self::Naive { separator, digits, zone: Some(zone) } => {
                naive(zone.from_utc_datetime(&at.naive_utc()).naive_local(), separator, digits)
            }
            Self::Naive { separator, digits, zone: None } => naive(at.naive_utc(), separator, digits),
            Self::Day => at.format("%Y-%m-%d").to_string(),
            Self::Seconds { .. } | Self::Growing { .. } => at.timestamp().to_string(),
            Self::Milliseconds { .. } => at.timestamp_millis().to_string(),
            Self::Rfc2822 => at.to_rfc2822(),
            Self::SlashDate => format!("/Date({})/", at.timestamp_millis()),
            Self::Basic => at.format("%Y%m%dT%H%M%SZ").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, number: bool) -> Stamp {
        Stamp::parse(text, number, None).unwrap_or_else(|| panic!("{text} is not read"))
    }

    #[test]
    fn a_number_that_grows_may_have_decimals() {
        let stamp = |text: &str| Stamp::growing(text, false).unwrap();
        let (before, after) = (stamp("1763467241.000200"), stamp("1763467241.000201"));
        assert_eq!(after.compare(&before), Some(Ordering::Greater));
        assert_eq!(stamp("9").compare(&stamp("10.5")), Some(Ordering::Less));
        assert_eq!(after.minus(TimeDelta::minutes(1)).text(), "1763467241.000201");
        assert!(Stamp::growing("1.2.3", false).is_none() && Stamp::growing("soon", false).is_none());
    }

    #[test]
    fn every_form_is_read_and_written_back_in_itself() {
        for (text, number, minute_before) in [
            ("2026-01-10T08:12:43Z", false, "2026-01-10T08:11:43Z"),
            ("2026-01-10T08:12:43.120456789Z", false, "2026-01-10T08:11:43.120456789Z"),
            ("2026-01-10T08:12:43.1+01:00", false, "2026-01-10T08:11:43.1+01:00"),
            ("2026-01-10T08:12:43.120+0000", false, "2026-01-10T08:11:43.120+0000"),
            ("2026-01-10 08:12:43", false, "2026-01-10 08:11:43"),
            ("2026-01-10T08:12:43.5", false, "2026-01-10T08:11:43.5"),
            ("1768032763", true, "1768032703"),
            ("1768032763", false, "1768032703"),
            ("1768032763120", true, "1768032703120"),
            ("Sat, 10 Jan 2026 08:12:43 +0000", false, "Sat, 10 Jan 2026 08:11:43 +0000"),
            ("/Date(1768032763120)/", false, "/Date(1768032703120)/"),
            ("20260110T081243Z", false, "20260110T081143Z"),
        ] {
            let stamp = parsed(text, number);
            assert_eq!(stamp.text(), text);
            assert_eq!(stamp.is_number(), number);
            assert_eq!(stamp.minus(TimeDelta::minutes(1)).text(), minute_before);
        }
        let day = parsed("2026-01-10", false);
        assert_eq!(day.minus(day.default_overlap()).text(), "2026-01-09");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "yesterday", "2026-13-01", "2026-01-10T", "10.01.2026", "2026-01-10T08:12:43 CET"] {
            assert_eq!(Stamp::parse(text, false, None), None, "{text}");
        }
        assert_eq!(Stamp::growing("x", false), None);
    }

    #[test]
    fn wall_clocks_are_of_the_zone() {
        let zone = Some(chrono_tz::Europe::Oslo);
        let stamp = Stamp::parse("2026-07-10T08:00:00", false, zone).unwrap();
        assert_eq!(stamp.instant().unwrap().to_rfc3339(), "2026-07-10T06:00:00+00:00");
        assert_eq!(stamp.minus(TimeDelta::hours(1)).text(), "2026-07-10T07:00:00");
        // Skipped and doubled hours are read.
        assert!(Stamp::parse("2026-03-29T02:30:00", false, zone).is_some());
        assert!(Stamp::parse("2026-10-25T02:30:00", false, zone).is_some());
    }

    proptest::proptest! {
        #[test]
        fn the_common_form_is_read_as_any_other(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z|2026-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-6][0-9]Z[Z0 ]?",
        ) {
            proptest::prop_assert_eq!(Stamp::parse(&text, false, None), Stamp::parse_any(&text, false, None));
        }
    }
}
