//! Google (Pub/Sub push): an OpenID Connect token in the `authorization` header, by a key of Google's.
//!
//! In place of a secret the endpoint has the token's audience, and after a space the service account that sends. The
//! token does not cover the body, so deliveries are hints.

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use chrono::DateTime;
use http::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde::Deserialize;
use tieline_core::webhook::ReceiveRequest;
use url::Url;

use crate::once::{header, json};
use crate::{Refusal, Trust, Verified, decode};

/// The difference that the clocks may have.
const SKEW: Duration = Duration::from_secs(60);
const ISSUERS: &[&str] = &["https://accounts.google.com", "accounts.google.com"];

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
    kty: String,
    n: Option<String>,
    e: Option<String>,
}

/// The algorithm is not read from here: it is RS256.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

/// The address of Google's keys.
pub(crate) fn key_address() -> Option<Url> {
    Url::parse("https://www.googleapis.com/oauth2/v3/certs").ok()
}

pub(crate) fn verify(delivery: &ReceiveRequest<'_>, keys: &[u8]) -> Result<Verified, Refusal> {
    let wrong = || Refusal::malformed("the token");
    let value = header(delivery.request.headers(), AUTHORIZATION.as_str())?;
    let scheme = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let token = scheme.and_then(|_| value.get(7..)).ok_or_else(wrong)?.trim();
    let (signed, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
    let (head, claims) = signed.split_once('.').ok_or_else(wrong)?;
    let part = |text: &str| decode::base64_url(text).ok_or_else(wrong);
    let head: Header = json(&part(head)?).map_err(|_| wrong())?;
    if head.alg != "RS256" {
        return Err(wrong());
    }
    let set: KeySet = json(keys).map_err(|_| Refusal::KeyUnavailable)?;
    let key = set.keys.iter().find(|key| key.kid == head.kid && key.kty == "RSA");
    let key = key.ok_or(Refusal::KeyUnavailable)?;
    let component =
        |text: &Option<String>| text.as_deref().and_then(decode::base64_url).ok_or(Refusal::KeyUnavailable);
    let public = RsaPublicKeyComponents { n: component(&key.n)?, e: component(&key.e)? };
    public
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &part(signature)?)
        .map_err(|_| Refusal::Signature { length_differs: false })?;
    let claims: Claims = json(&part(claims)?).map_err(|_| wrong())?;
    if !ISSUERS.contains(&&*claims.iss) {
        return Err(Refusal::Misdirected("issuer".into()));
    }
    let meant = delivery.secrets.iter().any(|expected| {
        let (audience, sender) = match expected.expose_secret().split_once(' ') {
            Some((audience, sender)) => (audience, Some(sender)),
            None => (expected.expose_secret(), None),
        };
        let is_sender =
            sender.is_none_or(|sender| claims.email_verified && claims.email.as_deref() == Some(sender));
        !audience.is_empty() && claims.aud == audience && is_sender
    });
    if !meant {
        return Err(Refusal::Misdirected("audience".into()));
    }
    let skew = i64::try_from(SKEW.as_secs()).unwrap_or_default();
    let now = delivery.now.timestamp();
    if now > claims.exp.saturating_add(skew) {
        return Err(Refusal::Stale { seconds: claims.exp.saturating_sub(now), tolerance: SKEW.as_secs() });
    }
    if claims.iat > now.saturating_add(skew) {
        return Err(Refusal::Stale { seconds: claims.iat.saturating_sub(now), tolerance: SKEW.as_secs() });
    }
    let mut verified = Verified::new(Trust::Hint);
    verified.signed_at = DateTime::from_timestamp(claims.iat, 0);
    Ok(verified)
}
