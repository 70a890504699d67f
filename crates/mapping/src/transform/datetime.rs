//! Moments: forms, zones, and the two nights a year when clocks jump.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr as _;

use chrono::format::Parsed;
use chrono::{
    DateTime, Datelike as _, LocalResult, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone as _, Utc,
};
use chrono_tz::Tz;
use serde_json::{Value, json};
use tieline_core::MappingContext;

use super::clock::{Pattern, Years, has_whole_year, iso_date, number};
use super::{Equality, Fault, Refused, Transform, text_of};
use crate::digits::Digits;
use crate::step::Rounding;
use crate::time_steps::{self, Fold, Gap};
use crate::value::{Kinds, Val};

/// One side: how it writes a moment.
#[derive(Debug)]
struct Side {
    pattern: Option<Pattern>,
    /// How many digits of a second a number since 1970 has, where it is one.
    epoch: Option<u32>,
    zone: Option<Tz>,
    gap: Gap,
    fold: Fold,
}

#[derive(Debug)]
pub(super) struct Datetime {
    provider: Side,
    host: Side,
    partial: bool,
    years: Years,
}

fn zone(at: &'static str, name: Option<&str>) -> Result<Option<Tz>, Refused> {
    let Some(name) = name else { return Ok(None) };
    Tz::from_str(name).map(Some).map_err(|_| {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let advice = match tieline_document::nearest(name, known) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "write an IANA name, such as Europe/Stockholm".to_owned(),
        };
        Refused::new(at, format!("the zone {name:?} is not known")).advise(advice)
    })
}

impl Datetime {
    pub(super) fn new(settings: &time_steps::Datetime) -> Result<Self, Refused> {
        let side = |pattern: (&'static str, &Option<String>), zone| {
            let (at, text) = pattern;
            let epoch = match text.as_deref() {
                Some("epoch_seconds") => Some(0),
                Some("epoch_milliseconds") => Some(3),
                _ => None,
            };
            let pattern = text.as_deref().filter(|_| epoch.is_none());
            let pattern = pattern.map(|text| Pattern::new(at, text)).transpose()?;
            let side = Side { pattern, epoch, zone, gap: settings.gap, fold: settings.fold };
            // Writing must not fail later for what a format asks for.
            let written = samples().into_iter().try_for_each(|sample| side.write(sample).map(|_| ()));
            if written.is_err() {
                return Err(Refused::new(at, "the format cannot write a moment"));
            }
            Ok(side)
        };
        let provider = side(("/provider", &settings.provider), zone("/zone", settings.zone.as_deref())?)?;
        if !provider.keeps_all() {
            return Err(Refused::new("/provider", "the provider's format does not name a whole moment")
                .advise("name date and time, or use date or time instead"));
        }
        let host = side(("/host", &settings.host), zone("/host_zone", settings.host_zone.as_deref())?)?;
        let partial = !host.keeps_all();
        Ok(Self { provider, host, partial, years: Years::new(settings.years)? })
    }
}

/// Two moments that differ in every part but the seconds, which a format may leave out.
fn samples() -> [DateTime<Utc>; 2] {
    let at = |seconds| DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default();
    // 2024-02-29 13:45 and 1999-12-31 23:02
    [at(1_709_214_300), at(946_681_320)]
}

impl Side {
    fn keeps_all(&self) -> bool {
        samples().into_iter().all(|sample| {
            self.write(sample).and_then(|text| self.read(&text)).is_ok_and(|read| read == sample)
        })
    }

    fn zone(&self) -> Tz {
        self.zone.unwrap_or(Tz::UTC)
    }

