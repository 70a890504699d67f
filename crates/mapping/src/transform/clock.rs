//! Dates and times of day.

use std::borrow::Cow;

use chrono::format::{Item, Numeric, StrftimeItems};
use chrono::{Datelike as _, NaiveDate, NaiveTime};
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
    /// Whether it has a year of four digits.
    has_year: bool,
}

impl Pattern {
    pub(super) fn new(at: &'static str, text: &str) -> Result<Self, Refused> {
        match StrftimeItems::new(text).parse_to_owned() {
            Ok(items) => {
                let is_year = |item: &Item<'_>| matches!(item, Item::Numeric(Numeric::Year, _));
                Ok(Self { text: text.to_owned(), has_year: items.iter().any(is_year), items })
            }
            Err(_) => Err(Refused::new(at, format!("{text:?} is no format of a time"))
                .advise("write it as %Y-%m-%d, %H:%M:%S and the like")),
        }
    }
}

/// The years that are read without asking for others: a year outside is a slip far more often than a date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Years {
    first: i32,
    last: i32,
}

impl Years {
    pub(super) fn new(years: Option<(i32, i32)>) -> Result<Self, Refused> {
        let (first, last) = years.unwrap_or((1900, 2200));
        if first > last || first < 0 || last > 9999 {
            return Err(Refused::new("/years", "years are the first and the last, from 0 to 9999"));
        }
        Ok(Self { first, last })
    }

    pub(super) fn check(self, year: i32) -> Result<(), Fault> {
        if (self.first..=self.last).contains(&year) {
            return Ok(());
        }
        Err(Fault::new(format!(
            "the year is outside {} to {}: name others with years",
            self.first, self.last
        )))
    }
}

/// Whether a text has all four digits of a year, where the format asks for them.
pub(super) fn has_whole_year(text: &str, pattern: &Pattern, year: i32) -> bool {
    !pattern.has_year || text.contains(&format!("{year:04}"))
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
    years: Years,
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
        Ok(Self {
            provider: whole("/provider", &settings.provider)?,
            host: whole("/host", &settings.host)?,
            years: Years::new(settings.years)?,
        })
    }

    fn between<'a>(&self, text: Cow<'a, str>, from: &Pattern, to: &Pattern) -> Result<Val<'a>, Fault> {
        let date = read_date(&text, from);
        let date = date.ok_or_else(|| Fault::new(format!("the text is no date written as {}", from.text)))?;
        self.years.check(date.year())?;
        if from.text == to.text && from.text == ISO_DATE {
            return Ok(Val::Text(text));
        }
        let written = write_date(date, to);
        written
            .map(|text| Val::Text(Cow::Owned(text)))
            .ok_or_else(|| Fault::new("the date cannot be written"))
    }
}

fn read_date(text: &str, pattern: &Pattern) -> Option<NaiveDate> {
    if pattern.text == ISO_DATE {
        return iso_date(text);
    }
    let mut parsed = chrono::format::Parsed::new();
    chrono::format::parse(&mut parsed, text, pattern.items.iter()).ok()?;
    parsed.to_naive_date().ok().filter(|date| has_whole_year(text, pattern, date.year()))
}

fn write_date(date: NaiveDate, pattern: &Pattern) -> Option<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{}", date.format_with_items(pattern.items.iter())).ok()?;
    Some(text)
}

impl Transform for Date {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        self.between(text_of("date", value)?, &self.provider, &self.host)
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        self.between(text_of("date", value)?, &self.host, &self.provider)
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
    // A leap second is no second of any clock that people read.
    if parsed.second() == Some(60) {
        return None;
    }
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
            "%H:%M:%S" => string("^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$"),
            "%H:%M" => string("^[0-2][0-9]:[0-5][0-9]$"),
            other => json!({ "type": "string", "description": format!("a time written as {other}") }),
        }
    }
}
