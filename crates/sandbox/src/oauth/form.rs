//! Parameters in a query or a form, and what an `Authorization` header says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use url::form_urlencoded;

use super::answers::Trouble;

/// Parameters, none of them twice (RFC 6749, section 3.1).
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn of_query(request: &Request<Bytes>) -> Result<Self, Trouble> {
        Self::parse(request.uri().query().unwrap_or_default().as_bytes())
    }

    pub(crate) fn of_form(request: &Request<Bytes>) -> Result<Self, Trouble> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Trouble::invalid_request("The body must be application/x-www-form-urlencoded"));
        }
        Self::parse(request.body())
    }

    fn parse(text: &[u8]) -> Result<Self, Trouble> {
        let mut params: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if params.iter().any(|(known, _)| *known == name) {
                return Err(Trouble::invalid_request(format!("The parameter {name} is given twice")));
            }
            params.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(params))
    }

    /// A parameter that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Trouble> {
        self.get(name).ok_or_else(|| Trouble::invalid_request(format!("The parameter {name} is missing")))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// User and password of an `Authorization: Basic` header; `Some(Err)` where it is damaged.
pub(crate) fn basic(request: &Request<Bytes>) -> Option<Result<(String, String), Trouble>> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, packed) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(packed.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair
        .and_then(|text| text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned())));
    Some(pair.ok_or_else(Trouble::invalid_client))
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(request: &Request<Bytes>) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the form encoding makes of a text: some clients encode id and secret before they pack them (RFC 6749,
/// section 2.3.1), most do not.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
