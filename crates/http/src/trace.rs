//! Step one: a span for each call, and the last word on each error.
//!
//! Fields are named after the semantic conventions of OpenTelemetry for HTTP clients, and hold method, host, path by
//! its template, status, resends and the error's kind: never a query, a header or a body.

use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::http::{HttpRequest, HttpResponse, HttpService, StreamedResponse};
use tieline_core::{Credential, Error, Result};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::exchange::{Mode, Received};
use crate::observe::Call;
use crate::retry::Retry;

/// The top of the stack.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) credential: Option<Arc<dyn Credential>>,
    pub(crate) provider: Arc<str>,
    /// The connection and the tenant, as the host named them.
    pub(crate) connection: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) inner: Retry,
}

#[async_trait]
impl HttpService for Trace {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.call(request, Mode::Whole).await.map(|received| received.response)
    }

    async fn open(&self, request: HttpRequest) -> Result<StreamedResponse> {
        let Received { response, stream, .. } = self.call(request, Mode::Stream).await?;
        let body = stream.unwrap_or_else(|| Box::pin(futures_util::stream::empty()));
        let mut streamed = StreamedResponse::new(response.status, response.headers, body);
        streamed.date = response.date;
        streamed.attempts = response.attempts;
        Ok(streamed)
    }
}

impl Trace {
    async fn call(&self, request: HttpRequest, mode: Mode) -> Result<Received> {
        let span = self.span(&request);
        let call = Call::begin(&self.provider);
        let result = Box::pin(self.inner.send(&request, mode)).instrument(span.clone()).await;
        match result {
            Ok(received) => {
                let response = &received.response;
                record(&span, Some(response.status), response.attempts);
                call.end(&request, Some(response.status), None);
                Ok(received)
            }
            Err(error) => {
                record(&span, error.status(), error.attempts());
                span.record("error.type", error.kind().as_str());
                call.end(&request, error.status(), Some(&error));
                Err(self.finish(error, &request))
            }
        }
    }

    fn span(&self, request: &HttpRequest) -> Span {
        let span = tracing::info_span!(
            "http",
            otel.kind = "client",
            otel.name = Empty,
            http.request.method = Empty,
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            server.address = Empty,
            server.port = Empty,
            url.template = Empty,
            error.type = Empty,
            tieline.provider = &*self.provider,
            tieline.connection = self.connection.as_deref(),
            tieline.tenant = self.tenant.as_deref(),
            tieline.entity = Empty,
            tieline.limiter.wait_ms = Empty,
        );
        if !span.is_disabled() {
            let template = self.clean(request.template());
            span.record("otel.name", display(format_args!("{} {template}", request.method())));
            span.record("http.request.method", request.method().as_str());
            span.record("server.address", request.url().host_str().unwrap_or_default());
            span.record("server.port", request.url().port_or_known_default());
            span.record("url.template", template);
            span.record("tieline.entity", request.entity().map(|entity| entity.as_str()));
        }
        span
    }

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
        span.record("http.response.status_code", status.as_u16());
    }
    if attempts > 1 {
        span.record("http.request.resend_count", attempts - 1);
    }
}
