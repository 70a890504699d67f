//! What a token answer says about the account, as settings of the connection.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::TokenResponse;
use serde_json::{Map, Value};
use tieline_core::{CaptureSource, Error, ErrorKind, Result};
use url::Url;

use super::answer::TokenAnswer;
use super::client::OAuthClient;
use super::tokens::Captured;

/// Far more than any address or id.
const LONGEST: usize = 512;

/// The settings that the answer tells. What it does not say is left out.
pub(crate) fn captured(client: &OAuthClient, answer: &TokenAnswer) -> Result<Captured> {
    let mut settings = Vec::new();
    let mut claims: Option<Map<String, Value>> = None;
    for capture in &client.oauth().captures {
        let value = match capture.source {
            CaptureSource::Response => member(&answer.rest, &capture.path),
            CaptureSource::AccessToken => {
                let claims = claims
                    .get_or_insert_with(|| claims_of(answer.access_token().secret()).unwrap_or_default());
                member(claims, &capture.path)
            }
            _ => continue,
        };
        let setting = &capture.setting;
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        settings.push((setting.to_string(), checked(client, setting, text)?));
    }
    Ok(Captured::new(settings))
}

/// An address must be one that the connector declares: requests with the credential go there.
fn checked(client: &OAuthClient, setting: &str, text: String) -> Result<String> {
    let refused = |why: &str| {
        let title = &client.inner().title;
        Error::new(ErrorKind::Decode, format!("{title} answered a token request with {why}"))
            .with_advice("report it; nothing was stored")
            .with_context("setting", setting)
    };
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(refused("a setting that is no line of text"));
    }
    if text.contains("://") || text.starts_with("//") {
        let foreign = Url::parse(&text).map_or(true, |url| !client.inner().origins.allows(&url));
        if foreign {
            return Err(refused("an address that is not the provider's"));
        }
    }
    Ok(text)
}

/// The member of a name, or the one that a JSON Pointer leads to.
fn member<'v>(members: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let Some(pointer) = path.strip_prefix('/') else { return members.get(path) };
    let (first, rest) = pointer.split_at_checked(pointer.find('/').unwrap_or(pointer.len()))?;
    // RFC 6901, section 4.
    members.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
}

/// The claims of a token that is a JWT. Its signature is the provider's affair.
fn claims_of(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}
