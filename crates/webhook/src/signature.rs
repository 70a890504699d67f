//! Signatures over parts of a delivery.

use std::borrow::Cow;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use http::header::CONTENT_LENGTH;
use secrecy::{ExposeSecret, SecretString};
use tieline_core::webhook::{KeyForm, ReceiveRequest, SignatureAlgorithm, SignatureScheme, TimestampPlace};
use tieline_core::{Error, ErrorKind, SignatureEncoding, TimestampForm};

use crate::once::header;
use crate::public_key::{KeyAlgorithm, public_key};
use crate::{Refusal, decode};

/// The most signatures that are tried of one header.
const SIGNATURES: usize = 32;
/// The most secrets that are tried.
const SECRETS: usize = 8;

/// A scheme, ready to verify.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    algorithm: Algorithm,
    parts: Vec<Part>,
    header: Cow<'static, str>,
    prefix: Cow<'static, str>,
    separator: Cow<'static, str>,
    encoding: SignatureEncoding,
    key: Key,
    id_header: Option<Cow<'static, str>>,
    timestamp: Option<(TimestampPlace, TimestampForm)>,
    tolerance: Duration,
    /// Whether the signed text has the time as seconds, whatever its header has.
    pub(crate) signs_seconds: bool,
    /// The forms of the address that are tried.
    pub(crate) addresses: fn(&ReceiveRequest<'_>) -> Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Algorithm {
    Hmac(hmac::Algorithm),
    PublicKey(KeyAlgorithm),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Text,
    Base64,
    Base64Url,
    Hex,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Body,
    Timestamp,
    Id,
    Method,
    Url,
    Form,
}

/// A signature that was found to be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: Option<(String, bool)>,
    pub(crate) signed_at: Option<DateTime<Utc>>,
    pub(crate) covers_body: bool,
    pub(crate) hash: [u8; 32],
}

/// The parts of one delivery, besides its address.
struct Signed<'a> {
    request: &'a http::Request<bytes::Bytes>,
    id: &'a str,
    timestamp: Cow<'a, str>,
    form: String,
}

impl Signature {
    pub(crate) fn new(scheme: &SignatureScheme) -> Result<Self, Error> {
        let algorithm = match scheme.algorithm {
            SignatureAlgorithm::HmacSha1 => Algorithm::Hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            SignatureAlgorithm::HmacSha256 => Algorithm::Hmac(hmac::HMAC_SHA256),
            SignatureAlgorithm::HmacSha512 => Algorithm::Hmac(hmac::HMAC_SHA512),
            SignatureAlgorithm::Ed25519 => Algorithm::PublicKey(KeyAlgorithm::Ed25519),
            SignatureAlgorithm::EcdsaP256Sha256 => Algorithm::PublicKey(KeyAlgorithm::EcdsaP256),
            SignatureAlgorithm::RsaSha256 => Algorithm::PublicKey(KeyAlgorithm::Rsa),
            _ => return Err(Error::unsupported("this algorithm of a signature")),
        };
        let key = match scheme.key {
            KeyForm::Text => Key::Text,
            KeyForm::Base64 => Key::Base64,
            KeyForm::Hex => Key::Hex,
            _ => return Err(Error::unsupported("this form of a secret")),
        };
        let parts = parts(&scheme.signed)?;
        let config = |message| Err(Error::new(ErrorKind::Config, message));
        if !scheme.covers_body() && !parts.contains(&Part::Url) && !parts.contains(&Part::Id) {
            return config("the signed text of a webhook holds nothing of a delivery");
        }
        if parts.contains(&Part::Timestamp) != scheme.timestamp.is_some() {
            return config(
                "a webhook's time must be in the signed text, and a time in the signed text must have a place",
            );
        }
        if parts.contains(&Part::Id) && scheme.id_header.is_none() {
            return config("the signed text of a webhook holds an id that has no header");
        }
        if scheme.header.is_empty() || scheme.header.chars().any(char::is_uppercase) {
            return config("the header of a webhook's signature is written in lower case");
        }
        Ok(Self {
            algorithm,
            parts,
            header: scheme.header.clone(),
            prefix: scheme.prefix.clone(),
            separator: scheme.separator.clone(),
            encoding: scheme.encoding,
            key,
            id_header: scheme.id_header.clone(),
            timestamp: scheme.timestamp.clone(),
            tolerance: scheme.tolerance,
            signs_seconds: false,
            addresses: |delivery| vec![delivery.url.as_str().to_owned()],
        })
    }

