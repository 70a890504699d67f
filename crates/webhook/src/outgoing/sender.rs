//! Sending what waits for a tenant's subscribers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use secrecy::SecretString;
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{Clock, Error, ErrorKind, Result, SystemClock};
use tieline_store::webhooks::{
    NewAttempt, Notification, NotificationEnd, SecretPurpose, Subscriber, WebhookStore,
};
use tieline_vault::Vault;

use super::{RetrySchedule, signed_headers};
use crate::sealing::open;

/// The time in which a subscriber responds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The lease of what is claimed: longer than all of it can take.
const LEASE: Duration = Duration::from_secs(10 * 60);
/// The most notifications that are claimed at a time.
const CLAIMED: u32 = 50;
/// The most notifications of a subscriber that wait; further events stay in the log meanwhile.
const WAITING: u64 = 1_000;
/// The most events that are followed in one transaction.
const FOLLOWED: u32 = 200;
/// The most subscribers that are looked at together.
const PAGE: u32 = 100;
/// The failures in a row after which a subscriber is left alone for a while.
const FAILURES: u32 = 3;
/// That while, where the subscriber does not say.
const POSTPONED: Duration = Duration::from_secs(60);

/// Sends a tenant's events to its subscribers, as Standard Webhooks. Each attempt is noted in the log. What fails is sent
/// again as [`RetrySchedule`] says, for three days; then its subscriber is paused.
///
/// The transport decides which addresses may be reached, and follows no redirect.
#[derive(Clone, Debug)]
pub struct NotificationSender {
    store: Arc<dyn WebhookStore>,
    vault: Vault,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

/// The number of notifications that a run sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendReport {
    /// Taken by their subscriber.
    pub delivered: u64,
    /// Failed, and sent again later.
    pub retried: u64,
    /// Not tried, because their subscriber fails at the moment.
    pub postponed: u64,
    /// Given up after three days; their subscribers are paused.
    pub given_up: u64,
}

/// A response, or the lack of one.
struct Outcome {
    attempt: NewAttempt,
    is_delivered: bool,
    asked: Option<Duration>,
}

impl NotificationSender {
    /// A sender of a tenant's events through a transport such as `tieline_http::ReqwestTransport`, by the machine's clock.
    pub fn new(store: Arc<dyn WebhookStore>, vault: Vault, transport: Arc<dyn Transport>) -> Self {
        Self { store, vault, transport, clock: Arc::new(SystemClock), timeout: TIMEOUT }
    }

    /// Sets the clock whose time is signed.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the time in which a subscriber responds; 5 seconds by default.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends all that is due to all subscribers of the tenant, one after the other. No more than 50 notifications are held
    /// at a time, and at most 1,000 of a subscriber wait in the queue; further events stay in the log.
    ///
    /// # Errors
    ///
    /// As the vault and the store fail. What was claimed is sent again once its lease ends.
    pub async fn run(&self) -> Result<SendReport> {
        let mut report = SendReport::default();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.subscribers(after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(report) };
            after = Some(last.id.to_string());
            for subscriber in page.iter().filter(|subscriber| subscriber.is_active) {
                self.send_to(subscriber, &mut report).await?;
            }
        }
    }

    async fn send_to(&self, subscriber: &Subscriber, report: &mut SendReport) -> Result<()> {
        let id = subscriber.id.as_str();
        let secrets = (subscriber.secrets.as_slice(), SecretPurpose::Signing);
        let secrets = open(&self.vault, self.store.tenant(), id, secrets).await?;
        loop {
            while self.store.follow_events(id, FOLLOWED, WAITING).await? > 0 {}
            let claimed = self.store.claim_notifications(id, CLAIMED, LEASE).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            if !self.send_all(subscriber, &secrets, &claimed, report).await? {
                return Ok(());
            }
        }
    }

    /// Sends what was claimed. Returns whether the subscriber is well enough for more.
    async fn send_all(
        &self,
        subscriber: &Subscriber,
        secrets: &[SecretString],
        claimed: &[Notification],
        report: &mut SendReport,
    ) -> Result<bool> {
        let mut failures = 0;
        let mut pause = POSTPONED;
        for notification in claimed {
            if failures >= FAILURES {
                let end = NotificationEnd::Postponed(pause);
                report.postponed += self.settle(notification, end, None).await?;
                continue;
            }
            let outcome = self.attempt(subscriber, secrets, notification).await?;
            if outcome.is_delivered {
                failures = 0;
                let end = NotificationEnd::Delivered;
                report.delivered += self.settle(notification, end, Some(outcome.attempt)).await?;
                continue;
            }
            failures += 1;
            let failed = notification.failed.saturating_add(1);
            match RetrySchedule.wait(failed, outcome.asked) {
                Some(wait) => {
                    pause = pause.max(outcome.asked.unwrap_or_default());
                    let end = NotificationEnd::Retry(wait);
                    report.retried += self.settle(notification, end, Some(outcome.attempt)).await?;
                }
                None => {
                    let end = NotificationEnd::GivenUp;
                    report.given_up += self.settle(notification, end, Some(outcome.attempt)).await?;
                    failures = FAILURES;
                    pause = Duration::ZERO;
                }
            }
        }
        Ok(failures < FAILURES)
    }

    async fn settle(
        &self,
        notification: &Notification,
        end: NotificationEnd,
        attempt: Option<NewAttempt>,
    ) -> Result<u64> {
        Ok(u64::from(self.store.settle_notification(notification.revision, end, attempt).await?))
    }

    async fn attempt(
        &self,
        subscriber: &Subscriber,
        secrets: &[SecretString],
        notification: &Notification,
    ) -> Result<Outcome> {
        let (id, body) = (notification.message_id(), notification.body.as_bytes());
        let headers = signed_headers(&id, self.clock.now(), body, secrets)?;
        let Ok(mut request) = Request::post(&subscriber.url)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, HeaderValue::from_static(concat!("tieline/", env!("CARGO_PKG_VERSION"))))
            .body(RequestBody::from(Bytes::copy_from_slice(body)))
        else {
            return Err(Error::new(ErrorKind::Internal, "the address of a subscriber cannot be called"));
        };
        request.headers_mut().extend(headers);
        let begun = Instant::now();
        let sent = tokio::time::timeout(self.timeout, self.transport.send(request)).await;
        let took = begun.elapsed();
        Ok(match sent {
            Ok(Ok(response)) => answered(&response, took),
            // The error of a transport may quote the address.
            Ok(Err(error)) => failed(took, format!("it cannot be reached ({})", error.kind().as_str())),
            Err(_) => failed(took, "it did not respond in time".to_owned()),
        })
    }
}

fn answered(response: &Response<BodyStream>, took: Duration) -> Outcome {
    let status = response.status();
    let note = match status {
        status if status.is_success() => None,
        status if status.is_redirection() => Some("it redirects, which is not followed".to_owned()),
        StatusCode::GONE => Some("it is gone".to_owned()),
        _ => Some("it refuses".to_owned()),
    };
    let attempt = NewAttempt::new(Some(status.as_u16()), took, note);
    Outcome { attempt, is_delivered: status.is_success(), asked: retry_after(response.headers()) }
}

fn failed(took: Duration, note: String) -> Outcome {
    Outcome { attempt: NewAttempt::new(None, took, Some(note)), is_delivered: false, asked: None }
}

/// The wait in seconds that a subscriber asks for; dates are not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
