//! Step two: what may be sent again is, after the right wait, within a budget.

use std::sync::Arc;
use std::time::Duration;

use tieline_core::http::HttpRequest;
use tieline_core::{Credential, Error, ErrorKind, Recovery, Resend, Result};

use crate::backoff::{Budget, RetryPolicy};
use crate::exchange::{Failed, Mode, Received};
use crate::observe;
use crate::ratelimit::RateLimit;

/// How often a request is sent whose attempts all time out. Each costs a whole timeout.
const MOST_SILENCES: u32 = 3;

/// Sends until there is a response, or no sense in going on.
#[derive(Debug)]
pub(crate) struct Retry {
    policy: RetryPolicy,
    budget: Budget,
    inner: RateLimit,
    credential: Option<Arc<dyn Credential>>,
}

enum Next {
    Again(Duration),
    GiveUp,
}

impl Retry {
    pub(crate) fn new(
        policy: RetryPolicy,
        credential: Option<Arc<dyn Credential>>,
        inner: RateLimit,
    ) -> Self {
        Self { policy, budget: Budget::new(&policy), inner, credential }
    }

    /// The response, or the last error. Both know the number of attempts.
    pub(crate) async fn send(&self, request: &HttpRequest, mode: Mode) -> Result<Received> {
        self.budget.earn();
        let mut attempts = 0_u32;
        let mut renewed = false;
        let mut waited = Duration::ZERO;
        loop {
            let backoff = self.policy.backoff(attempts + 1);
            let failed = match self.inner.send(request.clone(), backoff, mode, &mut waited).await {
                Ok(mut received) => {
                    received.response.attempts = attempts + 1;
                    return Ok(received);
                }
                Err(failed) => failed,
            };
            if failed.tried {
                attempts += 1;
            }
            let again = request.body().can_be_sent();
            let next = if failed.error.kind() == ErrorKind::Unauthenticated && !renewed {
                renewed = true;
                self.renew(&failed).await.map_err(|error| error.with_attempts(attempts))?
            } else {
                self.judge(&failed, request.is_idempotent(), attempts, backoff)
            };
            match next {
                // A one-shot body is gone, whatever may be sent again.
                Next::Again(_) if !again => return Err(failed.error.with_attempts(attempts)),
                Next::GiveUp => return Err(failed.error.with_attempts(attempts)),
                Next::Again(wait) => {
                    let kind = failed.error.kind().as_str();
                    tracing::debug!(attempts, kind, wait_ms = wait.as_millis(), "sending again");
                    observe::resends(self.inner.provider(), &failed.error);
                    drop(failed);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Lets the credential answer a rejection. The provider did not act on the request, so any may be sent again.
    async fn renew(&self, failed: &Failed) -> Result<Next, Error> {
        let (Some(credential), Some(generation)) = (&self.credential, failed.generation) else {
            return Ok(Next::GiveUp);
        };
        let Some(rejection) = failed.rejection(Some(&**credential)) else { return Ok(Next::GiveUp) };
        match credential.rejected(generation, &rejection).await? {
            Recovery::RetryOnce => Ok(Next::Again(Duration::ZERO)),
            _ => Ok(Next::GiveUp),
        }
    }

    fn judge(&self, failed: &Failed, idempotent: bool, attempts: u32, backoff: Duration) -> Next {
        let error = &failed.error;
        let may_resend = match error.resend() {
            Resend::Safe => true,
            Resend::IfIdempotent => idempotent,
            Resend::Never => false,
        };
        let wait = error.retry_after().unwrap_or_default().max(backoff);
        let hopeless = !failed.tried
            || error.kind() == ErrorKind::QuotaExhausted
            || error.kind() == ErrorKind::Unauthenticated
            || attempts >= self.policy.max_attempts
            || error.kind() == ErrorKind::Timeout && attempts >= MOST_SILENCES
            || wait > self.policy.max_wait;
        // The limiter paces refusals for sending too fast; the budget is for failures.
        let affordable = || error.kind() == ErrorKind::RateLimited || self.budget.spend();
        if may_resend && !hopeless && affordable() { Next::Again(wait) } else { Next::GiveUp }
    }
}
