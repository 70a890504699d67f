//! A page that cannot be read as a whole: the fields and the records that fail it are found, and the rest is read.
//!
//! One value that XML-RPC cannot carry, one field that a user may not read, or one reference to a record of another
//! company fails Odoo's whole answer. Fields are looked for first, since one of them mostly fails every record; what is
//! left fails single records. Every loop here has a bound, in requests, whatever a server answers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, FieldPath, Issue, Key, RawJson, Record, Result};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::client::Client;
use crate::faults;
use crate::model::{Model, WRITE_DATE};

/// Requests that one page may cost beside its own.
const REQUESTS: u32 = 400;
/// A field that fails more records of a page than these is left out of all of them.
const BAD: usize = 8;

/// A page, however it was read.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) records: Vec<Option<Record>>,
    pub(crate) date: Option<DateTime<Utc>>,
    /// The last id of the page, where it is known without the records.
    pub(crate) last: Option<i64>,
    /// How many records it is about, read or not.
    pub(crate) asked: usize,
    pub(crate) issues: Vec<Issue>,
    /// Whether records were left unread that are not named in an issue of their own.
    pub(crate) lost: bool,
}

/// Whether an error may be about single fields or records of many.
pub(crate) fn may_be_data(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Decode | ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected
    ) || faults::is_uncarried(error)
}

/// The next ids.
pub(crate) async fn ids(client: &Client, model: &str, domain: &[RawJson], limit: u32) -> Result<Vec<i64>> {
    let call = Call::reading(model, "search")
        .arg("domain", domain)?
        .named("limit", &limit)?
        .named("order", "id")?
        .with_archived();
    client.value(&call).await?.view()
}

/// Some records by their ids.
pub(crate) async fn by_ids(
    client: &Client,
    model: &Model,
    fields: &[String],
    ids: &[i64],
) -> Result<(Vec<Option<Record>>, Option<DateTime<Utc>>)> {
    let call =
        Call::reading(&model.name, "read").ids(ids.iter().copied()).named("fields", fields)?.with_archived();
    client.records(&call, model).await
}

/// Reads the next page of a search after it failed with `error`. Fields that cannot be read are taken out of `fields`.
///
/// # Errors
/// The page's own error when it is not about single fields or records, and errors of the connection.
pub(crate) async fn page(
    client: &Client,
    model: &Model,
    fields: &mut Vec<String>,
    domain: &[RawJson],
    limit: u32,
    error: Error,
) -> Result<Page> {
    // When not even ids may be seen, it is about the model.
    let Ok(ids) = ids(client, &model.name, domain, limit).await else { return Err(error) };
    rows(client, model, fields, &ids, error).await
}

/// Reads records by their ids after reading them together failed with `error`, as [`page`] does.
pub(crate) async fn rows(
    client: &Client,
    model: &Model,
    fields: &mut Vec<String>,
    ids: &[i64],
    error: Error,
) -> Result<Page> {
    let mut salvage = Salvage { client, model, left: REQUESTS, page: Page::default() };
    salvage.page.last = ids.last().copied();
    salvage.page.asked = ids.len();
    let (own, other): (Vec<String>, Vec<String>) =
        fields.iter().cloned().partition(|name| name == "id" || name == WRITE_DATE);
    if ids.is_empty() {
        // A field may be refused although there is nothing to read.
        let bad = salvage.bad_fields(&own, other, ids).await?;
        if bad.is_empty() {
            return Err(error);
        }
        salvage.drop_all(fields, bad);
        return Ok(salvage.page);
    }
    let readable = salvage.readable(&own, ids).await?;
    if readable.is_empty() && salvage.page.issues.is_empty() {
        return Err(error);
    }
    let bad = salvage.bad_fields(&own, other, &readable).await?;
    let mut without: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let mut dropped = Vec::new();
    for (field, why) in bad {
        match salvage.bad_records(&own, &field, &readable).await? {
            Some(records) => {
                if let Some(count) = std::num::NonZero::new(records.len()) {
                    salvage.tell(&field, &why, &format!("left out where it fails ({count} of a page)"));
                }
                for id in records {
                    without.entry(id).or_default().insert(field.clone());
                }
            }
            None => dropped.push((field, why)),
        }
    }
    salvage.drop_all(fields, dropped);
    // Records that lack the same fields are read together.
    let mut groups: BTreeMap<BTreeSet<String>, Vec<i64>> = BTreeMap::new();
    for id in readable {
        groups.entry(without.remove(&id).unwrap_or_default()).or_default().push(id);
    }
    // What was found is read with a budget of its own.
    salvage.left = REQUESTS;
    for (lacking, ids) in groups {
        let fields: Vec<String> = fields.iter().filter(|name| !lacking.contains(*name)).cloned().collect();
        salvage.read(&fields, &ids).await?;
    }
    salvage.page.records.sort_by_key(|record| {
        record.as_ref().and_then(|record| record.key.as_str().parse::<i64>().ok()).unwrap_or_default()
    });
    Ok(salvage.page)
}

struct Salvage<'a> {
    client: &'a Client,
    model: &'a Model,
    /// The requests that may still be made.
    left: u32,
    page: Page,
}

type Rows = Vec<Option<Record>>;

