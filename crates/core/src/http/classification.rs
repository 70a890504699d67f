use std::borrow::Cow;
use std::time::Duration;

use crate::Error;

/// The meaning of a response, decided by the connector's [`classify`](crate::ConnectorFactory::classify).
///
/// The error's kind and [`Resend`](crate::Resend) decide what the stack does with a failure: `Unauthenticated` renews
/// the credential once, `Safe` and `IfIdempotent` are retried within the budget, all else goes up. `RateLimited` and
/// `QuotaExhausted` pause a limit.
///
/// ```
/// use tieline_core::http::{Classification, Usage};
///
/// // A GraphQL API reports in its body what a query has cost, and what is left.
/// let accepted = Classification::accept().with_usage(Usage::new().with_cost(52).with_quota(1000).with_remaining(948));
/// assert!(accepted.error().is_none());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Classification {
    /// The request succeeded.
    #[non_exhaustive]
    Accept {
        /// What the response says about the provider's limits.
        usage: Vec<Usage>,
    },
    /// The request failed, whatever the status.
    #[non_exhaustive]
    Fail {
        /// The failure.
        error: Error,
        /// What the response says about the provider's limits.
        usage: Vec<Usage>,
    },
}

impl Classification {
    /// A success.
    pub fn accept() -> Self {
        Self::Accept { usage: Vec::new() }
    }

    /// A failure.
    pub fn fail(error: Error) -> Self {
        Self::Fail { error, usage: Vec::new() }
    }

    /// Adds what the response says about one limit.
    #[must_use]
    pub fn with_usage(mut self, seen: Usage) -> Self {
        let (Self::Accept { usage } | Self::Fail { usage, .. }) = &mut self;
        usage.push(seen);
        self
    }

    /// The failure.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Fail { error, .. } => Some(error),
            Self::Accept { .. } => None,
        }
    }

    /// Returns the failure.
    pub fn into_error(self) -> Option<Error> {
        match self {
            Self::Fail { error, .. } => Some(error),
            Self::Accept { .. } => None,
        }
    }

    /// Splits into the failure, if it is one, and the usage.
    pub fn into_parts(self) -> (Option<Error>, Vec<Usage>) {
        match self {
            Self::Accept { usage } => (None, usage),
            Self::Fail { error, usage } => (Some(error), usage),
        }
    }
}

impl From<Option<Error>> for Classification {
    fn from(failure: Option<Error>) -> Self {
        failure.map_or_else(Self::accept, Self::fail)
    }
}

/// What a response says about one limit: the units that this request has cost, and what is left in the window.
///
/// The stack narrows the limit by it, because others may use the same account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The name of the [`Limit`](crate::Limit); the narrowest that covers the request without one.
    pub limit: Option<Cow<'static, str>>,
    /// The units that this request has cost, where they are known only afterwards.
    pub cost: Option<u32>,
    /// The units that the whole window holds.
    pub quota: Option<u64>,
    /// The units that are left in the window.
    pub remaining: Option<u64>,
    /// The time until the window is whole again.
    pub reset: Option<Duration>,
}

impl Usage {
    /// A usage that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the limit.
    #[must_use]
    pub fn of(mut self, limit: impl Into<Cow<'static, str>>) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Sets the units that this request has cost.
    #[must_use]
    pub fn with_cost(mut self, units: u32) -> Self {
        self.cost = Some(units);
        self
    }

    /// Sets the units that the whole window holds.
    #[must_use]
    pub fn with_quota(mut self, units: u64) -> Self {
        self.quota = Some(units);
        self
    }

    /// Sets the units that are left.
    #[must_use]
    pub fn with_remaining(mut self, units: u64) -> Self {
        self.remaining = Some(units);
        self
    }

    /// Sets the time until the window is whole again.
    #[must_use]
    pub fn with_reset(mut self, wait: Duration) -> Self {
        self.reset = Some(wait);
        self
    }
}
