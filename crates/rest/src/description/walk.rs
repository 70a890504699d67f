use std::time::Duration;

use chrono::NaiveDate;
use tieline_kit::JsonPath;

use super::{Condition, KeyPart};

/// Everything that may be said of a walk over a list. A request's own settings come before its entity's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Walk {
    /// The path to the records.
    pub records: Option<JsonPath>,
    /// The path to a record within its item.
    pub payload: Option<JsonPath>,
    /// The place of the next page's token or URL.
    pub next: Option<Place>,
    /// Whether the first request's parameters are added to a next address that lacks them.
    pub resend: Option<bool>,
    /// A flag that says whether there is more.
    pub more: Option<JsonPath>,
    /// The path to the number of all records.
    pub total: Option<JsonPath>,
    /// The path to the number of all pages.
    pub total_pages: Option<JsonPath>,
    /// Records a page.
    pub page_size: Option<u32>,
    /// The number of the first page: 1 unless said.
    pub first_page: Option<u32>,
    /// Whether the pages of a cursor hold still while records change: its position is a record, not an offset.
    pub stable_cursor: Option<bool>,
    /// The number of records after which the provider refuses to go on.
    pub cap: Option<u64>,
    /// The place in the last page of the next increment's token or link.
    pub token: Option<Place>,
    /// The time of change, or a number that grows.
    pub changed: Option<JsonPath>,
    /// Whether records have no time of change, so that an increment begins where the run before began.
    pub changed_at_start: Option<bool>,
    /// The time that each increment reads again.
    pub overlap: Option<Duration>,
    /// A longer gap than this is read in full.
    pub within: Option<Duration>,
    /// The longest period of one walk.
    pub window: Option<Duration>,
    /// The beginning of a walk that must have one.
    pub start: Option<Start>,
    /// Whether the list is sorted by time of change, the newest first, and a read of changes ends at its mark.
    pub newest_first: Option<bool>,
    /// Whether it is tried before it is trusted, because the provider does not document it.
    pub probe: Option<bool>,
    /// Whether the answer holds one record in the place of a list.
    pub single: Option<bool>,
    /// The format of the answer.
    pub decode: Option<Decode>,
    /// Elements of an XML record that are lists, also with one item.
    pub lists: Vec<String>,
    /// The key.
    pub key: Vec<KeyPart>,
    /// The version.
    pub version: Option<JsonPath>,
    /// The conditions of a tombstone: paths, and values as JSON.
    pub deleted_if: Vec<(JsonPath, Vec<String>)>,
    /// The conditions on a record; every other record counts as gone.
    pub conditions: Vec<Condition>,
    /// The keys that were merged into a record, and what separates them in a text.
    pub merged: Option<(JsonPath, String)>,
}

/// A place in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In the body.
    Body(JsonPath),
    /// In a header, and in the JSON that it holds.
    Header(String, Option<JsonPath>),
    /// The `next` of the header `Link` (RFC 8288).
    Link,
}

impl std::fmt::Display for Place {
    /// As a file writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Body(path) => write!(f, "{path}"),
            Self::Header(name, None) => write!(f, "header {name}"),
            Self::Header(name, Some(path)) => write!(f, "header {name} {path}"),
            Self::Link => f.write_str("header Link"),
        }
    }
}

/// The beginning of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// So long ago.
    Ago(Duration),
    /// At a day.
    Day(NaiveDate),
}

impl Start {
    /// The time between it and the end of a file's use.
    pub(crate) fn reach(self) -> Duration {
        match self {
            Self::Ago(ago) => ago,
            Self::Day(day) => {
                // A file is bounded when it is loaded, for as long as it will be in use.
                let end = NaiveDate::from_ymd_opt(2040, 1, 1).unwrap_or(NaiveDate::MAX);
                end.signed_duration_since(day).to_std().unwrap_or_default()
            }
        }
    }
}

/// The format of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decode {
    /// JSON.
    #[default]
    Json,
    /// One JSON value a line.
    Ndjson,
    /// CSV with a header (RFC 4180); values are texts.
    Csv,
    /// XML; `records` names the element.
    Xml,
}

impl std::fmt::Display for Decode {
    /// As a file writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xml => "xml",
        })
    }
}

impl Decode {
    /// Whether records are below a path in the answer.
    pub(crate) fn has_path(self) -> bool {
        matches!(self, Self::Json | Self::Xml)
    }
}

impl Walk {
    /// These settings, and those of `below` where nothing is said.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        macro_rules! first {
            ($($name:ident),*) => { Self {
                $($name: self.$name.clone().or_else(|| below.$name.clone()),)*
                lists: if self.lists.is_empty() { below.lists.clone() } else { self.lists.clone() },
                key: if self.key.is_empty() { below.key.clone() } else { self.key.clone() },
                conditions: if self.conditions.is_empty() { below.conditions.clone() } else { self.conditions.clone() },
                deleted_if: if self.deleted_if.is_empty() { below.deleted_if.clone() } else { self.deleted_if.clone() },
            } };
        }
        let mut walk = first!(
            records,
            payload,
            next,
            resend,
            more,
            total,
            total_pages,
            page_size,
            first_page,
            stable_cursor,
            cap,
            token,
            changed,
            changed_at_start,
            overlap,
            within,
            window,
            start,
            newest_first,
            probe,
            single,
            decode,
            version,
            merged
        );
        if self.changed_at_start == Some(true) {
            walk.changed = None;
        }
        walk
    }
}
