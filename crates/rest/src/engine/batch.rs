//! Writes of many records in one request, with an outcome for each.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::unfold;
use serde_json::value::RawValue;
use tieline_core::{
    Error, ErrorKind, Key, Operation, OperationId, OperationOutcome, Outcome, OutcomeStream, Resend, Result,
    WriteOp, json,
};
use tieline_kit::outcome_of;

use super::fields::{members, object, quoted, text_at};
use super::lookup::key_of_parts;
use super::words::RequestWords;
use super::write::Writer;
use crate::description::{Many, Request};

/// Operations that are carried out in order: those of one kind in one request each, all others by themselves.
pub(super) fn batched(writer: Arc<Writer>, operations: Vec<Operation>) -> OutcomeStream {
    let queue = Queue { writer, left: operations.into(), ready: VecDeque::new(), stopped: None };
    Box::pin(unfold(queue, |mut queue| async move {
        loop {
            if let Some(outcome) = queue.ready.pop_front() {
                return Some((outcome, queue));
            }
            let chunk = queue.next_chunk()?;
            if let Some(kind) = queue.stopped {
                queue.ready.extend(chunk.into_iter().map(|op| {
                    let why = "not sent, because the connection failed an operation before this one";
                    OperationOutcome::new(
                        op.id,
                        Outcome::Deferred(Error::new(kind, why).with_resend(Resend::Safe)),
                    )
                }));
                continue;
            }
            let outcomes = queue.writer.carry_out_chunk(chunk).await;
            queue.stopped = outcomes.iter().find_map(|outcome| match &outcome.outcome {
                Outcome::Deferred(error) | Outcome::Unknown(error) => stops(error.kind()),
                _ => None,
            });
            queue.ready.extend(outcomes);
        }
    }))
}

struct Queue {
    writer: Arc<Writer>,
    left: VecDeque<Operation>,
    ready: VecDeque<OperationOutcome>,
    stopped: Option<ErrorKind>,
}

/// The failures after which nothing more is sent.
fn stops(kind: ErrorKind) -> Option<ErrorKind> {
    use ErrorKind::{Config, QuotaExhausted, RateLimited, Timeout, Unauthenticated};
    matches!(kind, Config | QuotaExhausted | RateLimited | Timeout | Unauthenticated).then_some(kind)
}

impl Queue {
    /// The next operations of one kind, no two of them on the same record.
    fn next_chunk(&mut self) -> Option<Vec<Operation>> {
        let first = self.left.pop_front()?;
        let most = self.writer.many(&first.op).map_or(1, |many| many.most.max(1));
        let mut chunk = vec![first];
        while chunk.len() < most
            && let Some(next) = self.left.front()
            && chunk.first().is_some_and(|first| is_same_kind(&first.op, &next.op))
            && chunk.iter().all(|op| op.op.key().is_none() || op.op.key() != next.op.key())
        {
            chunk.extend(self.left.pop_front());
        }
        Some(chunk)
    }
}

