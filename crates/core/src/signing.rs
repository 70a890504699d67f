//! Signatures over requests, as data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Field;

/// How a provider wants its requests signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signing {
    /// AWS Signature Version 4.
    SigV4(SigV4),
    /// OAuth 1.0a (RFC 5849).
    OAuth1(OAuth1),
    /// An HMAC over parts of the request, in headers.
    Hmac(HmacSigning),
}

impl Signing {
    /// The fields of the form that asks for the keys.
    pub fn fields(&self) -> Vec<&Field> {
        match self {
            Self::SigV4(scheme) => {
                let mut fields = vec![&scheme.access_key, &scheme.secret_key];
                fields.extend(&scheme.session_token);
                fields
            }
            Self::OAuth1(scheme) => {
                let mut fields = vec![&scheme.consumer_key, &scheme.consumer_secret];
                fields.extend(scheme.token.iter().chain(&scheme.token_secret));
                fields
            }
            Self::Hmac(scheme) => std::iter::once(&scheme.key).chain(&scheme.fields).collect(),
        }
    }
}

/// AWS Signature Version 4: `AWS4-HMAC-SHA256` in the `authorization` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SigV4 {
    /// The field of the access key id.
    pub access_key: Field,
    /// The field of the secret access key.
    pub secret_key: Field,
    /// The field of the session token, for temporary keys.
    pub session_token: Option<Field>,
    /// The service: `ses`.
    pub service: Cow<'static, str>,
    /// The region. A text or a setting.
    pub region: SigningPart,
    /// Whether the path is encoded once more before it is signed, as all services but S3 want it. True by default.
    pub encode_path_twice: bool,
    /// Whether the hash of the body is sent as `x-amz-content-sha256`, as S3 wants it. False by default.
    pub send_body_hash: bool,
}

impl SigV4 {
    /// Signing for a service in a region.
    pub fn new(
        access_key: Field,
        secret_key: Field,
        service: impl Into<Cow<'static, str>>,
        region: SigningPart,
    ) -> Self {
        Self {
            access_key,
            secret_key,
            session_token: None,
            service: service.into(),
            region,
            encode_path_twice: true,
            send_body_hash: false,
        }
    }
}

/// OAuth 1.0a: `Authorization: OAuth` with a signature over method, address and parameters (RFC 5849).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OAuth1 {
    /// The field of the consumer key.
    pub consumer_key: Field,
    /// The field of the consumer secret.
    pub consumer_secret: Field,
    /// The field of the token; none for requests of the consumer alone.
    pub token: Option<Field>,
    /// The field of the token's secret.
    pub token_secret: Option<Field>,
    /// The signature method.
    pub method: OAuth1Method,
    /// The realm. A text or a setting.
    pub realm: Option<SigningPart>,
}

impl OAuth1 {
    /// Signing with HMAC-SHA1 by a consumer and a token.
    pub fn new(consumer_key: Field, consumer_secret: Field, token: Field, token_secret: Field) -> Self {
        Self {
            consumer_key,
            consumer_secret,
            token: Some(token),
            token_secret: Some(token_secret),
            method: OAuth1Method::HmacSha1,
            realm: None,
        }
    }
}

/// A signature method of OAuth 1.0a.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OAuth1Method {
    /// `HMAC-SHA1`.
    HmacSha1,
    /// `HMAC-SHA256`.
    HmacSha256,
    /// `PLAINTEXT`: the secrets themselves, over TLS.
    PlainText,
}

/// An HMAC over a message that is put together from the request, sent in headers.
///
/// ```
/// use tieline_core::{Field, HmacSigning, SigningPart, TimestampForm};
///
/// // x-signature: hex(hmac-sha256(secret, timestamp + "." + body))
/// let mut signing = HmacSigning::new(Field::secret("secret", "Signing secret"));
/// signing.message = vec![
///     SigningPart::Timestamp(TimestampForm::Seconds),
///     SigningPart::text("."),
///     SigningPart::Body,
/// ];
/// signing.headers = vec![
///     ("x-timestamp".into(), vec![SigningPart::Timestamp(TimestampForm::Seconds)]),
///     ("x-signature".into(), vec![SigningPart::Signature]),
/// ];
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HmacSigning {
    /// The field of the key.
    pub key: Field,
    /// Other fields of the form: a key's id.
    pub fields: Vec<Field>,
    /// How the key is written in the field. Its bytes as they are by default.
    pub key_encoding: Option<SignatureEncoding>,
    /// The hash function: SHA-256 by default.
    pub hash: SigningHash,
    /// How the signature is written: lower-case hex by default.
    pub encoding: SignatureEncoding,
    /// What is signed.
    pub message: Vec<SigningPart>,
    /// The headers that are sent, by their names in lower case.
    pub headers: Vec<(Cow<'static, str>, Vec<SigningPart>)>,
}

impl HmacSigning {
    /// HMAC-SHA256 in hex over an empty message. The fields are public and set from there.
    pub fn new(key: Field) -> Self {
        Self {
            key,
            fields: Vec::new(),
            key_encoding: None,
            hash: SigningHash::Sha256,
            encoding: SignatureEncoding::Hex,
            message: Vec::new(),
            headers: Vec::new(),
        }
    }
}

/// A hash function of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SigningHash {
    /// SHA-1, where a provider still uses it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The text form of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureEncoding {
    /// Lower-case hex.
    Hex,
    /// Base64 with padding (RFC 4648, section 4).
    Base64,
    /// Base64 for URLs, without padding (RFC 4648, section 5).
    Base64Url,
}

/// The text form of the time of signing. Within one request it is the same time everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimestampForm {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// RFC 3339 in UTC with seconds: `2024-03-05T14:00:00Z`.
    Rfc3339,
    /// The form of the `date` header: `Tue, 05 Mar 2024 14:00:00 GMT`.
    HttpDate,
}

/// A part of a message to be signed, or of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SigningPart {
    /// A text as it is.
    Text(Cow<'static, str>),
    /// The field of this name of the credential.
    Field(Cow<'static, str>),
    /// The public setting of this name of the connection.
    Setting(Cow<'static, str>),
    /// The method: `POST`.
    Method,
    /// The host, with a port that is not the scheme's own.
    Host,
    /// The path.
    Path,
    /// The query without its question mark; empty when there is none.
    Query,
    /// The path, and the query with its question mark when there is one.
    PathAndQuery,
    /// The whole address.
    Url,
    /// The body's bytes.
    Body,
    /// The hash of the body by the scheme's function, in this form.
    BodyHash(SignatureEncoding),
    /// The time of signing.
    Timestamp(TimestampForm),
    /// A random text of 32 hex digits, the same everywhere in one request.
    Nonce,
    /// The signature. In headers only.
    Signature,
}

impl SigningPart {
    /// A text as it is.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A field of the credential.
    pub fn field(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Field(name.into())
    }

    /// A public setting of the connection.
    pub fn setting(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Setting(name.into())
    }
}
