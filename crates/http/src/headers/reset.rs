use std::time::Duration;

use chrono::{DateTime, Utc};

use super::retry_after::decimal;
use super::{http_date, round_up, until};

/// Beyond this a reset is taken for a misunderstanding.
const PLAUSIBLE: Duration = Duration::from_secs(48 * 60 * 60);

/// The wait that an `X-RateLimit-Reset` value means. Providers write epoch seconds, epoch milliseconds, seconds from
/// now, an ISO or HTTP date, or a duration such as `6m0s`; the value itself tells which.
///
/// ```
/// use std::time::Duration;
/// use tieline_http::headers::reset;
///
/// let now = "2026-01-01T00:00:00Z".parse()?;
/// for value in ["60", "1767225660", "1767225660000", "2026-01-01T00:01:00Z", "1m0s"] {
///     assert_eq!(reset(value, now), Some(Duration::from_secs(60)), "{value}");
/// }
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn reset(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    let wait = if let Some((whole, fraction)) = decimal(value) {
        numeric(whole?, fraction, now)?
    } else if let Ok(then) = DateTime::parse_from_rfc3339(value) {
        until(then.to_utc(), now)
    } else if let Some(then) = http_date(value) {
        until(then, now)
    } else {
        round_up(spelled_out(value)?)
    };
    (wait <= PLAUSIBLE).then_some(wait)
}

fn numeric(whole: u64, fraction: bool, now: DateTime<Utc>) -> Option<Duration> {
    let more = i64::from(fraction);
    let value = i64::try_from(whole).ok()?.checked_add(more)?;
    let millis = match whole {
        1_000_000_000_001.. => value,
        1_000_000_001.. => value.checked_mul(1000)?,
        _ => return Some(Duration::from_secs(u64::try_from(value).ok()?)),
    };
    Some(until(DateTime::from_timestamp_millis(millis)?, now))
}

/// `6m0s`, `1h2m3.5s`, `120ms`.
fn spelled_out(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_ends = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(number_ends)?;
        let unit_ends = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_ends)?;
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = after;
    }
    (!value.is_empty()).then_some(total)
}
