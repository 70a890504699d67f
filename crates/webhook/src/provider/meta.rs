//! Meta (WhatsApp, Messenger, Instagram): a signature over the body, and a handshake by GET.

use http::Method;
use tieline_core::webhook::ReceiveRequest;

use crate::once::parameter;
use crate::signature::Signature;
use crate::token::is_in_force;
use crate::verifier::verified;
use crate::{Refusal, Trust, Verified};

/// A GET is the handshake: its verify token is one of the secrets.
pub(crate) fn verify(scheme: &Signature, delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
    if delivery.request.method() != Method::GET {
        return scheme.verify(delivery).map(verified);
    }
    let token = parameter(delivery.url, "hub.verify_token").ok_or(Refusal::Token)?;
    if is_in_force(token.as_bytes(), delivery.secrets) {
        Ok(Verified::new(Trust::Handshake))
    } else {
        Err(Refusal::Token)
    }
}
