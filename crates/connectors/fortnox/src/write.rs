//! Writing: each operation is checked, sent and judged alone, in order.

use http::Method;
use tieline_core::http::HttpResponse;
use tieline_core::{
    Error, ErrorKind, Key, Outcome, OutcomeStream, Patch, RawJson, Record, Result, Text, WriteOp,
    WriteRequest,
};
use tieline_kit::{Call, Done, excerpt, outcome_of, outcomes};

use crate::connector::Api;
use crate::draft::{self, refused};
use crate::endpoints::Endpoint;
use crate::lookup::is_missing;
use crate::{action, list, rows};

/// Begins a write. Nothing is sent before the stream is polled.
pub(crate) fn write(api: Api, endpoint: &'static Endpoint, request: WriteRequest) -> Result<OutcomeStream> {
    if !endpoint.create {
        return Err(Error::unsupported(format!("writing Fortnox {}", endpoint.name)));
    }
    let writer = Writer { api, endpoint };
    Ok(outcomes(request.operations, move |operation| {
        let writer = writer.clone();
        async move { writer.carry_out(operation.op).await }
    }))
}

#[derive(Clone)]
struct Writer {
    api: Api,
    endpoint: &'static Endpoint,
}

/// An outcome that ends an operation early is the error of these steps.
type Step = Result<Outcome, Outcome>;

impl Writer {
    async fn carry_out(&self, op: WriteOp) -> Done {
        let mut unmarked = false;
        let ended = match op {
            WriteOp::Create { fields, marker, .. } => {
                unmarked = marker.is_some() && self.endpoint.marker.is_none();
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
        let body =
            draft::creation(self.endpoint, fields, marker.map(Text::as_str)).map_err(Outcome::Rejected)?;
        let call = Call::new(Method::POST, self.endpoint.list)
            .entity(self.endpoint.name)
            .query_some("financialyear", body.year.as_deref())
            .json(body.json);
        let answer = self.send(call, false).await?;
        // Without its key it was made, or so it seems. Which one it is, only its marker tells.
        Ok(self
            .written(&answer)
            .unwrap_or_else(|| outcome_of(self.unreadable("the record that was created"), false)))
    }

    async fn update(&self, key: Key, patch: &Patch, if_version: Option<&Text>) -> Step {
        if !self.endpoint.update {
            let error = Error::unsupported(format!("updating Fortnox {}", self.endpoint.name));
            return Ok(Outcome::Rejected(error.with_advice("correct one with another, as bookkeeping does")));
        }
        if if_version.is_some() {
            return Ok(Outcome::Rejected(
                refused(self.endpoint, "Fortnox counts no versions of a record".to_owned())
                    .with_advice("compare the record yourself, and update it without a version"),
            ));
        }
        let Some(body) = draft::update(self.endpoint, patch).map_err(Outcome::Rejected)? else {
            return Ok(Outcome::Unchanged);
        };
        // It sets whole fields, so that doing it twice does no harm.
        let json = match rows::prepared(&self.api, self.endpoint, &key, body.json).await {
            Ok(json) => json,
            Err(error) => return Ok(self.failed(error, true)),
        };
        let call = self.at(Method::PUT, &key)?.json(json).idempotent(true);
        let answer = self.send(call, true).await?;
        Ok(match self.written(&answer) {
            Some(Outcome::Applied { record, .. }) => {
                let done = Outcome::applied(Some(key.clone()));
                match record {
                    Some(mut record) => {
                        record.key = key;
                        done.with_record(record)
                    }
                    None => done,
                }
            }
            _ => outcome_of(self.unreadable("the record that was updated"), true),
        })
    }

    /// What is gone already needs no delete.
    async fn delete(&self, key: Key) -> Step {
        if !self.endpoint.delete {
            let error = Error::unsupported(format!("deleting Fortnox {}", self.endpoint.name));
            let advice = "what was booked stays: invoke \"cancel\" or \"credit\" where there is one";
            return Ok(Outcome::Rejected(error.with_advice(advice)));
        }
        match self.api.send(self.at(Method::DELETE, &key)?).await {
            Ok(_) => Ok(Outcome::applied(Some(key))),
            Err(error) if is_missing(self.endpoint, &error) => Ok(Outcome::Unchanged),
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
        let call = action.call(self.endpoint, &key, input).map_err(Outcome::Rejected)?;
        let answer = self.send(call, false).await?;
        Ok(answer
            .text()
            .ok()
            .and_then(|text| action.outcome(key, text))
            .unwrap_or_else(|| outcome_of(action.unreadable(self.endpoint), false)))
    }

    /// The record that an answer holds.
    fn written(&self, answer: &HttpResponse) -> Option<Outcome> {
        let raw = list::record(self.endpoint, answer.text().ok()?).ok()?;
        let key = self.endpoint.key_of(raw.get())?;
        let record = Record::new(key.clone(), RawJson::from_raw(raw));
        Some(Outcome::applied(Some(key)).with_record(record))
    }

    fn at(&self, method: Method, key: &Key) -> Result<Call, Outcome> {
        self.endpoint.at(method, self.endpoint.get, key.as_str()).ok_or_else(|| {
            let shown = excerpt(key.as_str(), 64);
            Outcome::Rejected(refused(
                self.endpoint,
                format!("{shown:?} is no key of {}", self.endpoint.name),
            ))
        })
    }

    async fn send(&self, call: Call, idempotent: bool) -> Result<HttpResponse, Outcome> {
        self.api.send(call).await.map_err(|error| self.failed(error, idempotent))
    }

    fn failed(&self, error: Error, idempotent: bool) -> Outcome {
        outcome_of(error.with_context("entity", self.endpoint.name), idempotent)
    }

    fn unreadable(&self, what: &str) -> Error {
        Error::new(ErrorKind::Decode, format!("Fortnox's answer does not hold {what}"))
            .with_context("entity", self.endpoint.name)
    }
}
