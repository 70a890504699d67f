use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, ReadMode, Result, State};
use tieline_kit::Offset;

use super::probe::Probed;
use crate::stamp::Stamp;

/// The version of the stored state.
const VERSION: u32 = 1;

/// Where the reading of an entity or partition stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadState {
    /// How the entity was read: another way needs a full pass.
    #[serde(default)]
    pub(crate) reading: String,
    /// Where the records were seen, for lists that do not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) seen: BTreeMap<usize, String>,
    /// Up to where each walk of increments knows everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) marks: Vec<Option<StoredStamp>>,
    /// The token or link of the next increment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Records whose details the provider refused: the next pass asks for them again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) refused: BTreeSet<String>,
    /// The filters that the state belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) filters: Option<String>,
    /// What became of the question whether the list of changes can be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probed: Option<Probed>,
    /// When the last complete pass began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) covered: Option<DateTime<Utc>>,
    /// The pass under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pass: Option<PassState>,
}

/// A pass under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PassState {
    pub(crate) kind: Kind,
    /// The run's start, by the provider's clock once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<DateTime<Utc>>,
    /// Which walk.
    #[serde(default)]
    pub(crate) walk: usize,
    /// Where in it.
    #[serde(default)]
    pub(crate) at: Position,
    /// The highest time of change of each walk of increments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) highest: Vec<Option<StoredStamp>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    #[serde(default)]
    pub(crate) done: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) partial: bool,
    /// Whether a list moved while it was paged, so that a record may have been passed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) moved: bool,
    /// Whether records may have been skipped, so that the marks stay.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) skipped: bool,
    /// Whether what was refused before was asked for again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) retried: bool,
}

/// What a pass walks over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Full,
    Changes,
    Keys,
}

impl Kind {
    pub(crate) fn mode(self) -> ReadMode {
        match self {
            Self::Full => ReadMode::Full,
            Self::Changes => ReadMode::Changes,
            Self::Keys => ReadMode::Keys,
        }
    }
}

/// A place within a walk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// Pages read.
    #[serde(default)]
    pub(crate) pages: u64,
    /// Records seen.
    #[serde(default)]
    pub(crate) seen: u64,
    /// The records a page of a list that is counted in pages: the same until the end of the walk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page_size: Option<u32>,
    #[serde(default, skip_serializing_if = "Offset::is_new")]
    pub(crate) offset: Offset,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// Members of the last record, as JSON texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) last: BTreeMap<String, String>,
    /// Where the present period begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<DateTime<Utc>>,
    /// The total that the first page named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// The changes of the next page that a bounded run already gave.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) given: usize,
    /// The keys of the page before, hashed, and how many pages in a row had the same.
    #[serde(skip)]
    pub(crate) page: Option<u64>,
    #[serde(skip)]
    pub(crate) repeats: u8,
    /// Whether the walk is behind a part of a page already, because a bounded run gave no more of it.
    #[serde(skip)]
    pub(crate) cut: bool,
    /// How often the walk stepped back behind records that went.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) backs: usize,
    /// Behind a cap: the time of change from which the list began anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<StoredStamp>,
    /// The id of the job that prepares the list, and whether it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ready: bool,
    /// Whether records came out of the order of their time of change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unordered: bool,
    /// A digest of the last page's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<u64>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A watermark as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredStamp {
    text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    number: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    growing: bool,
}

impl StoredStamp {
    pub(crate) fn of(stamp: &Stamp) -> Self {
        Self { text: stamp.text().to_owned(), number: stamp.is_number(), growing: stamp.is_growing() }
    }

    /// # Errors
    /// `StateInvalid` when it cannot be read: never a silent full read.
    pub(crate) fn stamp(&self, zone: Option<chrono_tz::Tz>) -> Result<Stamp> {
        let found = if self.growing {
            Stamp::growing(&self.text, self.number)
        } else {
            Stamp::parse(&self.text, self.number, zone)
        };
        found.ok_or_else(|| {
            Error::new(ErrorKind::StateInvalid, "a watermark of the stored state cannot be read")
                .with_advice("start over without state: a full read skips nothing")
        })
    }
}

impl ReadState {
    /// # Errors
    /// `StateInvalid` for another version or another shape.
    pub(crate) fn of(state: Option<&State>) -> Result<Self> {
        let Some(state) = state else { return Ok(Self::default()) };
        if state.version() != VERSION {
            let message =
                format!("the stored state has version {}, and this engine reads {VERSION}", state.version());
            return Err(Error::new(ErrorKind::StateInvalid, message)
                .with_advice("start over without state: a full read skips nothing"));
        }
        state.body()
    }

    pub(crate) fn to_state(&self) -> Result<State> {
        State::new(VERSION, self)
    }
}
