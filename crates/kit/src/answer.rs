use http::StatusCode;
use tieline_core::{Error, ErrorKind};

/// The error that a status means anywhere, or `None` for 2xx. A connector decides first what its provider means.
///
/// The message names the provider, and the status is part of the error's facts.
pub fn failure(provider: &str, status: StatusCode) -> Option<Error> {
    if status.is_success() {
        return None;
    }
    let (kind, what) = match status.as_u16() {
        300..=399 => (ErrorKind::Decode, "answered with a redirect, which its API does not do"),
        401 => (ErrorKind::Unauthenticated, "does not accept the credential"),
        402 => (ErrorKind::Forbidden, "asks for payment first"),
        403 => (ErrorKind::Forbidden, "does not allow this"),
        404 | 410 => (ErrorKind::NotFound, "does not have this"),
        405 | 501 => (ErrorKind::Unsupported, "does not do this"),
        408 | 504 => (ErrorKind::Timeout, "did not answer in time"),
        409 | 412 => (ErrorKind::Conflict, "has another version of this"),
        429 => (ErrorKind::RateLimited, "allows no more requests for now"),
        500..=599 => (ErrorKind::Unavailable, "has a fault or is down"),
        _ => (ErrorKind::Rejected, "refuses the request"),
    };
    let error = Error::new(kind, format!("{provider} {what}")).with_status(status);
    Some(match kind {
        ErrorKind::Unavailable | ErrorKind::Timeout => {
            error.with_advice("go on later from the last stored state")
        }
        _ => error,
    })
}

/// Whether a body is a web page or another markup instead of JSON.
pub fn is_html(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The error for a web page where JSON is documented.
pub fn web_page() -> Error {
    Error::new(ErrorKind::Decode, "a web page came instead of JSON").with_advice(
        "check the address, and that no proxy, login page or maintenance page stands between here and the provider",
    )
}

/// A short piece of a provider's text for a message: one line, no control characters, at most `limit` characters.
pub fn excerpt(text: &str, limit: usize) -> String {
    let mut short = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !short.is_empty() {
            short.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= limit {
                short.push('…');
                return short;
            }
            short.push(c);
            count += 1;
        }
    }
    short
}

/// Names the entity of an error that names none yet.
pub fn on_entity(error: Error, entity: &str) -> Error {
    if error.context().any(|(name, _)| name == "entity") {
        return error;
    }
    error.with_context("entity", excerpt(entity, 80))
}
