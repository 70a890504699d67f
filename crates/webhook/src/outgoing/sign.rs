//! Signatures of outgoing notifications.

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Error, ErrorKind, Result};

use crate::decode;

/// The bytes of a new secret.
const SECRET_BYTES: usize = 32;

/// Makes a secret of an endpoint: `whsec_` and 32 random bytes. It is shown to the endpoint's owner once.
///
/// # Errors
///
/// `Internal` when the system has no randomness.
pub fn new_secret() -> Result<SecretString> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system has no randomness for a secret"))?;
    Ok(SecretString::from(format!("whsec_{}", STANDARD.encode(bytes))))
}

/// Returns the headers of a notification as Standard Webhooks say: `webhook-id`, `webhook-timestamp`,
/// `webhook-signature` with a `v1` signature for each secret, so that a receiver may know either during a rotation. The
/// id is the same in each attempt, the time is the attempt's.
///
/// ```
/// use chrono::DateTime;
/// use tieline_webhook::{new_secret, signed_headers};
///
/// let secrets = [new_secret()?, new_secret()?];
/// let headers = signed_headers("msg_1", DateTime::UNIX_EPOCH, br#"{"type":"sync.completed"}"#, &secrets)?;
/// assert_eq!(headers["webhook-timestamp"], "0");
/// assert_eq!(headers["webhook-signature"].to_str()?.matches("v1,").count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// `Config` for an id with other than visible ASCII or with a dot, and for a secret that is not `whsec_` and Base64 of
/// at least 24 bytes.
pub fn signed_headers(
    id: &str,
    at: DateTime<Utc>,
    body: &[u8],
    secrets: &[SecretString],
) -> Result<HeaderMap> {
    if id.is_empty() || id.contains('.') || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(ErrorKind::Config, "the id of a notification is a short text without dots"));
    }
    let seconds = at.timestamp().to_string();
    let mut signatures = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let text = secret.expose_secret().strip_prefix("whsec_");
        let key = text.and_then(decode::base64).filter(|key| key.len() >= 24).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the secret of an endpoint is not one for Standard Webhooks")
                .with_advice("make a new one")
        })?;
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
            context.update(part);
        }
        signatures.push(format!("v1,{}", STANDARD.encode(context.sign())));
    }
    if signatures.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the endpoint has no secret to sign with"));
    }
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| Error::new(ErrorKind::Config, "a header of a notification holds other than text"))
    };
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("webhook-id"), value(id)?);
    headers.insert(HeaderName::from_static("webhook-timestamp"), value(&seconds)?);
    headers.insert(HeaderName::from_static("webhook-signature"), value(&signatures.join(" "))?);
    Ok(headers)
}
