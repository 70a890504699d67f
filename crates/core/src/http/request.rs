use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use super::{Body, RequestBody};
use crate::{EntityName, Text};

/// Whether the stack adds the connection's credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestAuth {
    /// It does, when the URL is one of the connector's declared origins.
    #[default]
    Default,
    /// It does, as `Authorization: Bearer` (RFC 6750) whatever its scheme: for a provider that takes the same secret in
    /// two ways.
    Bearer,
    /// It does not: for public documents and signed download links.
    None,
}

/// Whether a redirect of the provider is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redirects {
    /// It is an error.
    #[default]
    Refuse,
    /// It is followed to storage, at most five times, without the connection's credential and only to addresses that
    /// the network policy allows. Only for GET and HEAD by [`HttpClient::open`](super::HttpClient::open).
    FollowWithoutCredential,
}

/// A request as a connector describes it: no secret in it, and a word on whether sending it twice is safe.
///
/// ```
/// use tieline_core::http::HttpRequest;
///
/// let request = HttpRequest::get("https://acme.pipedrive.com/api/v2/deals?limit=500".parse()?)
///     .with_template("/api/v2/deals")
///     .with_cost(10);
/// assert!(request.is_idempotent());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HttpRequest {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
    idempotent: bool,
    auth: RequestAuth,
    template: Option<Cow<'static, str>>,
    cost: u32,
    tag: Option<Cow<'static, str>>,
    limit_keys: Vec<(Cow<'static, str>, Text)>,
    entity: Option<EntityName>,
    redirects: Redirects,
    body_limit: Option<usize>,
    timeout: Option<Duration>,
}

impl HttpRequest {
    /// A request. GET, HEAD, PUT, DELETE and OPTIONS count as safe to send twice (RFC 9110, section 9.2.2), others
    /// do not; [`with_idempotent`](Self::with_idempotent) overrides that.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            idempotent: method.is_idempotent(),
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::empty(),
            auth: RequestAuth::Default,
            template: None,
            cost: 1,
            tag: None,
            limit_keys: Vec::new(),
            entity: None,
            redirects: Redirects::Refuse,
            body_limit: None,
            timeout: None,
        }
    }

    /// A GET request.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST request: not safe to send twice unless said otherwise.
    pub fn post(url: Url, body: impl Into<Body>) -> Self {
        Self::new(Method::POST, url).with_body(body)
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Says whether sending this twice is safe: a search sent by POST is, a create with an idempotency key is.
    #[must_use]
    pub fn with_idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Says whether the credential is added.
    #[must_use]
    pub fn with_auth(mut self, auth: RequestAuth) -> Self {
        self.auth = auth;
        self
    }

    /// The path with its parameters by name, for traces and messages: `/api/v2/deals/{id}`.
    #[must_use]
    pub fn with_template(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// What this call costs where a limit counts units; 1 by default.
    #[must_use]
    pub fn with_cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }

    /// Puts this request under the limits with the same tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Names what the request acts on, for limits that the provider counts for each of these: `("channel", "C1")`.
    /// See [`Limit::keyed_by`](crate::Limit::keyed_by).
    #[must_use]
    pub fn with_limit_key(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Text>) -> Self {
        self.limit_keys.push((name.into(), value.into()));
        self
    }

    /// Names the entity that the request is for, for traces.
    #[must_use]
    pub fn with_entity(mut self, entity: impl Into<EntityName>) -> Self {
        self.entity = Some(entity.into());
        self
    }

    /// Sets whether redirects are followed. By default they are errors.
    #[must_use]
    pub fn with_redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Asks for a part of the content: from byte `offset`, at most `length` bytes. The response may hold all of it
    /// nevertheless; [`StreamedResponse::into_content`](super::StreamedResponse::into_content) sees to that.
    #[must_use]
    pub fn with_range(mut self, offset: u64, length: Option<u64>) -> Self {
        let range = match length {
            None if offset == 0 => return self,
            None => format!("bytes={offset}-"),
            Some(length) => format!("bytes={offset}-{}", offset.saturating_add(length).saturating_sub(1)),
        };
        if let Ok(range) = HeaderValue::try_from(range) {
            self.headers.insert(RANGE, range);
            // A range of a compressed form is no range of the file.
            self.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        self
    }

    /// The most bytes of body that the response may have, after decompression.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// The most time that one attempt may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The URL. Its query may come to hold a secret once a credential was applied, so it is never printed whole.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// For credentials that sign or add to the query.
    pub fn url_mut(&mut self) -> &mut Url {
        &mut self.url
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// For credentials: mark what is secret with `HeaderValue::set_sensitive`.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// For credentials that fill slots or sign.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Whether sending this twice is safe.
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether the credential is added.
    pub fn auth(&self) -> RequestAuth {
        self.auth
    }

    /// The path by its template, when the request has one.
    pub fn known_template(&self) -> Option<&str> {
        self.template.as_deref()
    }

    /// The path by its template, or as it is.
    pub fn template(&self) -> &str {
        self.template.as_deref().unwrap_or_else(|| self.url.path())
    }

    /// The cost.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The value of a limit key.
    pub fn limit_key(&self, name: &str) -> Option<&Text> {
        self.limit_keys.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The entity that the request is for.
    pub fn entity(&self) -> Option<&EntityName> {
        self.entity.as_ref()
    }

    /// Whether redirects are followed.
    pub fn redirects(&self) -> Redirects {
        self.redirects
    }

    /// The bound of the response's body, in bytes.
    pub fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    /// The bound of one attempt's time.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns the request for a transport. Takes a one-shot body.
    ///
    /// # Errors
    ///
    /// `Config` when a slot of the body is unfilled or the URL cannot be sent; `Internal` when a one-shot body was
    /// taken before.
    pub fn to_http(&self) -> crate::Result<http::Request<RequestBody>> {
        let uri = self.url.as_str().parse().map_err(|_| {
            crate::Error::new(crate::ErrorKind::Config, "the URL of a request cannot be sent")
                .with_context("path", self.template())
        })?;
        let mut request = http::Request::new(self.body.to_request_body()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if let Some(media_type) = self.body.content_type()
            && !self.headers.contains_key(CONTENT_TYPE)
        {
            let value = HeaderValue::try_from(media_type).map_err(|_| {
                crate::Error::new(crate::ErrorKind::Config, "the media type of a body cannot be sent")
            })?;
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        Ok(request)
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HttpRequest({} {}{})",
            self.method,
            self.url.host_str().unwrap_or_default(),
            self.template()
        )
    }
}
