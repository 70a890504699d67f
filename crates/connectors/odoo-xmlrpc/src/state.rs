//! What a read needs to go on, and its schema on disk.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, ReadMode, Result, State, Text};
use tieline_kit::{Watermark, excerpt};

/// The version of the body's schema. Every version ever released stays readable.
const VERSION: u32 = 1;

/// How far a read reaches back before its watermark: `write_date` is when a transaction began, and it shows when the
/// transaction ends. Odoo ends requests after two minutes by default; imports and nightly jobs take longer.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::minutes(15);

/// The state of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// A state belongs to the entity that it was made for.
    entity: Text,
    /// Only records with these values: the filters of the reads before, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filters: Option<Text>,
    /// Up to where everything is known, in Odoo's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watermark: Option<Text>,
    /// The pass in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
}

/// A pass in progress: a walk by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) kind: ReadMode,
    /// The bound of a pass over changes, as it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Text>,
    /// When it began, by the server's clock. Known with the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<DateTime<Utc>>,
    /// The last id so far.
    pub(crate) last: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) highest: Option<Text>,
    pub(crate) done: u64,
    /// Whether something had to be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// Whether records may have been skipped, so that the watermark must stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lost: bool,
}

impl Position {
    /// Reads a state, or begins without one. Fails with `StateInvalid`.
    pub(crate) fn open(entity: &str, filters: Option<Text>, state: Option<&State>) -> Result<Self> {
        let Some(state) = state else {
            return Ok(Self { entity: Text::new(entity), filters, watermark: None, run: None });
        };
        let named = |error: Error| error.with_context("entity", excerpt(entity, 80));
        if state.version() != VERSION {
            let version = state.version();
            return Err(named(unusable(format!(
                "has version {version}, and this connector reads {VERSION}"
            ))));
        }
        let position: Self = state.body().map_err(named)?;
        if position.entity != entity {
            return Err(named(unusable(format!("is one of {:?}", excerpt(position.entity.as_str(), 64)))));
        }
        if position.filters != filters {
            return Err(named(unusable("was made with other filters")));
        }
        let run = position.run.as_ref();
        let times = [
            &position.watermark,
            &run.and_then(|run| run.since.clone()),
            &run.and_then(|run| run.highest.clone()),
        ];
        if times.into_iter().flatten().any(|time| Watermark::parse(time.as_str()).is_err()) {
            return Err(named(unusable("holds a time that is none")));
        }
        if run.is_some_and(|run| (run.kind == ReadMode::Changes) != run.since.is_some() || run.last < 0) {
            return Err(named(unusable("names a place that no read stops at")));
        }
        Ok(position)
    }

    /// Decides what a read walks over, and whether it goes on with the pass in progress. A model without `write_date`
    /// is read in full each time.
    pub(crate) fn begin(&mut self, mode: ReadMode, has_write_date: bool) -> Result<Run> {
        let watermark = self.watermark().filter(|_| has_write_date);
        let kind = match (mode, &watermark) {
            (ReadMode::Keys, _) => ReadMode::Keys,
            (ReadMode::Full, _) | (ReadMode::Changes, None) => ReadMode::Full,
            (ReadMode::Changes, Some(_)) => ReadMode::Changes,
            _ => return Err(Error::unsupported("this way of reading")),
        };
        let resumes = |run: &Run| {
            // An interrupted pass over everything ends before changes are read again.
            run.kind == kind || (mode == ReadMode::Changes && run.kind == ReadMode::Full)
        };
        Ok(self.run.take().filter(resumes).unwrap_or_else(|| {
            let since = watermark.filter(|_| kind == ReadMode::Changes);
            Run {
                kind,
                since: since.and_then(|watermark| watermark.instant()).map(|at| words(at - OVERLAP)),
                started: None,
                last: 0,
                highest: None,
                done: 0,
                partial: false,
                lost: false,
            }
        }))
    }

    fn watermark(&self) -> Option<Watermark> {
        self.watermark.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok())
    }

    /// The state after the last page of a run.
    pub(crate) fn finished(&mut self, run: &Run) -> Result<State> {
        // Keys carry no contents, and behind skipped records nothing is known.
        if let (Some(started), false, false) = (run.started, run.kind == ReadMode::Keys, run.lost) {
            let highest = run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok());
            let reached = Watermark::advanced(self.watermark(), highest.as_ref(), started);
            self.watermark = reached.and_then(|watermark| watermark.instant()).map(words);
        }
        self.run = None;
        State::new(VERSION, self)
    }

    /// The state within a run.
    pub(crate) fn going_on(&mut self, run: &Run) -> Result<State> {
        self.run = Some(run.clone());
        State::new(VERSION, self)
    }
}

/// A time as every version of Odoo takes it in a condition: UTC, whole seconds, no zone.
pub(crate) fn words(time: DateTime<Utc>) -> Text {
    Text::new(time.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn unusable(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::StateInvalid, format!("the stored state {what}"))
        .with_advice("start over without state: a full read skips nothing")
}
