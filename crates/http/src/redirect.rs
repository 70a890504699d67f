//! Redirects of a download to storage, followed without the credential.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, IF_RANGE, LOCATION, RANGE};
use http::{HeaderName, Method};
use tieline_core::http::{BodyStream, HttpRequest, HttpResponse, Redirects, RequestBody};
use tieline_core::{Error, ErrorKind, Result};
use url::Url;

/// The most redirects of one request.
const MOST: u32 = 5;

/// What a download may say to storage. Nothing else, because any other header may hold a secret.
const PASSED_ON: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, RANGE, IF_RANGE];

/// The redirects of one request so far.
pub(crate) struct Followed<'r> {
    request: &'r HttpRequest,
    at: Url,
    count: u32,
}

/// The request that a redirect asks for.
pub(crate) struct Next {
    pub(crate) url: Url,
    pub(crate) request: http::Request<RequestBody>,
}

impl<'r> Followed<'r> {
    pub(crate) fn new(request: &'r HttpRequest) -> Self {
        Self { request, at: request.url().clone(), count: 0 }
    }

    /// Whether a redirect was followed.
    pub(crate) fn any(&self) -> bool {
        self.count > 0
    }

    /// The next request, when the response is a redirect that may be followed.
    pub(crate) fn next(&mut self, response: &http::Response<BodyStream>) -> Result<Option<Next>> {
        let asked = self.request.redirects() == Redirects::FollowWithoutCredential
            && matches!(*self.request.method(), Method::GET | Method::HEAD)
            && matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let (true, Some(location)) = (asked, location) else { return Ok(None) };
        if self.count == MOST {
            return Err(Error::new(ErrorKind::Decode, format!("a download was redirected {MOST} times")));
        }
        let broken = || Error::new(ErrorKind::Decode, "a download was redirected to an address that is none");
        let url = self.at.join(location.trim()).map_err(|_| broken())?;
        let mut request = http::Request::new(RequestBody::from(Bytes::new()));
        *request.method_mut() = self.request.method().clone();
        *request.uri_mut() = url.as_str().parse().map_err(|_| broken())?;
        for name in PASSED_ON {
            if let Some(value) = self.request.headers().get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        self.at.clone_from(&url);
        self.count += 1;
        Ok(Some(Next { url, request }))
    }
}

/// The error for a refusal of storage. Asked again, the provider gives a fresh link.
pub(crate) fn refused(response: &HttpResponse) -> Error {
    let (kind, what) = match response.status.as_u16() {
        404 | 410 => (ErrorKind::NotFound, "does not have the file"),
        _ => (ErrorKind::Unavailable, "refuses the download"),
    };
    Error::new(kind, format!("the storage that the provider redirects to {what}"))
        .with_status(response.status)
}
