//! The meaning of Pipedrive's answers. A hook, because only headers that are sometimes absent distinguish bursts from days.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use http::StatusCode;
use serde::Deserialize;
use tieline_core::http::ResponseView;
use tieline_core::{Error, ErrorKind};
use tieline_kit::{HeadFlag, HeadKey, HeadText, excerpt, failure, is_html, web_page};

/// The most characters of an error text that are shown.
const SHOWN: usize = 200;
/// The window of the burst limit.
const WINDOW: Duration = Duration::from_secs(2);
/// What the dearest call costs of the day's budget.
const DEAREST_CALL: f64 = 40.0;
/// How long to wait for a limit of which the answer says nothing.
const UNSAID: Duration = Duration::from_secs(60);
/// How long to stay away after a block for ignored limits. Pipedrive does not say how long a block lasts.
const BLOCKED: Duration = Duration::from_secs(60 * 60);
const WHERE_THE_TOKEN_IS: &str = "copy the token again in this company's Pipedrive under Personal preferences > API: a new one there ends the old one. An app is connected again by a person's consent";

/// The few members of an answer that say whether it is an error.
#[derive(Default, Deserialize)]
struct Refusal<'a> {
    #[serde(default)]
    success: HeadFlag,
    #[serde(default, borrow)]
    error: HeadText<'a>,
    #[serde(default, borrow)]
    error_info: HeadText<'a>,
    #[serde(default, borrow)]
    code: HeadText<'a>,
    #[serde(default, rename = "errorCode")]
    error_code: HeadKey,
}

/// Sources: <https://pipedrive.readme.io/docs/core-api-concepts-http-status-codes> and
/// <https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting>.
pub(crate) fn classify(answer: &ResponseView<'_>) -> Option<Error> {
    let status = answer.status;
    let html = is_html(answer.body);
    if status.is_success() {
        if html {
            return Some(web_page().with_status(status));
        }
        // Pages begin so. A whole page is not read twice to learn it.
        if says_success(answer.body) {
            return None;
        }
    }
    let refusal: Refusal<'_> = serde_json::from_slice(answer.body).unwrap_or_default();
    if status.is_success() && refusal.success.0 != Some(false) {
        return None;
    }
    let error = match status.as_u16() {
        _ if status.is_success() => {
            Error::new(ErrorKind::Rejected, "Pipedrive reports a failure").with_status(status)
        }
        401 => failure("Pipedrive", status)?.with_advice(WHERE_THE_TOKEN_IS),
        402 => failure("Pipedrive", status)?.with_advice(
            "the company's account is closed, unpaid or its trial is over: settle that in Pipedrive",
        ),
        403 if html => blocked(answer),
        403 => forbidden(status, &refusal),
        // A host that no company has, or has no longer.
        300..=399 => elsewhere(status),
        404 if html || refusal.success.0.is_none() => elsewhere(status),
        429 => limited(answer),
        _ => failure("Pipedrive", status)?,
    };
    let error = explained(error, status, &refusal);
    Some(match answer.header("x-request-id").or_else(|| answer.header("cf-ray")) {
        Some(id) => error.with_request_id(excerpt(id, 64)),
        None => error,
    })
}

fn says_success(body: &[u8]) -> bool {
    let mut rest = body.trim_ascii_start();
    for token in [&b"{"[..], b"\"success\"", b":", b"true"] {
        let Some(after) = rest.strip_prefix(token) else { return false };
        rest = after.trim_ascii_start();
    }
    true
}

/// Adds Pipedrive's own words, cleaned and cut, beside what is printed: they may quote what was sent.
fn explained(mut error: Error, status: StatusCode, refusal: &Refusal<'_>) -> Error {
    // The number is mostly the status again.
    let code = refusal.code.get().map(|code| excerpt(code, 64));
    let number = refusal.error_code.0.as_ref().filter(|number| number.as_str() != status.as_str());
    if let Some(code) = code.or_else(|| number.map(|number| excerpt(number.as_str(), 64))) {
        error = error.with_code(code);
    }
    let words = [&refusal.error, &refusal.error_info].map(|text| text.get().unwrap_or_default());
    let words: Vec<String> =
        words.iter().filter(|text| !text.is_empty()).map(|text| excerpt(text, SHOWN)).collect();
    if words.is_empty() { error } else { error.with_provider_text(&words.join("; ")) }
}

