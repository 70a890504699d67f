//! When to try again, and how often in all.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How failures are retried. The waits are exponential with jitter, and never shorter than the provider asks for.
///
/// ```
/// use std::time::Duration;
/// use tieline_http::RetryPolicy;
///
/// let policy = RetryPolicy::default().with_max_attempts(3).with_max_wait(Duration::from_secs(5));
/// assert_eq!(policy.max_attempts, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often one request is sent at most. 1 means no retries.
    pub max_attempts: u32,
    /// The longest single wait, also for a rate limit. What would wait longer is an error with
    /// [`retry_after`](tieline_core::Error::retry_after), so that the caller can park the work.
    pub max_wait: Duration,
    /// The first wait, before jitter; each further one is twice as long.
    pub first_wait: Duration,
    /// Retries per first attempt, over time, so that a provider that is down is not hammered. Refusals for sending
    /// too fast do not count, because the limiter paces those.
    pub budget: f64,
    /// Retries that a quiet connection may make before [`budget`](Self::budget) bites.
    pub reserve: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            max_wait: Duration::from_secs(30),
            first_wait: Duration::from_millis(500),
            budget: 0.2,
            reserve: 10,
        }
    }
}

impl RetryPolicy {
    /// Sends once.
    pub fn never() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Sets how often one request is sent at most.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets the longest single wait.
    #[must_use]
    pub fn with_max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets the first wait.
    #[must_use]
    pub fn with_first_wait(mut self, wait: Duration) -> Self {
        self.first_wait = wait;
        self
    }

    /// Sets the share of the traffic that retries may be, and how many may come before it counts.
    #[must_use]
    pub fn with_budget(mut self, share: f64, reserve: u32) -> Self {
        self.budget = share;
        self.reserve = reserve;
        self
    }

    /// The wait after this many attempts: between half and all of the exponential one.
    pub(crate) fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1).min(16));
        let longest = self.first_wait.saturating_mul(doubled).min(self.max_wait);
        longest.mul_f64(0.5 + 0.5 * fastrand::f64())
    }
}

/// The retries that a client may still make.
#[derive(Debug)]
pub(crate) struct Budget {
    tokens: Mutex<f64>,
    share: f64,
    most: f64,
}

impl Budget {
    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        let most = f64::from(policy.reserve);
        Self { tokens: Mutex::new(most), share: policy.budget.max(0.0), most }
    }

    /// A first attempt earns its share.
    pub(crate) fn earn(&self) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = (*tokens + self.share).min(self.most);
    }

    /// A retry costs one.
    pub(crate) fn spend(&self) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *tokens >= 1.0;
        if enough {
            *tokens -= 1.0;
        }
        enough
    }
}
