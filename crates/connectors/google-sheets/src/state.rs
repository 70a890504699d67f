//! The state of a read: the version of the file that is known, hashes of its rows, and the pass in progress.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, ReadMode, Result, State, Text};
use tieline_kit::excerpt;

use crate::client::Revision;
use crate::digest::{Chunker, Digest};

/// Every version ever released stays readable.
const VERSION: u32 = 1;
/// The time for which a file of the same version is taken to be unchanged. IMPORTRANGE, NOW() and forms change cells without moving
/// the version.
const LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);

/// The state of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// A state belongs to the entity that it was made for.
    entity: Text,
    /// The tab, by the id that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sheet: Option<i64>,
    /// The last complete pass over contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) known: Option<Known>,
    /// The pass in progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<Run>,
}

/// The findings of a complete pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// The file's version before the pass began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<Revision>,
    /// The time when the pass began.
    pub(crate) at: DateTime<Utc>,
    /// The titles, as a hash.
    pub(crate) header: u64,
    pub(crate) digest: Digest,
}

/// A pass in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) kind: ReadMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<Revision>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) header: u64,
    /// The next row, from zero.
    pub(crate) next: u64,
    /// The last row before it and its key as a hash, by which a table that moved is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<(u64, u64)>,
    pub(crate) done: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chunk: Option<Chunker>,
    /// The number of times that the table moved under the pass.
    #[serde(default)]
    pub(crate) moves: u32,
}

impl Position {
    /// Reads a state, or begins without one.
    ///
    /// # Errors
    ///
    /// `StateInvalid` for what is no state of this entity.
    pub(crate) fn open(entity: &str, state: Option<&State>) -> Result<Self> {
        let Some(state) = state else {
            return Ok(Self { entity: Text::new(entity), sheet: None, known: None, run: None });
        };
        let named = |error: Error| error.with_context("entity", excerpt(entity, 80));
        if state.version() != VERSION {
            let version = state.version();
            let message = format!("has version {version}, and this connector reads {VERSION}");
            return Err(named(unusable(message)));
        }
        let position: Self = state.body().map_err(named)?;
        if position.entity != entity {
            return Err(named(unusable(format!("is one of {:?}", excerpt(position.entity.as_str(), 64)))));
        }
        Ok(position)
    }

    /// Whether nothing has to be read: the file is the one that is known, and it was looked at within the hour.
    pub(crate) fn stands(&self, revision: Option<&Revision>, now: DateTime<Utc>) -> bool {
        let Some(known) = &self.known else { return false };
        self.run.is_none()
            && revision.is_some()
            && known.revision.as_ref() == revision
            && (TimeDelta::zero()..LOOK_AGAIN).contains(&(now - known.at))
    }

    /// The kind of pass that a request asks for.
    pub(crate) fn kind(&self, mode: ReadMode) -> Result<ReadMode> {
        Ok(match (mode, &self.known) {
            (ReadMode::Keys, _) => ReadMode::Keys,
            (ReadMode::Full, _) | (ReadMode::Changes, None) => ReadMode::Full,
            (ReadMode::Changes, Some(_)) => ReadMode::Changes,
            _ => return Err(Error::unsupported("this way of reading")),
        })
    }

    /// The interrupted pass that a request goes on with.
    pub(crate) fn resumed(&mut self, mode: ReadMode, kind: ReadMode) -> Option<Run> {
        // An interrupted pass over everything ends before changes are read again.
        self.run
            .take()
            .filter(|run| run.kind == kind || (mode == ReadMode::Changes && run.kind == ReadMode::Full))
    }

    pub(crate) fn going_on(&mut self, run: Run) -> Result<State> {
        self.run = Some(run);
        State::new(VERSION, self)
    }

    /// The state after the last page of a pass. Of a pass that was not complete, nothing is known.
    pub(crate) fn finished(&mut self, run: Run, complete: bool) -> Result<State> {
        self.run = None;
        if run.kind != ReadMode::Keys {
            let Run { revision, at, header, digest, .. } = run;
            self.known = digest.filter(|_| complete).map(|digest| Known { revision, at, header, digest });
        }
        State::new(VERSION, self)
    }

    /// The state as it is.
    pub(crate) fn unchanged(&self) -> Result<State> {
        State::new(VERSION, self)
    }
}

fn unusable(what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::StateInvalid, format!("the stored state {what}"))
        .with_advice("start over without state: a full read skips nothing")
}
