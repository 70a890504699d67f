use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use chrono::{DateTime, Utc};
use futures_core::Stream;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::BodyStream;
use crate::{Content, Error, ErrorKind, Result, Text};

/// A response whose body is read as it arrives. Dropping it ends the download.
#[non_exhaustive]
pub struct StreamedResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: BodyStream,
    /// The provider's clock when it responded: its `Date` header.
    pub date: Option<DateTime<Utc>>,
    /// How often the request was sent.
    pub attempts: u32,
}

impl StreamedResponse {
    /// A response with this body.
    pub fn new(status: StatusCode, headers: HeaderMap, body: BodyStream) -> Self {
        Self { status, headers, body, date: None, attempts: 1 }
    }

    /// Returns a header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the content of a file from byte `offset`, at most `length` bytes of it, to a request
    /// [with that range](super::HttpRequest::with_range). A server that ignores the range and sends the whole file is
    /// put right here.
    ///
    /// # Errors
    ///
    /// `Decode` when the response holds another part than the one asked for.
    pub fn into_content(self, offset: u64, length: Option<u64>) -> Result<Content> {
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(Text::new);
        let (skip, whole) = if self.status == StatusCode::PARTIAL_CONTENT {
            let range = self.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
            match range.and_then(content_range) {
                Some((start, total)) if start == offset => (0, total),
                _ => {
                    return Err(Error::new(
                        ErrorKind::Decode,
                        "the response holds another part of the file than the one asked for",
                    )
                    .with_context("offset", offset));
                }
            }
        } else {
            let length = self.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
            (offset, length)
        };
        let mut content = Content::new(match (skip, length) {
            (0, None) => self.body,
            (skip, length) => Box::pin(Slice { inner: self.body, skip, left: length }),
        });
        content.media_type = media_type;
        content.length = whole;
        Ok(content)
    }
}

impl fmt::Debug for StreamedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamedResponse({})", self.status)
    }
}

/// Start and total length of `bytes 200-999/67589` (RFC 9110, section 14.4).
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

/// A stream without its first `skip` bytes, and without what comes after the next `left`.
struct Slice {
    inner: BodyStream,
    skip: u64,
    left: Option<u64>,
}

impl Stream for Slice {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.left == Some(0) {
                return Poll::Ready(None);
            }
            let mut chunk = match self.inner.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(chunk))) => chunk,
                other => return other,
            };
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let skipped = self.skip.min(length);
            self.skip -= skipped;
            chunk.advance(usize::try_from(skipped).unwrap_or(chunk.len()).min(chunk.len()));
            if let Some(left) = &mut self.left {
                let keep = usize::try_from(*left).unwrap_or(usize::MAX).min(chunk.len());
                chunk.truncate(keep);
                *left -= u64::try_from(keep).unwrap_or_default();
            }
            if !chunk.is_empty() {
                return Poll::Ready(Some(Ok(chunk)));
            }
        }
    }
}