    fn read(&self, text: &str) -> Result<DateTime<Utc>, Fault> {
        if let Some(digits) = self.epoch {
            return since_epoch(text, digits);
        }
        let Some(pattern) = &self.pattern else {
            let moment = DateTime::parse_from_rfc3339(text);
            // An offset without a colon, as several large providers write it.
            let moment = moment.or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z"));
            if let Ok(moment) = moment {
                if moment.timestamp_subsec_nanos() >= NANOS {
                    return Err(Fault::new("the text names a leap second"));
                }
                return Ok(moment.to_utc());
            }
            let local = self.zone.and_then(|_| plain_local(text));
            let local = local.ok_or_else(|| match self.zone {
                Some(_) => Fault::new("the text is no moment in RFC 3339, and no YYYY-MM-DD HH:MM:SS"),
                None => Fault::new("the text is no moment in RFC 3339"),
            })?;
            return self.resolve(local);
        };
        let wrong = || Fault::new(format!("the text is no moment written as {}", pattern.text));
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, pattern.items.iter()).map_err(|_| wrong())?;
        if parsed.second() == Some(60)
            || parsed.year().is_some_and(|year| !has_whole_year(text, pattern, year))
        {
            return Err(wrong());
        }
        if parsed.offset().is_some() {
            return parsed.to_datetime().map(|moment| moment.to_utc()).map_err(|_| wrong());
        }
        if let Some(timestamp) = parsed.timestamp() {
            let nanos = parsed.nanosecond().unwrap_or_default();
            return DateTime::<Utc>::from_timestamp(timestamp, nanos).ok_or_else(wrong);
        }
        self.resolve(parsed.to_naive_datetime_with_offset(0).map_err(|_| wrong())?)
    }

    /// The moment of a local time.
    fn resolve(&self, local: NaiveDateTime) -> Result<DateTime<Utc>, Fault> {
        let far = || Fault::new("the moment is too far away");
        match self.zone().from_local_datetime(&local) {
            LocalResult::Single(moment) => Ok(moment.to_utc()),
            LocalResult::Ambiguous(earlier, later) => match self.fold {
                Fold::Earlier => Ok(earlier.to_utc()),
                Fold::Later => Ok(later.to_utc()),
                Fold::Issue => Err(Fault::new("clocks show this local time twice that night")),
            },
            LocalResult::None if self.gap == Gap::Issue => {
                Err(Fault::new("clocks skip this local time that night"))
            }
            // The offset that was in force before the gap, applied to a time within it. No gap is as long as a day,
            // except where a place crossed the date line.
            LocalResult::None => {
                let before = local.checked_sub_signed(TimeDelta::days(2)).ok_or_else(far)?;
                let before = self.zone().from_local_datetime(&before).earliest().ok_or_else(far)?;
                before.to_utc().checked_add_signed(TimeDelta::days(2)).ok_or_else(far)
            }
        }
    }

    fn write(&self, moment: DateTime<Utc>) -> Result<String, Fault> {
        if let Some(digits) = self.epoch {
            let nanos = i64::from(moment.timestamp_subsec_nanos());
            let unit = i64::from(NANOS) / 10_i64.pow(digits);
            if nanos % unit != 0 {
                return Err(Fault::new("the provider keeps no such part of a second"));
            }
            let whole = moment.timestamp().checked_mul(10_i64.pow(digits));
            let number = whole.and_then(|whole| whole.checked_add(nanos / unit));
            return number
                .map(|number| number.to_string())
                .ok_or_else(|| Fault::new("the moment is too far away"));
        }
        match (&self.pattern, self.zone) {
            (None, None) => Ok(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            (None, Some(zone)) => {
                Ok(moment.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, zone == Tz::UTC))
            }
            (Some(pattern), _) => {
                let mut text = String::new();
                let local = moment.with_timezone(&self.zone());
                write!(text, "{}", local.format_with_items(pattern.items.iter()))
                    .map_err(|_| Fault::new("the moment cannot be written"))?;
                Ok(text)
            }
        }
    }

    fn is_rfc3339_in_utc(&self) -> bool {
        self.pattern.is_none() && self.epoch.is_none() && self.zone.is_none_or(|zone| zone == Tz::UTC)
    }
}

/// Nanoseconds in a second. A leap second has more.
const NANOS: u32 = 1_000_000_000;

