//! What a read needs to go on, and its schema on disk.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, ReadMode, ReadRequest, Result, State, Text};
use tieline_kit::{Offset, excerpt};

use crate::endpoints::{Endpoint, Modified};
use crate::filters::Filters;

/// The version of the body's schema. Every version ever released stays readable.
const VERSION: u32 = 1;

/// How far a read reaches back before its watermark: records are committed later than they are stamped, and whether the
/// bound itself is included is not documented.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// The most financial years that a state names.
const YEARS: usize = 1000;

/// The state of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// A state belongs to the entity that it was made for.
    entity: Text,
    /// And to the filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<String>,
    /// When the last finished pass over records began, by Fortnox's clock: everything before it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark: Option<DateTime<Utc>>,
    /// What became of the question whether this list can be asked for changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tried: Option<Tried>,
    /// The pass in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
}

/// What a list does with `lastmodified`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tried {
    /// It lists what changed.
    Honoured,
    /// It lists everything all the same.
    Ignored,
    /// It answers with an error.
    Refused,
}

/// A pass in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) kind: ReadMode,
    /// The bound of a pass over changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// When it began, by Fortnox's clock. Known with the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Offset::is_new")]
    pub(crate) offset: Offset,
    /// The financial years that are still to be walked, the current one first. Known with the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) years: Option<Vec<u64>>,
    /// A financial year that had records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filled: Option<u64>,
    pub(crate) done: u64,
    /// Whether something had to be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// Whether records may have been skipped, so that the watermark must stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) skipped: bool,
}

impl Position {
    /// Reads a state, or begins without one, and decides what this read walks over.
    pub(crate) fn open(endpoint: &Endpoint, request: &ReadRequest) -> Result<(Self, Run)> {
        let filters = Filters::mark(&request.filters);
        let mut position = match &request.state {
            Some(state) => Self::read(endpoint, state, filters.as_deref())?,
            None => Self {
                entity: Text::from_static(endpoint.name),
                filters,
                watermark: None,
                tried: None,
                run: None,
            },
        };
        let kind = match request.mode {
            mode @ (ReadMode::Full | ReadMode::Keys) => mode,
            ReadMode::Changes if position.lists_changes(endpoint) => ReadMode::Changes,
            ReadMode::Changes => ReadMode::Full,
            _ => return Err(Error::unsupported("this way of reading")),
        };
        let resumes = |run: &Run| {
            run.kind == kind
                // An interrupted pass over everything ends before changes are read again.
                || (request.mode == ReadMode::Changes && run.kind == ReadMode::Full)
        };
        let run = position.run.take().filter(resumes).unwrap_or_else(|| position.begin(kind));
        Ok((position, run))
    }

    /// Whether the next read of changes can ask for them.
    fn lists_changes(&self, endpoint: &Endpoint) -> bool {
        let can = match (endpoint.modified, self.tried) {
            (_, Some(Tried::Ignored | Tried::Refused)) => false,
            (Modified::Documented, _) => true,
            (_, tried) => tried == Some(Tried::Honoured),
        };
        can && self.watermark.is_some()
    }

    /// A pass from its beginning.
    pub(crate) fn begin(&self, kind: ReadMode) -> Run {
        let since = self.watermark.filter(|_| kind == ReadMode::Changes);
        Run {
            kind,
            since: since.map(|since| since.checked_sub_signed(OVERLAP).unwrap_or(since)),
            started: None,
            offset: Offset::new(),
            years: None,
            filled: None,
            done: 0,
            partial: false,
            skipped: false,
        }
    }

    fn read(endpoint: &Endpoint, state: &State, filters: Option<&str>) -> Result<Self> {
        let about = |error: Error| error.with_context("entity", endpoint.name);
        if state.version() != VERSION {
            return Err(about(unusable(format!(
                "has version {}, and this connector reads {VERSION}",
                state.version()
            ))));
        }
        let position: Self = state.body().map_err(about)?;
        if position.entity != endpoint.name {
            return Err(about(unusable(format!("is one of {:?}", excerpt(position.entity.as_str(), 64)))));
        }
        if position.filters.as_deref() != filters {
            return Err(about(unusable("belongs to a read with other filters")));
        }
        if let Some(run) = &position.run {
            let years = run.years.as_ref();
            let sound = (run.kind == ReadMode::Changes) == run.since.is_some()
                && run.started.is_some()
                && endpoint.by_year() == years.is_some()
                && years.is_none_or(|years| (1..=YEARS).contains(&years.len()));
            if !sound {
                return Err(about(unusable("names a place that this entity does not have")));
            }
        }
        Ok(position)
    }

    /// Whether a finished run makes it worth asking if the list knows changes.
    pub(crate) fn is_to_be_tried(&self, endpoint: &Endpoint, run: &Run) -> bool {
        endpoint.modified == Modified::Tried
            && self.tried.is_none()
            && run.kind == ReadMode::Full
            && run.done > 0
            && self.filters.is_none()
    }

    /// Whether this entity was found to have no list of changes.
    pub(crate) fn is_without_changes(&self) -> bool {
        matches!(self.tried, Some(Tried::Ignored | Tried::Refused))
    }

    /// The state after the last page of a run.
    pub(crate) fn finished(&mut self, run: &Run) -> Result<State> {
        // Keys carry no contents, and behind skipped records nothing is known.
        if run.kind != ReadMode::Keys && !run.skipped {
            self.watermark = self.watermark.max(run.started);
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

impl Run {
    /// The financial year that is being walked.
    pub(crate) fn year(&self) -> Option<u64> {
        self.years.as_ref()?.first().copied()
    }

    /// Goes to the next financial year. Whether there is one.
    pub(crate) fn enter_next_year(&mut self) -> bool {
        let Some(years) = &mut self.years else { return false };
        if years.len() < 2 {
            return false;
        }
        years.remove(0);
        self.offset = Offset::new();
        true
    }

    /// Takes the financial years of the company. Fails with `Decode` for more than any company has.
    pub(crate) fn walk(&mut self, years: Vec<u64>) -> Result<()> {
        if years.len() > YEARS {
            return Err(Error::new(ErrorKind::Decode, "Fortnox names more financial years than can be")
                .with_context("years", years.len()));
        }
        self.years = Some(years);
        Ok(())
    }
}

fn unusable(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::StateInvalid, format!("the stored state {what}"))
        .with_advice("start over without state: a full read skips nothing")
}
