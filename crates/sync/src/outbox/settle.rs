//! Settling: what was sent, and whose outcome is not known.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tieline_core::{
    EntityName, Error, Key, Lookup, LookupRequest, Operation, Outcome, Partition, PollRequest, RawJson,
    Result, Text,
};
use tieline_store::outbox::{Entry, Status};

use super::send::Told;
use super::{Marked, Run, after, concerns_all, ends_the_run, is_refusal, wait, words};

/// How many unsettled operations are held in memory at once.
const PAGE: u32 = 100;

/// A job and the operations that are still open in it.
struct Job {
    entity: EntityName,
    partition: Option<Partition>,
    ticket: Text,
    entries: Vec<Entry>,
}

impl Run<'_> {
    pub(super) async fn settle(&mut self) -> Result<()> {
        let mut last = None;
        loop {
            let (store, connection) = (&self.outbox.store, &self.outbox.connection);
            let page = store.unsettled(connection, last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some(end.number);
            let mut jobs: Vec<Job> = Vec::new();
            for entry in page {
                match &entry.status {
                    Status::Sending { until } => self.settle_abandoned(&entry, *until).await?,
                    Status::Accepted { ticket, .. } => {
                        let same = |job: &&mut Job| {
                            job.ticket == *ticket
                                && job.entity == entry.entity
                                && job.partition == entry.partition
                        };
                        match jobs.iter_mut().find(same) {
                            Some(job) => job.entries.push(entry),
                            None => jobs.push(Job {
                                entity: entry.entity.clone(),
                                partition: entry.partition.clone(),
                                ticket: ticket.clone(),
                                entries: vec![entry],
                            }),
                        }
                    }
                    _ => self.look_for(&entry).await?,
                }
            }
            for job in jobs {
                self.ask_for(job).await?;
            }
        }
    }

    /// A process sent it and said no more.
    async fn settle_abandoned(&mut self, entry: &Entry, until: DateTime<Utc>) -> Result<()> {
        let why = "the process that sent it ended before it could store what became of it";
        let doubted = self.doubt(entry, Marked::Untold, until, why.into()).await?;
        let now = self.now().await?;
        match doubted {
            Some(entry) if matches!(entry.status, Status::Unknown { not_before, .. } if not_before <= now) => {
                self.look_for(&entry).await
            }
            _ => Ok(()),
        }
    }

    /// Looks for the marker of a create.
    async fn look_for(&mut self, entry: &Entry) -> Result<()> {
        let (Some(marker), Some(value)) = (&entry.marker, entry.marker_value()) else {
            let text = words::question(entry, entry.note.as_deref().unwrap_or("nothing more is known"));
            return self.advance(entry, Status::NeedsReview, Some(text)).await.map(drop);
        };
        let conclusive = matches!(entry.status, Status::Unknown { conclusive: true, .. });
        let mut request =
            LookupRequest::field(entry.entity.clone(), marker.field.clone(), RawJson::of(&value)?);
        request.partition = entry.partition.clone();
        let error = match self.outbox.connector.lookup(request).await {
            Ok(found) => {
                let keys: Vec<Key> = found.answers.into_iter().filter_map(existed).collect();
                let (to, note) = match keys.as_slice() {
                    [] if !conclusive => (Status::NeedsReview, Some(words::question(entry, words::UNPROVEN))),
                    // It did not happen. What is due at the start of a run is sent by it.
                    [] => (Status::Pending { not_before: self.start }, entry.note.clone()),
                    [key] => (Status::Applied { key: Some(key.clone()) }, None),
                    several => (Status::NeedsReview, Some(words::several(entry, &value, several))),
                };
                return self.advance(entry, to, note).await.map(drop);
            }
            Err(error) => error,
        };
        if is_refusal(&error) {
            let text = words::question(entry, error.message());
            return self.advance(entry, Status::NeedsReview, Some(text)).await.map(drop);
        }
        let not_before = self.later(entry, Some(&error)).await?;
        self.advance(entry, Status::Unknown { not_before, conclusive }, Some(error.to_string())).await?;
        if ends_the_run(&error) { Err(error) } else { Ok(()) }
    }

    /// Asks what became of a job.
    async fn ask_for(&mut self, job: Job) -> Result<()> {
        let operations: Vec<Operation> = job.entries.iter().map(|entry| entry.operation.clone()).collect();
        let mut request = PollRequest::new(job.entity.clone(), job.ticket.clone(), operations);
        request.partition = job.partition.clone();
        let mut outcomes = match self.outbox.connector.poll(request) {
            Ok(outcomes) => outcomes,
            Err(error) if is_refusal(&error) => {
                let now = self.now().await?;
                for entry in &job.entries {
                    self.doubt(entry, Marked::Untold, now, (&error).into()).await?;
                }
                return Ok(());
            }
            Err(error) => {
                for entry in &job.entries {
                    self.ask_later(entry, &job.ticket, Some(&error)).await?;
                }
                return if ends_the_run(&error) { Err(error) } else { Ok(()) };
            }
        };
        let mut waiting = job.entries;
        let mut stop = None;
        while !waiting.is_empty() {
            let Some(done) = outcomes.next().await else { break };
            let Some(at) = waiting.iter().position(|entry| entry.operation.id == done.id) else { continue };
            let entry = waiting.remove(at);
            let failure = match &done.outcome {
                Outcome::Accepted { ticket, .. } => {
                    self.ask_later(&entry, ticket, None).await?;
                    continue;
                }
                // Asking failed; the job goes on.
                Outcome::Unknown(error) if !is_refusal(error) => {
                    self.ask_later(&entry, &job.ticket, Some(error)).await?;
                    match done.outcome {
                        Outcome::Unknown(error) => Some(error),
                        _ => None,
                    }
                }
                _ => match self.record(&entry, done).await? {
                    Told::Deferred(error) | Told::Doubtful(error) => Some(error),
                    Told::Definite => None,
                },
            };
            stop = stop.or(failure.filter(concerns_all));
        }
        for entry in &waiting {
            self.ask_later(entry, &job.ticket, None).await?;
        }
        stop.map_or(Ok(()), Err)
    }

    async fn ask_later(&mut self, entry: &Entry, ticket: &Text, error: Option<&Error>) -> Result<()> {
        let to = Status::Accepted { ticket: ticket.clone(), not_before: self.later(entry, error).await? };
        self.advance(entry, to, error.map(Error::to_string)).await.map(drop)
    }

    /// As long again as it has been open.
    async fn later(&self, entry: &Entry, error: Option<&Error>) -> Result<DateTime<Utc>> {
        let now = self.now().await?;
        let open = now - entry.attempted_at.unwrap_or(entry.enqueued_at);
        Ok(after(now, wait(error, open.to_std().unwrap_or(Duration::ZERO))))
    }
}

/// The key of a record that was made, whatever became of it since.
fn existed(answer: Lookup) -> Option<Key> {
    match answer {
        Lookup::Record(record) => Some(record.key),
        Lookup::Deleted(deletion) => Some(deletion.key),
        Lookup::Forbidden(key) => Some(key),
        _ => None,
    }
}
