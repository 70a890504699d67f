//! Verification of deliveries, as data. The algorithm is pinned here, never taken from a delivery.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{SignatureEncoding, TimestampForm};

/// The verification of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verification {
    /// A scheme that the host's side knows by name: `standard-webhooks`, `github`, `slack`.
    Named(Cow<'static, str>),
    /// A signature over the delivery.
    Signature(SignatureScheme),
    /// A secret sent along. Whoever saw one delivery can forge the next, so deliveries are hints.
    Token(TokenScheme),
    /// Nothing: the path is unguessable, and deliveries are hints.
    Unsigned,
}

/// A signature over parts of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignatureScheme {
    /// The algorithm.
    pub algorithm: SignatureAlgorithm,
    /// The signed bytes: a template over `{body}` (the bytes as they came), `{timestamp}`, `{id}`, `{method}`, `{url}` and
    /// `{form}` (the members of a form, sorted and joined).
    pub signed: Cow<'static, str>,
    /// The header with the signature, lower case.
    pub header: Cow<'static, str>,
    /// The text before a signature in the header: `sha256=`, `v1,`.
    pub prefix: Cow<'static, str>,
    /// The text between several signatures in the header; one signature when empty.
    pub separator: Cow<'static, str>,
    /// The encoding of the signature.
    pub encoding: SignatureEncoding,
    /// The form of the secret.
    pub key: KeyForm,
    /// The header with the delivery's id, lower case.
    pub id_header: Option<Cow<'static, str>>,
    /// The place and the form of the delivery's time.
    pub timestamp: Option<(TimestampPlace, TimestampForm)>,
    /// The difference that a signed time may have from the host's, in both directions; 5 minutes by default.
    pub tolerance: Duration,
}

impl SignatureScheme {
    /// An HMAC with SHA-256 over the body, in hexadecimal digits in this header.
    pub fn new(header: impl Into<Cow<'static, str>>) -> Self {
        Self {
            algorithm: SignatureAlgorithm::HmacSha256,
            signed: Cow::Borrowed("{body}"),
            header: header.into(),
            prefix: Cow::Borrowed(""),
            separator: Cow::Borrowed(""),
            encoding: SignatureEncoding::Hex,
            key: KeyForm::Text,
            id_header: None,
            timestamp: None,
            tolerance: Duration::from_secs(300),
        }
    }

    /// Sets the algorithm.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the template of the signed bytes.
    #[must_use]
    pub fn with_signed(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.signed = template.into();
        self
    }

    /// Sets the text before a signature.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the text between several signatures.
    #[must_use]
    pub fn with_separator(mut self, separator: impl Into<Cow<'static, str>>) -> Self {
        self.separator = separator.into();
        self
    }

    /// Sets how the signature is written.
    #[must_use]
    pub fn with_encoding(mut self, encoding: SignatureEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets how the secret is written.
    #[must_use]
    pub fn with_key(mut self, key: KeyForm) -> Self {
        self.key = key;
        self
    }

    /// Sets the header of the delivery's id.
    #[must_use]
    pub fn with_id_header(mut self, header: impl Into<Cow<'static, str>>) -> Self {
        self.id_header = Some(header.into());
        self
    }

    /// Sets where the delivery's time is.
    #[must_use]
    pub fn with_timestamp(mut self, place: TimestampPlace, form: TimestampForm) -> Self {
        self.timestamp = Some((place, form));
        self
    }

    /// Sets how far a signed time may be from the host's.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Whether the signature covers the body, so that records in a delivery can be believed.
    pub fn covers_body(&self) -> bool {
        self.signed.contains("{body}") || self.signed.contains("{form}")
    }
}

/// The algorithm of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// HMAC with SHA-1 (RFC 2104).
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519 (RFC 8032), the provider's public key in place of a secret.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the provider's public key in place of a secret.
    EcdsaP256Sha256,
    /// RSA (PKCS #1 v1.5) with SHA-256, the provider's public key in place of a secret.
    RsaSha256,
}

/// The way in which a secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyForm {
    /// The bytes of its text.
    Text,
    /// The bytes that its Base64 text stands for, behind an optional prefix up to the first `_` (`whsec_`).
    Base64,
    /// The bytes that its hexadecimal digits stand for.
    Hex,
}

/// The place of a delivery's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimestampPlace {
    /// A header, lower case.
    Header(Cow<'static, str>),
    /// A part of the signature's header that begins with this text: `t=`.
    InSignature(Cow<'static, str>),
}

/// A secret that is sent along with a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenScheme {
    /// The place.
    pub place: TokenPlace,
}

impl TokenScheme {
    /// A secret at this place.
    pub fn new(place: TokenPlace) -> Self {
        Self { place }
    }
}

/// The place of a secret in a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenPlace {
    /// A header, lower case.
    Header(Cow<'static, str>),
    /// A member of the JSON body, as a JSON Pointer (RFC 6901).
    Body(Cow<'static, str>),
    /// A query parameter.
    Query(Cow<'static, str>),
    /// The password of HTTP Basic (RFC 7617).
    Basic,
}
