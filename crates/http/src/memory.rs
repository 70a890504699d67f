//! A transport without a network, for tests: answers from a script or from a function, also under paused time.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{Error, ErrorKind, Result};

/// The most requests that are remembered.
const REMEMBERED: usize = 10_000;

/// The most bytes that the body of a request may have.
const LARGEST_REQUEST: usize = 64 << 20;

type Reply = Pin<Box<dyn Future<Output = Result<http::Response<BodyStream>>> + Send>>;

/// Answers requests in memory, and remembers them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use http::{Request, StatusCode};
/// use tieline_core::http::Transport;
/// use tieline_http::memory::{MemoryTransport, answer};
///
/// let provider = MemoryTransport::script([
///     Ok(answer(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "1")], "")),
///     Ok(answer(StatusCode::OK, &[], r#"{"data":[]}"#)),
/// ]);
/// let request = Request::get("https://api.example.com/deals").body(bytes::Bytes::new().into())?;
/// assert_eq!(provider.send(request).await?.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(provider.requests().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryTransport {
    reply: Arc<dyn Fn(http::Request<Bytes>) -> Reply + Send + Sync>,
    seen: Arc<Mutex<VecDeque<http::Request<Bytes>>>>,
    latency: Duration,
}

impl MemoryTransport {
    /// Answers each request with this function.
    pub fn new(
        reply: impl Fn(http::Request<Bytes>) -> Result<http::Response<BodyStream>> + Send + Sync + 'static,
    ) -> Self {
        Self::new_async(move |request| std::future::ready(reply(request)))
    }

    /// Answers each request with this function, in its own time.
    pub fn new_async<F>(reply: impl Fn(http::Request<Bytes>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<http::Response<BodyStream>>> + Send + 'static,
    {
        Self {
            reply: Arc::new(move |request| Box::pin(reply(request))),
            seen: Arc::default(),
            latency: Duration::ZERO,
        }
    }

    /// Gives these answers in this order; what comes after them is an error.
    pub fn script(answers: impl IntoIterator<Item = Result<http::Response<BodyStream>>>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::new(move |_| {
            let next = lock(&answers).pop_front();
            next.unwrap_or_else(|| Err(Error::new(ErrorKind::Internal, "the script has no more answers")))
        })
    }

    /// Lets each answer take this long.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The requests so far, with what the credential added; the newest ten thousand.
    pub fn requests(&self) -> Vec<http::Request<Bytes>> {
        lock(&self.seen).iter().cloned().collect()
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    async fn send(&self, request: http::Request<RequestBody>) -> Result<http::Response<BodyStream>> {
        let request = RequestBody::collect_request(request, LARGEST_REQUEST).await?;
        {
            let mut seen = lock(&self.seen);
            if seen.len() == REMEMBERED {
                seen.pop_front();
            }
            seen.push_back(request.clone());
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        (self.reply)(request).await
    }
}

impl fmt::Debug for MemoryTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryTransport({} requests)", lock(&self.seen).len())
    }
}

/// An answer with a body in one piece. A header that is not one is left out.
pub fn answer(
    status: http::StatusCode,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<BodyStream> {
    let mut answer = http::Response::new(body_of([Ok(body.into())]));
    *answer.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// A body that arrives in pieces, or fails on the way.
pub fn body_of<I>(pieces: I) -> BodyStream
where
    I: IntoIterator<Item = Result<Bytes>>,
    I::IntoIter: Send + 'static,
{
    futures_util::stream::iter(pieces).boxed()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
