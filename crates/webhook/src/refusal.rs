//! Reasons for which a delivery is refused.

use std::borrow::Cow;

use http::StatusCode;

/// The reason for which a delivery is refused. Neither its `Debug` nor its `Display` holds anything of the body, of a
/// signature or of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A header that the scheme needs is missing.
    #[error("the header {0} is missing")]
    MissingHeader(Cow<'static, str>),
    /// A header that the scheme reads is there more than once, so that two programs may read two values.
    #[error("the header {0} is there more than once")]
    RepeatedHeader(Cow<'static, str>),
    /// A part is not written as the scheme writes it: not this encoding, cut off, without its prefix, not this time.
    #[error("{0} is not written as the scheme writes it")]
    Malformed(Cow<'static, str>),
    /// More signatures in one header than anybody rotates.
    #[error("the header holds more than {limit} signatures")]
    #[non_exhaustive]
    TooManySignatures {
        /// The most that are tried.
        limit: usize,
    },
    /// No signature is one of these bytes under a secret in force.
    #[error("no signature is one of the bytes that came under a secret in force{}", length_note(.length_differs))]
    #[non_exhaustive]
    Signature {
        /// Whether `Content-Length` names another length than the body has.
        length_differs: bool,
    },
    /// The token is not one in force.
    #[error("the token is not one in force")]
    Token,
    /// The delivery was signed too long ago, or in the future.
    #[error("the delivery was signed {seconds} seconds from now, and {tolerance} are allowed")]
    #[non_exhaustive]
    Stale {
        /// The signed time less the host's time, in seconds: negative for the past.
        seconds: i64,
        /// The allowed difference in seconds.
        tolerance: u64,
    },
    /// The delivery is signed for somebody else: another topic, audience or sender.
    #[error("the delivery is meant for another {0}")]
    Misdirected(Cow<'static, str>),
    /// No secret is in force, or none has the form that the scheme needs.
    #[error("no secret is in force that the scheme can use")]
    NoSecret,
    /// A public key could not be had from the provider: the delivery may be right, and the provider should send again.
    #[error("the provider's public key could not be had")]
    KeyUnavailable,
}

impl Refusal {
    /// The status that the sender gets: 401, and 503 for a key that could not be had.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::KeyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// A part that is not written as the scheme writes it.
    pub(crate) fn malformed(part: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(part.into())
    }
}

fn length_note(differs: &bool) -> &'static str {
    if *differs {
        "; the body has another length than its header says: was it changed on the way?"
    } else {
        ""
    }
}
