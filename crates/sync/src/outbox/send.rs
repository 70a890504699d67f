//! Sending: claimed first, each outcome stored as it comes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tieline_core::{Error, ErrorKind, Operation, OperationOutcome, Outcome, Result, WriteOp, WriteRequest};
use tieline_store::outbox::{Claim, Entry, EntryRevision, Status};

use super::{
    FIRST_WAIT, LONGEST_SILENCE, Marked, Run, after, concerns_all, is_outage, is_refusal, wait, words,
};

/// What an outcome was worth.
pub(super) enum Told {
    /// What became of the operation is known.
    Definite,
    /// It is not done, and will be sent again.
    Deferred(Error),
    /// It may have happened.
    Doubtful(Error),
}

impl Run<'_> {
    pub(super) async fn send(&mut self) -> Result<()> {
        loop {
            let claim = Claim::new(self.outbox.lease, self.outbox.chunk)
                .due_at(self.start)
                .with_markers(self.markers.clone());
            let claimed = self.outbox.store.claim(&self.outbox.connection, &claim).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            self.report.sent += claimed.len() as u64;
            self.send_chunk(claimed).await?;
        }
    }

    async fn lease_end(&self) -> Result<DateTime<Utc>> {
        Ok(after(self.now().await?, self.outbox.lease))
    }

    async fn send_chunk(&mut self, claimed: Vec<Entry>) -> Result<()> {
        match self.write(&claimed) {
            Ok(outcomes) => self.take_outcomes(claimed, outcomes).await,
            Err(error) if is_refusal(&error) && claimed.len() > 1 => self.send_singly(claimed).await,
            Err(error) => self.keep_unsent(claimed, error).await,
        }
    }

    fn write(&self, claimed: &[Entry]) -> Result<tieline_core::OutcomeStream> {
        let first = claimed.first();
        let entity = first.map_or_else(|| "".into(), |first| first.entity.clone());
        let mut request = WriteRequest::new(entity, claimed.iter().map(as_sent).collect());
        request.partition = first.and_then(|first| first.partition.clone());
        self.outbox.connector.write(request)
    }

    async fn take_outcomes(
        &mut self,
        claimed: Vec<Entry>,
        mut outcomes: tieline_core::OutcomeStream,
    ) -> Result<()> {
        let mut waiting = claimed;
        let (mut doubtful, mut stop) = (false, None);
        let mut held_until = self.lease_end().await?;
        while !waiting.is_empty() {
            let Some(done) = outcomes.next().await else { break };
            let Some(at) = waiting.iter().position(|entry| entry.operation.id == done.id) else { continue };
            let entry = waiting.remove(at);
            self.silence = self.silence.saturating_add(1);
            match self.record(&entry, done).await? {
                Told::Definite => self.silence = 0,
                Told::Deferred(error) => note(&mut stop, error),
                Told::Doubtful(error) => {
                    doubtful = true;
                    note(&mut stop, error);
                }
            }
            if !self.hold(&waiting, &mut held_until).await? {
                break;
            }
        }
        // What the connector did not begin with is never sent; what it began with is in doubt. We cannot tell which.
        drop(outcomes);
        let now = self.now().await?;
        for entry in &waiting {
            self.doubt(
                entry,
                Marked::Untold,
                now,
                "the connector ended without saying what became of it".into(),
            )
            .await?;
        }
        if !waiting.is_empty() && stop.is_none() {
            stop = Some(
                Error::new(ErrorKind::Internal, "the connector left operations without an outcome")
                    .with_advice("report it to the authors of the connector"),
            );
        }
        let silent = self.silence >= LONGEST_SILENCE && (doubtful || stop.as_ref().is_some_and(is_outage));
        match stop {
            Some(error) if silent || !waiting.is_empty() || concerns_all(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps the lease while there is more to come. Answers whether these are still ours to send.
    async fn hold(&self, waiting: &[Entry], until: &mut DateTime<Utc>) -> Result<bool> {
        if waiting.is_empty() {
            return Ok(true);
        }
        let now = self.now().await?;
        if (*until - now).to_std().unwrap_or_default() > self.outbox.lease / 2 {
            return Ok(true);
        }
        *until = after(now, self.outbox.lease);
        let marks: Vec<EntryRevision> = waiting.iter().map(Entry::at_revision).collect();
        self.outbox.store.renew(&self.outbox.connection, &marks, self.outbox.lease).await
    }

    /// One operation made the connector refuse the whole chunk, before anything was sent. The others are none the
    /// worse for it.
    async fn send_singly(&mut self, claimed: Vec<Entry>) -> Result<()> {
        for entry in claimed {
            let (store, connection) = (&self.outbox.store, &self.outbox.connection);
            if !store.renew(connection, &[entry.at_revision()], self.outbox.lease).await? {
                continue;
            }
            let single = vec![entry];
            match self.write(&single) {
                Ok(outcomes) => self.take_outcomes(single, outcomes).await?,
                Err(error) => self.keep_unsent(single, error).await?,
            }
        }
        Ok(())
    }

    /// Nothing was sent.
    async fn keep_unsent(&mut self, claimed: Vec<Entry>, error: Error) -> Result<()> {
        let text = error.to_string();
        for entry in &claimed {
            let refused = is_refusal(&error);
            let to = if refused { Status::Rejected } else { self.parked(entry, &error).await? };
            self.advance(entry, to, Some(text.clone())).await?;
        }
        if concerns_all(&error) { Err(error) } else { Ok(()) }
    }

    async fn parked(&self, entry: &Entry, error: &Error) -> Result<Status> {
        let doublings = entry.attempts.saturating_sub(1).min(16);
        let patience = FIRST_WAIT.saturating_mul(1 << doublings);
        Ok(Status::Pending { not_before: after(self.now().await?, wait(Some(error), patience)) })
    }

    /// Stores an outcome.
    pub(super) async fn record(&mut self, entry: &Entry, done: OperationOutcome) -> Result<Told> {
        let marked = if done.unmarked { Marked::No } else { Marked::Yes };
        let (to, text) = match done.outcome {
            Outcome::Applied { key, record, .. } => {
                let key = key.or_else(|| record.map(|record| record.key)).or_else(|| entry.record().cloned());
                (Status::Applied { key }, None)
            }
            Outcome::Unchanged => (Status::Unchanged, None),
            Outcome::Partial { applied, error, .. } => {
                (Status::Partial, Some(words::partial(&applied, &error)))
            }
            Outcome::Conflict { current, .. } => {
                (Status::Conflict, Some(words::conflict(current.as_deref())))
            }
            Outcome::Accepted { ticket, after: asked, .. } => {
                let not_before =
                    after(self.now().await?, asked.unwrap_or_default().max(wait(None, Duration::ZERO)));
                (Status::Accepted { ticket, not_before }, None)
            }
            Outcome::Rejected(error) => (Status::Rejected, Some(error.to_string())),
            Outcome::Deferred(error) => {
                let to = self.parked(entry, &error).await?;
                self.advance(entry, to, Some(error.to_string())).await?;
                return Ok(Told::Deferred(error));
            }
            Outcome::Unknown(error) => {
                self.doubt(entry, marked, self.now().await?, (&error).into()).await?;
                return Ok(Told::Doubtful(error));
            }
            _ => {
                let error = Error::new(ErrorKind::Internal, "the connector gave an outcome of a newer kind")
                    .with_advice("update tieline-sync");
                self.doubt(entry, marked, self.now().await?, (&error).into()).await?;
                return Ok(Told::Doubtful(error));
            }
        };
        self.advance(entry, to, text).await?;
        Ok(Told::Definite)
    }
}

/// The operation with the marker that it travels with.
fn as_sent(entry: &Entry) -> Operation {
    let mut operation = entry.operation.clone();
    if let WriteOp::Create { marker, .. } = &mut operation.op
        && let Some(value) = entry.marker_value()
    {
        *marker = Some(value);
    }
    operation
}

/// Keeps the failure that matters most to what comes next.
fn note(kept: &mut Option<Error>, error: Error) {
    let weight = |error: &Error| (concerns_all(error), is_outage(error));
    if kept.as_ref().is_none_or(|kept| weight(kept) < weight(&error)) {
        *kept = Some(error);
    }
}
