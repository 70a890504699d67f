//! What the description cannot say: the meaning of answers, what a write sends, and what an action left behind.

use serde::Deserialize;
use tieline_core::http::{Classification, HttpResponse, ResponseView};
use tieline_core::{Error, ErrorKind, Outcome, Patch, RawJson, Record, Resend, Result, WriteOp};
use tieline_kit::{HeadKey, outcome_of};
use tieline_rest::{HookContext, HookPatch, Hooks};

use crate::answers::classify;
use crate::draft::{Changes, creation};
use crate::fields::EntityFields;
use crate::job;
use crate::marker::Markers;
use crate::raw::Members;

/// The hooks of a connection.
#[derive(Clone, Debug)]
pub(crate) struct PipedriveHooks {
    markers: Markers,
}

impl PipedriveHooks {
    pub(crate) fn new(markers: Markers) -> Self {
        Self { markers }
    }
}

impl Hooks for PipedriveHooks {
    fn classify(&self, answer: &ResponseView<'_>, _: Classification) -> Classification {
        classify(answer).into()
    }

    fn body(&self, at: &HookContext, op: &WriteOp, body: RawJson) -> Result<RawJson> {
        match (op, EntityFields::named(at.entity.as_str())) {
            (WriteOp::Create { fields, marker, .. }, Some(entity)) => {
                let marker = match marker {
                    Some(marker) => self.markers.place(entity, marker.as_str())?,
                    None => None,
                };
                // The deal of a product line is in the address.
                let fields = if entity.name == "deal_products" { &body } else { fields };
                creation(entity, fields, marker).map(|body| RawJson::from_checked(body.as_str()))
            }
            (WriteOp::Invoke { key: Some(key), input, .. }, _) => {
                let given = Members::of(input.get()).unwrap_or_default();
                if given.get("merge_with_id") == Some(key.as_str()) {
                    return Err(Error::new(ErrorKind::Rejected, "a record cannot be merged with itself"));
                }
                Ok(body)
            }
            _ => Ok(body),
        }
    }

    fn patch(&self, at: &HookContext, patch: &Patch, current: Option<&Record>) -> Option<Result<HookPatch>> {
        let entity = EntityFields::named(at.entity.as_str())?;
        let changes = match Changes::of(entity, patch) {
            Ok(changes) => changes,
            Err(error) => return Some(Err(error)),
        };
        if current.is_none() && changes.needs_record() {
            return Some(Ok(HookPatch::of_record()));
        }
        let body = changes.body(current.map(|record| &record.payload));
        Some(body.map(|body| HookPatch::new(body.map(|body| RawJson::from_checked(body.as_str())))))
    }

    /// A conversion goes on at Pipedrive: its ticket says how to ask for it.
    fn outcome(&self, at: &HookContext, action: &str, response: &HttpResponse) -> Option<Outcome> {
        #[derive(Default, Deserialize)]
        struct Body {
            #[serde(default)]
            data: Data,
        }
        #[derive(Default, Deserialize)]
        struct Data {
            #[serde(default)]
            conversion_id: HeadKey,
        }
        if !action.starts_with("convert_to_") {
            return None;
        }
        let body: Body =
            response.text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Some(match (&at.key, body.data.conversion_id.0) {
            (Some(key), Some(conversion)) => {
                Outcome::accepted(job::ticket(at.entity.as_str(), key, &conversion))
            }
            _ => {
                let error = Error::new(ErrorKind::Decode, "Pipedrive's answer names no conversion");
                outcome_of(error.with_resend(Resend::IfIdempotent), false)
            }
        })
    }
}
