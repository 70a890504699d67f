use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::{HttpRequest, RequestAuth};
use tieline_core::{
    Credential, Error, ErrorKind, KeyPlacement, Recovery, Rejection, Result, SecretGeneration,
};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::scrub::Scrubber;

/// A secret that stays what it is until a person replaces it.
pub(crate) struct Fixed {
    pub(crate) place: Place,
    /// What goes to that place.
    pub(crate) value: SecretString,
    /// What fills the slots of a body, by the names of the scheme's fields.
    pub(crate) slots: Vec<(Cow<'static, str>, SecretString)>,
    pub(crate) scrubber: Scrubber,
}

#[derive(Debug)]
pub(crate) enum Place {
    Header {
        name: HeaderName,
        prefix: &'static str,
    },
    Query {
        name: &'static str,
    },
    /// Nowhere but into the slots of a body.
    Body,
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("place", &self.place).finish_non_exhaustive()
    }
}

#[async_trait]
impl Credential for Fixed {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        match &self.place {
            _ if request.auth() == RequestAuth::Bearer => {
                put_bearer(request, self.bare())?;
            }
            Place::Header { name, prefix } => put_into_header(request, name, prefix, &self.value)?,
            Place::Query { name } => put_into_query(request, name, &self.value),
            Place::Body => {}
        }
        let filled = request.body().filled(&mut |slot| {
            self.slots.iter().find(|(name, _)| *name == slot).map(|(_, secret)| secret.clone())
        })?;
        *request.body_mut() = filled;
        Ok(SecretGeneration::default())
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        Ok(Recovery::NeedsReconnect)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        self.scrubber.scrub(text)
    }
}

impl Fixed {
    /// The secret alone. What goes to the place of a login is its encoded form; its last slot is the password.
    fn bare(&self) -> &SecretString {
        self.slots.last().map_or(&self.value, |(_, secret)| secret)
    }
}

/// `Authorization: Bearer` (RFC 6750).
pub(crate) fn put_bearer(request: &mut HttpRequest, secret: &SecretString) -> Result<()> {
    put_into_header(request, &AUTHORIZATION, "Bearer ", secret)
}

pub(crate) fn put_into_header(
    request: &mut HttpRequest,
    name: &HeaderName,
    prefix: &str,
    secret: &SecretString,
) -> Result<()> {
    let text = Zeroizing::new(format!("{prefix}{}", secret.expose_secret()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Error::new(ErrorKind::Config, "the credential holds a character that a header cannot carry")
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(name, value);
    Ok(())
}

/// Where the spec says that it goes.
pub(crate) fn put_key(
    request: &mut HttpRequest,
    placement: &KeyPlacement,
    secret: &SecretString,
) -> Result<()> {
    match placement {
        KeyPlacement::Header { name, prefix } => {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                Error::new(ErrorKind::Internal, format!("{name:?} in the connector's spec is not a header"))
            })?;
            put_into_header(request, &name, prefix, secret)
        }
        KeyPlacement::Query { name } => {
            put_into_query(request, name, secret);
            Ok(())
        }
        _ => Err(Error::unsupported("this place for a key")),
    }
}

/// Replaces a parameter of that name, because providers echo the key in their links to the next page. The rest of the
/// query stays as it was written.
fn put_into_query(request: &mut HttpRequest, name: &str, secret: &SecretString) {
    let is_other = |pair: &&str| {
        !pair.is_empty() && form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(key, _)| key != name)
    };
    let kept: Vec<&str> = request.url().query().unwrap_or_default().split('&').filter(is_other).collect();
    let mut query = Zeroizing::new(kept.join("&"));
    if !query.is_empty() {
        query.push('&');
    }
    query.extend(form_urlencoded::byte_serialize(name.as_bytes()));
    query.push('=');
    query.extend(form_urlencoded::byte_serialize(secret.expose_secret().as_bytes()));
    request.url_mut().set_query(Some(&query));
}
