//! Puts secrets at their places in a request.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, KeyPlacement, Result};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::checked::for_header;

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
    request.headers_mut().insert(name, sensitive(&text)?);
    Ok(())
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Error::new(ErrorKind::Config, "the credential holds a character that a header cannot carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Puts a key where the connector's spec says.
pub(crate) fn put_key(
    request: &mut HttpRequest,
    placement: &KeyPlacement,
    secret: &SecretString,
) -> Result<()> {
    match placement {
        KeyPlacement::Header { name, prefix, .. } => {
            put_into_header(request, &header_name(name)?, prefix, secret)
        }
        KeyPlacement::Query { name, .. } => {
            put_into_query(request, name, secret);
            Ok(())
        }
        KeyPlacement::Cookie { name, .. } => put_into_cookies(request, name, secret),
        KeyPlacement::BasicUser { password, .. } => {
            put_into_header(request, &AUTHORIZATION, "Basic ", &basic_login(secret.expose_secret(), password))
        }
        KeyPlacement::BasicPassword { user, .. } => {
            put_into_header(request, &AUTHORIZATION, "Basic ", &basic_login(user, secret.expose_secret()))
        }
        _ => Err(Error::unsupported("this place for a key")),
    }
}

/// Refuses a key that its place cannot carry, before anything is sent.
pub(crate) fn check_placement(placement: &KeyPlacement, key: &SecretString) -> Result<()> {
    match placement {
        KeyPlacement::Header { name, .. } => {
            for_header(key, "API key")?;
            header_name(name).map(drop)
        }
        KeyPlacement::Cookie { .. } if !key.expose_secret().bytes().all(is_cookie_octet) => {
            Err(Error::new(ErrorKind::Config, "the API key holds a character that a cookie cannot carry")
                .with_advice("copy it again from the provider, without anything around it"))
        }
        KeyPlacement::BasicUser { .. } if key.expose_secret().contains(':') => {
            Err(Error::new(ErrorKind::Config, "the API key holds a colon, which would end a user name early")
                .with_advice("copy it again from the provider, without anything around it"))
        }
        KeyPlacement::Query { .. }
        | KeyPlacement::Cookie { .. }
        | KeyPlacement::BasicUser { .. }
        | KeyPlacement::BasicPassword { .. } => Ok(()),
        _ => Err(Error::unsupported("this place for an API key")),
    }
}

/// The forms of a key that its place encodes, for scrubbers.
pub(crate) fn basic_forms(placement: &KeyPlacement, key: &SecretString) -> Vec<SecretString> {
    let login = match placement {
        KeyPlacement::BasicUser { password, .. } => format!("{}:{password}", key.expose_secret()),
        KeyPlacement::BasicPassword { user, .. } => format!("{user}:{}", key.expose_secret()),
        _ => return Vec::new(),
    };
    let login = Zeroizing::new(login);
    vec![STANDARD.encode(login.as_bytes()).into(), STANDARD_NO_PAD.encode(login.as_bytes()).into()]
}

/// The value of a `Basic` login, without its prefix (RFC 7617).
pub(crate) fn basic_login(user: &str, password: &str) -> SecretString {
    let login = Zeroizing::new(format!("{user}:{password}"));
    STANDARD.encode(login.as_bytes()).into()
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::new(ErrorKind::Internal, format!("{name:?} in the connector's spec is not a header"))
    })
}

/// RFC 6265, section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

/// Replaces a cookie of that name; the others stay.
fn put_into_cookies(request: &mut HttpRequest, name: &str, secret: &SecretString) -> Result<()> {
    let mut cookies = Zeroizing::new(String::new());
    for header in request.headers().get_all(COOKIE) {
        for cookie in header.to_str().unwrap_or_default().split(';').map(str::trim) {
            let is_other = cookie.split_once('=').is_none_or(|(other, _)| other.trim() != name);
            if is_other && !cookie.is_empty() {
                cookies.push_str(cookie);
                cookies.push_str("; ");
            }
        }
    }
    cookies.push_str(name);
    cookies.push('=');
    cookies.push_str(secret.expose_secret());
    let value = sensitive(&cookies)?;
    request.headers_mut().insert(COOKIE, value);
    Ok(())
}

/// Replaces a parameter of that name, because providers echo the key in their links to the next page. The rest of the
/// query stays as it was written.
pub(crate) fn put_into_query(request: &mut HttpRequest, name: &str, secret: &SecretString) {
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
