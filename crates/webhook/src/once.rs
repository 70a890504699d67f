//! Parts of a delivery that are there exactly once.

use std::borrow::Cow;

use http::HeaderMap;
use serde_json::Value;
use url::Url;

use crate::Refusal;

/// Returns the value of a header that is there exactly once and is visible ASCII.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    let owned = || Cow::Owned(name.to_owned());
    let value = values.next().ok_or_else(|| Refusal::MissingHeader(owned()))?;
    if values.next().is_some() {
        return Err(Refusal::RepeatedHeader(owned()));
    }
    value.to_str().map_err(|_| Refusal::Malformed(Cow::Owned(format!("the header {name}"))))
}

/// Returns the value of a query parameter that is there exactly once.
pub(crate) fn parameter<'a>(url: &'a Url, name: &str) -> Option<Cow<'a, str>> {
    let mut values = url.query_pairs().filter(|(key, _)| key == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value)
}

/// Reads a JSON body. A member that is there twice is refused where it is read, by `serde`'s rules for structs.
pub(crate) fn json<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::malformed("the body"))
}

/// Reads a JSON body as a tree, for schemes that point into it.
pub(crate) fn tree(body: &[u8]) -> Result<Value, Refusal> {
    json(body)
}
