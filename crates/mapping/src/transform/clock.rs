//! Dates and times of day.

use std::borrow::Cow;

use chrono::format::{Item, StrftimeItems};
use chrono::{NaiveDate, NaiveTime};
use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::{Fault, Refused, Transform, string, text_of};
use crate::time_steps;
use crate::value::{Kinds, Val};

/// A format, parsed once.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    pub(super) items: Vec<Item<'static>>,
}

impl Pattern {
    pub(super) fn new(at: &'static str, text: &str) -> Result<Self, Refused> {
        match StrftimeItems::new(text).parse_to_owned() {
            Ok(items) => Ok(Self { text: text.to_owned(), items }),
            Err(_) => Err(Refused::new(at, format!("{text:?} is no format of a time"))
                .advise("write it as %Y-%m-%d, %H:%M:%S and the like")),
        }
    }
}

const ISO_DATE: &str = "%Y-%m-%d";

/// The date that a text writes as `YYYY-MM-DD`.
pub(super) fn iso_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let (year, month, day) = (number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// So many digits as a number.
pub(super) fn number(bytes: &[u8], from: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(from..from.checked_add(count)?)?;
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

#[derive(Debug)]
pub(super) struct Date {
    provider: Pattern,
    host: Pattern,
}

impl Date {
    pub(super) fn new(settings: &time_steps::Date) -> Result<Self, Refused> {
        let whole = |at, text: &str| {
            let pattern = Pattern::new(at, text)?;
            let samples = [NaiveDate::from_ymd_opt(2024, 2, 29), NaiveDate::from_ymd_opt(1999, 12, 31)];
            for sample in samples.into_iter().flatten() {
                if write_date(sample, &pattern).and_then(|text| read_date(&text, &pattern)) != Some(sample) {
                    return Err(Refused::new(at, format!("{text:?} does not write a whole date"))
                        .advise("name year, month and day, and nothing else"));
                }
            }
            Ok(pattern)
        };
        Ok(Self { provider: whole("/provider", &settings.provider)?, host: whole("/host", &settings.host)? })
    }
}

fn read_date(text: &str, pattern: &Pattern) -> Option<NaiveDate> {
    if pattern.text == ISO_DATE {
        return iso_date(text);
    }
    let mut parsed = chrono::format::Parsed::new();
    chrono::format::parse(&mut parsed, text, pattern.items.iter()).ok()?;
    parsed.to_naive_date().ok()
}

fn write_date(date: NaiveDate, pattern: &Pattern) -> Option<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{}", date.format_with_items(pattern.items.iter())).ok()?;
    Some(text)
}

fn between<'a>(text: Cow<'a, str>, from: &Pattern, to: &Pattern) -> Result<Val<'a>, Fault> {
    let date = read_date(&text, from);
    let date = date.ok_or_else(|| Fault::new(format!("the text is no date written as {}", from.text)))?;
    if from.text == to.text && from.text == ISO_DATE {
        return Ok(Val::Text(text));
    }
    let written = write_date(date, to);
    written.map(|text| Val::Text(Cow::Owned(text))).ok_or_else(|| Fault::new("the date cannot be written"))
}

impl Transform for Date {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        between(text_of("date", value)?, &self.provider, &self.host)
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        between(text_of("date", value)?, &self.host, &self.provider)
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        if self.host.text == ISO_DATE {
            return json!({ "type": "string", "format": "date" });
        }
        json!({ "type": "string", "description": format!("a date written as {}", self.host.text) })
    }
}

#[derive(Debug)]
pub(super) struct Time {
    provider: Pattern,
    host: Pattern,
}

impl Time {
    pub(super) fn new(settings: &time_steps::Time) -> Result<Self, Refused> {
        let whole = |at, text: &str| {
            let pattern = Pattern::new(at, text)?;
            let sample = NaiveTime::from_hms_opt(13, 45, 0);
            let same =
                sample.and_then(|sample| read_time(&write_time(sample, &pattern)?, &pattern)) == sample;
            if !same {
                return Err(Refused::new(at, format!("{text:?} does not write a time of day"))
                    .advise("name hour and minute at least, and nothing but the time"));
            }
            Ok(pattern)
        };
        Ok(Self { provider: whole("/provider", &settings.provider)?, host: whole("/host", &settings.host)? })
    }
}

fn read_time(text: &str, pattern: &Pattern) -> Option<NaiveTime> {
    // The two forms that everybody writes.
    let bytes = text.as_bytes();
    if (bytes.len() == 5 || bytes.len() == 8 && bytes.get(5) == Some(&b':')) && bytes.get(2) == Some(&b':') {
        let seconds = if bytes.len() == 8 { number(bytes, 6, 2) } else { Some(0) };
        let time = number(bytes, 0, 2).zip(number(bytes, 3, 2)).zip(seconds);
        if let Some(((hour, minute), second)) = time {
            return NaiveTime::from_hms_opt(hour, minute, second);
        }
    }
    let mut parsed = chrono::format::Parsed::new();
    chrono::format::parse(&mut parsed, text, pattern.items.iter()).ok()?;
    parsed.to_naive_time().ok()
}

fn write_time(time: NaiveTime, pattern: &Pattern) -> Option<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{}", time.format_with_items(pattern.items.iter())).ok()?;
    Some(text)
}

fn time_between<'a>(text: &str, from: &Pattern, to: &Pattern) -> Result<Val<'a>, Fault> {
    let time = read_time(text, from);
    let time = time.ok_or_else(|| Fault::new(format!("the text is no time written as {}", from.text)))?;
    write_time(time, to)
        .filter(|written| read_time(written, to) == Some(time))
        .map(|text| Val::Text(Cow::Owned(text)))
        .ok_or_else(|| Fault::new(format!("the time cannot be written as {} without a loss", to.text)))
}

impl Transform for Time {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        time_between(&text_of("time", value)?, &self.provider, &self.host)
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        time_between(&text_of("time", value)?, &self.host, &self.provider)
    }

    fn accepts(&self) -> Kinds {
        Kinds::TEXT
    }

    fn range(&self, _: Value) -> Value {
        match self.host.text.as_str() {
            "%H:%M:%S" => string("^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]$"),
            "%H:%M" => string("^[0-2][0-9]:[0-5][0-9]$"),
            other => json!({ "type": "string", "description": format!("a time written as {other}") }),
        }
    }
}
