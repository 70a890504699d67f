//! Secrets that are sent along.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use tieline_core::webhook::{ReceiveRequest, TokenPlace, TokenScheme};

use crate::once::{header, parameter, tree};
use crate::{Refusal, decode};

/// Returns whether a text is one of the secrets in force, in a time that depends on their lengths alone. An empty
/// secret is none.
pub(crate) fn is_in_force(text: &[u8], secrets: &[SecretString]) -> bool {
    let mut found = false;
    for secret in secrets.iter().map(|secret| secret.expose_secret().as_bytes()) {
        found |= !secret.is_empty() && verify_slices_are_equal(text, secret).is_ok();
    }
    found
}

/// Verifies the token of a delivery.
pub(crate) fn verify(scheme: &TokenScheme, delivery: &ReceiveRequest<'_>) -> Result<(), Refusal> {
    if delivery.secrets.iter().all(|secret| secret.expose_secret().is_empty()) {
        return Err(Refusal::NoSecret);
    }
    let headers = delivery.request.headers();
    let found = match &scheme.place {
        TokenPlace::Header(name) => {
            let value = header(headers, name)?;
            let bearer = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
            let alone = bearer.and_then(|_| value.get(7..)).unwrap_or(value);
            is_in_force(value.as_bytes(), delivery.secrets) || is_in_force(alone.as_bytes(), delivery.secrets)
        }
        TokenPlace::Body(pointer) => {
            let body = tree(delivery.request.body())?;
            let token = body.pointer(pointer).and_then(|token| token.as_str());
            is_in_force(token.unwrap_or_default().as_bytes(), delivery.secrets)
        }
        TokenPlace::Query(name) => {
            let token = parameter(delivery.url, name).ok_or(Refusal::Token)?;
            is_in_force(token.as_bytes(), delivery.secrets)
        }
        TokenPlace::Basic => {
            let value = header(headers, AUTHORIZATION.as_str())?;
            let scheme = value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case("basic "));
            let pair = scheme.and_then(|_| decode::base64(value.get(6..)?.trim()));
            let pair = pair.ok_or_else(|| Refusal::malformed("the login"))?;
            // Only the first colon ends the user (RFC 7617).
            let password = pair.iter().position(|byte| *byte == b':').and_then(|colon| pair.get(colon + 1..));
            is_in_force(password.unwrap_or_default(), delivery.secrets)
        }
        _ => false,
    };
    if found { Ok(()) } else { Err(Refusal::Token) }
}
