use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use tieline_core::{Error, ErrorKind, Result};

use crate::headers::{leading_number, rate_limits, reset};

/// The headers that describe one limit.
#[derive(Debug)]
pub(super) struct LimitHeaders {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
    /// The prefix of the IETF's drafts, whose newer form names its limits in one field.
    structured: bool,
}

/// What an answer tells about a limit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Learnt {
    pub(super) quota: Option<u64>,
    /// Nothing remains, for this long.
    pub(super) spent_for: Option<Duration>,
}

impl LimitHeaders {
    pub(super) fn new(prefix: &str) -> Result<Self> {
        let name = |suffix: &str| {
            format!("{prefix}-{suffix}").to_ascii_lowercase().parse::<HeaderName>().map_err(|_| {
                Error::new(ErrorKind::Config, format!("{prefix:?} is not the prefix of a header name"))
            })
        };
        Ok(Self {
            limit: name("limit")?,
            remaining: name("remaining")?,
            reset: name("reset")?,
            structured: prefix.eq_ignore_ascii_case("ratelimit"),
        })
    }

    pub(super) fn read(
        &self,
        name: &str,
        headers: &HeaderMap,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Learnt {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &HeaderName| text(name).and_then(leading_number);
        let mut learnt = Learnt { quota: number(&self.limit), spent_for: None };
        if number(&self.remaining) == Some(0) {
            learnt.spent_for = text(&self.reset).and_then(|value| reset(value, now()));
        }
        if self.structured {
            let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
            let limits = rate_limits(field("ratelimit-policy"), field("ratelimit"));
            if let Some(limit) = limits.into_iter().find(|limit| limit.name == name || limit.name.is_empty())
            {
                learnt.quota = learnt.quota.or(limit.quota);
                if limit.remaining == Some(0) {
                    learnt.spent_for = learnt.spent_for.or(limit.reset);
                }
            }
        }
        learnt.quota = learnt.quota.filter(|quota| (1..=u64::from(u32::MAX)).contains(quota));
        learnt.spent_for = learnt.spent_for.filter(|wait| !wait.is_zero());
        learnt
    }
}
