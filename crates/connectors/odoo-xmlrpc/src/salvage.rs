//! A page that cannot be read because of single records: they are found, left out and told, and the rest goes on.
//!
//! One value that XML-RPC cannot carry, or one reference to a record of another company, fails the whole page.

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Issue, Key, RawJson, Record, Result};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::connector::Api;
use crate::faults;
use crate::model::Model;

/// With more unreadable records in a page, it is not about single records.
const BAD: usize = 8;

/// A page, however it was read.
pub(crate) struct Page {
    pub(crate) records: Vec<Option<Record>>,
    pub(crate) date: Option<DateTime<Utc>>,
    /// The last id of the page, where it is known without the records.
    pub(crate) last: Option<i64>,
    pub(crate) issues: Vec<Issue>,
}

/// Whether an error may be about one record of many.
pub(crate) fn may_be_one_record(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Decode | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected
    ) || faults::is_uncarried(error)
}

/// The next ids.
pub(crate) async fn ids(api: &Api, model: &str, domain: &[RawJson], limit: u32) -> Result<Vec<i64>> {
    let call = Call::reading(model, "search")
        .arg("domain", domain)?
        .named("limit", &limit)?
        .named("order", "id")?
        .with_archived();
    api.value(&call).await?.view()
}

/// Some records by their ids.
pub(crate) async fn by_ids(
    api: &Api,
    model: &Model,
    fields: &[String],
    ids: &[i64],
) -> Result<(Vec<Option<Record>>, Option<DateTime<Utc>>)> {
    let call =
        Call::reading(&model.name, "read").ids(ids.iter().copied()).named("fields", fields)?.with_archived();
    api.records(&call, model).await
}

/// Reads a page in halves, down to the records that fail it. Fails with the page's own error when these are many.
pub(crate) async fn page(
    api: &Api,
    model: &Model,
    fields: &[String],
    domain: &[RawJson],
    limit: u32,
    error: Error,
) -> Result<Page> {
    // When not even ids may be seen, it is about the model.
    let Ok(ids) = ids(api, &model.name, domain, limit).await else { return Err(error) };
    let mut page = Page { records: Vec::new(), date: None, last: ids.last().copied(), issues: Vec::new() };
    let mut open = vec![ids.as_slice()];
    while let Some(part) = open.pop() {
        match by_ids(api, model, fields, part).await {
            Ok((records, date)) => {
                page.records.extend(records);
                page.date = page.date.or(date);
            }
            Err(bad) if may_be_one_record(&bad) => match part {
                [id] => {
                    page.issues.push(
                        Issue::new(format!("the record cannot be read: {}", excerpt(bad.message(), 200)))
                            .on(model.name.as_str(), Key::from(*id))
                            .refused(),
                    );
                    if page.issues.len() > BAD {
                        return Err(error);
                    }
                }
                _ => {
                    let (first, second) = part.split_at(part.len() / 2);
                    open.extend([second, first]);
                }
            },
            Err(other) => return Err(other),
        }
    }
    Ok(page)
}
