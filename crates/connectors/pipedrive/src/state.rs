//! What a read needs to go on, and its schema on disk.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Deletes, Error, ErrorKind, ReadMode, Result, State, Text};
use tieline_kit::{Offset, Watermark};

use crate::endpoints::Endpoint;

/// The version of the body's schema. Every version ever released stays readable.
const VERSION: u32 = 1;

/// How far a read reaches back before its watermark: records are committed later than they are stamped.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Deleted deals are listed for 30 days; a day is kept in hand.
/// Source: <https://developers.pipedrive.com/docs/api/v1/Deals#getDeals>, parameter `status`.
const FEED: TimeDelta = TimeDelta::days(29);

/// The state of one entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// A state belongs to the entity that it was made for.
    entity: Text,
    /// Up to where everything is known, in Pipedrive's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    watermark: Option<Text>,
    /// When the last finished pass over records began.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<DateTime<Utc>>,
    /// The pass in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
}

/// A pass in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) kind: ReadMode,
    pub(crate) phase: Phase,
    /// The bound of a pass over changes, as it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Text>,
    /// When it began, by Pipedrive's clock. Known with the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<DateTime<Utc>>,
    /// The next page of a v2 list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// The next page of a v1 list.
    #[serde(default, skip_serializing_if = "Offset::is_new")]
    pub(crate) offset: Offset,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) highest: Option<Text>,
    pub(crate) done: u64,
    /// Whether something had to be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// Whether records may have been skipped, so that the watermark must stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) skipped: bool,
}

/// A list within a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// What is neither archived nor deleted.
    Active,
    /// What was archived.
    Archived,
    /// What was deleted in the last 30 days.
    Deleted,
    /// What is active and changed since a pass over everything began: a record that left the archive meanwhile
    /// stood in neither list when its turn came.
    Recent,
}

impl Phase {
    /// The lists that a pass walks, in order.
    pub(crate) fn of(endpoint: &Endpoint, kind: ReadMode) -> Vec<Self> {
        let mut phases = vec![Self::Active];
        let everything = kind != ReadMode::Changes;
        if endpoint.archived.is_some() && (everything || endpoint.archived_changes) {
            phases.push(Self::Archived);
        }
        if endpoint.deletes == Deletes::Feed && !everything {
            phases.push(Self::Deleted);
        }
        if endpoint.archived.is_some() && everything {
            phases.push(Self::Recent);
        }
        phases
    }
}

impl Position {
    /// Reads a state, or begins without one, and decides what this read walks over.
    pub(crate) fn open(
        endpoint: &Endpoint,
        mode: ReadMode,
        state: Option<&State>,
        now: DateTime<Utc>,
    ) -> Result<(Self, Run)> {
        let mut position = match state {
            Some(state) => Self::read(endpoint, state)?,
            None => {
                Self { entity: Text::from_static(endpoint.name), watermark: None, completed: None, run: None }
            }
        };
        let watermark = position.watermark()?;
        let kind = match mode {
            mode @ (ReadMode::Full | ReadMode::Keys) => mode,
            ReadMode::Changes => {
                let covered = endpoint.deletes != Deletes::Feed
                    || position.completed.is_some_and(|completed| now - completed < FEED);
                if endpoint.changes && watermark.is_some() && covered {
                    ReadMode::Changes
                } else {
                    ReadMode::Full
                }
            }
            _ => return Err(Error::unsupported("this way of reading")),
        };
        let resumes = |run: &Run| {
            run.kind == kind
                // An interrupted pass over everything ends before changes are read again.
                || (mode == ReadMode::Changes && run.kind == ReadMode::Full)
        };
        let run = position.run.take().filter(resumes).unwrap_or_else(|| {
            let since =
                watermark.filter(|_| kind == ReadMode::Changes).map(|watermark| watermark.since(OVERLAP));
            Run::new(kind, since.map(Text::from))
        });
        Ok((position, run))
    }

    fn read(endpoint: &Endpoint, state: &State) -> Result<Self> {
        if state.version() != VERSION {
            return Err(unusable(format!(
                "has version {}, and this connector reads {VERSION}",
                state.version()
            ))
            .with_context("entity", endpoint.name));
        }
        let position: Self = state.body().map_err(|error| error.with_context("entity", endpoint.name))?;
        if position.entity != endpoint.name {
            let other = tieline_kit::excerpt(position.entity.as_str(), 64);
            return Err(unusable(format!("is one of {other:?}")).with_context("entity", endpoint.name));
        }
        if let Some(run) = &position.run {
            let times = [&run.since, &run.highest].into_iter().flatten();
            let sound = Phase::of(endpoint, run.kind).contains(&run.phase)
                && times.into_iter().all(|time| Watermark::parse(time.as_str()).is_ok())
                && (run.kind == ReadMode::Changes) == run.since.is_some()
                && run.started.is_some();
            if !sound {
                return Err(unusable("names a place that this entity does not have")
                    .with_context("entity", endpoint.name));
            }
        }
        Ok(position)
    }

    fn watermark(&self) -> Result<Option<Watermark>> {
        match &self.watermark {
            Some(text) => match Watermark::parse(text.as_str()) {
                Ok(watermark) => Ok(Some(watermark)),
                Err(_) => {
                    Err(unusable("has a watermark that is no time").with_context("entity", &self.entity))
                }
            },
            None => Ok(None),
        }
    }

    /// The state after the last page of a run.
    pub(crate) fn finished(&mut self, endpoint: &Endpoint, run: &Run) -> Result<State> {
        // Keys carry no contents, and behind skipped records nothing is known.
        if let (Some(started), false, false) = (run.started, run.kind == ReadMode::Keys, run.skipped) {
            self.completed = Some(started);
            if endpoint.changes {
                let highest = run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok());
                let reached = Watermark::advanced(self.watermark()?, highest.as_ref(), started);
                self.watermark = reached.map(|watermark| watermark.text().clone());
            }
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
    fn new(kind: ReadMode, since: Option<Text>) -> Self {
        Self {
            kind,
            phase: Phase::Active,
            since,
            started: None,
            cursor: None,
            offset: Offset::new(),
            highest: None,
            done: 0,
            partial: false,
            skipped: false,
        }
    }

    /// Goes to the beginning of a list.
    pub(crate) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.cursor = None;
        self.offset = Offset::new();
    }
}

fn unusable(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::StateInvalid, format!("the stored state {what}"))
        .with_advice("start over without state: a full read skips nothing")
}
