//! Notifications of Odoo's automation rules ("Send Webhook Notification", Odoo 17 and later), as hints: nothing is signed
//! and no header shows a secret, so that the unguessable address is all that speaks for them.
//!
//! Odoo sends after its commit, waits one second for a response, and never sends again.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::webhook::{
    Hint, Hints, ReceiveRequest, Verification, WebhookEvent, WebhookReceiver, WebhookRoute,
};
use tieline_core::{Error, ErrorKind, Key, Result};
use tieline_kit::path_token;

/// The longest name of a model.
const NAME: usize = 128;

/// The receiver of Odoo's notifications.
#[derive(Debug)]
pub(crate) struct Notifications;

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(rename = "_model", borrow)]
    model: &'a str,
    #[serde(rename = "_id")]
    id: u64,
}

impl WebhookReceiver for Notifications {
    fn route(&self, request: &http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        path_token(request)
    }

    fn verification(&self, _: &Value) -> Verification {
        Verification::Unsigned
    }

    /// The kind of change is not in it: a rule for deleted records sends the same. The lookup decides.
    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let unknown = || {
            Error::new(ErrorKind::Decode, "the delivery is no notification of an automation rule of Odoo's")
                .with_advice("choose the action \"Send Webhook Notification\" in the rule")
        };
        let notification: Notification<'_> =
            serde_json::from_slice(delivery.request.body()).map_err(|_| unknown())?;
        let model = notification.model;
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'_';
        if model.is_empty() || model.len() > NAME || !model.bytes().all(is_letter) || notification.id == 0 {
            return Err(unknown());
        }
        let hint = Hint::new(model, Some(Key::from(notification.id)));
        Ok(Hints::new(vec![hint]).into())
    }
}
