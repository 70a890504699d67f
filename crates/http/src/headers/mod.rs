//! What providers say in headers about waiting, as pure functions: text and a "now" in, a duration out.
//!
//! Nothing here panics or overflows, whatever the text. Waits are rounded up to whole seconds, because a second too
//! early is another refusal.

mod reset;
mod retry_after;
mod structured;

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;

pub use reset::reset;
pub use retry_after::{LONGEST_WAIT, http_date, retry_after};
pub use structured::{RateLimit, rate_limits};

/// The provider's clock: the `Date` header.
pub fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(text(headers, "date")?)
}

/// How long an answer asks to wait before the next request: `Retry-After`, else the reset of a limit of which nothing
/// remains (`RateLimit`, `X-RateLimit-*`, `X-Rate-Limit-*`, `RateLimit-*`).
///
/// ```
/// use std::time::Duration;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("x-ratelimit-remaining", "0".parse()?);
/// headers.insert("x-ratelimit-reset", "1767225660".parse()?);
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// assert_eq!(tieline_http::headers::wait(&headers, now), Some(Duration::from_secs(60)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    // A proxy adds its own to the provider's. The longest satisfies both.
    let named =
        headers.get_all("retry-after").iter().filter_map(|value| retry_after(value.to_str().ok()?, now));
    if let Some(wait) = named.max() {
        return Some(wait);
    }
    let spent = rate_limits(text(headers, "ratelimit-policy"), text(headers, "ratelimit"))
        .into_iter()
        .filter(|limit| limit.remaining == Some(0))
        .filter_map(|limit| limit.reset)
        .max();
    spent.or_else(|| {
        [
            ("x-ratelimit-remaining", "x-ratelimit-reset"),
            ("x-rate-limit-remaining", "x-rate-limit-reset"),
            ("ratelimit-remaining", "ratelimit-reset"),
        ]
        .into_iter()
        .find(|(remaining, _)| text(headers, remaining).and_then(leading_number) == Some(0))
        .and_then(|(_, name)| reset(text(headers, name)?, now))
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The number at the beginning of `100, 100;w=60`.
pub(crate) fn leading_number(value: &str) -> Option<u64> {
    let digits = value.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// From `now` to `then`, at least zero, in whole seconds rounded up.
fn until(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    round_up((then - now).to_std().unwrap_or_default())
}

fn round_up(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)))
}
