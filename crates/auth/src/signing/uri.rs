//! Addresses as signatures see them.

use tieline_core::http::HttpRequest;
use url::form_urlencoded;

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
pub(crate) fn encode(text: &[u8]) -> String {
    encode_but(text, |_| false)
}

/// The same for a path, whose slashes stay.
pub(crate) fn encode_path(text: &[u8]) -> String {
    encode_but(text, |byte| byte == b'/')
}

fn encode_but(text: &[u8], stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || stays(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&super::hex(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

/// The bytes of a percent-encoded text. What is no escape stays.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escape = match (first, after) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                digit(high).zip(digit(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
            }
            _ => None,
        };
        decoded.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded
}

/// The pairs of the query, decoded.
pub(crate) fn query_pairs(request: &HttpRequest) -> Vec<(String, String)> {
    form_urlencoded::parse(request.url().query().unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Pairs encoded and sorted, as canonical requests have them.
pub(crate) fn sorted(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let mut encoded: Vec<(String, String)> =
        pairs.into_iter().map(|(name, value)| (encode(name.as_bytes()), encode(value.as_bytes()))).collect();
    encoded.sort();
    let pairs: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The host, with a port that is not the scheme's own.
pub(crate) fn host(request: &HttpRequest) -> String {
    let url = request.url();
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