    pub(crate) fn with_key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// Verifies a delivery.
    pub(crate) fn verify(&self, delivery: &ReceiveRequest<'_>) -> Result<Found, Refusal> {
        let headers = delivery.request.headers();
        let value = header(headers, &self.header)?;
        let items = self.items(value)?;
        let signatures = self.signatures(&items)?;
        let id = match &self.id_header {
            None => None,
            Some(name) if self.parts.contains(&Part::Id) => Some(header(headers, name)?),
            Some(name) => header(headers, name).ok(),
        };
        let (time_text, signed_at) = match &self.timestamp {
            None => ("", None),
            Some((place, form)) => {
                let text = self.time_text(delivery, place, &items)?;
                let at = time(text, *form).ok_or_else(|| Refusal::malformed("the time"))?;
                (text, Some(at))
            }
        };
        let timestamp = match signed_at {
            Some(at) if self.signs_seconds => Cow::Owned(at.timestamp().to_string()),
            _ => Cow::Borrowed(time_text),
        };
        let form =
            if self.parts.contains(&Part::Form) { form(delivery.request.body()) } else { String::new() };
        let signed = Signed { request: delivery.request, id: id.unwrap_or_default(), timestamp, form };
        let addresses =
            if self.parts.contains(&Part::Url) { (self.addresses)(delivery) } else { vec![String::new()] };
        let mut usable = false;
        let hash = addresses
            .iter()
            .find_map(|address| self.matching(&signed, address, &signatures, delivery.secrets, &mut usable));
        let Some(hash) = hash else {
            let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
            let length_differs = length.is_some_and(|length: usize| length != delivery.request.body().len());
            return Err(if usable { Refusal::Signature { length_differs } } else { Refusal::NoSecret });
        };
        // Only whoever knows the secret learns how far the clocks are apart.
        if let Some(at) = signed_at {
            fresh(at, delivery.now, self.tolerance)?;
        }
        Ok(Found {
            id: id.map(|id| (id.to_owned(), self.parts.contains(&Part::Id))),
            signed_at,
            covers_body: self.parts.iter().any(|part| matches!(part, Part::Body | Part::Form)),
            hash,
        })
    }

