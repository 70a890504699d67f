use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use tieline_core::http::HttpClient;
use tieline_core::{ConnectorSpec, Error, ErrorKind, Grant, OAuth2, Origins, Result};
use url::Url;

use super::app::{OAuthApp, OAuthUrls};
use super::template::expand;

/// A provider's OAuth 2, the host's app there, and the way to it. Cheap to clone.
#[derive(Clone)]
pub struct OAuthClient(Arc<Inner>);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) provider: String,
    pub(crate) title: String,
    pub(crate) oauth: OAuth2,
    pub(crate) origins: Origins,
    pub(crate) app: Option<OAuthApp>,
    pub(crate) http: HttpClient,
    pub(crate) authorize: Url,
    pub(crate) token: Url,
    pub(crate) revoke: Option<Url>,
}

impl OAuthClient {
    /// What the spec says of OAuth. Requests go over `http`, which is a client for a
    /// [`token_endpoint`](crate::token_endpoint), without a credential.
    ///
    /// # Errors
    ///
    /// `Config` when the connector takes no OAuth 2.
    pub fn new(spec: &ConnectorSpec, http: HttpClient) -> Result<Self> {
        Self::for_settings(spec, &Value::Null, http)
    }

    /// The same for a connection of these settings, which the addresses may name.
    ///
    /// # Errors
    ///
    /// `Config` when the connector takes no OAuth 2, a setting that an address names is missing, or they lead to an address
    /// outside the connector's origins.
    pub fn for_settings(spec: &ConnectorSpec, settings: &Value, http: HttpClient) -> Result<Self> {
        let oauth = oauth_of(spec)?;
        let at = |template: &str| Self::address(spec, template, settings);
        let revoke = oauth.revocation.as_ref().map(|revocation| at(&revocation.url)).transpose()?;
        let urls = (at(&oauth.authorize_url)?, at(&oauth.token_url)?, revoke);
        Ok(Self::with(spec, oauth, urls, http))
    }

    /// The same with other addresses in place of the provider's, which then need no settings.
    ///
    /// # Errors
    ///
    /// `Config` when the connector takes no OAuth 2.
    pub fn at(spec: &ConnectorSpec, urls: OAuthUrls, http: HttpClient) -> Result<Self> {
        let OAuthUrls { authorize, token, revoke } = urls;
        let oauth = oauth_of(spec)?;
        Ok(Self::with(spec, oauth, (authorize, token, revoke), http))
    }

    /// An address of the spec for a connection of these settings.
    ///
    /// # Errors
    ///
    /// As for [`for_settings`](Self::for_settings).
    pub fn address(spec: &ConnectorSpec, template: &str, settings: &Value) -> Result<Url> {
        expand(template, settings, &spec.origins, &spec.title)
    }

    fn with(
        spec: &ConnectorSpec,
        oauth: OAuth2,
        (authorize, token, revoke): (Url, Url, Option<Url>),
        http: HttpClient,
    ) -> Self {
        Self(Arc::new(Inner {
            provider: spec.id.to_string(),
            title: spec.title.to_string(),
            oauth,
            origins: spec.origins.clone(),
            app: None,
            http,
            authorize,
            token,
            revoke,
        }))
    }

    /// Sets the host's app. Service accounts need none.
    #[must_use]
    pub fn with_app(self, app: OAuthApp) -> Self {
        Self(Arc::new(Inner { app: Some(app), ..(*self.0).clone() }))
    }

    /// Puts other addresses in place of the provider's.
    #[must_use]
    pub fn with_urls(self, urls: OAuthUrls) -> Self {
        let OAuthUrls { authorize, token, revoke } = urls;
        Self(Arc::new(Inner { authorize, token, revoke, ..(*self.0).clone() }))
    }

    /// How the provider does OAuth.
    pub fn oauth(&self) -> &OAuth2 {
        &self.0.oauth
    }

    /// Whether the provider has this way to a token.
    pub fn has(&self, grant: Grant) -> bool {
        self.0.oauth.grants.contains(&grant)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn app(&self) -> Result<&OAuthApp> {
        self.0.app.as_ref().ok_or_else(|| {
            let title = &self.0.title;
            Error::new(ErrorKind::Config, format!("the host has no app at {title}")).with_advice(
                "register one in the provider's developer portal, and give its client id and secret",
            )
        })
    }

    /// The headers of a token request of this grant.
    pub(crate) fn token_headers(
        &self,
        grant: Grant,
        settings: &Value,
    ) -> Result<Vec<(http::HeaderName, http::HeaderValue)>> {
        let wanted = self.0.oauth.token_headers.iter().filter(|header| header.grant == grant);
        wanted
            .map(|header| {
                let text = match settings.get(&*header.setting) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => String::new(),
                };
                let missing = || {
                    Error::new(
                        ErrorKind::Config,
                        format!(
                            "{} wants the setting {:?} in its token requests",
                            self.0.title, header.setting
                        ),
                    )
                    .with_advice("connect the account once with a person's consent, which tells it")
                };
                let name = http::HeaderName::from_bytes(header.header.as_bytes()).map_err(|_| {
                    Error::new(
                        ErrorKind::Internal,
                        format!("{:?} in the spec is not a header", header.header),
                    )
                })?;
                match http::HeaderValue::from_str(text.trim()) {
                    Ok(value) if !value.is_empty() => Ok((name, value)),
                    _ => Err(missing()),
                }
            })
            .collect()
    }
}

fn oauth_of(spec: &ConnectorSpec) -> Result<OAuth2> {
    spec.auth.iter().find_map(|scheme| scheme.oauth2()).cloned().ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("{} is not connected by OAuth", spec.title))
            .with_advice("ask for the fields that the connector's spec names")
    })
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("provider", &self.0.provider)
            .field("app", &self.0.app)
            .finish_non_exhaustive()
    }
}
