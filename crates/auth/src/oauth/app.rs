use std::fmt;

use secrecy::SecretString;
use url::Url;

/// The host's registration at a provider: what its developer portal gave.
///
/// ```
/// use tieline_auth::OAuthApp;
///
/// let callback = "https://app.example.com/connect/callback".parse()?;
/// let app = OAuthApp::new("my-client-id", "my-client-secret", callback)
///     .with_authorize_param("account_type", "service");
/// assert!(!format!("{app:?}").contains("my-client-secret"));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
pub struct OAuthApp {
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    pub(crate) redirect: Url,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) authorize_params: Vec<(String, String)>,
}

impl OAuthApp {
    /// An app, and where the provider sends the browser back to. That address is registered at the provider too, and
    /// must be the same to the letter.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<SecretString>, callback: Url) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            redirect: callback,
            scopes: None,
            authorize_params: Vec::new(),
        }
    }

    /// Asks for these scopes in place of the spec's default ones.
    #[must_use]
    pub fn with_scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a parameter to the authorization URL, or replaces the provider's own of that name.
    #[must_use]
    pub fn with_authorize_param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.authorize_params.push((name.into(), value.into()));
        self
    }

    /// Where the provider sends the browser back to.
    pub fn callback(&self) -> &Url {
        &self.redirect
    }
}

impl fmt::Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp")
            .field("client_id", &self.client_id)
            .field("callback", &self.redirect.as_str())
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Addresses in place of the provider's own: a sandbox, a recording proxy. The host's choice, never a customer's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuthUrls {
    /// Where a person consents.
    pub authorize: Url,
    /// Where tokens are asked for.
    pub token: Url,
    /// Where they are taken back.
    pub revoke: Option<Url>,
}

impl OAuthUrls {
    /// Addresses without revocation.
    pub fn new(authorize: Url, token: Url) -> Self {
        Self { authorize, token, revoke: None }
    }

    /// Sets where tokens are taken back.
    #[must_use]
    pub fn with_revoke(mut self, url: Url) -> Self {
        self.revoke = Some(url);
        self
    }
}
