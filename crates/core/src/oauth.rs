//! How a provider does OAuth 2 (RFC 6749), as data: what differs between providers is named here, so that one
//! implementation serves all of them.

use std::borrow::Cow;
use std::time::Duration;

/// A provider's OAuth 2. Holds nothing of an application: its client id and secret come from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuth2 {
    /// Where a person consents.
    pub authorize_url: Cow<'static, str>,
    /// Where tokens are asked for.
    pub token_url: Cow<'static, str>,
    /// Where a token is taken back (RFC 7009).
    pub revocation: Option<Revocation>,
    /// The ways to a token that the provider has, the preferred one first.
    pub grants: Vec<Grant>,
    /// Whether the provider checks a PKCE challenge (RFC 7636, S256).
    pub pkce: bool,
    /// How the application proves who it is at the token endpoint.
    pub client_auth: ClientAuth,
    /// What can be asked for. Empty when the app's registration fixes it.
    pub scopes: Vec<Scope>,
    /// Added to the authorization URL: `("access_type", "offline")`.
    pub authorize_params: Vec<(&'static str, &'static str)>,
    /// Headers of the token request that carry a public setting of the connection.
    pub token_headers: Vec<SettingHeader>,
    /// What else the token answer says that becomes a setting of the connection.
    pub captures: Vec<Capture>,
    /// What the provider does with refresh tokens.
    pub refresh: RefreshPolicy,
    /// How long an access token lives when the answer does not say.
    pub access_token_life: Duration,
}

impl OAuth2 {
    /// OAuth with a person's consent, a client that authenticates with `Basic`, and nothing unusual. The fields are
    /// public and set from there.
    pub fn new(authorize_url: impl Into<Cow<'static, str>>, token_url: impl Into<Cow<'static, str>>) -> Self {
        Self {
            authorize_url: authorize_url.into(),
            token_url: token_url.into(),
            revocation: None,
            grants: vec![Grant::AuthorizationCode],
            pkce: false,
            client_auth: ClientAuth::Basic,
            scopes: Vec::new(),
            authorize_params: Vec::new(),
            token_headers: Vec::new(),
            captures: Vec::new(),
            refresh: RefreshPolicy::default(),
            access_token_life: Duration::from_secs(3600),
        }
    }
}

/// A way to an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grant {
    /// A person consents in a browser; tokens are refreshed from then on.
    AuthorizationCode,
    /// The application's own id and secret are enough.
    ClientCredentials,
    /// A signed assertion of a service account (RFC 7523).
    JwtBearer,
}

/// How a client authenticates at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAuth {
    /// `Authorization: Basic`.
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// Something that a person consents to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// The provider's word for it.
    pub name: &'static str,
    /// What it allows, for a form.
    pub title: &'static str,
    /// Whether it is asked for when the host does not choose.
    pub default: bool,
}

impl Scope {
    /// A scope that is asked for unless the host chooses.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Self { name, title, default: true }
    }

    /// Asked for only when the host chooses it.
    #[must_use]
    pub const fn on_request(mut self) -> Self {
        self.default = false;
        self
    }
}

/// How tokens are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Where.
    pub url: Cow<'static, str>,
    /// Sent as `token_type_hint` with the refresh token, where the provider wants it.
    pub hint: Option<&'static str>,
}

impl Revocation {
    /// Revocation of the refresh token at this address.
    pub fn new(url: impl Into<Cow<'static, str>>) -> Self {
        Self { url: url.into(), hint: None }
    }

    /// Sends a `token_type_hint`.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// A header of the token request whose value is a public setting of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingHeader {
    /// The header's name, lower case.
    pub header: &'static str,
    /// The setting's name.
    pub setting: &'static str,
    /// Only for this grant.
    pub grant: Grant,
}

impl SettingHeader {
    /// A header for a grant.
    pub const fn new(header: &'static str, setting: &'static str, grant: Grant) -> Self {
        Self { header, setting, grant }
    }
}

/// A field of the token answer, or a claim of its access token, that becomes a setting of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capture {
    /// A field of the answer: `api_domain`.
    Field {
        /// The field's name.
        name: &'static str,
        /// The setting's name.
        setting: &'static str,
    },
    /// A claim of an access token that is a JWT. Its signature is the provider's affair and is not checked, so it is
    /// used as an address label only, never as proof.
    Claim {
        /// The claim's name.
        name: &'static str,
        /// The setting's name.
        setting: &'static str,
    },
}

/// What a provider does with refresh tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// Whether a refresh token dies when it is used, so that a lost answer loses the connection.
    pub one_time: bool,
    /// How long a refresh token lives without being used.
    pub unused_life: Option<Duration>,
}

impl RefreshPolicy {
    /// Refresh tokens that die when they are used.
    pub const fn one_time() -> Self {
        Self { one_time: true, unused_life: None }
    }

    /// Sets how long a refresh token lives without being used.
    #[must_use]
    pub const fn with_unused_life(mut self, life: Duration) -> Self {
        self.unused_life = Some(life);
        self
    }
}
