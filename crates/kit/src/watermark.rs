use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use tieline_core::Text;

/// The instant that a provider's timestamp names: RFC 3339, or `YYYY-MM-DD HH:MM:SS` in UTC.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| time.and_utc())
}

/// Up to where everything is known: the provider's own timestamp text, compared as an instant.
///
/// The laws of a watermark: it never moves back; it never passes the start of the run that moves it, by the
/// provider's clock, because what changes during a run may be missed by it; and it moves only at the run's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    text: Text,
    at: DateTime<Utc>,
}

impl Watermark {
    /// Reads a stored text.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { text: Text::new(text), at: instant(text)? })
    }

    /// A watermark at a whole second, rounded down.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self { text: Text::new(seconds(time)), at: time }
    }

    /// The provider's text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The instant.
    pub fn instant(&self) -> DateTime<Utc> {
        self.at
    }

    /// Where a read begins: `overlap` before the watermark, as RFC 3339 in UTC without fractions of a second.
    pub fn since(&self, overlap: TimeDelta) -> String {
        seconds(self.at.checked_sub_signed(overlap).unwrap_or(self.at))
    }

    /// The watermark after a run that began at `started` and saw `highest`.
    pub fn advanced(previous: Option<Self>, highest: Option<&Self>, started: DateTime<Utc>) -> Option<Self> {
        let reached =
            highest.map(|highest| if highest.at > started { Self::at(started) } else { highest.clone() });
        match (previous, reached) {
            (Some(previous), Some(reached)) if previous.at > reached.at => Some(previous),
            (previous, None) => previous,
            (_, reached) => reached,
        }
    }
}

fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The highest timestamp among the records of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaxWatermark(Option<Watermark>);

impl MaxWatermark {
    /// Goes on from a stored one.
    pub fn new(stored: Option<Watermark>) -> Self {
        Self(stored)
    }

    /// Looks at a record's timestamp. A text that is no timestamp is passed over.
    pub fn see(&mut self, text: &str) {
        if let Some(highest) = &self.0 {
            // Texts of the same plain form order like their instants; most records end here.
            let highest = highest.text.as_str();
            if is_plain(text) && is_plain(highest) && text <= highest {
                return;
            }
        }
        if let Some(seen) = Watermark::parse(text)
            && self.0.as_ref().is_none_or(|highest| seen.at > highest.at)
        {
            self.0 = Some(seen);
        }
    }

    /// The highest so far.
    pub fn get(&self) -> Option<&Watermark> {
        self.0.as_ref()
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
