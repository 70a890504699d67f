//! The forms in which providers write times: reading one, and writing another time in the same form.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// A form in which a provider writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// `2026-01-10T08:12:43.120+01:00` and its relatives: RFC 3339, with a space, without a zone, `+0000`.
    Civil { separator: char, digits: u8, seconds: bool, zone: Zone },
    /// `2026-01-10`.
    Day,
    /// `20260110T081243Z`: ISO 8601, basic.
    Basic { zone: Zone },
    /// Seconds since 1970, with so many digits behind the point.
    EpochSeconds { digits: u8 },
    /// Milliseconds since 1970.
    EpochMillis,
    /// `Sat, 10 Jan 2026 08:12:43 +0000`: RFC 2822.
    Mail,
    /// `/Date(1768032763000+0100)/`: milliseconds since 1970, and an offset that changes nothing.
    DotNet { offset: Option<i16> },
}

/// The zone of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Not at all.
    Unsaid,
    /// `Z`.
    Utc,
    /// `+01:00`, or `+0100` without the colon; a space before it in some.
    Offset { minutes: i16, colon: bool, space: bool },
}

/// The instant of a text and its form. A time without a zone is one of `zone`. `None` for everything else.
pub(crate) fn read(text: &str, zone: FixedOffset) -> Option<(DateTime<Utc>, TimeForm)> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'/' => dot_net(text),
        b'-' => epoch(text),
        first if first.is_ascii_digit() => match bytes.get(4) {
            Some(b'-') => civil(text, zone),
            _ if bytes.get(8) == Some(&b'T') => basic(text, zone),
            _ => epoch(text),
        },
        _ => DateTime::parse_from_rfc2822(text).ok().map(|at| (at.to_utc(), TimeForm::Mail)),
    }
}

/// A time in a form, rounded down to what the form can say. A form without a zone is one of `zone`.
pub(crate) fn write(form: TimeForm, at: DateTime<Utc>, zone: FixedOffset) -> String {
    let local = |said: Zone| match said {
        Zone::Unsaid => at.with_timezone(&zone),
        Zone::Utc => at.fixed_offset(),
        Zone::Offset { minutes, .. } => at.with_timezone(&offset(minutes).unwrap_or(zone)),
    };
    match form {
        TimeForm::Civil { separator, digits, seconds, zone: said } => {
            let time = local(said);
            let clock = if seconds { "%H:%M:%S" } else { "%H:%M" };
            let mut text = format!("{}{separator}{}", time.format("%Y-%m-%d"), time.format(clock));
            push_fraction(&mut text, time.timestamp_subsec_nanos(), digits);
            push_zone(&mut text, said);
            text
        }
        TimeForm::Day => at.with_timezone(&zone).format("%Y-%m-%d").to_string(),
        TimeForm::Basic { zone: said } => {
            let mut text = local(said).format("%Y%m%dT%H%M%S").to_string();
            push_zone(&mut text, said);
            text
        }
        TimeForm::EpochSeconds { digits } => {
            let mut text = at.timestamp().to_string();
            push_fraction(&mut text, at.timestamp_subsec_nanos(), digits);
            text
        }
        TimeForm::EpochMillis => at.timestamp_millis().to_string(),
        TimeForm::Mail => at.to_rfc2822(),
        TimeForm::DotNet { offset } => {
            let mut text = format!("/Date({}", at.timestamp_millis());
            if let Some(minutes) = offset {
                push_zone(&mut text, Zone::Offset { minutes, colon: false, space: false });
            }
            text.push_str(")/");
            text
        }
    }
}

/// A time as RFC 3339 in UTC, in whole seconds, rounded down.
pub(crate) fn seconds(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn push_fraction(text: &mut String, nanos: u32, digits: u8) {
    if digits > 0 {
        let all = format!("{:09}", nanos.min(999_999_999));
        text.push('.');
        text.extend(all.chars().take(digits.into()));
    }
}

fn push_zone(text: &mut String, zone: Zone) {
    match zone {
        Zone::Unsaid => {}
        Zone::Utc => text.push('Z'),
        Zone::Offset { minutes, colon, space } => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, rest) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
            let (space, colon) = (if space { " " } else { "" }, if colon { ":" } else { "" });
            text.push_str(&format!("{space}{sign}{hours:02}{colon}{rest:02}"));
        }
    }
}

fn offset(minutes: i16) -> Option<FixedOffset> {
    FixedOffset::east_opt(i32::from(minutes) * 60)
}

/// The number of exactly `count` digits in front, and what follows.
fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

fn day<'t>(text: &'t str, dash: &str) -> Option<(NaiveDate, &'t str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix(dash)?, 2)?;
    let (day, rest) = digits(rest.strip_prefix(dash)?, 2)?;
    // The year 0 is how some databases write no date.
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok().filter(|year| *year > 0)?, month, day)?;
    Some((date, rest))
}

