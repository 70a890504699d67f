//! The query of a list: pages, order, times of change, and the one filter that goes with them:
//! <https://www.fortnox.se/developer/guides-and-good-to-know/parameters>

use chrono::{NaiveDate, NaiveDateTime};

use super::local_time;
use super::refusal::Refusal;
use super::schema::Entity;

/// The parameters of a request, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

/// The parameters that every list takes.
const GLOBAL: &[&str] = &[
    "page",
    "limit",
    "offset",
    "sortby",
    "sortorder",
    "lastmodified",
    "financialyear",
    "financialyeardate",
    "fromdate",
    "todate",
];

impl Params {
    pub(crate) fn of(uri: &http::Uri) -> Self {
        Self(url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, fallback: usize) -> Result<usize, Refusal> {
        self.get(name).map_or(Ok(fallback), |text| text.parse().map_err(|_| Refusal::parameter()))
    }

    fn date(&self, name: &str) -> Result<Option<NaiveDate>, Refusal> {
        self.get(name).map(|text| local_time::parse_date(text).ok_or_else(Refusal::parameter)).transpose()
    }

    /// The financial year that a request names by its id. The API description of SIE files spells it with a capital.
    pub(crate) fn year(&self) -> Result<Option<i64>, Refusal> {
        self.get("financialyear")
            .or_else(|| self.get("financialYear"))
            .map(|text| text.parse().map_err(|_| Refusal::parameter()))
            .transpose()
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    /// Rows before the first.
    pub(crate) start: usize,
}

/// The one filter that belongs to the resource.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// A value of `filter`.
    Named(&'static str),
    /// A field, a part of what it holds, and the parameter's own name.
    Field { parameter: &'static str, field: &'static str, value: String },
}

/// A list as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) page: Page,
    pub(crate) sort: Option<&'static str>,
    pub(crate) descending: bool,
    pub(crate) since: Option<NaiveDateTime>,
    pub(crate) year: Option<i64>,
    pub(crate) year_at: Option<NaiveDate>,
    pub(crate) from: Option<NaiveDate>,
    pub(crate) to: Option<NaiveDate>,
    /// The filter of the resource: one, or the two ends of a range.
    pub(crate) filters: Vec<Filter>,
}

/// The most rows in a page.
const MOST: usize = 500;

impl Query {
    pub(crate) fn of(entity: Entity, params: &Params) -> Result<Self, Refusal> {
        let filters = filters(entity, params)?;
        let limit = params.number("limit", 100)?;
        let page = params.number("page", 1)?;
        if !(1..=MOST).contains(&limit) || page == 0 {
            return Err(Refusal::parameter());
        }
        let start = match params.get("offset") {
            Some(_) => params.number("offset", 0)?,
            None => (page - 1).saturating_mul(limit),
        };
        let sort = params
            .get("sortby")
            .map(|wanted| {
                let known = entity.sorts().iter().find(|(name, _)| *name == wanted);
                known.map(|(_, field)| *field).ok_or_else(Refusal::parameter)
            })
            .transpose()?;
        let descending = match params.get("sortorder") {
            // The newest year comes first.
            None => entity == Entity::FinancialYears,
            Some("ascending") => false,
            Some("descending") => true,
            Some(_) => return Err(Refusal::parameter()),
        };
        let since = params
            .get("lastmodified")
            .map(|text| local_time::parse(text).ok_or_else(Refusal::parameter))
            .transpose()?;
        Ok(Self {
            page: Page { limit, start },
            sort,
            descending,
            since,
            year: params.year()?,
            year_at: params.date("financialyeardate")?,
            from: params.date("fromdate")?,
            to: params.date("todate")?,
            filters,
        })
    }
}

/// The two ends of a range count as one filter.
const RANGES: &[[&str; 2]] =
    &[["accountnumberfrom", "accountnumberto"], ["fromfinalpaydate", "tofinalpaydate"]];

/// The resource's own filter: one at most, and no parameter that nobody knows. All names are in lower case.
fn filters(entity: Entity, params: &Params) -> Result<Vec<Filter>, Refusal> {
    let mut found = Vec::new();
    let mut names = Vec::new();
    for (name, value) in params.0.iter().filter(|(name, _)| !GLOBAL.contains(&name.as_str())) {
        found.push(if name == "filter" && !entity.named_filters().is_empty() {
            let known = entity.named_filters().iter().find(|known| *known == value);
            Filter::Named(known.ok_or_else(Refusal::filter)?)
        } else {
            let known = entity.filters().iter().find(|(known, _)| known == name);
            let (parameter, field) = known.ok_or_else(Refusal::parameter)?;
            Filter::Field { parameter, field, value: value.clone() }
        });
        names.push(name.as_str());
    }
    names.sort_unstable();
    let is_range = RANGES.iter().any(|range| range.as_slice() == names);
    if names.len() > 1 && !is_range { Err(Refusal::filter()) } else { Ok(found) }
}
