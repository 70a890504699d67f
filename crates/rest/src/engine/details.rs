//! Details: each listed record is fetched by itself, a few at a time. A record that the provider refuses is remembered
//! and asked for again in the next pass.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tieline_core::{Change, Deletion, ErrorKind, Issue, Key, Lookup, Record, Result};

use super::client::Client;
use super::lookup::{is_about_connection, key_words, one_record, record};
use super::reading::Reading;
use super::words::RequestWords;
use crate::description::{Entity, Request};

/// Requests at once.
const AT_ONCE: usize = 4;
/// The most refused records that are remembered; with more, the pass is partial all the same.
pub(super) const MAX_REFUSED: usize = 1_000;

/// The records of a page with their details.
#[derive(Debug, Default)]
pub(super) struct Detailed {
    pub(super) changes: Vec<Change>,
    pub(super) issues: Vec<Issue>,
    /// The records that the provider refused.
    pub(super) refused: Vec<String>,
}

/// Fetches the details of the records among some changes, in their order.
///
/// # Errors
/// What is about the connection and not about one record.
pub(super) async fn detailed(
    client: &Client,
    name: &str,
    entity: &Entity,
    request: &Request,
    fields: &[String],
    changes: Vec<Change>,
) -> Result<Detailed> {
    let reading = one_record(client, request, &request.walk.over(&entity.walk))?;
    let mut fetched: Vec<Detail> = Vec::with_capacity(changes.len());
    let mut left = changes.into_iter();
    loop {
        let chunk: Vec<Change> = left.by_ref().take(AT_ONCE).collect();
        if chunk.is_empty() {
            break;
        }
        let asked: Vec<_> = chunk
            .into_iter()
            .map(|change| of_change(client, name, entity, (request, &reading), fields, change))
            .collect();
        for detail in join_all(asked).await {
            fetched.push(detail?);
        }
    }
    let mut detailed = Detailed::default();
    for detail in fetched {
        match detail {
            Detail::Change(change) => detailed.changes.push(change),
            Detail::Refused(key, issue) => {
                detailed.refused.push(key.as_str().to_owned());
                detailed.issues.push(*issue);
            }
        }
    }
    Ok(detailed)
}

/// The detail of one record.
#[derive(Debug)]
enum Detail {
    Change(Change),
    Refused(Key, Box<Issue>),
}

async fn of_change(
    client: &Client,
    name: &str,
    entity: &Entity,
    detail: (&Request, &Reading),
    fields: &[String],
    change: Change,
) -> Result<Detail> {
    match change {
        Change::Upsert(listed) => one(client, name, entity, detail, fields, listed).await,
        other => Ok(Detail::Change(other)),
    }
}

/// The detail of a listed record, or the reason why it is not readable.
async fn one(
    client: &Client,
    name: &str,
    entity: &Entity,
    (request, reading): (&Request, &Reading),
    fields: &[String],
    listed: Record,
) -> Result<Detail> {
    let refused = |key: &Key, why: &str| {
        let issue = Issue::new(format!("its detail {why}: it is asked for again by the next read"));
        Ok(Detail::Refused(key.clone(), Box::new(issue.on(name, key.clone()).refused())))
    };
    let key = listed.key.clone();
    let mut words = RequestWords { fields: fields.to_vec(), ..client.words() };
    key_words(entity, &key, &mut words)?;
    let response = match client.send(request, &words, true).await {
        Ok(response) => response,
        Err(error) => {
            return match error.kind() {
                // It was listed a moment ago and is gone now.
                ErrorKind::NotFound => Ok(Detail::Change(Change::Delete(Deletion::new(key)))),
                ErrorKind::Forbidden | ErrorKind::Rejected if !is_about_connection(&error) => {
                    match error.code() {
                        Some(code) => refused(&key, &format!("was refused (code {code})")),
                        None => refused(&key, "was refused"),
                    }
                }
                _ => Err(error),
            };
        }
    };
    match record(reading, response.text()?, &words.parents)? {
        Some(Lookup::Record(mut found)) if found.key == key => {
            found.changed_at = found.changed_at.or(listed.changed_at);
            found.version = found.version.or(listed.version);
            Ok(Detail::Change(Change::Upsert(found)))
        }
        Some(Lookup::Deleted(deletion)) => Ok(Detail::Change(Change::Delete(deletion))),
        _ => refused(&key, "is of another record"),
    }
}

/// The records to ask for again, as if they had been listed.
pub(super) fn again(refused: &BTreeSet<String>) -> Vec<Change> {
    let listed =
        |key: &String| Change::Upsert(Record::new(key.as_str(), tieline_core::RawJson::from_checked("{}")));
    refused.iter().map(listed).collect()
}
