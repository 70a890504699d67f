//! Conversions under way: their tickets and outcomes.

use serde::Deserialize;
use tieline_core::{Error, ErrorKind, Key, Outcome, OutcomeStream, PollRequest, Resend, Result, Text};
use tieline_kit::{Call, HeadKey, excerpt, outcomes};
use tieline_rest::description::KeyForm;

use crate::connector::Api;

/// The ticket of a conversion that was begun.
pub(crate) fn ticket(entity: &str, key: &Key, conversion: &Key) -> Text {
    Text::new(format!("{entity}/{key}/{conversion}"))
}

/// A conversion under way.
#[derive(Clone)]
struct Job {
    path: &'static str,
    entity: &'static str,
    key: String,
    id: String,
    ticket: Text,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    lead_id: HeadKey,
    #[serde(default)]
    deal_id: HeadKey,
}

/// Asks how a conversion goes.
pub(crate) fn poll(api: Api, request: PollRequest) -> Result<OutcomeStream> {
    let job = Job::of(&request.ticket).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("{:?} is no ticket of Pipedrive", excerpt(request.ticket.as_str(), 80)),
        )
        .with_advice("give the ticket of an accepted operation as it came")
    })?;
    Ok(outcomes(request.operations, move |_| {
        let (api, job) = (api.clone(), job.clone());
        async move { job.ask(&api).await }
    }))
}

impl Job {
    fn of(ticket: &Text) -> Option<Self> {
        let mut parts = ticket.as_str().split('/');
        let (entity, key, id) = (parts.next()?, parts.next()?, parts.next()?);
        let (entity, form, path) = match entity {
            "deals" => ("deals", KeyForm::Integer, "/api/v2/deals/{id}/convert/status/{conversion_id}"),
            "leads" => ("leads", KeyForm::Uuid, "/api/v2/leads/{id}/convert/status/{conversion_id}"),
            _ => return None,
        };
        let plain = id.len() <= 64
            && !id.is_empty()
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (plain && form.fits(key) && parts.next().is_none()).then(|| Self {
            path,
            entity,
            key: key.to_owned(),
            id: id.to_owned(),
            ticket: ticket.clone(),
        })
    }

    /// A conversion is never begun anew because asking for it failed: it stays accepted, or becomes a question.
    async fn ask(&self, api: &Api) -> Outcome {
        let accepted = || Outcome::accepted(self.ticket.clone());
        let about = |error: Error| error.with_context("entity", self.entity).with_context("key", &self.key);
        let answer = match api.send(Call::get(self.path).value(&self.key).value(&self.id)).await {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Outcome::Unknown(about(error.with_advice(
                    "Pipedrive forgets a conversion after some days: look whether the record was converted",
                )));
            }
            Err(error) if error.resend() == Resend::Never && error.kind() != ErrorKind::Unauthenticated => {
                return Outcome::Unknown(about(error));
            }
            Err(_) => return accepted(),
        };
        #[derive(Deserialize)]
        struct Body {
            data: Status,
        }
        let status =
            answer.text().ok().and_then(|text| serde_json::from_str::<Body>(text).ok()).map(|body| body.data);
        let word = status.as_ref().and_then(|status| status.status.as_deref()).unwrap_or_default();
        match (word, &status) {
            ("completed", Some(status)) => {
                Outcome::applied(status.lead_id.0.clone().or_else(|| status.deal_id.0.clone()))
            }
            ("not_started" | "running", _) => accepted(),
            ("failed" | "rejected", _) => Outcome::Rejected(about(
                Error::new(ErrorKind::Rejected, "Pipedrive did not convert the record")
                    .with_context("status", word),
            )),
            _ => Outcome::Unknown(about(Error::new(
                ErrorKind::Decode,
                "Pipedrive's answer does not say how the conversion goes",
            ))),
        }
    }
}
