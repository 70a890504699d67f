//! What a sandbox answers: an ordinary HTTP answer, and how the wire shall misbehave while it goes out.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::Json;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status line.
    pub status: StatusCode,
    /// The headers, without the ones that the transport adds.
    pub headers: HeaderMap,
    /// The whole body, also when only a part of it will be sent.
    pub body: Bytes,
    /// How long the answer keeps its caller waiting.
    pub delay: Duration,
    /// What goes wrong on the wire.
    pub misbehaviour: Option<Misbehaviour>,
}

/// What can go wrong between the answer and the one who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The connection is reset before the first byte of the answer.
    ResetBeforeAnswer,
    /// Headers and half of the body arrive, then the connection is reset.
    ResetMidBody,
    /// Headers promise the whole body, half of it arrives, then the connection is closed politely.
    Truncate,
    /// The body arrives in pieces with pauses.
    SlowBytes {
        /// Bytes in a piece.
        piece: usize,
        /// The pause after each piece.
        pause: Duration,
    },
}

impl Reply {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: StatusCode, body: &Json) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// An answer with a page for people.
    #[must_use]
    pub fn html(status: StatusCode, page: &str) -> Self {
        Self::text(status, "text/html; charset=UTF-8", page.to_owned())
    }

    /// An answer with a body of any text type.
    #[must_use]
    pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into(), delay: Duration::ZERO, misbehaviour: None }
    }

    /// The same answer with a header more. A value that no header can hold is left out.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The same answer with a wire that misbehaves.
    #[must_use]
    pub fn with_misbehaviour(mut self, misbehaviour: Misbehaviour) -> Self {
        self.misbehaviour = Some(misbehaviour);
        self
    }

    /// The part of the body that a broken connection lets through.
    #[must_use]
    pub fn first_half(&self) -> Bytes {
        self.body.slice(..self.body.len() / 2)
    }
}
