use std::time::Duration;

/// The most policies that are read from one answer.
const MOST: usize = 32;

/// One limit as the `RateLimit` and `RateLimit-Policy` fields describe it
/// (draft-ietf-httpapi-ratelimit-headers).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The policy's name; empty in the older form without names.
    pub name: String,
    /// How many units a window holds.
    pub quota: Option<u64>,
    /// The window's length.
    pub window: Option<Duration>,
    /// How many units are left.
    pub remaining: Option<u64>,
    /// Until there are more.
    pub reset: Option<Duration>,
}

/// The limits in the two structured fields, in the order in which they are first named. What is malformed is
/// ignored. The older single dictionary `limit=100, remaining=50, reset=30` is read as one limit without name.
///
/// ```
/// use tieline_http::headers::rate_limits;
///
/// let limits = rate_limits(Some(r#""burst";q=100;w=60"#), Some(r#""burst";r=7;t=30"#));
/// assert_eq!((limits[0].quota, limits[0].remaining), (Some(100), Some(7)));
/// ```
pub fn rate_limits(policy: Option<&str>, state: Option<&str>) -> Vec<RateLimit> {
    let mut limits: Vec<RateLimit> = Vec::new();
    let members = [policy, state].into_iter().flatten().flat_map(|field| split(field, ','));
    for member in members.take(2 * MOST) {
        let mut parts = split(member, ';');
        let Some(head) = parts.next() else { continue };
        let (name, first) = match head.split_once('=') {
            Some(pair) if !head.starts_with('"') => (String::new(), Some(pair)),
            _ => (unquoted(head), None),
        };
        let limit = match limits.iter().position(|limit| limit.name == name) {
            Some(index) => limits.get_mut(index),
            None if limits.len() < MOST => {
                limits.push(RateLimit { name, ..RateLimit::default() });
                limits.last_mut()
            }
            None => None,
        };
        let Some(limit) = limit else { continue };
        for (key, value) in first.into_iter().chain(parts.filter_map(|part| part.split_once('='))) {
            let Ok(number) = value.trim().parse::<u64>() else { continue };
            let seconds = Duration::from_secs(number).min(super::LONGEST_WAIT);
            match key.trim() {
                "q" | "limit" => limit.quota = Some(number),
                "w" => limit.window = Some(Duration::from_secs(number)),
                "r" | "remaining" => limit.remaining = Some(number),
                "t" | "reset" => limit.reset = Some(seconds),
                _ => {}
            }
        }
    }
    limits
}

/// Splits at a separator outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let here = c == separator && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        here
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

fn unquoted(name: &str) -> String {
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}
