//! Writing: each operation is checked, sent and judged alone, in order.

use std::sync::Arc;

use http::Method;
use tieline_core::http::HttpResponse;
use tieline_core::{
    Change, Error, ErrorKind, Key, Lookup, Outcome, OutcomeStream, Patch, RawJson, Record, Result, Text,
    WriteOp, WriteRequest,
};
use tieline_kit::{Call, Done, excerpt, instant, outcome_of, outcomes};

use crate::connector::Api;
use crate::draft::{Changes, creation};
use crate::endpoints::Endpoint;
use crate::marker::Markers;
use crate::slot::refused;
use crate::writable::Writes;
use crate::{action, lookup};

/// Begins a write. Nothing is sent before the stream is polled.
pub(crate) fn write(
    api: Api,
    markers: Arc<Markers>,
    endpoint: &'static Endpoint,
    request: WriteRequest,
) -> Result<OutcomeStream> {
    let Some(writes) = endpoint.writes else {
        return Err(Error::unsupported(format!("writing Pipedrive {}", endpoint.name)));
    };
    let writer = Writer { api, markers, endpoint, writes };
    Ok(outcomes(request.operations, move |operation| {
        let writer = writer.clone();
        async move { writer.carry_out(operation.op).await }
    }))
}

#[derive(Clone)]
struct Writer {
    api: Api,
    markers: Arc<Markers>,
    endpoint: &'static Endpoint,
    writes: &'static Writes,
}

/// An outcome that ends an operation early is the error of these steps.
type Step = Result<Outcome, Outcome>;

impl Writer {
    async fn carry_out(&self, op: WriteOp) -> Done {
        let mut unmarked = false;
        let ended = match op {
            WriteOp::Create { fields, marker, .. } => {
                unmarked = marker.is_some() && self.markers.code(self.endpoint).is_none();
                self.create(&fields, marker.filter(|_| !unmarked).as_ref()).await
            }
            WriteOp::Update { key, patch, if_version, .. } => {
                self.update(key, &patch, if_version.as_ref()).await
            }
            WriteOp::Delete { key, .. } => self.delete(key).await,
            WriteOp::Invoke { action, key, input, .. } => self.invoke(&action, key, &input).await,
            _ => Err(Outcome::Rejected(Error::unsupported("this kind of operation"))),
        };
        let outcome = ended.unwrap_or_else(|early| early);
        if unmarked { Done::without_marker(outcome) } else { outcome.into() }
    }

    async fn create(&self, fields: &RawJson, marker: Option<&Text>) -> Step {
        let marker = marker
            .map(|marker| self.markers.place(self.endpoint, marker.as_str()))
            .transpose()
            .map_err(Outcome::Rejected)?
            .flatten();
        let body = creation(self.endpoint, self.writes, fields, marker).map_err(Outcome::Rejected)?;
        let call = Call::new(Method::POST, self.endpoint.list)
            .entity(self.endpoint.name)
            .json(body)
            .cost(self.writes.create_cost);
        let answer = self.send(call, false).await?;
        match lookup::record(self.endpoint, &answer) {
            Ok(Some(Change::Upsert(record))) => Ok(applied(record)),
            // It was made, or so it seems. Which one it is, only its marker tells.
            _ => Ok(outcome_of(self.unreadable("the record that was created"), false)),
        }
    }

    async fn update(&self, key: Key, patch: &Patch, if_version: Option<&Text>) -> Step {
        self.fits(&key)?;
        let changes = Changes::of(self.endpoint, self.writes, patch).map_err(Outcome::Rejected)?;
        if patch.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let mut current = None;
        if changes.needs_record() || if_version.is_some() {
            let record = self.current(&key).await?;
            if if_version.is_some_and(|wanted| !is_version(&record, wanted)) {
                return Ok(Outcome::conflict(Some(Box::new(record))));
            }
            current = Some(record);
        }
        let body = changes.body(current.as_ref().map(|record| &record.payload)).map_err(Outcome::Rejected)?;
        let Some(body) = body else { return Ok(Outcome::Unchanged) };
        let method = if self.writes.by_put { Method::PUT } else { Method::PATCH };
        // It sets whole fields, so that doing it twice does no harm.
        let call = Call::new(method, self.endpoint.get)
            .entity(self.endpoint.name)
            .value(&key)
            .json(body)
            .idempotent(true)
            .cost(self.writes.update_cost);
        // Carried out again from the beginning, a conditional one would meet the version that it made itself.
        let repeatable = if_version.is_none();
        let answer = self.send(call, repeatable).await?;
        match lookup::record(self.endpoint, &answer) {
            Ok(Some(Change::Upsert(record))) => Ok(applied(record)),
            _ => Ok(outcome_of(self.unreadable("the record that was updated"), repeatable)),
        }
    }

