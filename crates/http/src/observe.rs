//! Counters and histograms of calls, through the `metrics` crate behind the feature `metrics`.
//!
//! Labels are ids, methods, path templates, statuses and kinds of errors: none holds a value of a record or a secret.

use std::time::Duration;

use tieline_core::http::HttpRequest;

/// The names of the metrics.
#[cfg(feature = "metrics")]
pub mod names {
    /// Histogram, seconds: one call with its retries and waits, until the response is whole (or its head is there, for
    /// a streamed one). Labels: `tieline.provider`, `http.request.method`, `url.template`,
    /// `http.response.status_code`, `error.type`.
    pub const DURATION: &str = "http.client.request.duration";
    /// Counter: requests that were sent again. Labels: `tieline.provider`, `error.type`.
    pub const RESENDS: &str = "tieline.http.resends";
    /// Histogram, seconds: waits for a limit of the provider. Label: `tieline.provider`.
    pub const LIMITER_WAIT: &str = "tieline.http.limiter.wait";
    /// Gauge: calls that are under way. Label: `tieline.provider`.
    pub const ACTIVE: &str = "http.client.active_requests";
}

/// A call that is under way.
pub(crate) struct Call {
    #[cfg(feature = "metrics")]
    started: tokio::time::Instant,
    #[cfg(feature = "metrics")]
    provider: std::sync::Arc<str>,
}

#[cfg(feature = "metrics")]
impl Call {
    pub(crate) fn begin(provider: &std::sync::Arc<str>) -> Self {
        metrics::gauge!(names::ACTIVE, "tieline.provider" => std::sync::Arc::clone(provider)).increment(1.0);
        Self { started: tokio::time::Instant::now(), provider: std::sync::Arc::clone(provider) }
    }

    pub(crate) fn end(
        &self,
        request: &HttpRequest,
        status: Option<http::StatusCode>,
        failure: Option<&tieline_core::Error>,
    ) {
        let status = status.map_or_else(String::new, |status| status.as_u16().to_string());
        metrics::histogram!(
            names::DURATION,
            "tieline.provider" => std::sync::Arc::clone(&self.provider),
            "http.request.method" => request.method().to_string(),
            "url.template" => request.known_template().unwrap_or_default().to_owned(),
            "http.response.status_code" => status,
            "error.type" => failure.map_or("", |error| error.kind().as_str()),
        )
        .record(self.started.elapsed().as_secs_f64());
    }
}

#[cfg(feature = "metrics")]
impl Drop for Call {
    fn drop(&mut self) {
        let provider = std::sync::Arc::clone(&self.provider);
        metrics::gauge!(names::ACTIVE, "tieline.provider" => provider).decrement(1.0);
    }
}

#[cfg(not(feature = "metrics"))]
impl Call {
    pub(crate) fn begin(_: &std::sync::Arc<str>) -> Self {
        Self {}
    }

    #[allow(clippy::unused_self, reason = "the same signature as with the feature")]
    pub(crate) fn end(&self, _: &HttpRequest, _: Option<http::StatusCode>, _: Option<&tieline_core::Error>) {}
}

/// Notes a wait for a limit: this one, and all of the call.
pub(crate) fn waited(provider: &std::sync::Arc<str>, this: Duration, all: Duration) {
    let millis = u64::try_from(all.as_millis()).unwrap_or(u64::MAX);
    tracing::Span::current().record("tieline.limiter.wait_ms", millis);
    #[cfg(feature = "metrics")]
    metrics::histogram!(names::LIMITER_WAIT, "tieline.provider" => std::sync::Arc::clone(provider))
        .record(this.as_secs_f64());
    #[cfg(not(feature = "metrics"))]
    let _ = (provider, this);
}

/// Notes that a request is sent again.
pub(crate) fn resends(provider: &std::sync::Arc<str>, error: &tieline_core::Error) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        names::RESENDS,
        "tieline.provider" => std::sync::Arc::clone(provider),
        "error.type" => error.kind().as_str(),
    )
    .increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (provider, error);
}
