//! What the connector says about itself, and what Pipedrive's answers mean.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::{
    AuthScheme, BuildContext, Capture, Category, Connector, ConnectorFactory, ConnectorSpec, Error,
    ErrorKind, Field, FieldKind, KeyPlacement, Limit, LimitScope, OAuth2, Origins, RefreshPolicy, Result,
    Revocation,
};
use tieline_kit::{HeadFlag, HeadKey, HeadText, excerpt, failure, is_html, web_page};
use url::Url;

use crate::marker::CARRIERS;
use crate::search::SEARCH;
use crate::webhook::Notifications;
use crate::{Pipedrive, PipedriveConfig};

/// The most characters of an error text that are shown.
const SHOWN: usize = 200;
/// The window of the burst limit.
const WINDOW: Duration = Duration::from_secs(2);
/// How long a refresh token lives without being used. Each use begins it anew.
const UNUSED_LIFE: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// What the dearest call costs of the day's budget.
const DEAREST_CALL: f64 = 40.0;
/// How long to stay away after a block for ignored limits. Pipedrive does not say how long a block lasts.
const BLOCKED: Duration = Duration::from_secs(60 * 60);
const WHERE_THE_TOKEN_IS: &str = "copy the token again in this company's Pipedrive under Personal preferences > API: a new one there ends the old one. An app is connected again by a person's consent";

/// Pipedrive before there is an account: its description, and the meaning of its answers.
#[derive(Clone, Debug)]
pub struct PipedriveFactory {
    spec: ConnectorSpec,
}

impl Default for PipedriveFactory {
    fn default() -> Self {
        Self { spec: spec() }
    }
}

fn spec() -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("pipedrive", "Pipedrive", Category::Crm);
    spec.api_version = "v2, and v1 for leads, notes and users".into();
    spec.config = vec![
        Field::text("company", "Company")
            .with_help("What stands before .pipedrive.com in the address bar. The whole address works too.")
            .with_example("acme"),
        Field::text("markers", "Marker fields")
            .with_kind(FieldKind::texts(CARRIERS.iter().copied()))
            .with_help(
                "For each kind of record the code of a text field of your own, made for this: what is written carries a \
                 marker there, by which it is found again when an answer is lost. Without one, a person is asked.",
            )
            .with_pattern("^[0-9a-f]{40}$")
            .optional(),
    ];
    // Source: https://pipedrive.readme.io/docs/core-api-concepts-authentication
    let api_token = AuthScheme::api_key(
        KeyPlacement::header("x-api-token"),
        Field::secret("api_token", "API token")
            .with_help("In Pipedrive under Personal preferences > API. An admin's token sees everything.")
            .with_example("0123456789abcdef0123456789abcdef01234567")
            .with_pattern("^[0-9a-fA-F]{40}$"),
    );
    spec.auth = vec![api_token, AuthScheme::OAuth2(oauth())];
    spec.origins = Origins::Patterns(vec!["*.pipedrive.com".into()]);
    // An API token's burst on the smallest plan; the headers tell a bigger one, such as an app's 80 to 480. The budget of a day depends on plan and seats, and is
    // known only when it is used up.
    // Source: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    spec.limits = vec![
        Limit::new("burst", LimitScope::Credential, 20, WINDOW).with_headers("x-ratelimit"),
        Limit::new("search", LimitScope::Credential, 10, WINDOW).with_tag(SEARCH),
    ];
    spec.guide = include_str!("../GUIDE.md").into();
    spec
}

/// What an app may do is fixed by its registration, so no scopes are asked for. PKCE is not documented.
///
/// Source: <https://pipedrive.readme.io/docs/marketplace-oauth-authorization>.
fn oauth() -> OAuth2 {
    let mut oauth =
        OAuth2::new("https://oauth.pipedrive.com/oauth/authorize", "https://oauth.pipedrive.com/oauth/token");
    oauth.revocation =
        Some(Revocation::new("https://oauth.pipedrive.com/oauth/revoke").with_hint("refresh_token"));
    // The company's address, which the setting takes like any other way to write it.
    oauth.captures = vec![Capture::field("api_domain", "company")];
    oauth.refresh = RefreshPolicy::default().with_unused_life(UNUSED_LIFE);
    oauth
}

impl ConnectorFactory for PipedriveFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        classify(answer).into()
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        PipedriveConfig::from_value(config)?.base_url()
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = PipedriveConfig::from_value(&context.config)?;
        Ok(Arc::new(Pipedrive::new(&config, context.base_url, context.http, context.clock)?))
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        Some(&Notifications)
    }
}

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
fn classify(answer: &ResponseView<'_>) -> Option<Error> {
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
        error(NO_SCOPE).with_advice("grant it to the app in Pipedrive's developer hub, then connect again")
    } else {
        error("this Pipedrive user may not do this")
            .with_advice("connect with a user who may, such as an admin")
    }
}

const NO_SCOPE: &str = "the connection lacks a scope for this";

/// Whether a refusal is about the connection, not about the record that was asked for.
pub(crate) fn concerns_connection(error: &Error) -> bool {
    error.status() != Some(StatusCode::FORBIDDEN) || error.message() == NO_SCOPE
}

fn limited(answer: &ResponseView<'_>) -> Error {
    let number = |name: &str| answer.header(name)?.trim().parse::<f64>().ok();
    // The day's header is undocumented and sometimes absent. A burst with room left and a day without room for the
    // dearest call leave only the day.
    let day = number("x-daily-ratelimit-token-remaining");
    let room_in_burst = number("x-ratelimit-remaining").is_some_and(|left| left > 0.0);
    let spent =
        day.is_some_and(|left| left <= 0.0) || (room_in_burst && day.is_none_or(|left| left < DEAREST_CALL));
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
    waiting(error, answer, reset.map_or(WINDOW, Duration::from_secs_f64))
}

fn until_midnight(now: DateTime<Utc>) -> Duration {
    let midnight = now.date_naive().checked_add_days(Days::new(1)).and_then(|day| day.and_hms_opt(0, 0, 0));
    midnight.and_then(|midnight| (midnight.and_utc() - now).to_std().ok()).unwrap_or(BLOCKED)
}
