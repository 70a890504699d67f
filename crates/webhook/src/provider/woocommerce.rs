//! WooCommerce: a signature over the body, and an unsigned ping when a webhook is made.

use http::header::HeaderName;
use tieline_core::webhook::ReceiveRequest;

use crate::signature::Signature;
use crate::verifier::verified;
use crate::{Refusal, Trust, Verified};

/// The ping is a form of one number; it may be answered and says nothing.
pub(crate) fn verify(scheme: &Signature, delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
    let number = delivery.request.body().strip_prefix(b"webhook_id=");
    let is_ping = number.is_some_and(|number| {
        !number.is_empty() && number.len() <= 20 && number.iter().all(u8::is_ascii_digit)
    });
    let signature = HeaderName::from_static("x-wc-webhook-signature");
    if is_ping && !delivery.request.headers().contains_key(signature) {
        return Ok(Verified::new(Trust::Handshake));
    }
    scheme.verify(delivery).map(verified)
}