    /// What is gone already needs no delete: Pipedrive says 404, also to the second of two that were sent because the
    /// answer to the first was lost.
    async fn delete(&self, key: Key) -> Step {
        self.fits(&key)?;
        let call = Call::new(Method::DELETE, self.endpoint.get)
            .entity(self.endpoint.name)
            .value(&key)
            .cost(self.writes.delete_cost);
        match self.api.send(call).await {
            Ok(_) => Ok(Outcome::applied(Some(key))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Outcome::Unchanged),
            Err(error) => Ok(self.failed(error, true)),
        }
    }

    async fn invoke(&self, name: &Text, key: Option<Key>, input: &RawJson) -> Step {
        let action = action::named(self.endpoint, name.as_str()).map_err(Outcome::Rejected)?;
        let key = key.ok_or_else(|| {
            Outcome::Rejected(
                refused(self.endpoint, format!("{:?} is done to a record", action.name))
                    .with_advice("give its key"),
            )
        })?;
        self.fits(&key)?;
        let call = action.call(self.endpoint, &key, input).map_err(Outcome::Rejected)?;
        let answer = self.send(call, false).await?;
        Ok(action
            .outcome(self.endpoint, key, &answer)
            .unwrap_or_else(|| outcome_of(self.unreadable("the result of the action"), false)))
    }

    /// The record as it is, for an update that depends on it.
    async fn current(&self, key: &Key) -> Result<Record, Outcome> {
        let gone = |kind, what: &'static str| {
            let error = Error::new(kind, what).with_context("entity", self.endpoint.name);
            Outcome::Rejected(error.with_context("key", key))
        };
        match lookup::one(&self.api, self.endpoint, key).await {
            Ok(Lookup::Record(record)) => Ok(record),
            Ok(Lookup::Forbidden(_)) => {
                Err(gone(ErrorKind::Forbidden, "this Pipedrive user may not see the record"))
            }
            Ok(_) => Err(gone(ErrorKind::NotFound, "the record is not there, or was deleted")),
            Err(error) => Err(outcome_of(error, true)),
        }
    }

    async fn send(&self, call: Call, idempotent: bool) -> Result<HttpResponse, Outcome> {
        self.api.send(call).await.map_err(|error| self.failed(error, idempotent))
    }

    fn failed(&self, error: Error, idempotent: bool) -> Outcome {
        outcome_of(error.with_context("entity", self.endpoint.name), idempotent)
    }

    fn fits(&self, key: &Key) -> Result<(), Outcome> {
        if self.endpoint.fits(key.as_str()) {
            return Ok(());
        }
        let shown = excerpt(key.as_str(), 64);
        Err(Outcome::Rejected(refused(
            self.endpoint,
            format!("{shown:?} is no key of {}", self.endpoint.name),
        )))
    }

    fn unreadable(&self, what: &str) -> Error {
        Error::new(ErrorKind::Decode, format!("Pipedrive's answer does not hold {what}"))
            .with_context("entity", self.endpoint.name)
    }
}

fn applied(record: Record) -> Outcome {
    Outcome::applied(Some(record.key.clone())).with_record(record)
}

/// Whether the record has that version: the same time of change, however it is written.
fn is_version(record: &Record, wanted: &Text) -> bool {
    record.version.as_ref().is_some_and(|version| {
        version == wanted
            || matches!((instant(version.as_str()), instant(wanted.as_str())), (Some(one), Some(other)) if one == other)
    })
}
