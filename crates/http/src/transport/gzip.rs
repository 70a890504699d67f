//! Responses in gzip, decompressed as they stream. Of several members, one after another (RFC 1952, section 2.2),
//! all are read; the decompression of reqwest ends silently after the first.

use std::io;

use async_compression::tokio::bufread::GzipDecoder;
use futures_util::{StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, RANGE};
use tieline_core::http::BodyStream;
use tieline_core::{Error, ErrorKind};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::silence::AGAIN;

/// The size of the pieces that come out.
const PIECE: usize = 16 * 1024;

/// Asks for gzip, unless the request says what it takes, or asks for a range, which would be one of the compressed
/// form.
pub(super) fn accept(headers: &mut HeaderMap) {
    if !headers.contains_key(RANGE) {
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
    }
}

/// The body as it was before its compression, and headers that speak of that.
pub(super) fn decompressed(headers: &mut HeaderMap, body: BodyStream) -> BodyStream {
    let coding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_gzip = [b"gzip".as_slice(), b"x-gzip"].iter().any(|name| coding.eq_ignore_ascii_case(name));
    if !is_gzip {
        return body;
    }
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    let decoded = async move {
        let mut body = body.peekable();
        // Without a single byte it is an empty body, not a broken one.
        if std::pin::Pin::new(&mut body).peek().await.is_none() {
            return futures_util::stream::empty().boxed();
        }
        let mut decoder = GzipDecoder::new(StreamReader::new(body.map_err(io::Error::other)));
        decoder.multiple_members(true);
        ReaderStream::with_capacity(decoder, PIECE).map_err(failure).boxed()
    };
    futures_util::stream::once(decoded).flatten().boxed()
}

fn failure(error: io::Error) -> Error {
    let kind = error.kind();
    match error.into_inner().and_then(|inner| inner.downcast::<Error>().ok()) {
        Some(inner) => *inner,
        None if kind == io::ErrorKind::UnexpectedEof => {
            Error::new(ErrorKind::Transport, "the answer broke off, connection closed too early")
                .with_advice(AGAIN)
                .with_source(io::Error::from(kind))
        }
        None => Error::new(ErrorKind::Decode, "the answer's compression is damaged").with_advice(AGAIN),
    }
}
