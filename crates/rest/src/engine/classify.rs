//! The meaning of an answer, by the rules of the description.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use http::StatusCode;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{Error, ErrorKind, json};
use tieline_kit::{excerpt, failure, is_html, web_page};

use crate::description::{ErrorRule, ErrorRules, ErrorWord, Wait};

/// Where a failure's message is looked for when the description does not say.
const MESSAGES: [&str; 8] = [
    "/detail",
    "/message",
    "/error_description",
    "/error/message",
    "/error",
    "/title",
    "/errors/0/message",
    "/errors/0",
];
/// The longest message that is looked through, in bytes.
const MAX_MESSAGE: usize = 4096;

/// What an answer means. The message of the answer decides, but is not shown: it may quote a record.
pub(crate) fn classify(rules: &ErrorRules, provider: &str, answer: &ResponseView<'_>) -> Classification {
    let status = answer.status;
    // Most answers are good, and no rule is about them.
    let text = answer.text().unwrap_or_default();
    if status.is_success() && !rules.when.iter().any(|rule| may_be_about_success(rule, rules, text)) {
        return accept(answer);
    }
    let html = is_web_page(answer);
    let said = said(rules, text);
    let message = said.as_deref().map(lower);
    let code = rules.code.iter().find_map(|at| scalar(text, at));
    let of_answer = Answer { text, html, message: message.as_deref(), code: code.as_deref() };
    let found = rules.when.iter().find(|rule| fits(rule, answer, &of_answer));
    let word = found.and_then(|rule| rule.error);
    let error = match word {
        Some(ErrorWord::Nothing | ErrorWord::Items) => return Classification::from(None),
        Some(ErrorWord::StartOver) => Error::new(
            ErrorKind::StateInvalid,
            format!("{provider} no longer knows where the last read stopped"),
        )
        .with_status(status)
        .with_advice("start over without state: a full read skips nothing"),
        Some(ErrorWord::Kind(kind)) => of_kind(kind, provider, status),
        None if found.is_none() && status.is_success() => return accept(answer),
        None if html && !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            web_page().with_status(status)
        }
        None => match failure(provider, status) {
            Some(error) if error.kind() == ErrorKind::NotFound && message.is_none() && code.is_none() => {
                unbranded(provider, status)
            }
            Some(error) => error,
            None => {
                Error::new(ErrorKind::Rejected, format!("{provider} reports a failure")).with_status(status)
            }
        },
    };
    let error = match found {
        Some(rule) => with_rule(error, rule, answer),
        None => error,
    };
    let error = match error.advice() {
        None if error.kind() == ErrorKind::Unauthenticated => {
            error.with_advice("check the credential, and give a new one if it was replaced or ended")
        }
        _ => error,
    };
    let error = match code {
        Some(code) => error.with_code(excerpt(&code, 64)),
        None => error,
    };
    // It may quote a record, so that it is kept for a person who may see the record and is not shown.
    let error = match said {
        Some(said) => error.with_provider_text(&said),
        None => error,
    };
    let request_id = rules.request.iter().find_map(|at| scalar(text, at));
    let header = rules.request_header.as_deref().unwrap_or("x-request-id");
    let request_id = request_id.or_else(|| answer.header(header).map(str::to_owned));
    let error = match request_id {
        Some(id) => error.with_request_id(excerpt(&id, 64)),
        None => error,
    };
    Some(error).into()
}

fn accept(answer: &ResponseView<'_>) -> Classification {
    let html = is_web_page(answer).then(|| web_page().with_status(answer.status));
    html.into()
}

/// Whether an answer is a web page or other markup, and not XML that says so.
fn is_web_page(answer: &ResponseView<'_>) -> bool {
    if !is_html(answer.body) {
        return false;
    }
    let start = answer.body.get(..200.min(answer.body.len())).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let says_xml = start.starts_with("<?xml")
        || answer.header("content-type").is_some_and(|media| media.to_ascii_lowercase().contains("xml"));
    !says_xml || start.contains("<html") || start.starts_with("<!doctype html")
}

/// Whether a rule may fit a success. A whole page is not searched for a code or a member that it does not even name.
fn may_be_about_success(rule: &ErrorRule, rules: &ErrorRules, text: &str) -> bool {
    let of_status = rule.status.is_empty()
        || rule.status.iter().any(|status| *status == 2 || (200..300).contains(status));
    let named = |at: &String| {
        let first = at.split('/').nth(1).unwrap_or_default();
        first.is_empty() || first.contains('~') || text.contains(first)
    };
    of_status && rule.at.as_ref().is_none_or(named) && (rule.codes.is_empty() || rules.code.iter().any(named))
}

