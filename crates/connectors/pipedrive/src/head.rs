//! Answers taken apart: where their records are, and the few members which say what a record is.

use std::borrow::Cow;
use std::sync::OnceLock;

use tieline_core::{Change, Deletes, Deletion, Error, ErrorKind, Issue, RawJson, Record, Result, Text};
use tieline_kit::{HeadJson, JsonPath, Page, PageLayout, PageRecord};

use crate::endpoints::Endpoint;

const HEADS: [&str; 6] = ["id", "update_time", "modified", "status", "is_deleted", "active_flag"];
const ID: usize = 0;
const UPDATE_TIME: usize = 1;
const MODIFIED: usize = 2;
const STATUS: usize = 3;
const IS_DELETED: usize = 4;
const ACTIVE_FLAG: usize = 5;

/// Where a list says how it goes on: by cursor (v2), by offset in an envelope (v1), by offset without one (leads).
const MEMBERS: [&str; 5] = [
    "/additional_data/next_cursor",
    "/additional_data/pagination/more_items_in_collection",
    "/additional_data/pagination/next_start",
    "/additional_data/more_items_in_collection",
    "/additional_data/next_start",
];

/// Where the records of a list are, and the record of an answer that holds one.
struct Layouts {
    list: PageLayout,
    one: PageLayout,
}

fn layouts() -> Result<&'static Layouts> {
    static LAYOUTS: OnceLock<Layouts> = OnceLock::new();
    if let Some(layouts) = LAYOUTS.get() {
        return Ok(layouts);
    }
    let mut list = PageLayout::new(&"data".parse::<JsonPath>()?);
    for head in HEADS {
        list = list.with_head(&head.parse::<JsonPath>()?)?;
    }
    let one = list.clone().or_one();
    for member in MEMBERS {
        list = list.with_member(&member.parse::<JsonPath>()?)?;
    }
    Ok(LAYOUTS.get_or_init(|| Layouts { list, one }))
}

/// Hands each record of a list to `each`, in order.
///
/// # Errors
/// `Decode` when the answer is no JSON, or has no list as its `data`. Errors of `each`.
pub(crate) fn records<'a>(
    text: &'a str,
    mut each: impl FnMut(Head<'_, 'a>) -> Result<()>,
) -> Result<Continuation> {
    let page = layouts()?.list.walk(text, |record| each(Head(record)))?;
    page.count()?;
    Continuation::of(&page)
}

/// Hands the record that an answer has as its `data` to `each`; none when that is null.
///
/// # Errors
/// `Decode` when the answer is no JSON, or has something else as its `data`. Errors of `each`.
pub(crate) fn record<'a>(text: &'a str, mut each: impl FnMut(Head<'_, 'a>) -> Result<()>) -> Result<()> {
    let page = layouts()?.one.walk(text, |record| each(Head(record)))?;
    page.count().map(drop)
}

/// How a list goes on.
#[derive(Debug)]
pub(crate) struct Continuation {
    pub(crate) next_cursor: Option<String>,
    pub(crate) more: Option<bool>,
    pub(crate) next_start: Option<u64>,
}

impl Continuation {
    fn of(page: &Page<'_>) -> Result<Self> {
        let [cursor, nested_more, nested_start, more, start] =
            std::array::from_fn(|number| page.member(number).filter(|member| !member.is_null()));
        let text = |member: HeadJson<'_>| member.text().map(Cow::into_owned);
        let number = |member: HeadJson<'_>| member.json().parse().ok();
        Ok(Self {
            // An empty cursor leads nowhere.
            next_cursor: known("next_cursor", cursor, text)?.filter(|cursor| !cursor.is_empty()),
            more: known("more_items_in_collection", nested_more.or(more), HeadJson::flag)?,
            next_start: known("next_start", nested_start.or(start), number)?,
        })
    }
}

/// A member that is there must be understood: a list that seems to end would lose its other pages.
fn known<'a, T>(
    name: &str,
    member: Option<HeadJson<'a>>,
    read: impl FnOnce(HeadJson<'a>) -> Option<T>,
) -> Result<Option<T>> {
    let Some(member) = member else { return Ok(None) };
    let wrong = || {
        Error::new(ErrorKind::Decode, format!("{name:?} in the answer has another type than documented"))
            .with_advice("go on later from the last stored state, and report it if it stays")
    };
    read(member).map(Some).ok_or_else(wrong)
}

/// One record of an answer, and the members that decide what it is.
pub(crate) struct Head<'w, 'a>(&'w PageRecord<'w, 'a>);

impl<'a> Head<'_, 'a> {
    /// Its whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.0.text()
    }

    /// Whether the record is gone. A deleted record still comes when it is asked for by id, or in the deals' feed.
    pub(crate) fn is_gone(&self, endpoint: &Endpoint) -> bool {
        let flag = |number| self.0.head(number).and_then(HeadJson::flag);
        let status = || self.0.head(STATUS).and_then(HeadJson::text);
        flag(IS_DELETED) == Some(true)
            || (endpoint.deletes == Deletes::Feed && status().as_deref() == Some("deleted"))
            || (endpoint.inactive_is_gone && flag(ACTIVE_FLAG) == Some(false))
    }

    pub(crate) fn changed_at(&self, endpoint: &Endpoint) -> Option<Cow<'a, str>> {
        let number = if endpoint.changed_at == "modified" { MODIFIED } else { UPDATE_TIME };
        self.0.head(number)?.text()
    }

    /// The change that the record stands for, or what is wrong with it.
    pub(crate) fn change(&self, endpoint: &Endpoint) -> Result<Change, &'static str> {
        if let Some(fault) = self.0.fault() {
            return Err(fault.problem);
        }
        let key = self.0.head(ID).and_then(HeadJson::key).ok_or("has no id")?;
        let changed_at = self.changed_at(endpoint).map(|text| Text::new(&*text));
        Ok(if self.is_gone(endpoint) {
            let mut deletion = Deletion::new(key);
            deletion.at = changed_at;
            Change::Delete(deletion)
        } else {
            let mut record = Record::new(key, RawJson::from_checked(self.text()));
            // Pipedrive counts no versions: the time of change stands for one.
            record.version = changed_at.clone().filter(|_| endpoint.writes.is_some());
            record.changed_at = changed_at;
            Change::Upsert(record)
        })
    }
}

/// What is said of a record that cannot be taken, by its place in the page.
pub(crate) fn refused(endpoint: &Endpoint, row: usize, problem: &str) -> Issue {
    let mut issue = Issue::new(format!("record {row} of a page {problem}")).refused();
    issue.entity = Some(endpoint.entity());
    issue
}
