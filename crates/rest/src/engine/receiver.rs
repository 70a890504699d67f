//! Notifications, read by the webhooks of a description.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::webhook::{
    DeliveryId, Disconnected, Handshake, Hint, HintKind, Hints, Missed, ReceiveRequest, Records,
    Verification, WebhookEvent, WebhookReceiver, WebhookRoute,
};
use tieline_core::{Change, EntityChanges, EntityName, Error, ErrorKind, Key, Partition, Result, json};

use super::partitions::partition_of;
use super::reading::Reading;
use crate::description::{DeliveryPlace, Description, EventMeaning, EventRecord, KeyPart, Webhooks};
use crate::hooks::Hooks;

/// The most events of one delivery.
const MAX_EVENTS: usize = 10_000;

/// The receiver of a description.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    description: Arc<Description>,
    hooks: Arc<dyn Hooks>,
}

impl Receiver {
    /// `None` for a description without webhooks.
    pub(crate) fn new(description: &Arc<Description>, hooks: &Arc<dyn Hooks>) -> Option<Self> {
        description.webhooks.as_ref()?;
        Some(Self { description: Arc::clone(description), hooks: Arc::clone(hooks) })
    }

    fn webhooks(&self) -> Result<&Webhooks> {
        let missing = || Error::new(ErrorKind::Unsupported, "the description has no webhooks");
        self.description.webhooks.as_ref().ok_or_else(missing)
    }

    /// Whether the content of a connection's deliveries is signed, so that an id in it identifies them.
    fn signs_body(&self, config: &Value) -> bool {
        matches!(self.verification(config), Verification::Signature(scheme) if scheme.covers_body())
    }
}

impl WebhookReceiver for Receiver {
    fn route(&self, request: &http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        let webhooks = self.webhooks()?;
        let Some(place) = &webhooks.account else {
            // One address for each connection: its last segment is the token that the host made.
            return tieline_kit::path_token(request);
        };
        if let Some(echo) = &webhooks.echo
            && value_at(request, text_of(request).unwrap_or_default(), echo).is_some()
        {
            return Ok(vec![WebhookRoute::App]);
        }
        let body = text_of(request)?;
        let mut routes: Vec<WebhookRoute> = Vec::new();
        for event in events(webhooks, body)? {
            let account = value_at(request, event, place).or_else(|| value_at(request, body, place));
            let route = WebhookRoute::Account(
                account.ok_or_else(|| unreadable("a delivery names no account"))?.as_str().into(),
            );
            if !routes.contains(&route) {
                routes.push(route);
            }
        }
        Ok(routes)
    }

    fn verification(&self, config: &Value) -> Verification {
        let Some(webhooks) = &self.description.webhooks else { return Verification::Unsigned };
        let unsigned = webhooks.unsigned_if.iter().any(|(setting, value)| {
            let given = config.get(setting);
            given.is_some_and(|given| {
                given.as_str().map_or_else(|| given.to_string(), str::to_owned) == *value
            })
        });
        if unsigned { Verification::Unsigned } else { webhooks.verify.clone() }
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        if let Some(event) = self.hooks.receive(delivery) {
            return event;
        }
        let webhooks = self.webhooks()?;
        let request = delivery.request;
        if let Some(echo) = &webhooks.echo
            && let Some(challenge) = value_at(request, text_of(request).unwrap_or_default(), echo)
        {
            return Ok(WebhookEvent::Handshake(Handshake::echo(challenge)?));
        }
        let body = text_of(request)?;
        let signed = self.signs_body(delivery.config);
        let id = webhooks.id.as_ref().and_then(|place| {
            let id = value_at(request, body, place)?;
            Some(match place {
                DeliveryPlace::Body(_) if signed => DeliveryId::signed(id.as_str()),
                _ => DeliveryId::unsigned(id.as_str()),
            })
        });
        let mut hints: Vec<Hint> = Vec::new();
        let mut records: Vec<EntityChanges> = Vec::new();
        let mut special = None;
        for event in events(webhooks, body)? {
            let name = webhooks.event.as_ref().map(|place| {
                value_at(request, event, place).or_else(|| value_at(request, body, place)).unwrap_or_default()
            });
            let name = name.unwrap_or_default();
            let meaning = webhooks.events.iter().find(|(pattern, _)| fits(pattern, &name));
            match meaning.map(|(_, meaning)| meaning) {
                Some(EventMeaning::Record(record)) if record.record.is_some() => {
                    records.push(self.changes(record, event)?);
                }
                Some(EventMeaning::Record(record)) => {
                    let hint = self.hint(record, event)?;
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                Some(EventMeaning::Disconnected) => {
                    let account = webhooks.account.as_ref().and_then(|place| value_at(request, event, place));
                    special = Some(WebhookEvent::Disconnected(Disconnected::new(
                        account.map(|account| account.as_str().into()),
                    )));
                }
                Some(EventMeaning::Missed) => special = Some(WebhookEvent::Missed(Missed::new(None))),
                Some(EventMeaning::Nothing) | None => {}
            }
        }
        if let Some(special) = special {
            return Ok(special);
        }
        // A delivery has records or hints; what is both is looked up as well.
        if !records.is_empty() && hints.is_empty() {
            return Ok(Records::new(records).with_id(id).into());
        }
        if hints.is_empty() {
            return Ok(WebhookEvent::Nothing);
        }
        Ok(Hints::new(hints).with_id(id).into())
    }
}

impl Receiver {
    fn hint(&self, record: &EventRecord, event: &str) -> Result<Hint> {
        let at = |pointer: &Option<String>| pointer.as_ref().and_then(|pointer| scalar_at(event, pointer));
        let parent = at(&record.parent);
        let key = match (&record.key, at(&record.key)) {
            (None, _) => None,
            (Some(_), None) => return Err(unreadable("an event names no record")),
            (Some(_), Some(id)) => Some(self.key(&record.entity, parent.as_deref(), &id)?),
        };
        let into = match at(&record.into) {
            Some(into) => Some(self.key(&record.entity, parent.as_deref(), &into)?),
            None => None,
        };
        let mut hint =
            Hint::new(EntityName::new(&record.entity), key).with_partition(self.partition(record, parent));
        hint = match into {
            Some(into) => hint.with_kind(HintKind::Merged(into)),
            None if record.deleted => hint.with_kind(HintKind::Deleted),
            None => hint,
        };
        Ok(match at(&record.changed) {
            Some(changed) => hint.with_changed_at(changed.as_str()),
            None => hint,
        })
    }

