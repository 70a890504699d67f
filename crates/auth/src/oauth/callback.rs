//! The query that the provider sent the browser back with (RFC 6749, section 4.1.2).

use secrecy::SecretString;
use tieline_core::{Error, ErrorKind, Result};
use url::form_urlencoded;

/// Far more than any provider sends.
const LONGEST: usize = 16 << 10;

#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) state: Option<SecretString>,
    pub(crate) code: Option<SecretString>,
    pub(crate) error: Option<String>,
    pub(crate) description: Option<String>,
}

impl Answered {
    /// What must not show.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.state.iter().chain(&self.code)
    }

    /// What the provider says in place of a code (RFC 6749, section 4.1.2.1).
    pub(crate) fn denied(&self, title: &str, asked: &[String]) -> Option<Error> {
        let code = self.error.as_deref()?;
        // The second is Pipedrive's: https://pipedrive.readme.io/docs/marketplace-oauth-authorization
        let error = if matches!(code, "access_denied" | "user_denied") {
            Error::new(ErrorKind::Forbidden, format!("the person did not consent at {title}"))
                .with_advice("begin the connection again")
        } else if code == "invalid_scope" {
            self.lacking(title, asked)
        } else if matches!(code, "temporarily_unavailable" | "server_error") {
            Error::new(ErrorKind::Unavailable, format!("{title} could not ask the person for consent"))
                .with_advice("begin the connection again later")
        } else {
            Error::new(ErrorKind::Rejected, format!("{title} ended the consent with an error"))
                .with_advice("begin the connection again")
        };
        let error = error.with_code(code);
        Some(match &self.description {
            Some(words) => error.with_context("provider", words),
            None => error,
        })
    }

    /// The app lacks scopes that were asked for: those that the provider names, else all that were asked for.
    fn lacking(&self, title: &str, asked: &[String]) -> Error {
        let words = self.description.as_deref().unwrap_or_default();
        let named = |scope: &&String| {
            let is_part = |c: char| c.is_alphanumeric() || "._:/-".contains(c);
            words.split(|c| !is_part(c)).any(|word| word.trim_end_matches(['.', ':']) == scope.as_str())
        };
        let named: Vec<&str> = asked.iter().filter(named).map(String::as_str).collect();
        let all: Vec<&str> = asked.iter().map(String::as_str).collect();
        let (scopes, which) = match named.is_empty() {
            true => (all, "of the scopes that were asked for, the app lacks one or more"),
            false => (named, "the app lacks scopes that were asked for"),
        };
        Error::new(
            ErrorKind::Config,
            format!("{title} gives no consent, because {which}: {}", scopes.join(", ")),
        )
        .with_advice(
            "enable them for the app in the provider's developer portal, or ask for fewer with \
                 OAuthApp::with_scopes",
        )
    }
}

/// Reads the query, with or without its question mark.
pub(crate) fn parse(query: &str) -> Result<Answered> {
    if query.len() > LONGEST {
        return Err(Error::new(ErrorKind::Rejected, "the callback's query is too long")
            .with_advice("begin the connection again"));
    }
    let mut answered = Answered::default();
    for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
        if value.is_empty() {
            continue;
        }
        let twice = match &*name {
            "state" => answered.state.replace(SecretString::from(&*value)).is_some(),
            "code" => answered.code.replace(SecretString::from(&*value)).is_some(),
            "error" => answered.error.replace(shown(&value)).is_some(),
            "error_description" => answered.description.replace(shown(&value)).is_some(),
            _ => false,
        };
        if twice {
            // RFC 6749, section 3.1: parameters are not repeated.
            return Err(Error::new(ErrorKind::Rejected, "the callback names a parameter twice")
                .with_advice("begin the connection again"));
        }
    }
    Ok(answered)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