/// A fraction of a second with at most nine digits: its nanoseconds and how many digits it has.
fn fraction(text: &str) -> Option<(u32, u8, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else { return Some((0, 0, text)) };
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = rest.split_at_checked(count)?;
    let scale = 9u32.checked_sub(u32::try_from(count).ok()?)?;
    Some((
        number.parse::<u32>().ok()?.checked_mul(10u32.checked_pow(scale)?)?,
        u8::try_from(count).ok()?,
        behind,
    ))
}

fn zone_of(text: &str) -> Option<Zone> {
    let (rest, space) = match text.strip_prefix(' ') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    match rest {
        "" if !space => return Some(Zone::Unsaid),
        "Z" | "z" => return Some(Zone::Utc),
        "UTC" | "GMT" => return Some(Zone::Offset { minutes: 0, colon: false, space }),
        _ => {}
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let (hours, rest) = digits(rest.strip_prefix(['+', '-'])?, 2)?;
    let (colon, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let minutes =
        if rest.is_empty() && !colon { 0 } else { digits(rest, 2).filter(|(_, rest)| rest.is_empty())?.0 };
    let all = i16::try_from(hours * 60 + minutes).ok().filter(|_| hours < 24 && minutes < 60)?;
    Some(Zone::Offset { minutes: sign * all, colon, space })
}

fn instant(date: NaiveDate, time: NaiveTime, said: Zone, unsaid: FixedOffset) -> Option<DateTime<Utc>> {
    let east = match said {
        Zone::Unsaid => unsaid,
        Zone::Utc => FixedOffset::east_opt(0)?,
        Zone::Offset { minutes, .. } => offset(minutes)?,
    };
    let ahead = TimeDelta::seconds(i64::from(east.local_minus_utc()));
    date.and_time(time).checked_sub_signed(ahead).map(|time| time.and_utc())
}

/// A leap second is the last instant of the minute.
fn clock(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<NaiveTime> {
    let (second, nanos) = if second == 60 { (59, 999_999_999) } else { (second, nanos) };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)
}

fn civil(text: &str, unsaid: FixedOffset) -> Option<(DateTime<Utc>, TimeForm)> {
    let (date, rest) = day(text, "-")?;
    if rest.is_empty() {
        return Some((instant(date, NaiveTime::MIN, Zone::Unsaid, unsaid)?, TimeForm::Day));
    }
    let separator = if rest.starts_with(' ') { ' ' } else { 'T' };
    let (hour, rest) = digits(rest.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest, seconds) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (second, rest) = digits(rest, 2)?;
            (second, rest, true)
        }
        None => (0, rest, false),
    };
    let (nanos, digits, rest) = if seconds { fraction(rest)? } else { (0, 0, rest) };
    let zone = zone_of(rest)?;
    let at = instant(date, clock(hour, minute, second, nanos)?, zone, unsaid)?;
    Some((at, TimeForm::Civil { separator, digits, seconds, zone }))
}

fn basic(text: &str, unsaid: FixedOffset) -> Option<(DateTime<Utc>, TimeForm)> {
    let (date, rest) = day(text, "")?;
    let (hour, rest) = digits(rest.strip_prefix('T')?, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    let zone = zone_of(rest)?;
    Some((instant(date, clock(hour, minute, second, 0)?, zone, unsaid)?, TimeForm::Basic { zone }))
}

/// Seconds have 9 to 11 digits (1973 to 5138), milliseconds 12 to 14. Other numbers are no times.
fn epoch(text: &str) -> Option<(DateTime<Utc>, TimeForm)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(count)?;
    let number: i64 = number.parse().ok()?;
    match count {
        9..=11 => {
            let (nanos, digits, rest) = fraction(rest)?;
            let at = DateTime::from_timestamp(number, nanos).filter(|_| rest.is_empty())?;
            Some((at, TimeForm::EpochSeconds { digits }))
        }
        12..=14 if rest.is_empty() => Some((DateTime::from_timestamp_millis(number)?, TimeForm::EpochMillis)),
        _ => None,
    }
}

fn dot_net(text: &str) -> Option<(DateTime<Utc>, TimeForm)> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = usize::from(inner.starts_with('-'));
    let count = sign + inner.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    let (number, rest) = inner.split_at_checked(count)?;
    let offset = match zone_of(rest)? {
        Zone::Unsaid => None,
        Zone::Offset { minutes, colon: false, space: false } => Some(minutes),
        _ => return None,
    };
    Some((DateTime::from_timestamp_millis(number.parse().ok()?)?, TimeForm::DotNet { offset }))
}
