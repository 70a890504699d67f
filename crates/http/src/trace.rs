//! Step one: a span for each call, and the last word on each error.
//!
//! The span holds method, host, path by its template, status, attempts and the error's kind: never a query, a header
//! or a body.

use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::http::{HttpRequest, HttpResponse, HttpService};
use tieline_core::{Credential, Error, Result};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::retry::Retry;

/// The top of the stack.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) credential: Option<Arc<dyn Credential>>,
    pub(crate) inner: Retry,
}

#[async_trait]
impl HttpService for Trace {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let span = tracing::info_span!(
            "http",
            method = Empty,
            host = Empty,
            path = Empty,
            status = Empty,
            attempts = Empty,
            error = Empty
        );
        if !span.is_disabled() {
            span.record("method", request.method().as_str());
            span.record("host", request.url().host_str().unwrap_or_default());
            span.record("path", self.clean(request.template()));
        }
        let result = Box::pin(self.inner.send(&request)).instrument(span.clone()).await;
        result.inspect(|answer| record(&span, Some(answer.status), answer.attempts)).map_err(|error| {
            record(&span, error.status(), error.attempts());
            span.record("error", error.kind().as_str());
            self.finish(error, &request)
        })
    }
}

impl Trace {
    /// Providers echo keys, and connectors quote providers: whatever the text, the secret is taken out.
    fn finish(&self, error: Error, request: &HttpRequest) -> Error {
        let error = error
            .with_context("method", request.method())
            .with_context("host", request.url().host_str().unwrap_or_default())
            .with_context("path", request.template());
        match &self.credential {
            Some(credential) => error.scrubbed(&|text| credential.scrub(text)),
            None => error,
        }
    }

    fn clean(&self, text: &str) -> String {
        let clean = self.credential.as_ref().and_then(|credential| credential.scrub(text));
        clean.unwrap_or_else(|| text.to_owned())
    }
}

fn record(span: &Span, status: Option<http::StatusCode>, attempts: u32) {
    if let Some(status) = status {
        span.record("status", status.as_u16());
    }
    span.record("attempts", attempts);
}
