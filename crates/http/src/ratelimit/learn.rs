use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use tieline_core::http::Usage;
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

    pub(super) fn read(&self, name: &str, headers: &HeaderMap, now: impl FnOnce() -> DateTime<Utc>) -> Usage {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &HeaderName| text(name).and_then(leading_number);
        let mut seen = Usage::new();
        seen.quota = number(&self.limit);
        seen.remaining = number(&self.remaining);
        seen.reset = seen.remaining.and_then(|_| reset(text(&self.reset)?, now()));
        if self.structured {
            let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
            let limits = rate_limits(field("ratelimit-policy"), field("ratelimit"));
            if let Some(limit) = limits.into_iter().find(|limit| limit.name == name || limit.name.is_empty())
            {
                seen.quota = seen.quota.or(limit.quota);
                seen.remaining = seen.remaining.or(limit.remaining);
                seen.reset = seen.reset.or(limit.reset);
            }
        }
        seen
    }
}
