//! What a refusal of a token endpoint means: *connect again*, *later*, or *wrong set-up*. The table is in
//! `docs/credentials.md`; a provider's own rules come first.

use http::StatusCode;
use tieline_core::{Error, ErrorKind, OAuth2, OAuthRefusal, RefusalMeaning};

use super::failure::{Effect, Failure};
use super::said::Said;

/// Somebody asks too much, or at the same moment: nothing was decided about the grant.
const LATER: &[&str] = &[
    "too many",
    "slow_down",
    "slow down",
    "rate limit",
    "rate_limit",
    "concurrent",
    "in progress",
    "another request",
    "temporarily",
];
/// Clear words of an end.
const ENDED: &[&str] = &[
    "expired",
    "revoked",
    "invalid",
    "not found",
    "unknown",
    "already used",
    "already been used",
    "already exchanged",
    "been exchanged",
    "inactive",
    "not active",
    "does not exist",
    "doesn't exist",
    "no longer",
    "not valid",
    "malformed",
];
/// What can end.
const GRANTS: &[&str] =
    &["refresh token", "refresh_token", "refreshtoken", "grant", "authorization code", "expired code"];
/// The request lacks a parameter, which is not the grant's end.
const MISSING: &[&str] = &["missing", "required", "must be provided", "not provided", "duplicate"];
/// An assertion's times are wrong: some machine's clock is.
const CLOCK: &[&str] = &["iat", "reasonable timeframe", "clock", "not yet valid", "in the future", "nbf"];

/// What a refusal means, and what it did to the grant.
pub(crate) fn refused(said: &Said, oauth: &OAuth2, title: &str, status: StatusCode) -> Failure {
    let code = said.code.as_deref().unwrap_or_default();
    let own = oauth.refusals.iter().find(|rule| fits(rule, said, status)).map(|rule| rule.meaning);
    let failure = match own {
        Some(RefusalMeaning::Reconnect) => dead(title),
        Some(RefusalMeaning::Later) => later(title, Effect::None),
        Some(_) => setup(title),
        None => general(code, said, title, status),
    };
    failure.map(|error| {
        let error = if code.is_empty() { error } else { error.with_code(shown(code)) };
        match said.description.as_deref().filter(|words| !words.is_empty()) {
            Some(words) => error.with_context("provider", shown(words)),
            None => error,
        }
    })
}

fn fits(rule: &OAuthRefusal, said: &Said, status: StatusCode) -> bool {
    rule.code.as_ref().is_none_or(|code| said.code.as_deref() == Some(code))
        && rule.status.is_none_or(|wanted| wanted == status.as_u16())
        && rule.words.as_ref().is_none_or(|words| said.words.contains(words.as_ref()))
}

