use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::HttpRequest;
use crate::{Error, ErrorKind, Result};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A response, read whole within its bound.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The provider's clock when it responded: its `Date` header.
    pub date: Option<DateTime<Utc>>,
    /// How often the request was sent.
    pub attempts: u32,
}

impl HttpResponse {
    /// A response without body.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), date: None, attempts: 1 }
    }

    /// Returns a header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as text, without a byte order mark.
    ///
    /// # Errors
    ///
    /// `Decode` when it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        let body = self.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.body);
        simdutf8::compat::from_utf8(body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the response is not UTF-8")
                .with_context("byte", error.valid_up_to())
        })
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// A response as [`classify`](crate::ConnectorFactory::classify) sees it, with what was asked.
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
    /// The path template of the request, such as `/api/v2/deals/{id}`: for rules that hold for one endpoint.
    pub template: &'a str,
    /// The tag of the request.
    pub tag: Option<&'a str>,
}

impl<'a> ResponseView<'a> {
    /// A response to a request of which nothing is known.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8], now: DateTime<Utc>) -> Self {
        Self { status, headers, body, now, template: "", tag: None }
    }

    /// Sets what was asked.
    #[must_use]
    pub fn with_request(mut self, request: &'a HttpRequest) -> Self {
        self.template = request.template();
        self.tag = request.tag();
        self
    }

    /// Returns a header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as text, without a byte order mark, when it is UTF-8.
    pub fn text(&self) -> Option<&'a str> {
        let body = self.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(self.body);
        simdutf8::basic::from_utf8(body).ok()
    }
}

impl fmt::Debug for ResponseView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseView({}, {} bytes)", self.status, self.body.len())
    }
}
