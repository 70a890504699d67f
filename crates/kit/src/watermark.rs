//! Watermarks: up to where everything is known.

use chrono::{DateTime, FixedOffset, Offset, TimeDelta, Utc};
use tieline_core::{Error, ErrorKind, Result, Text};

use crate::time_form::{self, TimeForm};

/// Returns the instant that a provider's text names, in any of these forms; a time without a zone counts as UTC.
///
/// | form | example |
/// |---|---|
/// | RFC 3339, up to 9 digits behind the point | `2026-01-10T08:12:43.120+01:00` |
/// | … without a zone, with a space, with `+0000` | `2026-01-10 08:12:43` |
/// | a day | `2026-01-10` |
/// | seconds since 1970 (9 to 11 digits) | `1768032763`, `1768032763.12` |
/// | milliseconds since 1970 (12 to 14 digits) | `1768032763120` |
/// | RFC 2822 | `Sat, 10 Jan 2026 08:12:43 +0000` |
/// | ISO 8601, basic | `20260110T081243Z` |
/// | .NET | `/Date(1768032763120+0100)/` |
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    time_form::read(text, Utc.fix()).map(|(at, _)| at)
}

/// Up to where everything is known: the provider's own text, compared as an instant or as a number.
///
/// The laws of a watermark: it never moves back; a time never passes the start of the run that moves it, by the
/// provider's clock, because what changes during a run may be missed by it; and it moves only at the run's end.
///
/// ```
/// use chrono::TimeDelta;
/// use tieline_kit::Watermark;
///
/// let seen = Watermark::parse("2026-01-10 08:12:43")?;
/// assert_eq!(seen.since_as_written(TimeDelta::minutes(5)), "2026-01-10 08:07:43");
/// assert_eq!(Watermark::number("41")?.since_as_written(TimeDelta::minutes(5)), "41");
/// assert!(Watermark::parse("yesterday").is_err());
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    text: Text,
    position: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Time { at: DateTime<Utc>, form: TimeForm, zone: FixedOffset },
    Number(u128),
}

impl Watermark {
    /// Reads a time in one of the forms that [`instant`] names.
    ///
    /// # Errors
    ///
    /// `Decode` for every other text. The text is not part of the error.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_in(text, Utc.fix())
    }

    /// The same, where a time without a zone is one of `zone`.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn parse_in(text: &str, zone: FixedOffset) -> Result<Self> {
        let (at, form) = time_form::read(text, zone).ok_or_else(|| unreadable(text, "no form of a time"))?;
        Ok(Self { text: Text::new(text), position: Position::Time { at, form, zone } })
    }

    /// Reads a number that grows with every change: a version, a sequence.
    ///
    /// # Errors
    ///
    /// `Decode` for a text that is not a whole number of up to 38 digits.
    pub fn number(text: &str) -> Result<Self> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| plain && text.len() <= 38);
        let number = number.ok_or_else(|| unreadable(text, "not a whole number"))?;
        Ok(Self { text: Text::new(text), position: Position::Number(number) })
    }

    /// A watermark at a whole second, rounded down, written as RFC 3339 in UTC.
    pub fn at(time: DateTime<Utc>) -> Self {
        let text = time_form::seconds(time);
        // What was just written can be read; its rounding is what counts.
        Self::parse(&text).unwrap_or(Self {
            text: Text::new(text),
            position: Position::Time { at: time, form: TimeForm::Day, zone: Utc.fix() },
        })
    }

    /// The provider's text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The instant; `None` for a number.
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        match self.position {
            Position::Time { at, .. } => Some(at),
            Position::Number(_) => None,
        }
    }

    /// Returns where a read begins: `overlap` before the watermark, as RFC 3339 in UTC without fractions of a second. A
    /// number has no overlap.
    pub fn since(&self, overlap: TimeDelta) -> String {
        match self.position {
            Position::Time { at, .. } => time_form::seconds(at.checked_sub_signed(overlap).unwrap_or(at)),
            Position::Number(number) => number.to_string(),
        }
    }

    /// Returns where a read begins: `overlap` before the watermark, in the form in which the provider wrote it, rounded
    /// down. A number has no overlap.
    pub fn since_as_written(&self, overlap: TimeDelta) -> String {
        match self.position {
            Position::Time { at, form, zone } => {
                time_form::write(form, at.checked_sub_signed(overlap).unwrap_or(at), zone)
            }
            Position::Number(_) => self.text.to_string(),
        }
    }

    /// Whether it lies behind another. A time and a number cannot be compared, so neither does.
    pub fn is_after(&self, other: &Self) -> bool {
        match (&self.position, &other.position) {
            (Position::Time { at: one, .. }, Position::Time { at: other, .. }) => one > other,
            (Position::Number(one), Position::Number(other)) => one > other,
            _ => false,
        }
    }

    /// The watermark after a run that began at `started` and saw `highest`.
    pub fn advanced(previous: Option<Self>, highest: Option<&Self>, started: DateTime<Utc>) -> Option<Self> {
        let reached = highest.map(|highest| highest.up_to(started));
        match (previous, reached) {
            (Some(previous), Some(reached)) if previous.is_after(&reached) => Some(previous),
            (previous, None) => previous,
            (_, reached) => reached,
        }
    }

    /// Itself, or `limit` in the same form when that is earlier.
    fn up_to(&self, limit: DateTime<Utc>) -> Self {
        match self.position {
            Position::Time { at, form, zone } if at > limit => {
                let text = time_form::write(form, limit, zone);
                Self::parse_in(&text, zone).unwrap_or_else(|_| Self::at(limit))
            }
            _ => self.clone(),
        }
    }
}

