//! Step five: one request to the transport, and its whole answer back, bounded in size and time, and judged.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue, LOCATION, USER_AGENT};
use tieline_core::http::{BodyStream, Classification, HttpRequest, HttpResponse, ResponseView, Transport};
use tieline_core::{
    Clock, ConnectorFactory, Credential, Error, ErrorKind, Rejection, Resend, Result, SecretGeneration,
};

use crate::guard::NetworkPolicy;
use crate::headers;

/// What became of one attempt.
pub(crate) type Attempt = Result<HttpResponse, Box<Failed>>;

/// A failed attempt, with what the steps above need to decide.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Error,
    pub(crate) answer: Option<HttpResponse>,
    /// Whether it was tried at all.
    pub(crate) tried: bool,
    /// Whether the provider can have seen it.
    pub(crate) sent: bool,
    /// The secret that it was sent with.
    pub(crate) stamp: Option<SecretGeneration>,
}

impl Failed {
    pub(crate) fn unsent(error: Error) -> Box<Self> {
        Box::new(Self { error, answer: None, tried: false, sent: false, stamp: None })
    }

    fn on_the_way(error: Error) -> Box<Self> {
        let tried = error.kind() != ErrorKind::Config;
        let sent = tried && error.resend() != Resend::Safe;
        Box::new(Self { error, answer: None, tried, sent, stamp: None })
    }

    fn answered(error: Error, answer: HttpResponse) -> Box<Self> {
        Box::new(Self { error, answer: Some(answer), tried: true, sent: true, stamp: None })
    }

    /// The answer, for the credential.
    pub(crate) fn rejection(&self, scrubber: Option<&dyn Credential>) -> Option<Rejection> {
        const EXCERPT: usize = 512;
        let answer = self.answer.as_ref()?;
        let text = String::from_utf8_lossy(answer.body.get(..EXCERPT).unwrap_or(&answer.body)).into_owned();
        let text = scrubber.and_then(|credential| credential.scrub(&text)).unwrap_or(text);
        Some(Rejection::new(answer.status, answer.headers.clone(), text))
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
    pub(crate) timeout: Duration,
}

impl Exchange {
    pub(crate) async fn send(&self, request: HttpRequest) -> Attempt {
        let prepared = self.prepare(&request).map_err(Failed::unsent)?;
        let limit = request.body_limit().unwrap_or(self.body_limit);
        let timeout = request.timeout().unwrap_or(self.timeout);
        let futile = futile(request.is_idempotent());
        let whole = async {
            let (head, body) = self.transport.send(prepared).await?.into_parts();
            let length = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
            let mut answer = HttpResponse::new(head.status);
            answer.body = read(body, limit, length.unwrap_or(0), futile).await?;
            answer.date = headers::date(&head.headers);
            answer.headers = head.headers;
            Ok(answer)
        };
        match tokio::time::timeout(timeout, whole).await {
            Ok(Ok(answer)) => self.judge(answer, futile),
            Ok(Err(error)) => Err(Failed::on_the_way(error)),
            Err(_) => Err(Failed::on_the_way(Error::new(
                ErrorKind::Timeout,
                format!("no complete answer within {} s", timeout.as_secs_f32()),
            ))),
        }
    }

    fn prepare(&self, request: &HttpRequest) -> Result<http::Request<Bytes>> {
        self.policy.check_url(request.url())?;
        let mut prepared = request.to_http()?;
        let headers = prepared.headers_mut();
        if headers.contains_key(HOST) {
            // It could lead a credential to another site on the same server.
            return Err(Error::new(ErrorKind::Config, "a request must not set the host header itself"));
        }
        headers.entry(USER_AGENT).or_insert_with(|| self.user_agent.clone());
        Ok(prepared)
    }

    fn judge(&self, answer: HttpResponse, futile: Resend) -> Attempt {
        let now = answer.date.unwrap_or_else(|| self.clock.now());
        let seen = ResponseView::new(answer.status, &answer.headers, &answer.body, now);
        let mut error = match self.factory.classify(&seen) {
            Classification::Fail(_)
                if answer.status.is_redirection() && answer.headers.contains_key(LOCATION) =>
            {
                redirected(&answer, futile)
            }
            Classification::Fail(error) => error,
            _ => return Ok(answer),
        };
        if error.status().is_none() {
            error = error.with_status(answer.status);
        }
        let may_wait = matches!(
            error.kind(),
            ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Unavailable
        );
        if may_wait
            && error.retry_after().is_none()
            && let Some(wait) = headers::wait(&answer.headers, now)
        {
            error = error.with_retry_after(wait);
        }
        Err(Failed::answered(error, answer))
    }
}

/// Sending again ends the same way. Yet what is not safe to send twice has perhaps been done, and that must be known.
fn futile(idempotent: bool) -> Resend {
    if idempotent { Resend::Never } else { Resend::IfIdempotent }
}

fn redirected(answer: &HttpResponse, futile: Resend) -> Error {
    // These two say that the request was not handled (RFC 9110, section 15.4); the others may follow a deed.
    let untouched = matches!(answer.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let error =
        Error::new(ErrorKind::Config, "the provider redirects this request, and redirects are not followed")
            .with_advice("use the address that it redirects to, if it is the provider's own")
            .with_status(answer.status)
            .with_resend(if untouched { Resend::Never } else { futile });
    let target = answer.header("location").map(str::trim).unwrap_or_default();
    match url::Url::parse(target) {
        Ok(url) => error.with_context("target", url.host_str().unwrap_or("unknown")),
        Err(_) => error.with_context("target", "the same host"),
    }
}

async fn read(mut body: BodyStream, limit: usize, announced: usize, futile: Resend) -> Result<Bytes> {
    /// What is reserved on a provider's word.
    const TRUSTED: usize = 1 << 20;
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    let mut length = 0_usize;
    while let Some(chunk) = body.next().await {
        let chunk = chunk?;
        length = length.saturating_add(chunk.len());
        if length > limit {
            return Err(Error::new(ErrorKind::Decode, format!("the answer is larger than {limit} bytes"))
                .with_advice("ask for smaller pages, or raise the limit of the body")
                .with_resend(futile));
        }
        // Most answers are one chunk, which is handed on without a copy.
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