fn elsewhere(status: StatusCode) -> Error {
    Error::new(ErrorKind::Config, "no Pipedrive company answers at this address")
        .with_status(status)
        .with_advice("check the company in the settings: it stands before .pipedrive.com in the address bar")
}

/// The firewall's answer to those who go on after 429s.
fn blocked(answer: &ResponseView<'_>) -> Error {
    let error = Error::new(
        ErrorKind::RateLimited,
        "Pipedrive's firewall blocks this address after too many ignored limits",
    )
    .with_advice(
        "leave the account alone for an hour, and look for another program that uses the same token",
    );
    waiting(error, answer, BLOCKED)
}

/// How long to wait. A `Retry-After` header is read by the HTTP stack and comes first.
fn waiting(error: Error, answer: &ResponseView<'_>, wait: Duration) -> Error {
    let error = error.with_status(answer.status);
    if answer.headers.contains_key(http::header::RETRY_AFTER) { error } else { error.with_retry_after(wait) }
}

fn forbidden(status: StatusCode, refusal: &Refusal<'_>) -> Error {
    let words = refusal.error.get().unwrap_or_default().to_ascii_lowercase();
    let error = |message: &'static str| Error::new(ErrorKind::Forbidden, message).with_status(status);
    if refusal.code.get().is_some_and(|code| code.starts_with("feature_capping")) {
        error("the company's Pipedrive plan holds no more of this")
            .with_advice("remove some, or raise the plan")
    } else if words.contains("scope") {
        error("the connection lacks a scope for this")
            .with_context("about", "connection")
            .with_advice("grant it to the app in Pipedrive's developer hub, then connect again")
    } else {
        error("this Pipedrive user may not do this")
            .with_advice("connect with a user who may, such as an admin")
    }
}

fn limited(answer: &ResponseView<'_>) -> Error {
    let number = |name: &str| answer.header(name)?.trim().parse::<f64>().ok();
    // The day's header is undocumented and sometimes absent. Until midnight is only waited when it says that nothing is
    // left, or too little for the dearest call while the burst has room.
    let day = number("x-daily-ratelimit-token-remaining");
    let room_in_burst = number("x-ratelimit-remaining").is_some_and(|left| left > 0.0);
    let spent = day.is_some_and(|left| left <= 0.0 || (room_in_burst && left < DEAREST_CALL));
    if spent {
        let error = Error::new(
            ErrorKind::QuotaExhausted,
            "the company's daily budget of Pipedrive API tokens is used up",
        )
        .with_advice(
            "all integrations of the company share it; it starts anew at midnight, taken to be UTC because Pipedrive \
             names no zone, so an earlier try does no harm",
        );
        return waiting(error, answer, until_midnight(answer.now));
    }
    // Seconds, as far as is known: what a two-second window cannot mean is passed over.
    let reset = number("x-ratelimit-reset").filter(|seconds| (0.0..=60.0).contains(seconds));
    let error = Error::new(ErrorKind::RateLimited, "Pipedrive allows no more requests for now");
    // With room in the burst it is another limit, of which nothing is said.
    let otherwise = if room_in_burst { UNSAID } else { WINDOW };
    waiting(error, answer, reset.filter(|_| !room_in_burst).map_or(otherwise, Duration::from_secs_f64))
}

fn until_midnight(now: DateTime<Utc>) -> Duration {
    let midnight = now.date_naive().checked_add_days(Days::new(1)).and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight.and_then(|midnight| (midnight.and_utc() - now).to_std().ok()).unwrap_or(BLOCKED)
}