fn unreadable(text: &str, why: &'static str) -> Error {
    // The text may be anything that a record holds.
    Error::new(ErrorKind::Decode, format!("a text of {} characters is {why}", text.chars().count()))
        .with_advice("read changes by another field, or read everything")
}

/// The number of unreadable times of change, none readable, at which a read fails.
const UNREADABLE: u32 = 3;

/// The highest watermark among the records of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaxWatermark {
    highest: Option<Watermark>,
    unreadable: u32,
    numbers: bool,
}

impl MaxWatermark {
    /// Goes on from a stored one, over times.
    pub fn new(stored: Option<Watermark>) -> Self {
        Self { highest: stored, ..Self::default() }
    }

    /// Goes on from a stored one, over growing numbers.
    pub fn numbers(stored: Option<Watermark>) -> Self {
        Self { highest: stored, numbers: true, ..Self::default() }
    }

    /// Looks at a record's time of change. Returns whether it can be read; where it cannot, the record deserves an issue.
    pub fn see(&mut self, text: &str) -> bool {
        if let Some(highest) = &self.highest {
            // Texts of the same plain form order like their instants; most records end here.
            let highest = highest.text.as_str();
            if is_plain(text) && is_plain(highest) && text <= highest {
                return true;
            }
        }
        let seen = if self.numbers { Watermark::number(text) } else { Watermark::parse(text) };
        match seen {
            Ok(seen) => {
                if self.highest.as_ref().is_none_or(|highest| seen.is_after(highest)) {
                    self.highest = Some(seen);
                }
                true
            }
            Err(_) => {
                self.unreadable = self.unreadable.saturating_add(1);
                false
            }
        }
    }

    /// The highest so far.
    pub fn get(&self) -> Option<&Watermark> {
        self.highest.as_ref()
    }

    /// The highest, for the end of a page or a run.
    ///
    /// # Errors
    ///
    /// `Decode` when three or more times were seen and none could be read: the watermark would never move, and each run
    /// would read everything without a word.
    pub fn finish(&self) -> Result<Option<&Watermark>> {
        if self.highest.is_none() && self.unreadable >= UNREADABLE {
            let what = if self.numbers { "numbers" } else { "times" };
            let message = format!("the records' {what} of change are in no form that can be read");
            return Err(Error::new(ErrorKind::Decode, message)
                .with_advice("report the provider's form; a full read goes on without it")
                .with_context("records", self.unreadable));
        }
        Ok(self.highest.as_ref())
    }
}

/// Whether a text has the form `2026-01-10T08:12:43Z`.
fn is_plain(text: &str) -> bool {
    text.len() == 20
        && text
            .bytes()
            .zip(b"0000-00-00T00:00:00Z")
            .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form })
}
