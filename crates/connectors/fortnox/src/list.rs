//! Lists: how one is asked for, and what its answer says.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Key, Result};
use tieline_kit::{Call, HeadJson, JsonPath, PageLayout, PageRecord};

use crate::connector::Api;
use crate::endpoints::{Endpoint, PAGE};
use crate::filters::Filters;
use crate::stockholm;

/// A page of a list.
///
/// Source: <https://www.fortnox.se/developer/guides-and-good-to-know/parameters>.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    /// Only what changed since then.
    pub(crate) since: Option<DateTime<Utc>>,
    /// The id of a financial year.
    pub(crate) year: Option<u64>,
    pub(crate) offset: u64,
    pub(crate) limit: u32,
}

impl Ask {
    pub(crate) fn call(&self, endpoint: &Endpoint, filters: &Filters) -> Call {
        let call = Call::get(endpoint.list).entity(endpoint.name);
        if endpoint.is_single() {
            return call;
        }
        let call = call
            .query_some("lastmodified", self.since.map(stockholm::since))
            .query_some("financialyear", self.year)
            .query_some("sortby", endpoint.sort)
            .query_some("sortorder", endpoint.sort.map(|_| "ascending"))
            .query("offset", self.offset)
            .query("limit", self.limit);
        filters.apply(call)
    }
}

/// What a list says beside its rows.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) count: usize,
    /// How many rows there are in all pages.
    pub(crate) total: Option<u64>,
}

impl Listed {
    /// Whether there is a page behind the one that was asked for.
    pub(crate) fn goes_on(&self, ask: &Ask) -> bool {
        let count = u64::try_from(self.count).unwrap_or(u64::MAX);
        match self.total {
            Some(total) => ask.offset.saturating_add(count) < total,
            None => self.count > 0 && count >= u64::from(ask.limit),
        }
    }
}

/// A list of an entity: where its rows are, and the members that their keys are made of.
#[derive(Debug)]
pub(crate) struct List {
    endpoint: &'static Endpoint,
    /// In the order of the layout's heads.
    key_members: Vec<&'static str>,
    layout: PageLayout,
}

/// A row of a list.
pub(crate) struct ListRow<'w, 'a> {
    list: &'w List,
    record: &'w PageRecord<'w, 'a>,
}

const TOTAL: &str = "/MetaInformation/@TotalResources";

impl List {
    /// Builds what finds the rows. Once for a walk of any length.
    pub(crate) fn of(endpoint: &'static Endpoint) -> Result<Self> {
        let mut layout = PageLayout::new(&endpoint.many.parse::<JsonPath>()?);
        if endpoint.is_single() {
            layout = layout.or_one();
        }
        let key_members = endpoint.key_members();
        for member in &key_members {
            layout = layout.with_head(&member.parse::<JsonPath>()?)?;
        }
        Ok(Self { endpoint, key_members, layout: layout.with_member(&TOTAL.parse::<JsonPath>()?)? })
    }

    /// Each row of an answer. Where there is one record and no list, it is the row.
    pub(crate) fn rows(
        &self,
        text: &str,
        mut each: impl FnMut(ListRow<'_, '_>) -> Result<()>,
    ) -> Result<Listed> {
        let page = self.layout.walk(text, |record| each(ListRow { list: self, record }))?;
        let count = page.count()?;
        if self.endpoint.is_single() {
            return Ok(Listed { count, total: Some(1) });
        }
        let total = page.member(0).and_then(HeadJson::scalar).and_then(|total| total.parse().ok());
        Ok(Listed { count, total })
    }
}

impl<'a> ListRow<'_, 'a> {
    /// Its whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.record.text()
    }

    /// Its key in this financial year, or else in its own.
    ///
    /// # Errors
    /// Says what is wrong with the row.
    pub(crate) fn key(&self, year: Option<u64>) -> Result<Key, &'static str> {
        if let Some(fault) = self.record.fault() {
            return Err(fault.problem);
        }
        let List { endpoint, key_members, .. } = self.list;
        let member = |name: &str| {
            let number = key_members.iter().position(|member| *member == name)?;
            self.record.head(number)?.key()
        };
        endpoint.key_from(member, year).ok_or("has no key")
    }
}

/// The record within its wrapper, as Fortnox wrote it.
pub(crate) fn record<'a>(endpoint: &Endpoint, text: &'a str) -> Result<&'a RawValue> {
    inner(endpoint.one, text)
}

pub(crate) fn inner<'a>(wrapper: &str, text: &'a str) -> Result<&'a RawValue> {
    let found = tieline_core::json::at(text, &format!("/{wrapper}"))
        .map_err(|error| error.with_context("member", wrapper))?;
    found.filter(|raw| raw.get().starts_with('{')).ok_or_else(|| {
        Error::new(ErrorKind::Decode, format!("{wrapper:?} is missing in Fortnox's answer"))
            .with_advice("go on later from the last stored state, and report it if it stays")
    })
}

/// The ids of the company's financial years, the newest first.
pub(crate) async fn years(api: &Api) -> Result<(Vec<u64>, HttpResponse)> {
    let endpoint = Endpoint::named("financialyears")?;
    let mut ask = Ask { since: None, year: None, offset: 0, limit: PAGE };
    let list = List::of(endpoint)?;
    let mut years = Vec::new();
    let answer = api.send(ask.call(endpoint, &Filters::default())).await?;
    let mut page = answer.clone();
    loop {
        let before = years.len();
        let listed = list.rows(page.text()?, |row| {
            years.extend(row.key(None).ok().and_then(|id| id.as_str().parse::<u64>().ok()));
            Ok(())
        })?;
        if !listed.goes_on(&ask) || years.len() == before {
            break;
        }
        ask.offset = ask.offset.saturating_add(u64::try_from(listed.count).unwrap_or(u64::MAX));
        page = api.send(ask.call(endpoint, &Filters::default())).await?;
    }
    years.sort_unstable_by(|one, other| other.cmp(one));
    years.dedup();
    Ok((years, answer))
}
