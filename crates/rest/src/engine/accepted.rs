//! Writes that a provider accepts as jobs: the outcome names the job, and the caller asks for it later.

use std::sync::Arc;

use tieline_core::http::HttpResponse;
use tieline_core::{
    Error, ErrorKind, Operation, Outcome, OutcomeStream, PollRequest, RawJson, Resend, Result, WriteOp,
};
use tieline_kit::outcomes;

use super::client::Client;
use super::export::{JobState, find_id, poll as poll_job};
use super::partitions::parents_of;
use super::plan::entity;
use super::words::RequestWords;
use super::write::Writer;
use crate::description::{Job, Request};

/// Asks once for the job of some operations.
///
/// # Errors
/// At once for an unknown entity.
pub(crate) fn poll(client: &Client, request: PollRequest) -> Result<OutcomeStream> {
    let found = entity(&client.description, request.entity.as_str())?.clone();
    let parents =
        request.partition.as_ref().map(|partition| parents_of(partition.as_str())).unwrap_or_default();
    let writer = Arc::new(Writer::new(client.clone(), request.entity.clone(), found, parents));
    let ticket = request.ticket;
    Ok(outcomes(request.operations, move |op: Operation| {
        let (writer, ticket) = (Arc::clone(&writer), ticket.clone());
        // What cannot be learnt now is asked for again: the job itself goes on.
        async move {
            let asked = writer.polled(&op, ticket.as_str()).await;
            asked.unwrap_or_else(|error| Outcome::Deferred(error.with_resend(Resend::Safe)))
        }
    }))
}

/// The outcome of a write whose answer names a job.
pub(super) fn accepted(request: &Request, response: &HttpResponse) -> Option<Outcome> {
    let job = request.job.as_deref()?;
    let id = find_id(job, response).ok().flatten()?;
    Some(Outcome::accepted(id.as_str()).with_after(job.every))
}

impl Writer {
    async fn polled(&self, op: &Operation, ticket: &str) -> Result<Outcome> {
        let (request, job) = self
            .job_of(&op.op)
            .ok_or_else(|| Error::unsupported("asking for a job of this operation: it begins none"))?;
        let words = RequestWords { id: Some(ticket), parents: self.parents.clone(), ..self.client.words() };
        let (state, mut response) = poll_job(&self.client, job, request, &words, ticket).await?;
        match state {
            JobState::Running => Ok(Outcome::accepted(ticket).with_after(job.every)),
            JobState::Failed => {
                let message = format!("{} failed to carry this out", self.client.description.name);
                Ok(Outcome::Rejected(Error::new(ErrorKind::Rejected, message)))
            }
            JobState::Done => {
                if let Some(result) = &job.result {
                    response = self.client.send(result, &words, true).await?;
                }
                if let WriteOp::Invoke { key, .. } = &op.op {
                    let output = response.text().ok().and_then(|text| RawJson::parse(text).ok());
                    let outcome = Outcome::applied(key.clone());
                    return Ok(match output {
                        Some(output) => outcome.with_output(output),
                        None => outcome,
                    });
                }
                // The answer is the job's, not that of the request that began it.
                let done = Request { job: None, ..job.result.as_ref().unwrap_or(request).clone() };
                Ok(self.applied(&done, &response, op.op.key(), &self.parents))
            }
        }
    }

    /// The request of an operation that begins a job, and the job.
    fn job_of(&self, op: &WriteOp) -> Option<(&Request, &Job)> {
        let request = match op {
            WriteOp::Create { .. } => self.entity.create.as_ref(),
            WriteOp::Update { .. } => self.entity.update.as_ref(),
            WriteOp::Upsert { .. } => self.entity.upsert.as_ref(),
            WriteOp::Delete { .. } => self.entity.delete.as_ref(),
            WriteOp::Invoke { action, .. } => self.action(action.as_str()),
            _ => None,
        }?;
        Some((request, request.job.as_deref()?))
    }
}