impl Salvage<'_> {
    /// Some records. `Ok(Err(…))` when it may be about single fields or records.
    async fn attempt(&mut self, fields: &[String], ids: &[i64]) -> Result<std::result::Result<Rows, Error>> {
        self.left = self.left.saturating_sub(1);
        match by_ids(self.client, self.model, fields, ids).await {
            Ok((records, date)) => {
                self.page.date = self.page.date.or(date);
                Ok(Ok(records))
            }
            Err(error) if may_be_data(&error) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Which of the records can be read at all. The others become issues.
    async fn readable(&mut self, own: &[String], ids: &[i64]) -> Result<Vec<i64>> {
        let mut readable = Vec::new();
        let mut open = vec![ids];
        while let Some(part) = open.pop() {
            if self.left == 0 {
                self.give_up(part.len());
                continue;
            }
            match (self.attempt(own, part).await?, part) {
                (Ok(_), part) => readable.extend(part),
                (Err(error), [id]) => self.refuse(*id, &error),
                (Err(_), part) => halve(&mut open, part),
            }
        }
        readable.sort_unstable();
        Ok(readable)
    }

    /// The fields that cannot be read of these records, each with why.
    async fn bad_fields(
        &mut self,
        own: &[String],
        fields: Vec<String>,
        ids: &[i64],
    ) -> Result<Vec<(String, String)>> {
        let mut bad = Vec::new();
        let mut open = vec![fields];
        while let Some(mut part) = open.pop() {
            if part.is_empty() {
                continue;
            }
            let asked: Vec<String> = own.iter().chain(&part).cloned().collect();
            let tried = match self.left {
                0 => Err("too many fields fail to look for each of them".to_owned()),
                _ if ids.is_empty() => self.attempt_none(&asked).await?.map_err(|error| reason(&error)),
                _ => self.attempt(&asked, ids).await?.map(|_| ()).map_err(|error| reason(&error)),
            };
            let Err(why) = tried else { continue };
            if self.left == 0 {
                bad.extend(part.into_iter().map(|field| (field, why.clone())));
            } else if part.len() == 1 {
                bad.extend(part.pop().map(|field| (field, why)));
            } else {
                let second = part.split_off(part.len() / 2);
                open.extend([second, part]);
            }
        }
        Ok(bad)
    }

    /// A search that finds nothing, with these fields.
    async fn attempt_none(&mut self, fields: &[String]) -> Result<std::result::Result<(), Error>> {
        self.left = self.left.saturating_sub(1);
        let call = Call::reading(&self.model.name, "search_read")
            .arg("domain", &[("id", "=", 0)])?
            .named("fields", fields)?
            .named("limit", &1)?;
        match self.client.records(&call, self.model).await {
            Ok(_) => Ok(Ok(())),
            Err(error) if may_be_data(&error) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// The records that a field fails. `None` when these are many.
    async fn bad_records(&mut self, own: &[String], field: &str, ids: &[i64]) -> Result<Option<Vec<i64>>> {
        let fields: Vec<String> = own.iter().cloned().chain([field.to_owned()]).collect();
        let (mut bad, mut good) = (Vec::new(), false);
        let mut open = vec![ids];
        while let Some(part) = open.pop() {
            if self.left == 0 || bad.len() > BAD {
                return Ok(None);
            }
            match (self.attempt(&fields, part).await?, part) {
                (Ok(_), _) => good = true,
                (Err(_), [id]) => bad.push(*id),
                (Err(_), part) => halve(&mut open, part),
            }
        }
        // What no record lets through is refused to the user, not broken in a record.
        Ok(good.then_some(bad))
    }

    /// Reads records that are known to be readable: in halves when they are too much for one answer.
    async fn read(&mut self, fields: &[String], ids: &[i64]) -> Result<()> {
        let mut open = vec![ids];
        while let Some(part) = open.pop() {
            if self.left == 0 {
                self.give_up(part.len());
                continue;
            }
            match (self.attempt(fields, part).await?, part) {
                (Ok(records), _) => self.page.records.extend(records),
                (Err(error), [id]) => self.refuse(*id, &error),
                (Err(_), part) => halve(&mut open, part),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, id: i64, error: &Error) {
        self.page.issues.push(
            Issue::new(format!("the record cannot be read: {}", reason(error)))
                .on(self.model.name.as_str(), Key::from(id))
                .refused(),
        );
    }

    fn give_up(&mut self, records: usize) {
        self.page.lost = true;
        let message = format!("{records} records of a page were not read: too many of them fail");
        self.page.issues.push(self.issue(message).refused());
    }

    fn drop_all(&mut self, fields: &mut Vec<String>, dropped: Vec<(String, String)>) {
        for (field, why) in dropped {
            fields.retain(|name| *name != field);
            self.tell(&field, &why, "left out of this read");
        }
    }

    fn tell(&mut self, field: &str, why: &str, what: &str) {
        let message = format!("the field cannot be read and is {what}: {why}");
        let issue = self.issue(message).at(FieldPath::field(field));
        self.page.issues.push(issue);
    }

    fn issue(&self, message: String) -> Issue {
        let mut issue = Issue::new(message);
        issue.entity = Some(self.model.name.as_str().into());
        issue
    }
}

fn reason(error: &Error) -> String {
    excerpt(error.message(), 200)
}

/// Opens both halves of a part of two or more.
fn halve<'a>(open: &mut Vec<&'a [i64]>, part: &'a [i64]) {
    let (first, second) = part.split_at(part.len() / 2);
    open.extend([second, first].into_iter().filter(|half| !half.is_empty() && half.len() < part.len()));
}
