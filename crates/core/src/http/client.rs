use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::{HttpRequest, HttpResponse};
use crate::Result;

/// What stands behind an [`HttpClient`]: authentication, limits, retries and tracing over a transport.
#[async_trait]
pub trait HttpService: Debug + Send + Sync {
    /// Sends a request and reads the whole answer. Failures by the connector's `classify` are errors.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse>;
}

/// A connector's way out: a cheap handle that is already authenticated, limited, retried and traced.
#[derive(Clone, Debug)]
pub struct HttpClient(Arc<dyn HttpService>);

impl HttpClient {
    /// A handle to a service.
    pub fn new(service: Arc<dyn HttpService>) -> Self {
        Self(service)
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.0.send(request).await
    }
}
