//! OAuth 1.0a (RFC 5849, section 3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::HttpRequest;
use tieline_core::{Error, Field, OAuth1, OAuth1Method, Result, SigningHash};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::uri::{encode, host, query_pairs, sorted};
use super::{Keys, Moment, keyed};
use crate::placement::put_into_header;

pub(super) fn sign(scheme: &OAuth1, keys: &Keys, request: &mut HttpRequest, moment: &Moment) -> Result<()> {
    let secret = |field: Option<&Field>| field.map(|field| keys.secret(&field.name)).unwrap_or_default();
    let (name, hash) = match scheme.method {
        OAuth1Method::HmacSha1 => ("HMAC-SHA1", Some(SigningHash::Sha1)),
        OAuth1Method::HmacSha256 => ("HMAC-SHA256", Some(SigningHash::Sha256)),
        OAuth1Method::PlainText => ("PLAINTEXT", None),
        _ => return Err(Error::unsupported("this signature method of OAuth 1.0a")),
    };
    let mut protocol =
        vec![("oauth_consumer_key", secret(Some(&scheme.consumer_key)).expose_secret().to_owned())];
    if scheme.token.is_some() {
        protocol.push(("oauth_token", secret(scheme.token.as_ref()).expose_secret().to_owned()));
    }
    protocol.push(("oauth_signature_method", name.to_owned()));
    protocol.push(("oauth_timestamp", moment.at.timestamp().to_string()));
    protocol.push(("oauth_nonce", moment.nonce.clone()));

    let key = Zeroizing::new(format!(
        "{}&{}",
        encode(secret(Some(&scheme.consumer_secret)).expose_secret().as_bytes()),
        encode(secret(scheme.token_secret.as_ref()).expose_secret().as_bytes())
    ));
    let signature = match hash {
        Some(hash) => {
            let base = base_string(request, &protocol)?;
            STANDARD.encode(keyed(hash, key.as_bytes(), base.as_bytes())?)
        }
        None => key.to_string(),
    };
    protocol.push(("oauth_signature", signature));
    let mut members = Vec::new();
    if let Some(realm) = &scheme.realm {
        members.push(format!("realm=\"{}\"", encode(keys.text(realm)?.as_bytes())));
    }
    members.extend(protocol.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value.as_bytes()))));
    let value = SecretString::from(members.join(", "));
    put_into_header(request, &AUTHORIZATION, "OAuth ", &value)
}

/// Section 3.4.1.
fn base_string(request: &HttpRequest, protocol: &[(&str, String)]) -> Result<String> {
    let mut pairs = query_pairs(request);
    let is_form =
        request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            kind.split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        });
    if is_form {
        pairs.extend(form_urlencoded::parse(&request.body().bytes()?).into_owned());
    }
    pairs.extend(protocol.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let url = request.url();
    let address = format!("{}://{}{}", url.scheme(), host(request), url.path());
    Ok(format!("{}&{}&{}", request.method(), encode(address.as_bytes()), encode(sorted(pairs).as_bytes())))
}
