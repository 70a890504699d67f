//! Signatures over requests: the cryptography behind [`Signing`].

mod hmac;
mod oauth1;
mod sigv4;
mod uri;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use aws_lc_rs::digest;
use aws_lc_rs::hmac as lc_hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use http::header::DATE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tieline_core::http::HttpRequest;
use tieline_core::{
    Clock, Credential, Error, ErrorKind, Recovery, Rejection, Result, SecretGeneration, SignatureEncoding,
    Signing, SigningHash, SigningPart,
};

use crate::Fields;
use crate::checked::checked;
use crate::scrub::Scrubber;

/// A clock that is off by more seconds than this is corrected by the provider's.
const SKEW: i64 = 60;

/// Keys that sign each request.
pub(crate) struct Signer {
    scheme: Signing,
    keys: Keys,
    clock: Arc<dyn Clock>,
    /// Seconds that the provider's clock is ahead of ours, once it refused a signature for its time.
    ahead: AtomicI64,
    /// Counts the corrections, so that a request that was signed before one is sent once more.
    corrections: AtomicU64,
    scrubber: Scrubber,
}

/// What a signature is made with.
pub(crate) struct Keys {
    pub(crate) fields: Fields,
    pub(crate) settings: Value,
}

/// The time and the nonce of one request.
#[derive(Clone)]
pub(crate) struct Moment {
    pub(crate) at: DateTime<Utc>,
    pub(crate) nonce: String,
}

impl Signer {
    /// # Errors
    ///
    /// `Config` for a field that is empty or holds a control character, and for a setting that the scheme needs and the
    /// connection does not have.
    pub(crate) fn new(
        scheme: Signing,
        fields: Fields,
        settings: &Value,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let mut tidy = Vec::new();
        for field in scheme.fields() {
            match fields.get(&field.name) {
                Some(value) => tidy.push((field.name.to_string(), checked(value, &field.label)?)),
                None if field.required => {
                    return Err(Error::new(ErrorKind::Config, format!("the {} is missing", field.label))
                        .with_advice("copy it from the provider's settings"));
                }
                None => {}
            }
        }
        let scrubber = Scrubber::new(tidy.iter().map(|(_, value)| value));
        let keys = Keys { fields: Fields::new(tidy), settings: settings.clone() };
        let signer =
            Self { scheme, keys, clock, ahead: AtomicI64::new(0), corrections: AtomicU64::new(0), scrubber };
        signer.check()?;
        Ok(signer)
    }

    /// Finds a missing setting before anything is sent.
    fn check(&self) -> Result<()> {
        let parts: Vec<&SigningPart> = match &self.scheme {
            Signing::SigV4(scheme) => vec![&scheme.region],
            Signing::OAuth1(scheme) => scheme.realm.iter().collect(),
            Signing::Hmac(scheme) => {
                let headers = scheme.headers.iter().flat_map(|(_, parts)| parts);
                scheme.message.iter().chain(headers).collect()
            }
            _ => return Err(Error::unsupported("this kind of signature")),
        };
        for part in parts {
            if matches!(part, SigningPart::Setting(_)) {
                self.keys.text(part)?;
            }
        }
        Ok(())
    }

    pub(crate) fn sign(&self, request: &mut HttpRequest, moment: &Moment) -> Result<()> {
        match &self.scheme {
            Signing::SigV4(scheme) => sigv4::sign(scheme, &self.keys, request, moment),
            Signing::OAuth1(scheme) => oauth1::sign(scheme, &self.keys, request, moment),
            Signing::Hmac(scheme) => hmac::sign(scheme, &self.keys, request, moment),
            _ => Err(Error::unsupported("this kind of signature")),
        }
    }
}

