//! An HMAC over a message that the spec puts together.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, HmacSigning, Result, SignatureEncoding, SigningPart, TimestampForm};
use zeroize::Zeroizing;

use super::uri::host;
use super::{Keys, Moment, encoded, hash, keyed};
use crate::placement::{header_name, put_into_header};

pub(super) fn sign(
    scheme: &HmacSigning,
    keys: &Keys,
    request: &mut HttpRequest,
    moment: &Moment,
) -> Result<()> {
    let message = joined(scheme, keys, request, moment, &scheme.message, None)?;
    let key = key(scheme, keys)?;
    let signature = encoded(keyed(scheme.hash, &key, &message)?.as_ref(), scheme.encoding)?;
    let mut headers = Vec::new();
    for (name, parts) in &scheme.headers {
        let value = joined(scheme, keys, request, moment, parts, Some(&signature))?;
        let value = String::from_utf8(value.to_vec()).map_err(|_| {
            Error::new(ErrorKind::Config, "a signed header would hold bytes that are not text")
        })?;
        headers.push((header_name(name)?, SecretString::from(value)));
    }
    for (name, value) in headers {
        put_into_header(request, &name, "", &value)?;
    }
    Ok(())
}

fn key(scheme: &HmacSigning, keys: &Keys) -> Result<Zeroizing<Vec<u8>>> {
    let secret = keys.secret(&scheme.key.name);
    let text = secret.expose_secret();
    let decoded = match scheme.key_encoding {
        None => Some(text.as_bytes().to_vec()),
        Some(SignatureEncoding::Base64) => STANDARD.decode(text).ok(),
        Some(SignatureEncoding::Base64Url) => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok(),
        Some(SignatureEncoding::Hex) => from_hex(text),
        Some(_) => return Err(Error::unsupported("this form of a key")),
    };
    decoded.map(Zeroizing::new).ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("the {} is not written as the provider writes it", scheme.key.label),
        )
        .with_advice("copy it again from the provider, without anything around it")
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok())
        .collect()
}

fn joined(
    scheme: &HmacSigning,
    keys: &Keys,
    request: &HttpRequest,
    moment: &Moment,
    parts: &[SigningPart],
    signature: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>> {
    let url = request.url();
    let mut whole = Zeroizing::new(Vec::new());
    for part in parts {
        match part {
            SigningPart::Text(_) | SigningPart::Field(_) | SigningPart::Setting(_) => {
                whole.extend_from_slice(keys.text(part)?.as_bytes());
            }
            SigningPart::Method => whole.extend_from_slice(request.method().as_str().as_bytes()),
            SigningPart::Host => whole.extend_from_slice(host(request).as_bytes()),
            SigningPart::Path => whole.extend_from_slice(url.path().as_bytes()),
            SigningPart::Query => whole.extend_from_slice(url.query().unwrap_or_default().as_bytes()),
            SigningPart::PathAndQuery => {
                whole.extend_from_slice(url.path().as_bytes());
                if let Some(query) = url.query() {
                    whole.push(b'?');
                    whole.extend_from_slice(query.as_bytes());
                }
            }
            SigningPart::Url => whole.extend_from_slice(url.as_str().as_bytes()),
            SigningPart::Body => whole.extend_from_slice(&request.body().bytes()?),
            SigningPart::BodyHash(form) => {
                let digest = hash(scheme.hash, &request.body().bytes()?)?;
                whole.extend_from_slice(encoded(digest.as_ref(), *form)?.as_bytes());
            }
            SigningPart::Timestamp(form) => whole.extend_from_slice(timestamp(*form, moment)?.as_bytes()),
            SigningPart::Nonce => whole.extend_from_slice(moment.nonce.as_bytes()),
            SigningPart::Signature => match signature {
                Some(signature) => whole.extend_from_slice(signature.as_bytes()),
                None => {
                    return Err(Error::new(
                        ErrorKind::Internal,
                        "a signature cannot be a part of what it signs",
                    ));
                }
            },
            _ => return Err(Error::unsupported("this part of a signature")),
        }
    }
    Ok(whole)
}

fn timestamp(form: TimestampForm, moment: &Moment) -> Result<String> {
    Ok(match form {
        TimestampForm::Seconds => moment.at.timestamp().to_string(),
        TimestampForm::Milliseconds => moment.at.timestamp_millis().to_string(),
        TimestampForm::Rfc3339 => moment.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        TimestampForm::HttpDate => moment.at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        _ => return Err(Error::unsupported("this form of a time")),
    })
}
