use std::borrow::Cow;
use std::fmt::Display;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use tieline_core::http::{Body, HttpRequest, fill_path};
use tieline_core::{EntityName, Result};
use url::Url;

/// A request in the making: a path template, its values, a query, a body, and what the call costs.
///
/// Values are put into the path by [`fill_path`]: each reaches the provider as it is, or is refused. Query values are
/// percent-encoded, a plus and a space too, because servers do not agree on what a bare plus means.
///
/// ```
/// use tieline_kit::Call;
///
/// let request = Call::get("/api/v2/deals/{id}")
///     .value("4/2")
///     .query("term", "a+b c")
///     .query_some("cursor", None::<&str>)
///     .cost(1)
///     .build(&"https://acme.example.com/proxy/".parse()?)?;
/// assert_eq!(request.url().as_str(), "https://acme.example.com/proxy/api/v2/deals/4%2F2?term=a%2Bb%20c");
/// assert_eq!(request.template(), "/api/v2/deals/{id}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    template: Cow<'static, str>,
    values: Vec<String>,
    query: Vec<(Cow<'static, str>, String)>,
    body: Option<Body>,
    idempotent: Option<bool>,
    cost: u32,
    tag: Option<Cow<'static, str>>,
    entity: Option<EntityName>,
}

impl Call {
    /// A GET request of this path below the base. Its `{names}` are filled by [`value`](Self::value), in order.
    pub fn get(template: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Method::GET, template)
    }

    /// The same with another method.
    ///
    /// ```
    /// use http::Method;
    /// use tieline_kit::Call;
    ///
    /// let request = Call::new(Method::PATCH, "/api/v2/deals/{id}")
    ///     .value(42)
    ///     .json(r#"{"value":1250.10}"#)
    ///     .idempotent(true)
    ///     .build(&"https://acme.example.com".parse()?)?;
    /// assert!(request.is_idempotent());
    /// assert_eq!(request.headers()["content-type"], "application/json");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(method: Method, template: impl Into<Cow<'static, str>>) -> Self {
        Self {
            method,
            template: template.into(),
            values: Vec::new(),
            query: Vec::new(),
            body: None,
            idempotent: None,
            cost: 1,
            tag: None,
            entity: None,
        }
    }

    /// Fills the next name of the template.
    #[must_use]
    pub fn value(mut self, value: impl Display) -> Self {
        self.values.push(value.to_string());
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a query parameter when there is a value.
    #[must_use]
    pub fn query_some(self, name: impl Into<Cow<'static, str>>, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The body, a JSON text.
    #[must_use]
    pub fn json(self, text: impl Into<String>) -> Self {
        self.body(Body::from(text.into()).with_content_type("application/json"))
    }

    /// The body: a form, a file that is streamed.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The entity that the call is for, for traces.
    #[must_use]
    pub fn entity(mut self, entity: impl Into<EntityName>) -> Self {
        self.entity = Some(entity.into());
        self
    }

    /// Whether sending it twice does no harm, where the method says otherwise.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Puts it under the limits with the same tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Cow<'static, str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// What the call costs where a limit counts units.
    #[must_use]
    pub fn cost(mut self, units: u32) -> Self {
        self.cost = units;
        self
    }

    /// Returns the request below a base address.
    ///
    /// # Errors
    ///
    /// `Config` when the base cannot have a path, and when a value cannot be put into the path, as [`fill_path`] says.
    pub fn build(self, base: &Url) -> Result<HttpRequest> {
        let mut url = fill_path(base, &self.template, &self.values)?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
            let query = url.query().unwrap_or_default().replace('+', "%20");
            url.set_query(Some(&query));
        }
        let mut request =
            HttpRequest::new(self.method, url).with_template(self.template).with_cost(self.cost);
        if let Some(body) = self.body {
            if let Some(media_type) = body.content_type().and_then(|kind| HeaderValue::from_str(kind).ok()) {
                request = request.with_header(CONTENT_TYPE, media_type);
            }
            request = request.with_body(body);
        }
        if let Some(entity) = self.entity {
            request = request.with_entity(entity);
        }
        if let Some(idempotent) = self.idempotent {
            request = request.with_idempotent(idempotent);
        }
        Ok(match self.tag {
            Some(tag) => request.with_tag(tag),
            None => request,
        })
    }
}
