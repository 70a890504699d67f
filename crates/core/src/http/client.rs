use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::{HttpRequest, HttpResponse, StreamedResponse};
use crate::{Error, Result};

/// The implementation behind an [`HttpClient`]: authentication, limits, retries and tracing over a transport.
#[async_trait]
pub trait HttpService: Debug + Send + Sync {
    /// Sends a request and reads the whole response. Failures by the connector's `classify` are errors.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;

    /// Sends a request and returns the response once its head is there; the body is read by the caller.
    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse> {
        let _ = request;
        Err(Error::unsupported("streaming a response"))
    }
}

/// A connector's access to its provider: a cheap handle that is already authenticated, limited, retried and traced.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<dyn HttpService>);

impl HttpClient {
    /// A handle to a service.
    pub fn new(service: Arc<dyn HttpService>) -> Self {
        Self(service)
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    ///
    /// What the connector's [`classify`](crate::ConnectorFactory::classify) makes of the response, and `Timeout`,
    /// `Transport`, `Decode`, `RateLimited`, `QuotaExhausted` or `Config` of the stack itself.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.0.send(request).await
    }

    /// Sends a request and returns the response once its head is there, with the body as a stream: for files and
    /// exports that are larger than memory should hold.
    ///
    /// The request counts as in flight until the stream ends or is dropped. A stream that moves no byte for the
    /// stack's read timeout ends with `Timeout`, whether the provider is silent or nobody reads it.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), for any status but a success; `Unsupported` for a service without streams. The
    /// body of a success is not seen by `classify`.
    pub async fn open(&self, request: HttpRequest) -> Result<StreamedResponse> {
        self.0.open(request).await
    }
}
