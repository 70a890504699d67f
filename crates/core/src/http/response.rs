use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use crate::{Error, ErrorKind, Result};

/// An answer, read whole within its bound.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The provider's clock when it answered: its `Date` header.
    pub date: Option<DateTime<Utc>>,
    /// How often the request was sent.
    pub attempts: u32,
}

impl HttpResponse {
    /// An answer without body.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), date: None, attempts: 1 }
    }

    /// A header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the answer is not UTF-8").with_context("byte", error.valid_up_to())
        })
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// What [`classify`](crate::ConnectorFactory::classify) sees of an answer.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ResponseView<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, decompressed and bounded.
    pub body: &'a [u8],
    /// The provider's clock, else ours.
    pub now: DateTime<Utc>,
}

impl<'a> ResponseView<'a> {
    /// An answer to classify.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8], now: DateTime<Utc>) -> Self {
        Self { status, headers, body, now }
    }

    /// A header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for ResponseView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseView({}, {} bytes)", self.status, self.body.len())
    }
}

/// What an answer means. The error's kind and [`Resend`](crate::Resend) decide what the stack does with a failure:
/// `Unauthenticated` renews the credential once, `Safe` and `IfIdempotent` are retried within the budget, all
/// else goes up.
#[derive(Debug)]
#[non_exhaustive]
pub enum Classification {
    /// It is an answer.
    Accept,
    /// It is a failure, whatever its status.
    Fail(Error),
}

impl From<Option<Error>> for Classification {
    fn from(failure: Option<Error>) -> Self {
        failure.map_or(Self::Accept, Self::Fail)
    }
}
