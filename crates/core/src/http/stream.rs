//! Bodies of requests that are streamed, and the form in which a transport gets any body.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};

use super::BodyStream;
use crate::{Error, ErrorKind, Result};

type Factory = dyn Fn() -> Result<BodyStream> + Send + Sync;

/// A request body that is produced while it is sent: a file, a pipe, an export.
///
/// ```
/// use tieline_core::http::{Body, HttpRequest, StreamedBody};
/// # use tieline_core::http::BodyStream;
/// # fn open_file() -> tieline_core::Result<BodyStream> { Err(tieline_core::Error::unsupported("files")) }
///
/// // Can be sent again after a failure, because every attempt opens the file anew.
/// let file = StreamedBody::replayable(Some(3_000_000), open_file);
/// let upload = HttpRequest::post("https://storage.example.com/upload".parse()?, file);
/// assert!(upload.body().can_be_sent());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StreamedBody {
    source: Source,
    length: Option<u64>,
}

#[derive(Clone)]
enum Source {
    Factory(Arc<Factory>),
    Once(Arc<Mutex<Option<BodyStream>>>),
}

impl StreamedBody {
    /// A body that `open` produces anew for each attempt. `length` is in bytes, sent as `Content-Length` where it is
    /// known; many storage services refuse an upload without it.
    pub fn replayable(
        length: Option<u64>,
        open: impl Fn() -> Result<BodyStream> + Send + Sync + 'static,
    ) -> Self {
        Self { source: Source::Factory(Arc::new(open)), length }
    }

    /// A body that exists once. A request that carries it is never sent again once an attempt has taken it, whatever
    /// the request says about being idempotent.
    pub fn once(length: Option<u64>, stream: BodyStream) -> Self {
        Self { source: Source::Once(Arc::new(Mutex::new(Some(stream)))), length }
    }

    /// The length in bytes, where it is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether the body can be sent now: `false` for a one-shot stream that was taken.
    pub fn can_be_sent(&self) -> bool {
        match &self.source {
            Source::Factory(_) => true,
            Source::Once(stream) => stream.lock().unwrap_or_else(PoisonError::into_inner).is_some(),
        }
    }

    pub(super) fn is_once(&self) -> bool {
        matches!(self.source, Source::Once(_))
    }

    pub(super) fn open(&self) -> Result<RequestBody> {
        let stream = match &self.source {
            Source::Factory(open) => open()?,
            Source::Once(stream) => {
                let taken = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
                taken.ok_or_else(|| {
                    Error::new(
                        ErrorKind::Internal,
                        "the body of the request can be sent only once, and was taken",
                    )
                })?
            }
        };
        Ok(RequestBody::stream(stream, self.length))
    }
}

impl fmt::Debug for StreamedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.source {
            Source::Factory(_) => "stream",
            Source::Once(_) => "one-shot stream",
        };
        match self.length {
            Some(length) => write!(f, "{kind} of {length} bytes"),
            None => write!(f, "{kind} of unknown length"),
        }
    }
}

/// The body of one attempt, as a [`Transport`](super::Transport) sends it: bytes, or a stream.
pub struct RequestBody(Payload);

enum Payload {
    Bytes(Bytes),
    Stream { stream: BodyStream, length: Option<u64> },
}

impl RequestBody {
    /// A body that is produced while it is sent, with its length in bytes where it is known.
    pub fn stream(stream: BodyStream, length: Option<u64>) -> Self {
        Self(Payload::Stream { stream, length })
    }

    /// The length in bytes, where it is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Payload::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Payload::Stream { length, .. } => *length,
        }
    }

    /// The bytes of a body that is in memory; `None` for a stream.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Payload::Bytes(bytes) => Some(bytes),
            Payload::Stream { .. } => None,
        }
    }

    /// Splits the body: `Ok` with the bytes of a body in memory, `Err` with the stream of any other.
    pub fn into_parts(self) -> Result<Bytes, BodyStream> {
        match self.0 {
            Payload::Bytes(bytes) => Ok(bytes),
            Payload::Stream { stream, .. } => Err(stream),
        }
    }

    /// Reads the body whole: for transports that keep requests in memory.
    ///
    /// # Errors
    ///
    /// `Config` for a stream of more than `limit` bytes, or of another length than was announced; the stream's own
    /// error.
    pub async fn collect(self, limit: usize) -> Result<Bytes> {
        let (mut stream, announced) = match self.0 {
            Payload::Bytes(bytes) => return Ok(bytes),
            Payload::Stream { stream, length } => (stream, length),
        };
        let mut whole = BytesMut::new();
        while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
            let chunk = chunk?;
            if whole.len().saturating_add(chunk.len()) > limit {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("the body of the request is larger than {limit} bytes"),
                ));
            }
            whole.extend_from_slice(&chunk);
        }
        match announced {
            Some(length) if u64::try_from(whole.len()).ok() != Some(length) => Err(Error::new(
                ErrorKind::Config,
                format!("the body of the request has {} bytes, and {length} were announced", whole.len()),
            )),
            _ => Ok(whole.freeze()),
        }
    }
}

impl RequestBody {
    /// Returns a request with its body read whole: for transports that keep requests in memory.
    ///
    /// # Errors
    ///
    /// As for [`collect`](Self::collect).
    pub async fn collect_request(request: http::Request<Self>, limit: usize) -> Result<http::Request<Bytes>> {
        let (head, body) = request.into_parts();
        Ok(http::Request::from_parts(head, body.collect(limit).await?))
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self(Payload::Bytes(bytes))
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length() {
            Some(length) => write!(f, "RequestBody({length} bytes)"),
            None => f.write_str("RequestBody(stream of unknown length)"),
        }
    }
}
