//! Step five: one request to the transport, and its response back, bounded in size and time, and classified.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt};
use http::header::{CONTENT_LENGTH, HOST, HeaderValue, LOCATION, USER_AGENT};
use http::{HeaderMap, StatusCode};
use tieline_core::http::{
    BodyStream, HttpRequest, HttpResponse, RequestBody, ResponseView, Transport, Usage,
};
use tieline_core::{
    Clock, ConnectorFactory, Credential, Error, ErrorKind, Rejection, Resend, Result, SecretGeneration,
};

use crate::guard::NetworkPolicy;
use crate::silence::{Progress, silent};
use crate::{headers, redirect, text};

/// Whether the body of a success is read here or by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Whole,
    Stream,
}

/// A successful attempt.
pub(crate) struct Received {
    pub(crate) response: HttpResponse,
    /// The body, in [`Mode::Stream`].
    pub(crate) stream: Option<BodyStream>,
    /// What the connector read about its limits.
    pub(crate) usage: Vec<Usage>,
    /// Whether storage responded, to which a redirect led.
    pub(crate) redirected: bool,
}

/// The result of one attempt.
pub(crate) type Attempt = Result<Received, Box<Failed>>;

/// A failed attempt, with what the steps above need to decide.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) response: Option<HttpResponse>,
    pub(crate) usage: Vec<Usage>,
    /// Whether it was tried at all.
    pub(crate) tried: bool,
    /// Whether the provider can have seen it.
    pub(crate) sent: bool,
    /// The secret that it was sent with.
    pub(crate) generation: Option<SecretGeneration>,
}

impl Failed {
    pub(crate) fn unsent(error: Error) -> Box<Self> {
        Box::new(Self { tried: false, sent: false, ..Self::bare(error) })
    }

    fn on_the_way(error: Error) -> Box<Self> {
        let tried = error.kind() != ErrorKind::Config;
        let sent = tried && error.resend() != Resend::Safe;
        Box::new(Self { tried, sent, ..Self::bare(error) })
    }

    fn bare(error: Error) -> Self {
        Self { error, response: None, usage: Vec::new(), tried: true, sent: true, generation: None }
    }

    /// The response, for the credential.
    pub(crate) fn rejection(&self, scrubber: Option<&dyn Credential>) -> Option<Rejection> {
        const EXCERPT: usize = 512;
        let response = self.response.as_ref()?;
        let text =
            String::from_utf8_lossy(response.body.get(..EXCERPT).unwrap_or(&response.body)).into_owned();
        let text = scrubber.and_then(|credential| credential.scrub(&text)).unwrap_or(text);
        Some(Rejection::new(response.status, response.headers.clone(), text))
    }
}

/// The bottom of the stack.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) factory: Arc<dyn ConnectorFactory>,
    pub(crate) policy: Arc<NetworkPolicy>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) body_limit: usize,
    /// One attempt, in [`Mode::Whole`].
    pub(crate) timeout: Duration,
    /// Silence.
    pub(crate) idle: Duration,
}

impl Exchange {
    pub(crate) async fn send(&self, request: HttpRequest, mode: Mode) -> Attempt {
        let limit = request.body_limit().unwrap_or(self.body_limit);
        let futile = futile(request.is_idempotent());
        let (prepared, progress) = self.prepare(&request).map_err(Failed::unsent)?;
        // What is streamed takes as long as it moves, unless the request has a bound of its own.
        let streams = mode == Mode::Stream || progress.is_some();
        let timeout = request.timeout().or((!streams).then_some(self.timeout));
        let exchange = async {
            let head = self.transport.send(prepared);
            let response = silent(head, progress.as_deref(), self.idle).await?;
            let (response, redirected) = match mode {
                Mode::Stream => self.follow(&request, response).await?,
                Mode::Whole => (response, false),
            };
            let (head, body) = response.into_parts();
            let mut response = HttpResponse::new(head.status);
            response.date = headers::date(&head.headers);
            response.headers = head.headers;
            if mode == Mode::Stream && response.status.is_success() {
                return Ok((response, Some(body), redirected));
            }
            let length = response.headers.get(CONTENT_LENGTH);
            let length = length.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
            let body = read(body, limit, length, self.idle, futile).await?;
            response.body = text::without_byte_order_mark(body, &response.headers);
            Ok((response, None, redirected))
        };
        let exchanged = match timeout {
            None => exchange.await,
            Some(timeout) => match tokio::time::timeout(timeout, exchange).await {
                Ok(exchanged) => exchanged,
                Err(_) => Err(Error::new(
                    ErrorKind::Timeout,
                    format!("no complete answer within {} s", timeout.as_secs_f32()),
                )),
            },
        };
        match exchanged {
            Ok((response, Some(body), redirected)) => {
                Ok(Received { response, stream: Some(body), usage: Vec::new(), redirected })
            }
            Ok((response, None, true)) => {
                // Storage is not the provider: its refusals are none of the credential or of the limits.
                Err(Failed::on_the_way(redirect::refused(&response)))
            }
            Ok((response, None, false)) => self.judge(&request, response, mode, futile),
            Err(error) => Err(Failed::on_the_way(error)),
        }
    }

