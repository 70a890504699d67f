//! A provider's published limits, as data. The stack keeps them; connectors only state them.

use std::borrow::Cow;
use std::time::Duration;

use chrono::FixedOffset;
use serde::Serialize;

use crate::http::HttpRequest;

/// The party that shares a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// The unit that a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LimitUnit {
    /// Each request as one.
    Requests,
    /// Each request as its [cost](crate::http::HttpRequest::cost).
    Cost,
    /// Requests that are on their way at the same time. A request is on its way until its response is whole, or until
    /// a streamed response is dropped.
    InFlight,
}

/// One published limit: at most `quota` units in a window.
///
/// ```
/// use std::time::Duration;
/// use tieline_core::http::HttpRequest;
/// use tieline_core::{Limit, LimitScope};
///
/// let burst = Limit::new("burst", LimitScope::Credential, 20, Duration::from_secs(2))
///     .with_headers("x-ratelimit");
/// let search = Limit::new("search", LimitScope::Credential, 10, Duration::from_secs(2)).with_tag("search");
/// let day = Limit::per_day("day", LimitScope::Account, 30_000).counting_cost();
/// let parallel = Limit::in_flight("parallel", LimitScope::Credential, 5);
/// let channel = Limit::new("channel", LimitScope::App, 1, Duration::from_secs(1)).keyed_by("channel");
///
/// let request = HttpRequest::get("https://api.example.com/deals".parse()?);
/// assert!(burst.covers(&request) && day.covers(&request) && parallel.covers(&request));
/// assert!(!search.covers(&request) && !channel.covers(&request));
/// assert!(channel.covers(&request.with_limit_key("channel", "C1")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Limit {
    /// A word for messages and metrics.
    pub name: Cow<'static, str>,
    /// The party that shares it.
    pub scope: LimitScope,
    /// The unit that it counts.
    pub unit: LimitUnit,
    /// The number of units that a window holds.
    pub quota: u32,
    /// The window's length; zero for [`LimitUnit::InFlight`]. The window slides: it is any stretch of that length.
    #[serde(serialize_with = "crate::serialized::millis")]
    pub per: Duration,
    /// The zone whose midnights begin the windows, for a limit per calendar day.
    #[serde(serialize_with = "crate::serialized::some_displayed")]
    pub day: Option<FixedOffset>,
    /// The tag of the requests that count; all requests without one.
    pub tag: Option<Cow<'static, str>>,
    /// The name of the [key](crate::http::HttpRequest::with_limit_key) that has a window of its own for each value.
    pub key: Option<Cow<'static, str>>,
    /// The prefix of the headers (`PREFIX-limit`, `PREFIX-remaining`, `PREFIX-reset`) that describe it.
    pub headers: Option<Cow<'static, str>>,
}

impl Limit {
    /// A limit over all requests of its scope, in a window of the length `per` that slides.
    pub fn new(name: impl Into<Cow<'static, str>>, scope: LimitScope, quota: u32, per: Duration) -> Self {
        Self {
            name: name.into(),
            scope,
            unit: LimitUnit::Requests,
            quota,
            per,
            day: None,
            tag: None,
            key: None,
            headers: None,
        }
    }

    /// A budget of a calendar day in UTC.
    pub fn per_day(name: impl Into<Cow<'static, str>>, scope: LimitScope, quota: u32) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self { day: FixedOffset::east_opt(0), ..Self::new(name, scope, quota, DAY) }
    }

    /// A limit over the requests that are on their way at the same time.
    pub fn in_flight(name: impl Into<Cow<'static, str>>, scope: LimitScope, quota: u32) -> Self {
        Self { unit: LimitUnit::InFlight, ..Self::new(name, scope, quota, Duration::ZERO) }
    }

    /// Counts costs instead of requests.
    #[must_use]
    pub fn counting_cost(mut self) -> Self {
        self.unit = LimitUnit::Cost;
        self
    }

    /// Sets the zone whose midnights begin the windows of a limit per calendar day.
    #[must_use]
    pub fn with_day_in(mut self, zone: FixedOffset) -> Self {
        self.day = Some(zone);
        self
    }

    /// Covers only requests with this tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Counts each value of this key by itself, and only requests that have one: a mailbox, a channel.
    #[must_use]
    pub fn keyed_by(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Learns quota, remaining units and reset from the provider's headers of this prefix.
    #[must_use]
    pub fn with_headers(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.headers = Some(prefix.into());
        self
    }

    /// Whether a request counts.
    pub fn covers(&self, request: &HttpRequest) -> bool {
        (self.tag.is_none() || self.tag.as_deref() == request.tag())
            && self.key.as_deref().is_none_or(|key| request.limit_key(key).is_some())
    }
}
