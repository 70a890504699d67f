use std::fmt::Debug;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;

use super::RequestBody;
use crate::Result;

/// The bytes of a body as they arrive, decompressed.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The bottom of the stack: moves one request, once. It follows no redirect and retries nothing.
///
/// An error's [`Resend`](crate::Resend) must be true: `Safe` only when the request certainly did not reach the
/// provider (the connection was never made), `IfIdempotent` otherwise.
#[async_trait]
pub trait Transport: Debug + Send + Sync {
    /// Sends the request. Resolves when the head of the response is there.
    async fn send(&self, request: http::Request<RequestBody>) -> Result<http::Response<BodyStream>>;
}
