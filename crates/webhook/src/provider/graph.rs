//! Microsoft Graph: a `clientState` in each notification, which the subscription set.

use secrecy::ExposeSecret;
use serde::Deserialize;
use tieline_core::webhook::ReceiveRequest;

use crate::once::{json, parameter};
use crate::token::is_in_force;
use crate::{Refusal, Trust, Verified};

#[derive(Deserialize)]
struct Notifications {
    value: Vec<Notification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    client_state: Option<String>,
}

/// All notifications of a delivery must have a state in force. The request that proves the address has a
/// `validationToken` and no body, and only its handshake may be answered.
pub(crate) fn verify(delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
    let body = delivery.request.body();
    if body.is_empty() && parameter(delivery.url, "validationToken").is_some() {
        return Ok(Verified::new(Trust::Handshake));
    }
    if delivery.secrets.iter().all(|secret| secret.expose_secret().is_empty()) {
        return Err(Refusal::NoSecret);
    }
    let notifications: Notifications = json(body)?;
    let states = notifications.value.iter().map(|one| one.client_state.as_deref().unwrap_or_default());
    let all = !notifications.value.is_empty()
        && states.fold(true, |all, state| all & is_in_force(state.as_bytes(), delivery.secrets));
    if all { Ok(Verified::new(Trust::Hint)) } else { Err(Refusal::Token) }
}
