//! Who takes part: applications, the person who is asked, and what was consented to.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::answers::Trouble;
use crate::sandbox::Refused;

/// The application that every server knows from the start.
pub const CLIENT_ID: &str = "tieline-demo";
/// Its secret.
pub const CLIENT_SECRET: &str = "demo-client-secret-5f0c27d1e8a94b36";
/// Its callback.
pub const REDIRECT_URI: &str = "https://host.example/oauth/callback";

/// An application that is registered with the provider.
///
/// ```
/// use tieline_sandbox::Sandbox;
/// use tieline_sandbox::oauth::Client;
///
/// let sandbox = Sandbox::oauth();
/// let client = Client::new("crm-sync").with_secret("s3cret").with_redirect("http://127.0.0.1:8080/callback");
/// sandbox.authorization().register(client.with_scopes(["read", "write"])).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) secret: Option<String>,
    #[serde(default)]
    pub(crate) redirects: Vec<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    #[serde(default)]
    pub(crate) service_accounts: bool,
}

impl Client {
    /// An application without a secret, callbacks and scopes.
    pub fn new(id: impl Into<String>) -> Self {
        let (redirects, scopes) = (Vec::new(), Vec::new());
        Self { id: id.into(), secret: None, redirects, scopes, service_accounts: false }
    }

    /// Gives it a secret.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Adds a callback. Requests must name it letter by letter.
    #[must_use]
    pub fn with_redirect(mut self, uri: impl Into<String>) -> Self {
        self.redirects.push(uri.into());
        self
    }

    /// Adds scopes that it may ask for, and that it gets when it asks for none.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Lets it ask for tokens that belong to a service account of the tenant (`account_type=service`).
    #[must_use]
    pub const fn with_service_accounts(mut self) -> Self {
        self.service_accounts = true;
        self
    }

    /// What every server knows from the start.
    pub(crate) fn demo() -> Self {
        let scopes = ["base", "read", "write"];
        let client = Self::new(CLIENT_ID).with_secret(CLIENT_SECRET).with_redirect(REDIRECT_URI);
        client.with_scopes(scopes).with_service_accounts()
    }

    pub(crate) fn check(&self) -> Result<(), Refused> {
        let fits = |uri: &String| Url::parse(uri).is_ok_and(|url| url.fragment().is_none());
        match self.redirects.iter().find(|uri| !fits(uri)) {
            _ if self.id.is_empty() => Err(Refused("a client needs an id".into())),
            Some(uri) => Err(Refused(format!("{uri} is no callback: it must be a URL without a fragment"))),
            None => Ok(()),
        }
    }

    /// The scopes for a request: what it asks for, or all, and nothing beyond what may be had.
    pub(crate) fn scopes_for(&self, asked: Option<&str>) -> Result<Vec<String>, Trouble> {
        scopes_within(&self.scopes, asked)
    }
}

pub(crate) fn scopes_within(all: &[String], asked: Option<&str>) -> Result<Vec<String>, Trouble> {
    let Some(asked) = asked else { return Ok(all.to_vec()) };
    let asked: Vec<String> = asked.split([' ', ',']).filter(|s| !s.is_empty()).map(str::to_owned).collect();
    if asked.iter().all(|scope| all.contains(scope)) { Ok(asked) } else { Err(Trouble::invalid_scope()) }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The person at the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Who it is.
    pub user: String,
    /// The account or company that the person belongs to.
    pub tenant: String,
    /// What the person does when asked.
    pub decision: Decision,
}

/// What a person does when asked for consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Says yes, at once and without a page.
    #[default]
    Consents,
    /// Says no, at once and without a page.
    Denies,
    /// Gets a page with Allow and Deny.
    Asked,
    /// Cannot consent, and is sent back with neither code nor error nor state, as from a locked account.
    Strays,
}

/// How tokens came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A person consented.
    Code,
    /// The application asked for itself.
    ClientCredentials,
    /// A service account signed.
    Assertion,
}

/// A consent and what was done with it. All tokens that stem from it end together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Consent {
    /// Its number.
    pub id: u64,
    /// How it came about.
    pub how: How,
    /// The application, or the service account's e-mail address.
    pub client_id: String,
    /// Who consented.
    pub user: String,
    /// For which account.
    pub tenant: String,
    /// To what.
    pub scopes: Vec<String>,
    /// How often its tokens were refreshed.
    pub refreshes: u32,
    /// How often a code or refresh token was used that had been used before.
    pub reuses: u32,
    /// Why its tokens are worth nothing any more.
    pub ended: Option<Ended>,
    #[serde(skip)]
    pub(crate) offline: bool,
    #[serde(skip)]
    pub(crate) service: bool,
}

/// Why all tokens of a consent are worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A code or a one-time refresh token was used twice.
    Reuse,
    /// The application took it back.
    Revoked,
    /// The person took it back in the provider's own windows.
    Withdrawn,
}
