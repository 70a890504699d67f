//! A connector with the application's own options.

use std::sync::Arc;

use tieline_auth::{OAuthApp, OAuthUrls};
use tieline_core::{ConnectorFactory, ConnectorSpec, Error, ErrorKind, Limit, OAuth2, Result};
use tieline_http::ProviderOptions;
use url::Url;

/// A connector that an application offers, with the application's options for it: its app for consents, other
/// addresses, limits, timeouts. They are the application's, never part of a customer's settings.
///
/// ```
/// # #[cfg(feature = "pipedrive")]
/// # fn main() -> Result<(), url::ParseError> {
/// use tieline::pipedrive::PipedriveFactory;
/// use tieline::{OAuthApp, Provider, ProviderOptions};
///
/// let callback = "https://app.example.com/callback".parse()?;
/// let pipedrive = Provider::new(PipedriveFactory::default())
///     .with_app(OAuthApp::new("client-id", "client-secret", callback))
///     .with_options(ProviderOptions::new().with_max_in_flight(4));
/// assert_eq!(pipedrive.spec().id, "pipedrive");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "pipedrive"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Provider {
    pub(crate) factory: Arc<dyn ConnectorFactory>,
    pub(crate) app: Option<OAuthApp>,
    pub(crate) base_url: Option<Url>,
    pub(crate) limits: Option<Vec<Limit>>,
    pub(crate) options: Option<ProviderOptions>,
    oauth_urls: Option<OAuthUrls>,
    oauth_server: Option<Url>,
}

impl<F: ConnectorFactory + 'static> From<F> for Provider {
    fn from(factory: F) -> Self {
        Self::new(factory)
    }
}

impl Provider {
    /// A connector without options.
    pub fn new(factory: impl ConnectorFactory + 'static) -> Self {
        Self {
            factory: Arc::new(factory),
            app: None,
            base_url: None,
            limits: None,
            options: None,
            oauth_urls: None,
            oauth_server: None,
        }
    }

    /// Sets the application's registration at the provider, for consents.
    pub fn with_app(mut self, app: OAuthApp) -> Self {
        self.app = Some(app);
        self
    }

    /// Sends requests here instead of to the provider: to a sandbox, to a recording proxy.
    pub fn with_base_url(mut self, url: Url) -> Self {
        self.base_url = Some(url);
        self
    }

    /// Sends consents and token requests to these addresses.
    pub fn with_oauth_urls(mut self, urls: OAuthUrls) -> Self {
        self.oauth_urls = Some(urls);
        self
    }

    /// Sends consents and token requests to this server, with the provider's own paths: to a sandbox.
    pub fn with_oauth_server(mut self, server: Url) -> Self {
        self.oauth_server = Some(server);
        self
    }

    /// Replaces the provider's published limits for every connection; a connection may have
    /// [its own](crate::ConnectionHandle::with_limits).
    pub fn with_limits(mut self, limits: Vec<Limit>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets timeouts, user agent, the cap on requests under way and the limit of bodies, in place of the application's.
    pub fn with_options(mut self, options: ProviderOptions) -> Self {
        self.options = Some(options);
        self
    }

    /// The connector's description of itself.
    pub fn spec(&self) -> &ConnectorSpec {
        self.factory.spec()
    }

    /// The connector's factory.
    pub fn factory(&self) -> &Arc<dyn ConnectorFactory> {
        &self.factory
    }

    /// The application's registration at the provider.
    pub fn app(&self) -> Option<&OAuthApp> {
        self.app.as_ref()
    }

    pub(crate) fn oauth(&self) -> Option<&OAuth2> {
        self.spec().auth.iter().find_map(|scheme| scheme.oauth2())
    }

    /// The addresses of OAuth that the application put in place of the provider's.
    pub(crate) fn oauth_urls(&self) -> Result<Option<OAuthUrls>> {
        let (Some(server), Some(oauth)) = (&self.oauth_server, self.oauth()) else {
            return Ok(self.oauth_urls.clone());
        };
        let urls = OAuthUrls::new(moved(server, &oauth.authorize_url)?, moved(server, &oauth.token_url)?);
        Ok(Some(match &oauth.revocation {
            Some(revocation) => urls.with_revoke(moved(server, &revocation.url)?),
            None => urls,
        }))
    }

    /// Refuses options that contradict each other.
    pub(crate) fn check(&self, public_url: Option<&Url>, has_vault: bool) -> Result<()> {
        let title = &self.spec().title;
        let refused = |why: String, advice: &str| {
            Err(Error::new(ErrorKind::Config, why)
                .with_advice(advice.to_owned())
                .with_context("provider", &self.spec().id))
        };
        if self.oauth_server.is_some() && self.oauth_urls.is_some() {
            return refused(
                format!("the OAuth addresses of {title} are set twice, by a server and one by one"),
                "leave one of the two out",
            );
        }
        self.oauth_urls()?;
        let Some(app) = &self.app else { return Ok(()) };
        if self.oauth().is_none() {
            return refused(
                format!("an app is set for {title}, which is not connected by OAuth"),
                "leave the app out",
            );
        }
        if !has_vault {
            return refused(
                format!("an app is set for {title}, and no vault that could keep its tokens"),
                "set a vault, or leave the app out",
            );
        }
        if let Some(public) = public_url
            && (app.callback().origin() != public.origin()
                || !app.callback().path().starts_with(public.path()))
        {
            return refused(
                format!("the callback of the app for {title} is not under the application's public URL"),
                "set the public URL that browsers use, and the callback that is registered at the provider, under it",
            );
        }
        Ok(())
    }
}

/// The provider's path on another server.
fn moved(server: &Url, address: &str) -> Result<Url> {
    let address: Url = address.parse().map_err(|_| {
        Error::new(ErrorKind::Config, "the provider's OAuth address depends on settings, and cannot be moved")
            .with_advice("set its addresses one by one, with OAuthUrls")
    })?;
    let mut moved = server.clone();
    moved.set_path(address.path());
    Ok(moved)
}