fn general(code: &str, said: &Said, title: &str, status: StatusCode) -> Failure {
    // Before anything about tokens: "too many refresh token requests" is no end of one.
    if status == StatusCode::TOO_MANY_REQUESTS || said.says(LATER) && code != "invalid_grant" {
        let open = matches!(code, "temporarily_unavailable" | "server_error");
        return later(title, if open { Effect::Open } else { Effect::None });
    }
    if code == "server_error" {
        return later(title, Effect::Open);
    }
    if matches!(code, "invalid_client" | "unauthorized_client")
        || said.says(&["invalid client", "invalid_client", "client authentication"])
    {
        return foreign_app(title);
    }
    if code == "invalid_scope" {
        return scopes(title);
    }
    if code == "invalid_grant" || said.says(&["invalid_grant", "invalid grant"]) {
        let about_time = words(&said.words).any(|word| CLOCK.contains(&word))
            || CLOCK.iter().any(|phrase| phrase.contains(' ') && said.words.contains(phrase));
        return if about_time { wrong_clock(title) } else { dead(title) };
    }
    // The code of the RFC says nothing about a grant, whatever word it is made of.
    let text = match code {
        "invalid_request" => said.words.replace("invalid_request", ""),
        _ => said.words.clone(),
    };
    let says = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
    if says(GRANTS) && says(ENDED) && !says(MISSING) {
        return dead(title);
    }
    match code {
        "invalid_request" | "unsupported_grant_type" | "unsupported_response_type" | "invalid_target" => {
            setup(title)
        }
        _ if matches!(status, StatusCode::CONFLICT | StatusCode::LOCKED | StatusCode::REQUEST_TIMEOUT) => {
            later(title, Effect::Open)
        }
        _ if status == StatusCode::UNAUTHORIZED => foreign_app(title),
        _ => Failure::new(
            Error::new(ErrorKind::Rejected, format!("{title} refuses a token request")),
            Effect::Open,
        ),
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

pub(crate) fn dead(title: &str) -> Failure {
    let error = Error::new(ErrorKind::Unauthenticated, format!("{title} does not accept the grant"))
        .with_advice("let the customer connect again");
    Failure::new(error, Effect::Dead)
}

fn later(title: &str, effect: Effect) -> Failure {
    let error = Error::new(ErrorKind::Unavailable, format!("{title} takes no token request just now"))
        .with_advice("try again later; the grant stays as it is");
    Failure::new(error, effect)
}

fn setup(title: &str) -> Failure {
    let error = Error::new(ErrorKind::Config, format!("{title} refuses this application's token requests"))
        .with_advice(
            "check the app at the provider and the connector's description; connecting again does not help",
        );
    Failure::new(error, Effect::None)
}

fn wrong_clock(title: &str) -> Failure {
    let error =
        Error::new(ErrorKind::Config, format!("{title} does not accept the times of a signed token request"))
            .with_advice("set this machine's clock; connecting again does not help");
    let mut failure = Failure::new(error, Effect::None);
    failure.is_about_time = true;
    failure
}

fn scopes(title: &str) -> Failure {
    let error = Error::new(
        ErrorKind::Config,
        format!("{title} does not give this app the scopes that were asked for"),
    )
    .with_advice("enable them for the app in the provider's developer portal, or ask for fewer");
    Failure::new(error, Effect::None)
}

pub(crate) fn foreign_app(title: &str) -> Failure {
    let error = Error::new(
        ErrorKind::Config,
        format!("{title} does not accept this application's client id and secret"),
    )
    .with_advice("check them against the provider's developer portal");
    Failure::new(error, Effect::None)
}

/// The beginning of a provider's text, on one line.
fn shown(text: &str) -> String {
    /// The most characters of a provider's words that are shown.
    const SHOWN: usize = 200;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str, oauth: &OAuth2) -> String {
        let said = Said::read(body.as_bytes()).unwrap();
        let failure = refused(&said, oauth, "Acme", StatusCode::from_u16(status).unwrap());
        let meaning = match failure.error.kind() {
            ErrorKind::Unauthenticated => "connect again",
            ErrorKind::Unavailable => "later",
            ErrorKind::Config => "wrong set-up",
            _ => "not known",
        };
        assert_eq!(failure.effect == Effect::Dead, meaning == "connect again", "{body}");
        meaning.to_owned()
    }

    fn plain() -> OAuth2 {
        OAuth2::new("https://auth.example.com/a", "https://auth.example.com/t")
    }

    #[test]
    fn refusals_of_the_general_table() {
        for (status, body, meaning) in [
            // A dead refresh token under the wrong code.
            (
                400,
                r#"{"error":"invalid_request","error_description":"The refresh token is invalid.","hint":"Token has expired"}"#,
                "connect again",
            ),
            (
                401,
                r#"{"error":"invalid_request","message":"The refresh token is invalid.","hint":"Token has been revoked"}"#,
                "connect again",
            ),
            (
                400,
                r#"{"error":"invalid_request","error_description":"Refresh token not found"}"#,
                "connect again",
            ),
            (
                400,
                r#"{"success":false,"message":"Refresh token is invalid or already exchanged"}"#,
                "connect again",
            ),
            (400, r#"{"error":{"code":"invalid_grant","message":"no"}}"#, "connect again"),
            (400, r#"{"error":"bad_refresh_token","message":"The grant is inactive"}"#, "connect again"),
            // Other forms.
            (400, "error=invalid_grant", "connect again"),
            (400, "error=invalid_grant&error_description=The+token+has+been+revoked", "connect again"),
            (400, "<OAuth><error>invalid_grant</error></OAuth>", "connect again"),
            (400, "\u{feff}{\"error\":\"invalid_grant\"}", "connect again"),
            (400, "The refresh token has expired", "connect again"),
            (
                200,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
                "connect again",
            ),
            // Words about a refresh token that are no end.
            (400, r#"{"error":"slow_down","error_description":"Too many refresh token requests"}"#, "later"),
            (
                409,
                r#"{"error":"concurrent_request","message":"Another refresh token request is in progress"}"#,
                "later",
            ),
            (
                400,
                r#"{"error":"invalid_request","error_description":"Refresh token is being used by another request"}"#,
                "later",
            ),
            (400, r#"{"error":"temporarily_unavailable"}"#, "later"),
            (423, r#"{"error":"locked"}"#, "later"),
            (400, r#"{"error":"server_error"}"#, "later"),
            // The clock of a service account.
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}"#,
                "wrong set-up",
            ),
            (400, r#"{"error":"invalid_grant","error_description":"JWT is not yet valid"}"#, "wrong set-up"),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Initiating party deactivated"}"#,
                "connect again",
            ),
            // The host's affair.
            (
                400,
                r#"{"error":"invalid_request","error_description":"The refresh_token parameter is required"}"#,
                "wrong set-up",
            ),
            (
                400,
                r#"{"error":"invalid_request","error_description":"refresh token lives cannot be chosen"}"#,
                "wrong set-up",
            ),
            (400, r#"{"error":"invalid_request"}"#, "wrong set-up"),
            (400, r#"{"error":"unsupported_grant_type"}"#, "wrong set-up"),
            (401, r#"{"error":"invalid_client"}"#, "wrong set-up"),
            (400, r#"{"error":"unauthorized_client"}"#, "wrong set-up"),
            (400, r#"{"error":"invalid_scope"}"#, "wrong set-up"),
            (401, "nope", "wrong set-up"),
            (400, r#"{"error":"tenant_locked"}"#, "not known"),
            (400, r#"{"error":"unknown"}"#, "not known"),
        ] {
            assert_eq!(judged(status, body, &plain()), meaning, "{status} {body}");
        }
    }

    #[test]
    fn a_providers_own_rules_come_first() {
        let mut oauth = plain();
        oauth.refusals = vec![
            OAuthRefusal::new(RefusalMeaning::Later).with_code("invalid_grant").with_words("maintenance"),
            OAuthRefusal::new(RefusalMeaning::Reconnect).with_code("tenant_locked"),
            OAuthRefusal::new(RefusalMeaning::Setup).with_status(402),
        ];
        for (status, body, meaning) in [
            (400, r#"{"error":"invalid_grant","error_description":"Maintenance until 6"}"#, "later"),
            (400, r#"{"error":"invalid_grant"}"#, "connect again"),
            (400, r#"{"error":"tenant_locked"}"#, "connect again"),
            (402, r#"{"error":"other"}"#, "wrong set-up"),
        ] {
            assert_eq!(judged(status, body, &oauth), meaning, "{body}");
        }
    }

    #[test]
    fn a_response_that_came_as_a_form_is_read() {
        let json = super::super::said::as_json(b"access_token=a%2Bb&expires_in=3600&scope=read+write");
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["access_token"], "a+b");
        assert_eq!(json["expires_in"], "3600");
        assert_eq!(super::super::said::as_json("\u{feff}{}".as_bytes()), b"{}");
    }
}
