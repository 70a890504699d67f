use std::fmt::Debug;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;

use crate::Result;

/// The body of an answer as it arrives, decompressed.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The bottom of the stack: moves one request, once. It follows no redirect and retries nothing.
///
/// An error's [`Resend`](crate::Resend) must be true: `Safe` only when the request certainly did not reach the
/// provider (the connection was never made), `IfIdempotent` otherwise.
#[async_trait]
pub trait Transport: Debug + Send + Sync {
    /// Sends the request. Resolves when the head of the answer is there.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<BodyStream>>;
}