    /// The part of a child entity: its parent.
    fn partition(&self, record: &EventRecord, parent: Option<String>) -> Option<Partition> {
        let own = self.description.entity(&record.entity)?.parent.as_ref()?;
        (own.group == 1).then(|| parent.map(|parent| partition_of(&[parent]))).flatten()
    }

    fn key(&self, entity: &str, parent: Option<&str>, id: &str) -> Result<Key> {
        let parts =
            self.description.entity(entity).map(|entity| entity.walk.key.as_slice()).unwrap_or_default();
        if parts.len() <= 1 {
            return Ok(Key::new(id));
        }
        let parent = parent.ok_or_else(|| unreadable("an event names no parent of its record"))?;
        let parts: Vec<&str> =
            parts.iter().map(|part| if *part == KeyPart::Parent { parent } else { id }).collect();
        Ok(Key::from_parts(&parts))
    }

    /// The record that a delivery holds.
    fn changes(&self, record: &EventRecord, event: &str) -> Result<EntityChanges> {
        let place = record.record.as_deref().unwrap_or_default();
        let raw = json::at(event, place)?.ok_or_else(|| unreadable("an event has no record"))?;
        let entity =
            self.description.entity(&record.entity).ok_or_else(|| unreadable("an event is of no entity"))?;
        let parent = record.parent.as_ref().and_then(|pointer| scalar_at(event, pointer));
        let zone = self.description.zone.as_deref().and_then(|zone| zone.parse().ok());
        let reading = Reading::of_records(&entity.walk, zone)?.for_one();
        let parents: Vec<String> = parent.into_iter().collect();
        let read = reading.read(&record.entity, raw.get(), &parents, crate::description::Decode::Json)?;
        let changes: Vec<Change> = match record.deleted {
            false => read.changes,
            true => read
                .changes
                .iter()
                .map(|change| Change::Delete(tieline_core::Deletion::new(change.key().clone())))
                .collect(),
        };
        Ok(EntityChanges::new(EntityName::new(&record.entity), changes))
    }
}

fn unreadable(message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message)
        .with_advice("compare the webhooks of the description with the provider's documentation")
}

fn text_of(request: &http::Request<Bytes>) -> Result<&str> {
    std::str::from_utf8(request.body()).map_err(|_| unreadable("the body of a delivery is not UTF-8"))
}

/// The events of a body: itself, or the items of its list.
fn events<'b>(webhooks: &Webhooks, body: &'b str) -> Result<Vec<&'b str>> {
    let Some(items) = &webhooks.items else {
        let whole: std::result::Result<&RawValue, _> = serde_json::from_str(body);
        return whole.map(|_| vec![body]).map_err(|_| unreadable("the body of a delivery is not valid JSON"));
    };
    let list = json::at(body, items)?.ok_or_else(|| unreadable("a delivery has no list of events"))?;
    let events: Vec<&RawValue> =
        serde_json::from_str(list.get()).map_err(|_| unreadable("the events of a delivery are no list"))?;
    if events.len() > MAX_EVENTS {
        return Err(unreadable("a delivery has too many events"));
    }
    Ok(events.into_iter().map(RawValue::get).collect())
}

fn value_at(request: &http::Request<Bytes>, event: &str, place: &DeliveryPlace) -> Option<String> {
    let found = match place {
        DeliveryPlace::Body(pointer) => scalar_at(event, pointer)?,
        DeliveryPlace::Header(name) => request.headers().get(name)?.to_str().ok()?.to_owned(),
        DeliveryPlace::Query(name) => url::form_urlencoded::parse(request.uri().query()?.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())?,
    };
    Some(found).filter(|text| !text.is_empty())
}

fn scalar_at(event: &str, pointer: &str) -> Option<String> {
    super::fields::text_at(event, pointer)
}

/// Whether a name fits a pattern in which `*` is any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(first) = pieces.next() else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece).and_then(|at| rest.get(at + piece.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, wanted) in [
            ("*", "", true),
            ("contact_*", "contact_created", true),
            ("contact_*", "contacts", false),
            ("*.deleted", "deal.deleted", true),
            ("a*b*c", "axbyc", true),
            ("a*b*c", "acb", false),
            ("deal", "deal", true),
            ("deal", "deals", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