    /// The items of the signature's header.
    fn items<'a>(&self, value: &'a str) -> Result<Vec<&'a str>, Refusal> {
        if self.separator.is_empty() {
            return Ok(vec![value]);
        }
        let mut items = Vec::new();
        for item in value.split(&*self.separator) {
            if items.len() == SIGNATURES {
                return Err(Refusal::TooManySignatures { limit: SIGNATURES });
            }
            items.push(item.trim());
        }
        Ok(items)
    }

    /// The decoded signatures of the scheme's own version; others are passed over.
    fn signatures(&self, items: &[&str]) -> Result<Vec<Vec<u8>>, Refusal> {
        let found: Vec<Vec<u8>> = items
            .iter()
            .filter_map(|item| item.strip_prefix(&*self.prefix))
            .filter_map(|text| decode::signature(text, self.encoding))
            .collect();
        if found.is_empty() { Err(Refusal::malformed("the signature")) } else { Ok(found) }
    }

    fn time_text<'a>(
        &self,
        delivery: &ReceiveRequest<'a>,
        place: &TimestampPlace,
        items: &[&'a str],
    ) -> Result<&'a str, Refusal> {
        match place {
            TimestampPlace::Header(name) => header(delivery.request.headers(), name),
            TimestampPlace::InSignature(prefix) => {
                let mut times = items.iter().filter_map(|item| item.strip_prefix(&**prefix));
                match (times.next(), times.next()) {
                    (Some(time), None) => Ok(time),
                    _ => Err(Refusal::malformed("the time")),
                }
            }
            _ => Err(Refusal::malformed("the time")),
        }
    }

    /// Returns a hash of the signed bytes when one of the signatures is theirs. For an HMAC it is a hash of the code, so
    /// that the body is walked once.
    fn matching(
        &self,
        signed: &Signed<'_>,
        address: &str,
        signatures: &[Vec<u8>],
        secrets: &[SecretString],
        usable: &mut bool,
    ) -> Option<[u8; 32]> {
        let secrets = secrets.iter().take(SECRETS).map(ExposeSecret::expose_secret);
        match self.algorithm {
            Algorithm::Hmac(algorithm) => {
                let mut keys = secrets.filter_map(|secret| self.hmac_key(algorithm, secret));
                keys.find_map(|key| {
                    *usable = true;
                    let mut context = hmac::Context::with_key(&key);
                    self.each_part(signed, address, |bytes| context.update(bytes));
                    let tag = context.sign();
                    let right =
                        signatures.iter().any(|one| verify_slices_are_equal(tag.as_ref(), one).is_ok());
                    right.then(|| hash(tag.as_ref()))
                })
            }
            Algorithm::PublicKey(algorithm) => {
                let mut message = Vec::new();
                self.each_part(signed, address, |bytes| message.extend_from_slice(bytes));
                let right = secrets.filter_map(public_key).any(|key| {
                    *usable = true;
                    signatures.iter().any(|one| algorithm.verifies(&key, &message, one))
                });
                right.then(|| hash(&message))
            }
        }
    }

    fn hmac_key(&self, algorithm: hmac::Algorithm, secret: &str) -> Option<hmac::Key> {
        // A public key is no secret: whoever knows it could sign with it.
        if secret.starts_with("whpk_") || secret.starts_with("-----BEGIN") {
            return None;
        }
        let new = |bytes: &[u8]| (!bytes.is_empty()).then(|| hmac::Key::new(algorithm, bytes));
        match self.key {
            Key::Text => new(secret.as_bytes()),
            Key::Base64 => {
                let text = secret.split_once('_').map_or(secret, |(_, text)| text);
                new(&decode::base64(text)?)
            }
            Key::Base64Url => new(&decode::base64_url(secret)?),
            Key::Hex => new(&decode::hex(secret)?),
        }
    }

    fn each_part(&self, signed: &Signed<'_>, address: &str, mut take: impl FnMut(&[u8])) {
        for part in &self.parts {
            match part {
                Part::Text(text) => take(text.as_bytes()),
                Part::Body => take(signed.request.body()),
                Part::Timestamp => take(signed.timestamp.as_bytes()),
                Part::Id => take(signed.id.as_bytes()),
                Part::Method => take(signed.request.method().as_str().as_bytes()),
                Part::Url => take(address.as_bytes()),
                Part::Form => take(signed.form.as_bytes()),
            }
        }
    }
}

/// The SHA-256 of bytes.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Reads a template.
fn parts(template: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once('{') {
        let Some((name, after)) = tail.split_once('}') else {
            return Err(Error::new(ErrorKind::Config, "a brace of a webhook's signed text is not closed"));
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(match name {
            "body" => Part::Body,
            "timestamp" => Part::Timestamp,
            "id" => Part::Id,
            "method" => Part::Method,
            "url" => Part::Url,
            "form" => Part::Form,
            _ => {
                return Err(Error::new(ErrorKind::Config, "an unknown word in a webhook's signed text")
                    .with_advice("use {body}, {timestamp}, {id}, {method}, {url} or {form}"));
            }
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// The fields of a form, sorted by name and then by value, each name followed by its value. A field that is there twice
/// with the same value counts once.
pub(crate) fn form(body: &[u8]) -> String {
    let mut fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(body).collect();
    fields.sort();
    fields.dedup();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// Reads a time in this form.
pub(crate) fn time(text: &str, form: TimestampForm) -> Option<DateTime<Utc>> {
    let whole = |text: &str| {
        let digits = !text.is_empty() && text.len() <= 17 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<i64>().ok() } else { None }
    };
    match form {
        TimestampForm::Seconds => DateTime::from_timestamp(whole(text)?, 0),
        TimestampForm::Milliseconds => DateTime::from_timestamp_millis(whole(text)?),
        TimestampForm::Rfc3339 => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
        TimestampForm::HttpDate => DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc()),
        _ => None,
    }
}

/// Refuses a time that is too far from the host's.
pub(crate) fn fresh(at: DateTime<Utc>, now: DateTime<Utc>, tolerance: Duration) -> Result<(), Refusal> {
    let seconds = at.signed_duration_since(now).num_milliseconds();
    if u128::from(seconds.unsigned_abs()) <= tolerance.as_millis() {
        return Ok(());
    }
    Err(Refusal::Stale { seconds: seconds / 1_000, tolerance: tolerance.as_secs() })
}