    fn prepare(&self, request: &HttpRequest) -> Result<(http::Request<RequestBody>, Option<Arc<Progress>>)> {
        self.policy.check_url(request.url())?;
        if request.headers().contains_key(HOST) {
            // It could lead a credential to another site on the same server.
            return Err(Error::new(ErrorKind::Config, "a request must not set the host header itself"));
        }
        let mut prepared = request.to_http()?;
        self.name_ourselves(prepared.headers_mut());
        if !request.body().is_stream() {
            return Ok((prepared, None));
        }
        let progress = Arc::new(Progress::new());
        let (head, body) = prepared.into_parts();
        let body = Progress::watch(&progress, body);
        Ok((http::Request::from_parts(head, body), Some(progress)))
    }

    fn name_ourselves(&self, headers: &mut HeaderMap) {
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
    }

    /// Follows redirects to storage where the request asks for it. Returns whether it did.
    async fn follow(
        &self,
        request: &HttpRequest,
        mut response: http::Response<BodyStream>,
    ) -> Result<(http::Response<BodyStream>, bool)> {
        let mut followed = redirect::Followed::new(request);
        while let Some(next) = followed.next(&response)? {
            self.policy.check_url(&next.url)?;
            let mut next = next.request;
            self.name_ourselves(next.headers_mut());
            drop(response);
            response = silent(self.transport.send(next), None, self.idle).await?;
        }
        Ok((response, followed.any()))
    }

    fn judge(&self, request: &HttpRequest, response: HttpResponse, mode: Mode, futile: Resend) -> Attempt {
        let now = response.date.unwrap_or_else(|| self.clock.now());
        let view =
            ResponseView::new(response.status, &response.headers, &response.body, now).with_request(request);
        let (error, usage) = self.factory.classify(&view).into_parts();
        let Some(mut error) = error else {
            let body = response.body.clone();
            let stream = (mode == Mode::Stream).then(|| futures_util::stream::iter([Ok(body)]).boxed());
            return Ok(Received { response, stream, usage, redirected: false });
        };
        if response.status.is_redirection() && response.headers.contains_key(LOCATION) {
            error = redirected(&response, futile);
        }
        if error.status().is_none() {
            error = error.with_status(response.status);
        }
        let may_wait = matches!(
            error.kind(),
            ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Unavailable
        );
        if may_wait
            && error.retry_after().is_none()
            && let Some(wait) = headers::wait(&response.headers, now)
        {
            error = error.with_retry_after(wait);
        }
        Err(Box::new(Failed { response: Some(response), usage, ..Failed::bare(error) }))
    }
}

/// Sending again ends the same way. Yet what is not safe to send twice has perhaps been done, and that must be known.
fn futile(idempotent: bool) -> Resend {
    if idempotent { Resend::Never } else { Resend::IfIdempotent }
}

fn redirected(response: &HttpResponse, futile: Resend) -> Error {
    // These two say that the request was not handled (RFC 9110, section 15.4); the others may follow a deed.
    let untouched =
        matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let error =
        Error::new(ErrorKind::Config, "the provider redirects this request, and redirects are not followed")
            .with_advice("use the address that it redirects to, if it is the provider's own")
            .with_status(response.status)
            .with_resend(if untouched { Resend::Never } else { futile });
    let target = response.header("location").map(str::trim).unwrap_or_default();
    match url::Url::parse(target) {
        Ok(url) => error.with_context("target", url.host_str().unwrap_or("unknown")),
        Err(_) => error.with_context("target", "the same host"),
    }
}

async fn read(
    mut body: BodyStream,
    limit: usize,
    announced: usize,
    idle: Duration,
    futile: Resend,
) -> Result<Bytes> {
    /// What is reserved on a provider's word.
    const TRUSTED: usize = 1 << 20;
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    let mut length = 0_usize;
    while let Some(chunk) = silent(body.try_next(), None, idle).await? {
        length = length.saturating_add(chunk.len());
        if length > limit {
            return Err(Error::new(ErrorKind::Decode, format!("the answer is larger than {limit} bytes"))
                .with_advice("ask for smaller pages, or raise the limit of the body")
                .with_resend(futile));
        }
        // Most responses are one chunk, which is handed on without a copy.
        match first.take() {
            None if whole.is_empty() => first = Some(chunk),
            None => whole.extend_from_slice(&chunk),
            Some(before) => {
                whole.reserve(announced.min(limit).min(TRUSTED).max(before.len() + chunk.len()));
                whole.extend_from_slice(&before);
                whole.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
