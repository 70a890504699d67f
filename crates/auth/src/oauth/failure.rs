//! What a refused or failed token request means.

use std::fmt;

use http::StatusCode;
use serde_json::Value;
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Resend};

/// The most characters of a provider's words that are shown.
const SHOWN: usize = 200;

/// What a failed request did to the grant that it carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: it did not arrive, or was refused for another reason.
    None,
    /// The provider says that the grant is not valid, or no longer.
    Dead,
    /// Nobody knows: the provider may have used it up.
    Open,
}

/// A token request that gave no token.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) effect: Effect,
    /// The provider's clock when it refused.
    pub(crate) date: Option<chrono::DateTime<chrono::Utc>>,
}

impl Failure {
    pub(crate) fn new(error: Error, effect: Effect) -> Self {
        Self { error, effect, date: None }
    }

    pub(crate) fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        Self { error: change(self.error), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The stack gave no answer.
pub(crate) fn unanswered(error: Error) -> Failure {
    let untouched = matches!(
        error.status(),
        Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT)
    );
    let unsent =
        error.resend() == Resend::Safe || (error.kind() == ErrorKind::Config && error.status().is_none());
    let effect = if untouched || unsent { Effect::None } else { Effect::Open };
    Failure::new(error, effect)
}

/// The answer, when it is one that holds tokens, else what it means.
pub(crate) fn judged(answer: HttpResponse, title: &str) -> Result<HttpResponse, Failure> {
    let body: &[u8] = &answer.body;
    let is_page = body.trim_ascii_start().starts_with(b"<");
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let refuses = said.as_ref().is_some_and(|said| {
        said.get("access_token").is_none() && said.get("error").is_some_and(|error| !error.is_null())
    });
    let status = answer.status;
    if status.is_success() && !refuses {
        if is_page {
            return Err(page(title, status));
        }
        return Ok(answer);
    }
    let mut failure = match said {
        Some(said) => refused(&said, title, status),
        None if is_page => page(title, status),
        None => speechless(title, status),
    };
    failure.error = failure.error.with_status(status);
    failure.date = answer.date;
    Err(failure)
}

fn page(title: &str, status: StatusCode) -> Failure {
    let error = Error::new(ErrorKind::Decode, format!("{title} answered a token request with a web page"))
        .with_advice("try again later; check the provider's status page if it stays")
        .with_status(status);
    Failure::new(error, Effect::Open)
}

fn speechless(title: &str, status: StatusCode) -> Failure {
    match status {
        StatusCode::UNAUTHORIZED => foreign_app(title),
        StatusCode::NOT_FOUND => Failure::new(
            Error::new(ErrorKind::Config, format!("{title} has no token endpoint at this address"))
                .with_advice("check the addresses that the host put in place of the provider's"),
            Effect::None,
        ),
        _ => Failure::new(
            Error::new(ErrorKind::Rejected, format!("{title} refuses a token request without saying why")),
            Effect::Open,
        ),
    }
}

/// RFC 6749, section 5.2, and those who write sentences in place of its codes.
fn refused(said: &Value, title: &str, status: StatusCode) -> Failure {
    let texts = [said.get("error"), said.get("error_description"), said.get("message")]
        .map(|value| value.and_then(Value::as_str).unwrap_or_default());
    let [code, ..] = texts;
    let words = texts.join(" ").to_lowercase();
    let says = |needles: &[&str]| needles.iter().any(|needle| words.contains(needle));
    let failure = match code {
        "invalid_grant" => dead(title),
        "invalid_client" | "unauthorized_client" => foreign_app(title),
        "invalid_scope" => Failure::new(
            Error::new(ErrorKind::Config, format!("{title} does not give the scopes that were asked for"))
                .with_advice("check the scopes of the app at the provider"),
            Effect::None,
        ),
        "invalid_request" | "unsupported_grant_type" => Failure::new(
            Error::new(ErrorKind::Rejected, format!("{title} refuses a token request")),
            Effect::None,
        ),
        "temporarily_unavailable" | "server_error" => Failure::new(
            Error::new(ErrorKind::Unavailable, format!("{title} could not answer a token request"))
                .with_advice("try again later"),
            Effect::Open,
        ),
        // Pipedrive: https://pipedrive.readme.io/docs/marketplace-oauth-authorization
        _ if says(&[
            "invalid_grant",
            "invalid grant",
            "refresh token",
            "already exchanged",
            "expired code",
        ]) =>
        {
            dead(title)
        }
        _ if status == StatusCode::UNAUTHORIZED || says(&["invalid client", "invalid_client"]) => {
            foreign_app(title)
        }
        _ => Failure::new(
            Error::new(ErrorKind::Rejected, format!("{title} refuses a token request")),
            Effect::Open,
        ),
    };
    failure.map(|error| {
        let described = texts.iter().skip(1).find(|text| !text.is_empty());
        let error = if code.is_empty() { error } else { error.with_code(shown(code)) };
        described.into_iter().fold(error, |error, text| error.with_context("provider", shown(text)))
    })
}

fn dead(title: &str) -> Failure {
    let error = Error::new(ErrorKind::Unauthenticated, format!("{title} does not accept the grant"))
        .with_advice("let the customer connect again");
    Failure::new(error, Effect::Dead)
}

fn foreign_app(title: &str) -> Failure {
    let error = Error::new(
        ErrorKind::Config,
        format!("{title} does not accept this application's client id and secret"),
    )
    .with_advice("check them against the provider's developer portal");
    Failure::new(error, Effect::None)
}

/// The beginning of a provider's text, on one line.
fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    line.trim().to_owned()
}
