//! Twilio: the address and the fields of the form; for other bodies the address, which holds the body's hash.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::header::CONTENT_TYPE;
use tieline_core::webhook::ReceiveRequest;

use crate::once::{header, parameter};
use crate::signature::{Signature, hash};
use crate::verifier::verified;
use crate::{Refusal, Trust, Verified, decode};

/// The address with and without its port: Twilio signs either.
pub(crate) fn addresses(delivery: &ReceiveRequest<'_>) -> Vec<String> {
    let url = delivery.url;
    let mut addresses = vec![url.as_str().to_owned()];
    let host = url.host_str().unwrap_or_default();
    let login_free = url.username().is_empty() && url.password().is_none();
    if login_free && let Some(port) = url.port_or_known_default() {
        let origin = match url.port() {
            Some(_) => format!("{}://{host}", url.scheme()),
            None => format!("{}://{host}:{port}", url.scheme()),
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        addresses.push(format!("{origin}{}{query}", url.path()));
    }
    addresses
}

pub(crate) fn verify(scheme: &Signature, delivery: &ReceiveRequest<'_>) -> Result<Verified, Refusal> {
    let body = delivery.request.body();
    let media_type = header(delivery.request.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
    if media_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return scheme.verify(delivery).map(verified);
    }
    // The signature covers the address alone, so that the body's hash in it is what covers the body.
    let mut alone = http::Request::new(bytes::Bytes::new());
    *alone.method_mut() = delivery.request.method().clone();
    *alone.headers_mut() = delivery.request.headers().clone();
    let address = ReceiveRequest::new(&alone, delivery.url, delivery.secrets, delivery.config, delivery.now);
    let found = verified(scheme.verify(&address)?);
    match parameter(delivery.url, "bodySHA256").and_then(|digits| decode::hex(&digits)) {
        Some(digest) if verify_slices_are_equal(&digest, &hash(body)).is_ok() => Ok(found),
        Some(_) => Err(Refusal::Signature { length_differs: false }),
        None if body.is_empty() => Ok(Verified { trust: Trust::Hint, ..found }),
        None => Err(Refusal::malformed("the address, which has no hash of the body,")),
    }
}