fn is_same_kind(one: &WriteOp, other: &WriteOp) -> bool {
    match (one, other) {
        // A condition on a version is of one record.
        (WriteOp::Update { if_version: Some(_), .. }, _)
        | (_, WriteOp::Update { if_version: Some(_), .. }) => false,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// A record as it goes into a batch.
struct Item {
    id: OperationId,
    key: Option<Key>,
    json: String,
    /// Whether it should carry a marker, and the provider takes none.
    unmarked: bool,
}

impl Writer {
    /// The batch settings of an operation's request.
    fn many(&self, op: &WriteOp) -> Option<&Many> {
        self.batch_request(op).and_then(|request| request.many.as_ref())
    }

    fn batch_request(&self, op: &WriteOp) -> Option<&Request> {
        match op {
            WriteOp::Create { .. } => self.entity.create.as_ref(),
            WriteOp::Update { if_version: None, .. } => self.entity.update.as_ref(),
            WriteOp::Delete { .. } => self.entity.delete.as_ref(),
            _ => None,
        }
    }

    async fn carry_out_chunk(&self, chunk: Vec<Operation>) -> Vec<OperationOutcome> {
        let request = chunk
            .first()
            .and_then(|first| self.batch_request(&first.op))
            .filter(|request| request.many.is_some());
        let (Some(request), false) = (request, chunk.is_empty()) else {
            let mut outcomes = Vec::new();
            for op in chunk {
                outcomes.push(self.carry_out_one(op).await);
            }
            return outcomes;
        };
        let mut outcomes: Vec<Option<OperationOutcome>> = Vec::new();
        let mut items: Vec<Item> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for (index, op) in chunk.into_iter().enumerate() {
            let id = op.id.clone();
            match self.item(request, op).await {
                Ok(item) => {
                    places.push(index);
                    items.push(item);
                    outcomes.push(None);
                }
                Err(error) => outcomes.push(Some(OperationOutcome::new(id, Outcome::Rejected(error)))),
            }
        }
        if !items.is_empty() {
            let results = self.send_items(request, &items).await;
            for ((place, item), outcome) in places.into_iter().zip(items).zip(results) {
                if let Some(slot) = outcomes.get_mut(place) {
                    let outcome = OperationOutcome::new(item.id, outcome);
                    *slot = Some(if item.unmarked { outcome.without_marker() } else { outcome });
                }
            }
        }
        outcomes.into_iter().flatten().collect()
    }

    /// The fields of an operation, checked and hooked, with its key in its member.
    async fn item(&self, request: &Request, op: Operation) -> Result<Item> {
        self.client.hooks.validate(&self.client.hook_context(&self.name), &op.op)?;
        let fields = match &op.op {
            WriteOp::Create { fields, marker, .. } => {
                self.marked(fields, marker.as_ref().map(|marker| marker.as_str()))?
            }
            WriteOp::Update { key, patch, .. } => self.patched(request, key, patch).await?,
            _ => "{}".to_owned(),
        };
        self.checked(request, &fields)?;
        let fields = match op.op {
            WriteOp::Delete { .. } => fields,
            _ => self.hooked(&op.op, fields)?,
        };
        let key = op.op.key().cloned();
        let unmarked = self.is_unmarked(&op.op);
        let many = request.many.as_ref();
        let json = match (&key, many.and_then(|many| many.key_as.as_ref())) {
            (Some(key), Some(member)) => {
                let mut members = members(&fields)?;
                members.insert(member.clone(), quoted(key.as_str()));
                object(&members)
            }
            _ => fields,
        };
        Ok(Item { id: op.id, key, json, unmarked })
    }

    async fn send_items(&self, request: &Request, items: &[Item]) -> Vec<Outcome> {
        let records: Vec<String> = items.iter().map(|item| item.json.clone()).collect();
        let words = RequestWords {
            records,
            keys: items.iter().filter_map(|item| Some(item.key.as_ref()?.as_str().to_owned())).collect(),
            // The first operation's id stands for the request.
            operation: items.first().map(|item| item.id.as_str()),
            parents: self.parents.clone(),
            ..self.client.words()
        };
        let idempotent = request.is_idempotent(false);
        let response = match self.client.send(request, &words, false).await {
            Ok(response) => response,
            Err(error) => return items.iter().map(|_| outcome_of(repeated(&error), idempotent)).collect(),
        };
        let many = request.many.clone().unwrap_or_default();
        let results = response.text().ok().and_then(|text| results(text, &many.results));
        let none = |item: &Item| {
            let message = "the answer has no result for this record";
            let error = Error::new(ErrorKind::Decode, message).with_context("operation", item.id.as_str());
            outcome_of(error, idempotent)
        };
        match results {
            // No list at all: the request was accepted as a whole.
            None if many.results.is_none() => {
                items.iter().map(|item| Outcome::applied(item.key.clone())).collect()
            }
            None => items.iter().map(none).collect(),
            Some(results) => items
                .iter()
                .enumerate()
                .map(|(index, item)| match find(&many, &results, items.len(), index, item) {
                    Some(result) => self.outcome(&many, result, item),
                    None => none(item),
                })
                .collect(),
        }
    }

    fn outcome(&self, many: &Many, result: &str, item: &Item) -> Outcome {
        let failure = many.failed.as_ref().and_then(|at| json::at(result, at).ok().flatten());
        if failure.is_some_and(|raw| !matches!(raw.get(), "null" | "false" | "[]" | "{}" | "\"\"")) {
            let mut error = Error::new(ErrorKind::Rejected, "the provider refuses this record");
            if let Some(code) = many.code.as_ref().and_then(|at| text_at(result, at)) {
                error = error.with_code(tieline_kit::excerpt(&code, 64));
            }
            return Outcome::Rejected(error);
        }
        let id = text_at(result, many.id.as_deref().unwrap_or("/id"));
        let key = item.key.clone().or_else(|| Some(key_of_parts(&self.parents, &id?, &self.entity)));
        Outcome::applied(key)
    }
}

/// The items of the list of results.
fn results(text: &str, at: &Option<String>) -> Option<Vec<String>> {
    let raw = json::at(text, at.as_deref().unwrap_or_default()).ok().flatten()?;
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    Some(items.into_iter().map(|item| item.get().to_owned()).collect())
}

/// The result of an item: the one that names it, or by order when there is one for each.
fn find<'r>(many: &Many, results: &'r [String], count: usize, index: usize, item: &Item) -> Option<&'r str> {
    let Some(at) = &many.matched else {
        return (results.len() == count).then(|| results.get(index)).flatten().map(String::as_str);
    };
    let own = match &many.matched_as {
        Some(member) => text_at(&item.json, member)?,
        None => item.key.as_ref()?.as_str().to_owned(),
    };
    let mut found = results.iter().filter(|result| text_at(result, at).as_deref() == Some(own.as_str()));
    let first = found.next()?;
    // Two results for one record say nothing about it.
    found.next().is_none().then_some(first.as_str())
}

/// An error that many operations share.
fn repeated(error: &Error) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned()).with_resend(error.resend());
    if let Some(status) = error.status() {
        copy = copy.with_status(status);
    }
    if let Some(wait) = error.retry_after() {
        copy = copy.with_retry_after(wait);
    }
    copy.with_attempts(error.attempts())
}