/// The moment of a number since 1970, with so many digits of a second.
fn since_epoch(text: &str, digits: u32) -> Result<DateTime<Utc>, Fault> {
    let wrong = || Fault::new("the value is no number since 1970");
    let number = Digits::parse(text.trim()).and_then(|number| number.shifted(9 - i64::from(digits)));
    let nanos = number.and_then(|number| number.rounded(0, Rounding::Exact)).ok_or_else(wrong)?;
    let nanos: i128 = nanos.write().parse().map_err(|_| wrong())?;
    let seconds = i64::try_from(nanos.div_euclid(i128::from(NANOS))).map_err(|_| wrong())?;
    let nanos = u32::try_from(nanos.rem_euclid(i128::from(NANOS))).map_err(|_| wrong())?;
    DateTime::<Utc>::from_timestamp(seconds, nanos).ok_or_else(wrong)
}

/// `YYYY-MM-DD HH:MM:SS`, with a space or a T, with or without seconds and their fraction.
fn plain_local(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// Whether a text is what RFC 3339 in UTC writes for a moment, to the letter: `2025-01-31T09:00:00Z`.
fn is_settled(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 20
        && bytes.get(10) == Some(&b'T')
        && bytes.get(13) == Some(&b':')
        && bytes.get(16) == Some(&b':')
        && bytes.get(19) == Some(&b'Z')
        && text.get(..10).and_then(iso_date).is_some()
        && number(bytes, 11, 2).is_some_and(|hour| hour < 24)
        && number(bytes, 14, 2).is_some_and(|minute| minute < 60)
        && number(bytes, 17, 2).is_some_and(|second| second < 60)
}

impl Datetime {
    fn between<'a>(&self, value: Val<'a>, from: &Side, to: &Side) -> Result<Val<'a>, Fault> {
        let text = match value {
            Val::Number(number) if from.epoch.is_some() => number,
            value => text_of("datetime", value)?,
        };
        if from.pattern.is_none()
            && from.epoch.is_none()
            && to.is_rfc3339_in_utc()
            && is_settled(&text)
            && self.years.check(year_of(&text)).is_ok()
        {
            return Ok(Val::Text(text));
        }
        let moment = from.read(&text)?;
        self.years.check(moment.year())?;
        let written = Cow::Owned(to.write(moment)?);
        Ok(if to.epoch.is_some() { Val::Number(written) } else { Val::Text(written) })
    }
}

fn year_of(text: &str) -> i32 {
    number(text.as_bytes(), 0, 4).and_then(|year| i32::try_from(year).ok()).unwrap_or_default()
}

impl Transform for Datetime {
    fn forward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        self.between(value, &self.provider, &self.host)
    }

    fn backward<'a>(&'a self, value: Val<'a>, _: &'a MappingContext) -> Result<Val<'a>, Fault> {
        self.between(value, &self.host, &self.provider)
    }

    fn like<'a>(&'a self, value: Val<'a>, before: &Val<'_>) -> Result<Val<'a>, Fault> {
        Ok(match (value, before) {
            (Val::Number(number), Val::Text(_)) => Val::Text(number),
            (value, _) => value,
        })
    }

    fn one_way(&self) -> Option<&'static str> {
        self.partial.then_some("the host's format keeps only a part of the moment")
    }

    fn accepts(&self) -> Kinds {
        if self.provider.epoch.is_some() { Kinds::TEXT.or(Kinds::NUMBER) } else { Kinds::TEXT }
    }

    fn range(&self, _: Value) -> Value {
        match &self.host.pattern {
            None if self.host.epoch.is_some() => json!({ "type": "integer" }),
            None => json!({ "type": "string", "format": "date-time" }),
            Some(pattern) => {
                json!({ "type": "string", "description": format!("a moment written as {}", pattern.text) })
            }
        }
    }

    fn equality(&self) -> Option<Equality> {
        (self.host.pattern.is_none() && self.host.epoch.is_none()).then_some(Equality::Moment)
    }
}
