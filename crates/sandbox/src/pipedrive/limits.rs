//! The provider's limits: a burst in a rolling window, a budget for the day, and a firewall that loses patience.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, StatusCode};

use super::answers::Refusal;
use crate::misbehave::FIREWALL_PAGE;
use crate::reply::Reply;

/// How much the sandbox lets a token do. The default is the smallest plan with five seats.
///
/// ```
/// use tieline_sandbox::pipedrive::Limits;
///
/// let limits = Limits { burst: 3, ..Limits::default() };
/// assert_eq!(limits.window_seconds, 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests with the API token in a rolling window.
    pub burst: u32,
    /// Requests of an app in a rolling window.
    pub oauth_burst: u32,
    /// The window's length.
    pub window_seconds: u32,
    /// What all requests of a UTC day may cost together.
    pub daily_budget: u32,
    /// This many 429s in a row are answered; then the firewall blocks. `0` for a firewall that never does.
    pub patience: u32,
    /// How long the firewall blocks.
    pub block_seconds: u32,
    /// Whether answers tell the daily budget. The provider's sometimes do not.
    pub daily_headers: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            burst: 20,
            oauth_burst: 80,
            window_seconds: 2,
            daily_budget: 150_000,
            patience: 30,
            block_seconds: 600,
            daily_headers: true,
        }
    }
}

impl Limits {
    /// No limit that a test could reach.
    #[must_use]
    pub fn none() -> Self {
        Self {
            burst: u32::MAX,
            oauth_burst: u32::MAX,
            daily_budget: u32::MAX,
            patience: 0,
            ..Self::default()
        }
    }
}

/// How a caller came in. Each way has a window of its own; the day's budget is the company's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Via {
    ApiToken,
    OAuth,
}

/// What was used of the limits.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) limits: Limits,
    recent: BTreeMap<Via, VecDeque<DateTime<Utc>>>,
    day: i64,
    spent: u32,
    ignored: u32,
    blocked_until: Option<DateTime<Utc>>,
}

impl Meter {
    pub(crate) fn set(&mut self, limits: Limits) {
        *self = Self { limits, ..Self::default() };
    }

    /// The firewall stands before everything else, also before the check of the token.
    pub(crate) fn firewall(&self, now: DateTime<Utc>) -> Option<Reply> {
        let blocked = self.blocked_until.is_some_and(|until| now < until);
        blocked.then(|| Reply::html(StatusCode::FORBIDDEN, FIREWALL_PAGE).with_header("server", "cloudflare"))
    }

    /// Counts a request and what it costs, or refuses it.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>, via: Via, cost: u32) -> Result<(), Refusal> {
        let window = TimeDelta::seconds(self.limits.window_seconds.into());
        let recent = self.recent.entry(via).or_default();
        while recent.front().is_some_and(|at| *at + window <= now) {
            recent.pop_front();
        }
        let today = now.timestamp().div_euclid(86_400);
        if self.day != today {
            (self.day, self.spent) = (today, 0);
        }
        let over = |info: &str| Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            error: "request over limit".into(),
            info: info.into(),
        };
        let refused = if self.left_in_window(via) == 0 {
            Some(over("Too many requests in a short time"))
        } else if self.spent.saturating_add(cost) > self.limits.daily_budget {
            Some(over("The daily token budget of the company is used up"))
        } else {
            None
        };
        if let Some(refusal) = refused {
            self.ignored = self.ignored.saturating_add(1);
            if self.limits.patience > 0 && self.ignored > self.limits.patience {
                self.ignored = 0;
                self.blocked_until = Some(now + TimeDelta::seconds(self.limits.block_seconds.into()));
            }
            return Err(refusal);
        }
        self.ignored = 0;
        self.spent = self.spent.saturating_add(cost);
        if self.burst(via) < u32::MAX {
            self.recent.entry(via).or_default().push_back(now);
        }
        Ok(())
    }

    const fn burst(&self, via: Via) -> u32 {
        match via {
            Via::ApiToken => self.limits.burst,
            Via::OAuth => self.limits.oauth_burst,
        }
    }

    fn left_in_window(&self, via: Via) -> u32 {
        let used = self.recent.get(&via).map_or(0, VecDeque::len);
        self.burst(via).saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// The headers that every answer to an accepted token carries.
    pub(crate) fn label(&self, reply: Reply, via: Via, now: DateTime<Utc>) -> Reply {
        let window = i64::from(self.limits.window_seconds);
        let reset = self.recent.get(&via).and_then(VecDeque::front).map_or(window, |oldest| {
            let left = (*oldest + TimeDelta::seconds(window) - now).num_milliseconds();
            left.max(0).unsigned_abs().div_ceil(1000).try_into().unwrap_or(window)
        });
        let reply = reply
            .with_header("x-ratelimit-limit", &self.burst(via).to_string())
            .with_header("x-ratelimit-remaining", &self.left_in_window(via).to_string())
            .with_header("x-ratelimit-reset", &reset.to_string());
        if !self.limits.daily_headers {
            return reply;
        }
        let left = self.limits.daily_budget.saturating_sub(self.spent);
        reply
            .with_header("x-daily-ratelimit-token-limit", &self.limits.daily_budget.to_string())
            .with_header("x-daily-ratelimit-token-remaining", &left.to_string())
    }
}

/// What a call costs of the day's budget.
pub(crate) fn cost(v2: bool, method: &Method, path: &[&str]) -> u32 {
    let old = if v2 { 1 } else { 2 };
    match (method.as_str(), path) {
        ("GET", [.., "search"] | ["itemSearch", ..]) => 20 * old,
        ("GET", ["projects", "archived"] | ["deals", "products"] | ["deals", _, "products"]) => 10,
        ("POST", ["projects", _, "archive"]) => 3,
        ("GET", [_, "archived"]) => 20 * old,
        ("GET", ["users", "me"]) => 2,
        ("GET", ["leadLabels"]) => 10,
        ("GET", ["pipelines" | "stages"]) => 5,
        ("GET", [_]) => 10 * old,
        ("GET", _) => old,
        ("PUT", [_, _, "merge"]) => 40,
        ("POST" | "PATCH" | "PUT", _) => 5 * old,
        ("DELETE", _) => 3 * old,
        _ => 0,
    }
}
