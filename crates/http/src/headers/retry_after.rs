use std::time::Duration;

use chrono::{DateTime, Utc};

use super::until;

/// The longest wait that is believed. Whoever waits longer asks once a day and is told again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The wait that a `Retry-After` value asks for (RFC 9110, section 10.2.3): seconds or one of the three date forms. A
/// date in the past is zero, a fraction is rounded up, anything else is ignored.
///
/// ```
/// use std::time::Duration;
/// use tieline_http::headers::retry_after;
///
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
/// assert_eq!(retry_after("Thu, 01 Jan 2026 00:00:30 GMT", now), Some(Duration::from_secs(30)));
/// assert_eq!(retry_after("soon", now), None);
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|c: char| c.is_ascii_digit()) {
        let (whole, fraction) = decimal(value)?;
        let seconds = whole.unwrap_or(u64::MAX).saturating_add(u64::from(fraction));
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    Some(until(http_date(value)?, now).min(LONGEST_WAIT))
}

/// An HTTP date in any of its three forms (RFC 9110, section 5.6.7).
pub fn http_date(value: &str) -> Option<DateTime<Utc>> {
    let time = httpdate::parse_http_date(value.trim()).ok()?;
    let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}

/// An unsigned decimal: its whole part (`None` when it is beyond `u64`), and whether there is more than that.
pub(super) fn decimal(value: &str) -> Option<(Option<u64>, bool)> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    Some((whole.parse().ok(), fraction.bytes().any(|byte| byte != b'0')))
}
