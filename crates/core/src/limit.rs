//! A provider's published limits, as data. The stack keeps them; connectors only state them.

use std::borrow::Cow;
use std::time::Duration;

/// Who shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitScope {
    /// Everything that leaves from one address.
    Ip,
    /// All connections of the host's registered app.
    App,
    /// Everything done with one credential.
    Credential,
    /// Everything done to one account at the provider, also by others.
    Account,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitUnit {
    /// Each request as one.
    Requests,
    /// Each request as its [cost](crate::http::HttpRequest::cost).
    Cost,
}

/// One published limit: at most `quota` units in any window of length `per`.
///
/// ```
/// use std::time::Duration;
/// use tieline_core::{Limit, LimitScope};
///
/// let burst = Limit::new("burst", LimitScope::Credential, 20, Duration::from_secs(2))
///     .with_headers("x-ratelimit");
/// let search = Limit::new("search", LimitScope::Credential, 10, Duration::from_secs(2)).with_tag("search");
/// assert!(burst.covers(Some("search")) && !search.covers(None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// A word for messages and metrics.
    pub name: Cow<'static, str>,
    /// Who shares it.
    pub scope: LimitScope,
    /// What it counts.
    pub unit: LimitUnit,
    /// How many units a window holds.
    pub quota: u32,
    /// The window's length. The window slides: it is any stretch of that length.
    pub per: Duration,
    /// Only requests with this tag, or all.
    pub tag: Option<&'static str>,
    /// The prefix of the headers (`PREFIX-limit`, `PREFIX-remaining`, `PREFIX-reset`) that describe it.
    pub headers: Option<Cow<'static, str>>,
}

impl Limit {
    /// A limit over all requests of its scope.
    pub fn new(name: impl Into<Cow<'static, str>>, scope: LimitScope, quota: u32, per: Duration) -> Self {
        Self { name: name.into(), scope, unit: LimitUnit::Requests, quota, per, tag: None, headers: None }
    }

    /// Counts costs instead of requests.
    #[must_use]
    pub fn counting_cost(mut self) -> Self {
        self.unit = LimitUnit::Cost;
        self
    }

    /// Covers only requests with this tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &'static str) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Learns quota, remaining units and reset from the provider's headers of this prefix.
    #[must_use]
    pub fn with_headers(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.headers = Some(prefix.into());
        self
    }

    /// Whether a request with this tag counts.
    pub fn covers(&self, tag: Option<&str>) -> bool {
        self.tag.is_none() || self.tag == tag
    }
}