impl Keys {
    pub(crate) fn secret(&self, name: &str) -> SecretString {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// A text, a field or a setting.
    pub(crate) fn text(&self, part: &SigningPart) -> Result<String> {
        match part {
            SigningPart::Text(text) => Ok(text.to_string()),
            SigningPart::Field(name) => Ok(self.secret(name).expose_secret().to_owned()),
            SigningPart::Setting(name) => {
                let value = match self.settings.get(name.as_ref()) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                };
                if value.is_empty() || value.chars().any(char::is_control) {
                    let message = format!("requests are signed with the setting {name:?}, which is not set");
                    return Err(Error::new(ErrorKind::Config, message)
                        .with_advice("set it in the connection's settings"));
                }
                Ok(value)
            }
            _ => Err(Error::new(ErrorKind::Internal, "a signature's parameter is a part of the request")),
        }
    }
}

#[async_trait]
impl Credential for Signer {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        let generation = SecretGeneration(self.corrections.load(Ordering::Acquire));
        let ahead = TimeDelta::try_seconds(self.ahead.load(Ordering::Acquire)).unwrap_or_default();
        let now = self.clock.now();
        let at = now.checked_add_signed(ahead).unwrap_or(now);
        self.sign(request, &Moment { at, nonce: nonce()? })?;
        Ok(generation)
    }

    /// A signature that was refused for its time is made once more by the provider's clock.
    async fn rejected(&self, stamp: SecretGeneration, why: &Rejection) -> Result<Recovery> {
        if self.corrections.load(Ordering::Acquire) > stamp.0 {
            return Ok(Recovery::RetryOnce);
        }
        let theirs = why.headers.get(DATE).and_then(|date| date.to_str().ok());
        let theirs = theirs.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let Some(theirs) = theirs else { return Ok(Recovery::NeedsReconnect) };
        let ahead = theirs.timestamp().saturating_sub(self.clock.now().timestamp());
        if ahead.saturating_sub(self.ahead.load(Ordering::Acquire)).saturating_abs() <= SKEW {
            return Ok(Recovery::NeedsReconnect);
        }
        tracing::warn!("this machine's clock is off: requests are signed by the provider's");
        self.ahead.store(ahead, Ordering::Release);
        self.corrections.fetch_add(1, Ordering::AcqRel);
        Ok(Recovery::RetryOnce)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        self.scrubber.scrub(text)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.scheme {
            Signing::SigV4(_) => "AWS Signature Version 4",
            Signing::OAuth1(_) => "OAuth 1.0a",
            Signing::Hmac(_) => "HMAC",
            _ => "other",
        };
        write!(f, "Signer({kind})")
    }
}

/// 32 hex digits.
fn nonce() -> Result<String> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system gives no random bytes"))?;
    Ok(hex(&bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn encoded(bytes: &[u8], encoding: SignatureEncoding) -> Result<String> {
    Ok(match encoding {
        SignatureEncoding::Hex => hex(bytes),
        SignatureEncoding::Base64 => STANDARD.encode(bytes),
        SignatureEncoding::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        _ => return Err(Error::unsupported("this form of a signature")),
    })
}

pub(crate) fn hash(hash: SigningHash, bytes: &[u8]) -> Result<digest::Digest> {
    let algorithm = match hash {
        SigningHash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        SigningHash::Sha256 => &digest::SHA256,
        SigningHash::Sha512 => &digest::SHA512,
        _ => return Err(Error::unsupported("this hash function")),
    };
    Ok(digest::digest(algorithm, bytes))
}

pub(crate) fn keyed(hash: SigningHash, key: &[u8], message: &[u8]) -> Result<lc_hmac::Tag> {
    let algorithm = match hash {
        SigningHash::Sha1 => lc_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SigningHash::Sha256 => lc_hmac::HMAC_SHA256,
        SigningHash::Sha512 => lc_hmac::HMAC_SHA512,
        _ => return Err(Error::unsupported("this hash function")),
    };
    Ok(lc_hmac::sign(&lc_hmac::Key::new(algorithm, key), message))
}

#[cfg(test)]
mod tests;
