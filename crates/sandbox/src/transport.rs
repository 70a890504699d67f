//! A sandbox without a socket: the transport that a connector's stack stands on, answered in process.

use std::fmt;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::buf::Reader;
use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use futures_core::Stream;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{Request, Response};
use hyper::body::Body as _;
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{Error, ErrorKind, Result};

use crate::reply::{Misbehaviour, Reply};
use crate::sandbox::{Model, Sandbox};
use crate::server::LARGEST_REQUEST;
use crate::wire::{ResetSwitch, SentBody};

/// How much of a compressed body is unpacked at a time.
const PIECE: usize = 64 * 1024;

/// A sandbox as a transport. It waits on the runtime's time, so under paused time no test really waits.
///
/// ```
/// use bytes::Bytes;
/// use tieline_core::http::Transport;
/// use tieline_sandbox::pipedrive::TOKEN;
/// use tieline_sandbox::{InProcess, Sandbox};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = InProcess::new(Sandbox::pipedrive());
/// let request = http::Request::get("https://acme-demo.pipedrive.com/api/v1/users/me")
///     .header("x-api-token", TOKEN)
///     .body(Bytes::new().into())?;
/// assert_eq!(transport.send(request).await?.status(), 200);
/// # Ok(()) }
/// ```
pub struct InProcess<M>(Arc<Sandbox<M>>);

impl<M> InProcess<M> {
    /// A transport that reaches only this sandbox, whatever the host of a request.
    #[must_use]
    pub const fn new(sandbox: Arc<Sandbox<M>>) -> Self {
        Self(sandbox)
    }

    /// The sandbox.
    #[must_use]
    pub const fn sandbox(&self) -> &Arc<Sandbox<M>> {
        &self.0
    }
}

impl<M> Clone for InProcess<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M> fmt::Debug for InProcess<M> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("InProcess(sandbox)")
    }
}

#[async_trait]
impl<M: Model> Transport for InProcess<M> {
    async fn send(&self, request: Request<RequestBody>) -> Result<Response<BodyStream>> {
        let reply = self.0.handle(RequestBody::collect_request(request, LARGEST_REQUEST).await?);
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        if reply.misbehaviour == Some(Misbehaviour::ResetBeforeAnswer) {
            return Err(broken("the connection was reset before an answer came"));
        }
        let mut response = Response::new(body_of(&reply));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        Ok(response)
    }
}

fn broken(how: &'static str) -> Error {
    Error::new(ErrorKind::Transport, how)
}

/// The body as a transport hands it up: in the pieces in which it arrives, unpacked.
fn body_of(reply: &Reply) -> BodyStream {
    if reply.headers.get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip") {
        return Box::pin(Unpacked(MultiGzDecoder::new(reply.body.clone().reader())));
    }
    Box::pin(Arriving(SentBody::of(reply, ResetSwitch::default())))
}

struct Arriving(SentBody);

impl Stream for Arriving {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = match ready!(Pin::new(&mut self.0).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Ok(frame)) => Ok(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => Err(broken("the connection broke while the answer arrived")),
        };
        Poll::Ready(Some(piece))
    }
}

/// Unpacks as it is read, so that a reader with a bound never has more than its bound.
struct Unpacked(MultiGzDecoder<Reader<Bytes>>);

impl Stream for Unpacked {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut piece = vec![0; PIECE];
        Poll::Ready(match self.0.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(piece.into()))
            }
            Err(_) => Some(Err(broken("the answer's compression is damaged"))),
        })
    }
}
