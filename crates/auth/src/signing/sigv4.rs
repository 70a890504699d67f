//! AWS Signature Version 4:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, Result, SigV4, SigningHash};
use zeroize::Zeroizing;

use super::uri::{decode, encode_path, host, query_pairs, sorted};
use super::{Keys, Moment, hash, hex, keyed};
use crate::placement::put_into_header;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const HASH: SigningHash = SigningHash::Sha256;

pub(super) fn sign(scheme: &SigV4, keys: &Keys, request: &mut HttpRequest, moment: &Moment) -> Result<()> {
    let time = moment.at.format("%Y%m%dT%H%M%SZ").to_string();
    let day = moment.at.format("%Y%m%d").to_string();
    let region = keys.text(&scheme.region)?;
    let body_hash = hex(hash(HASH, &request.body().bytes()?)?.as_ref());
    let plain = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| Error::new(ErrorKind::Config, "a part of the signature cannot be in a header"))
    };
    request.headers_mut().insert("x-amz-date", plain(&time)?);
    if scheme.send_body_hash {
        request.headers_mut().insert("x-amz-content-sha256", plain(&body_hash)?);
    }
    if let Some(field) = &scheme.session_token
        && keys.fields.get(&field.name).is_some()
    {
        let token = keys.secret(&field.name);
        put_into_header(request, &http::HeaderName::from_static("x-amz-security-token"), "", &token)?;
    }
    // What is sent is what is signed: a plus for a space would be read as a plus.
    if request.url().query().is_some() {
        let canonical = sorted(query_pairs(request));
        request.url_mut().set_query(Some(&canonical));
    }

    let (signed, canonical) = canonical_request(scheme, request, &body_hash);
    let scope = format!("{day}/{region}/{}/aws4_request", scheme.service);
    let to_sign =
        format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(hash(HASH, canonical.as_bytes())?.as_ref()));

    let secret = keys.secret(&scheme.secret_key.name);
    let start = Zeroizing::new(format!("AWS4{}", secret.expose_secret()));
    let mut key = keyed(HASH, start.as_bytes(), day.as_bytes())?;
    for step in [region.as_str(), &scheme.service, "aws4_request"] {
        key = keyed(HASH, key.as_ref(), step.as_bytes())?;
    }
    let signature = hex(keyed(HASH, key.as_ref(), to_sign.as_bytes())?.as_ref());
    let access_key = keys.secret(&scheme.access_key.name);
    let value = SecretString::from(format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}",
        access_key.expose_secret()
    ));
    put_into_header(request, &AUTHORIZATION, "", &value)
}

/// The names of the signed headers, and the canonical request.
fn canonical_request(scheme: &SigV4, request: &HttpRequest, body_hash: &str) -> (String, String) {
    let mut headers: Vec<(String, String)> = vec![("host".to_owned(), host(request))];
    for name in request.headers().keys() {
        if name == CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
            let values = request.headers().get_all(name).iter();
            let values: Vec<String> =
                values.map(|value| collapsed(value.to_str().unwrap_or_default())).collect();
            headers.push((name.as_str().to_owned(), values.join(",")));
        }
    }
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let signed = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let sent = request.url().path();
    let path = match scheme.encode_path_twice {
        true => encode_path(sent.as_bytes()),
        false => encode_path(&decode(sent)),
    };
    let query = request.url().query().unwrap_or_default();
    let method = request.method();
    (signed.clone(), format!("{method}\n{path}\n{query}\n{lines}\n{signed}\n{body_hash}"))
}

/// Trimmed, with single spaces.
fn collapsed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
