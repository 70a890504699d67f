//! Notifications of Pipedrive, versions 1 and 2, as hints: they carry the password of HTTP Basic and no signature.
//!
//! Source: <https://pipedrive.readme.io/docs/guide-for-webhooks-v2> and
//! <https://pipedrive.readme.io/docs/guide-for-webhooks>.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::webhook::{
    DeliveryId, Hint, HintKind, Hints, ReceiveRequest, Verification, WebhookEvent, WebhookReceiver,
    WebhookRoute,
};
use tieline_core::{EntityName, Error, ErrorKind, Result};
use tieline_kit::{HeadKey, HeadText, path_token};

/// The most notifications that one delivery may hold.
const BATCH: usize = 1_000;

/// The receiver of Pipedrive's notifications.
#[derive(Debug)]
pub(crate) struct Notifications;

impl WebhookReceiver for Notifications {
    fn route(&self, request: &http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        path_token(request)
    }

    fn verification(&self, _: &Value) -> Verification {
        Verification::Named(Cow::Borrowed("pipedrive"))
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let body = delivery.request.body();
        let notifications: Vec<Notification<'_>> =
            if body.trim_ascii_start().starts_with(b"[") { read(body)? } else { vec![read(body)?] };
        if notifications.len() > BATCH {
            return Err(Error::new(ErrorKind::Decode, "a delivery holds too many notifications")
                .with_context("limit", BATCH));
        }
        let hints: Vec<Hint> = notifications
            .iter()
            .map(Notification::hint)
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        if hints.is_empty() {
            return Ok(WebhookEvent::Nothing);
        }
        let id = match notifications.as_slice() {
            [one] => one.meta.id_of_delivery().map(DeliveryId::unsigned),
            _ => None,
        };
        Ok(Hints::new(hints).with_id(id).into())
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|_| unknown_form())
}

fn unknown_form() -> Error {
    Error::new(ErrorKind::Decode, "the delivery is no notification of Pipedrive's in version 1 or 2")
        .with_advice("look at the webhook in Pipedrive: a newer version may be chosen there")
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
    /// The record in version 2.
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    /// The record in version 1.
    #[serde(default, borrow)]
    current: Option<&'a RawValue>,
    #[serde(default, borrow)]
    previous: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(default, borrow)]
    action: HeadText<'a>,
    /// The kind of record in version 2.
    #[serde(default, borrow)]
    entity: HeadText<'a>,
    /// The kind of record in version 1.
    #[serde(default, borrow)]
    object: HeadText<'a>,
    #[serde(default)]
    entity_id: HeadKey,
    /// The delivery in version 2, the record in version 1.
    #[serde(default)]
    id: HeadKey,
    #[serde(default)]
    merged_to_id: HeadKey,
}

#[derive(Default, Deserialize)]
struct Head<'a> {
    #[serde(default)]
    id: HeadKey,
    #[serde(default, borrow)]
    update_time: HeadText<'a>,
    #[serde(default)]
    merged_to_id: HeadKey,
}

impl Meta<'_> {
    fn is_first_version(&self) -> bool {
        self.entity.get().is_none()
    }

    fn id_of_delivery(&self) -> Option<&str> {
        if self.is_first_version() { None } else { self.id.0.as_ref().map(|id| id.as_str()) }
    }
}

impl Notification<'_> {
    /// `None` for a kind of record that the connector does not read.
    fn hint(&self) -> Result<Option<Hint>> {
        let meta = &self.meta;
        let object = meta.entity.get().or(meta.object.get()).ok_or_else(unknown_form)?;
        let action = meta.action.get().ok_or_else(unknown_form)?;
        let Some(entity) = entity(object) else { return Ok(None) };
        let record = head(if meta.is_first_version() { self.current } else { self.data });
        let before = head(self.previous);
        let in_meta = if meta.is_first_version() { &meta.id } else { &meta.entity_id };
        let key = [in_meta, &record.id, &before.id].into_iter().find_map(|id| id.0.clone());
        let key = key.ok_or_else(unknown_form)?;
        let winner = [&meta.merged_to_id, &record.merged_to_id, &before.merged_to_id]
            .into_iter()
            .find_map(|id| id.0.clone())
            .filter(|winner| *winner != key);
        let kind = match (action, winner) {
            ("merged" | "merge" | "deleted" | "delete", Some(winner)) => HintKind::Merged(winner),
            ("merged" | "merge" | "deleted" | "delete", None) => HintKind::Deleted,
            ("create" | "change" | "added" | "updated", _) => HintKind::Changed,
            // An action that is new: the lookup decides.
            _ => HintKind::Changed,
        };
        let hint = Hint::new(entity, Some(key)).with_kind(kind);
        // The times of version 1 are written in another way than those of records.
        Ok(Some(match record.update_time.get() {
            Some(time) if !meta.is_first_version() => hint.with_changed_at(time),
            _ => hint,
        }))
    }
}

/// The head of a record, or of the first of a list: those of users are in one.
fn head(record: Option<&RawValue>) -> Head<'_> {
    let Some(record) = record else { return Head::default() };
    if record.get().starts_with('[') {
        let list: Vec<Head<'_>> = serde_json::from_str(record.get()).unwrap_or_default();
        return list.into_iter().next().unwrap_or_default();
    }
    serde_json::from_str(record.get()).unwrap_or_default()
}

/// The entity of a kind of record: notifications name one record, entities many.
fn entity(object: &str) -> Option<EntityName> {
    let name = match object {
        "activity" => "activities",
        "deal" => "deals",
        "lead" => "leads",
        "note" => "notes",
        "organization" => "organizations",
        "person" => "persons",
        "pipeline" => "pipelines",
        "product" => "products",
        "stage" => "stages",
        "user" => "users",
        _ => return None,
    };
    Some(EntityName::from_static(name))
}