/// What the rules look at in an answer.
struct Answer<'a> {
    text: &'a str,
    html: bool,
    /// In lower case.
    message: Option<&'a str>,
    code: Option<&'a str>,
}

fn fits(rule: &ErrorRule, answer: &ResponseView<'_>, of_answer: &Answer<'_>) -> bool {
    let Answer { text, html, message, code } = *of_answer;
    let status = answer.status.as_u16();
    let header = |name: &str, value: &Option<String>| {
        answer.header(name).is_some_and(|there| {
            value.as_deref().is_none_or(|value| there.to_lowercase().contains(&value.to_lowercase()))
        })
    };
    let at = |at: &str| match value(text, at) {
        None => false,
        Some(json) => {
            rule.is.is_empty() && !matches!(json.as_str(), "null" | "[]" | "{}" | "false" | "\"\"")
                || rule.is.iter().any(|is| *is == unquoted(&json))
        }
    };
    (rule.status.is_empty() || rule.status.iter().any(|wanted| *wanted == status || *wanted == status / 100))
        && (rule.codes.is_empty() || code.is_some_and(|code| rule.codes.iter().any(|wanted| wanted == code)))
        && rule.tag.as_deref().is_none_or(|tag| answer.tag == Some(tag))
        && rule.html.is_none_or(|wanted| wanted == html)
        && rule.header.as_ref().is_none_or(|(name, value)| header(name, value))
        && rule.at.as_deref().is_none_or(at)
        && (rule.text.is_empty()
            || message.as_ref().is_some_and(|message| rule.text.iter().any(|text| message.contains(text))))
}

/// The provider's message.
fn said(rules: &ErrorRules, text: &str) -> Option<String> {
    if rules.message.is_empty() {
        return MESSAGES.iter().find_map(|at| scalar(text, at));
    }
    rules.message.iter().find_map(|at| scalar(text, at))
}

/// A message in lower case, for comparison only.
fn lower(said: &str) -> String {
    let mut message = said.to_lowercase();
    if message.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        message.truncate(end);
    }
    message
}

fn value(text: &str, at: &str) -> Option<String> {
    json::at(text, at).ok().flatten().map(|raw| raw.get().to_owned())
}

fn scalar(text: &str, at: &str) -> Option<String> {
    let json = value(text, at)?;
    let is_scalar = !matches!(json.as_bytes().first(), Some(b'{' | b'[' | b'n') | None);
    is_scalar.then(|| unquoted(&json)).filter(|text| !text.is_empty())
}

fn unquoted(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

fn of_kind(kind: ErrorKind, provider: &str, status: StatusCode) -> Error {
    let what = match kind {
        ErrorKind::Config => "does not answer here as it should",
        ErrorKind::Unauthenticated => "does not accept the credential",
        ErrorKind::Forbidden => "does not allow this",
        ErrorKind::NotFound => "does not have this",
        ErrorKind::Conflict => "has another version of this, or has it already",
        ErrorKind::RateLimited => "allows no more requests for now",
        ErrorKind::QuotaExhausted => "allows no more requests in this period",
        ErrorKind::Unavailable => "has a fault or is down",
        ErrorKind::Timeout => "did not answer in time",
        ErrorKind::Unsupported => "does not do this",
        ErrorKind::Decode => "answered in a way that it does not document",
        _ => "refuses the request",
    };
    Error::new(kind, format!("{provider} {what}")).with_status(status)
}

/// A 404 that shows nothing of the provider may be a gateway's: nothing is gone on its word.
fn unbranded(provider: &str, status: StatusCode) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{provider} did not answer: there is nothing at this address"))
        .with_status(status)
        .with_advice(
            "check the address; if the provider writes its 404 so, say {status: 404, error: not_found} in the errors",
        )
}

fn with_rule(mut error: Error, rule: &ErrorRule, answer: &ResponseView<'_>) -> Error {
    if let Some(advice) = &rule.advice {
        error = error.with_advice(advice.clone());
    }
    if rule.about_connection {
        error = error.with_context("about", "connection");
    }
    if let Some(resend) = rule.resend {
        error = error.with_resend(resend);
    }
    // A `Retry-After` is read by the HTTP stack and comes first.
    if let Some(wait) = rule.wait
        && !answer.headers.contains_key(http::header::RETRY_AFTER)
    {
        error = error.with_retry_after(match wait {
            Wait::For(wait) => wait,
            Wait::Midnight => until_midnight(answer.now),
        });
    }
    error
}

fn until_midnight(now: DateTime<Utc>) -> Duration {
    let midnight = now.date_naive().checked_add_days(Days::new(1)).and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight
        .and_then(|midnight| (midnight.and_utc() - now).to_std().ok())
        .unwrap_or(Duration::from_secs(3600))
}
