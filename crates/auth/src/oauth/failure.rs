//! Token requests that gave no token.

use std::fmt;

use http::StatusCode;
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, OAuth2, Resend};

use super::refusal::{foreign_app, refused};
use super::said::{Said, as_json};

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
    /// Whether it was refused for the times that it carries.
    pub(crate) is_about_time: bool,
}

impl Failure {
    pub(crate) fn new(error: Error, effect: Effect) -> Self {
        Self { error, effect, date: None, is_about_time: false }
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

/// The stack gave no response.
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

/// The body as JSON, when it is one that holds tokens, else what the response means.
pub(crate) fn judged(response: &HttpResponse, oauth: &OAuth2, title: &str) -> Result<Vec<u8>, Failure> {
    let status = response.status;
    let body = as_json(&response.body);
    let is_page = body.trim_ascii_start().starts_with(b"<");
    let said: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let refuses = match &said {
        Some(said) => {
            said.get("access_token").is_none() && said.get("error").is_some_and(|error| !error.is_null())
        }
        None => body.starts_with(b"error="),
    };
    if status.is_success() && !refuses {
        return if is_page { Err(page(title, status)) } else { Ok(body) };
    }
    let mut failure = match Said::read(&body) {
        Some(_) if status == StatusCode::NOT_FOUND && said.is_none() => speechless(title, status),
        Some(said) => refused(&said, oauth, title, status),
        None if is_page => page(title, status),
        None => speechless(title, status),
    };
    failure.error = failure.error.with_status(status);
    failure.date = response.date;
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
