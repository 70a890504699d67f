//! Events about a message that was edited or deleted: they name it below themselves and carry a time of their own.

use serde::Deserialize;
use tieline_core::webhook::{DeliveryId, Hint, HintKind, Hints, ReceiveRequest, WebhookEvent};
use tieline_core::{Key, Partition, Result};
use tieline_rest::Hooks;

#[derive(Deserialize)]
struct Delivery {
    event_id: Option<String>,
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    subtype: Option<String>,
    channel: String,
    message: Option<Message>,
    deleted_ts: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    ts: String,
}

/// Slack's hook: an edit or deletion of a message is about that message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlackHooks;

impl Hooks for SlackHooks {
    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Option<Result<WebhookEvent>> {
        let found: Delivery = serde_json::from_slice(delivery.request.body()).ok()?;
        let event = found.event;
        let (ts, kind) = match (event.kind.as_str(), event.subtype.as_deref()) {
            ("message", Some("message_changed")) => (event.message?.ts, None),
            ("message", Some("message_deleted")) => (event.deleted_ts?, Some(HintKind::Deleted)),
            _ => return None,
        };
        let key = Key::from_parts([event.channel.as_str(), ts.as_str()]);
        let partition = Partition::new(Key::from_parts([event.channel.as_str()]).as_str());
        let hint = Hint::new("messages", Some(key)).with_partition(Some(partition));
        let hint = match kind {
            Some(kind) => hint.with_kind(kind),
            None => hint,
        };
        let id = found.event_id.map(DeliveryId::signed);
        Some(Ok(Hints::new(vec![hint]).with_id(id).into()))
    }
}
