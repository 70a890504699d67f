//! A provider's OAuth 2 (RFC 6749) as data: what differs between providers is named here, so that one implementation
//! serves all of them.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

/// A provider's OAuth 2. Holds nothing of an application: its client id and secret come from the host.
///
/// The addresses may be templates over the connection's public settings: `https://{shop}.example.com/oauth/token`. A
/// template must lead to one of the connector's [`Origins`](crate::Origins), and a setting fills a host label or a path
/// segment only; at the beginning, `{url}/oauth/token`, it is a whole address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OAuth2 {
    /// The address where a person consents.
    pub authorize_url: Cow<'static, str>,
    /// The address of the token endpoint.
    pub token_url: Cow<'static, str>,
    /// How a token is revoked (RFC 7009).
    pub revocation: Option<Revocation>,
    /// The grants that the provider offers, the preferred one first.
    pub grants: Vec<Grant>,
    /// Whether the provider checks a PKCE challenge (RFC 7636, S256).
    pub pkce: bool,
    /// How the application authenticates at the token endpoint.
    pub client_auth: ClientAuth,
    /// The scopes that can be asked for. Empty when the app's registration fixes them.
    pub scopes: Vec<Scope>,
    /// The text between two scopes: a space (RFC 6749, section 3.3), or a comma where a provider wants one.
    pub scope_separator: Cow<'static, str>,
    /// Parameters of the authorization URL: `("access_type", "offline")`.
    pub authorize_params: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// Parameters of token requests beside those of the RFC: `audience`.
    pub token_params: Vec<TokenParam>,
    /// Headers of token requests that carry a public setting of the connection.
    pub token_headers: Vec<SettingHeader>,
    /// Members of the token response that become settings of the connection. They are sealed with the tokens, and no
    /// edit of the settings changes them.
    pub captures: Vec<Capture>,
    /// What the provider does with refresh tokens.
    pub refresh: RefreshPolicy,
    /// How long an access token lives when the response does not say.
    #[serde(serialize_with = "crate::serialized::millis")]
    pub access_token_life: Duration,
    /// What this provider's refusals mean where they differ from the general table, the first that fits.
    pub refusals: Vec<OAuthRefusal>,
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
            scope_separator: Cow::Borrowed(" "),
            authorize_params: Vec::new(),
            token_params: Vec::new(),
            token_headers: Vec::new(),
            captures: Vec::new(),
            refresh: RefreshPolicy::default(),
            access_token_life: Duration::from_secs(3600),
            refusals: Vec::new(),
        }
    }
}

/// A way to an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// `Authorization: Basic` over the form-encoded id and secret, as the RFC says.
    Basic,
    /// `Authorization: Basic` over id and secret as they are. It differs from [`Basic`](Self::Basic) for a secret with
    /// characters such as `+`, `/` or `%`.
    BasicUnencoded,
    /// `client_id` and `client_secret` in the form.
    Body,
    /// `client_id` in the form and no secret: a public client, which PKCE protects.
    Public,
}

/// A permission that a person consents to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scope {
    /// The provider's name of it.
    pub name: Cow<'static, str>,
    /// What it allows, for a form.
    pub title: Cow<'static, str>,
    /// Whether it is asked for when the host does not choose.
    pub default: bool,
}

impl Scope {
    /// A scope that is asked for unless the host chooses.
    pub fn new(name: impl Into<Cow<'static, str>>, title: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), title: title.into(), default: true }
    }

    /// Asks for it only when the host chooses it.
    #[must_use]
    pub fn on_request(mut self) -> Self {
        self.default = false;
        self
    }
}

/// How tokens are revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Revocation {
    /// The address.
    pub url: Cow<'static, str>,
    /// Sent as `token_type_hint` with the refresh token, where the provider wants it.
    pub hint: Option<Cow<'static, str>>,
}

impl Revocation {
    /// Revocation of the refresh token at an address.
    pub fn new(url: impl Into<Cow<'static, str>>) -> Self {
        Self { url: url.into(), hint: None }
    }

    /// Sends a `token_type_hint`.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A parameter of a token request, beside those of the RFC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenParam {
    /// The parameter's name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Cow<'static, str>,
    /// Only for this grant; for all when `None`.
    pub grant: Option<Grant>,
}

impl TokenParam {
    /// A parameter of every token request.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), value: value.into(), grant: None }
    }

    /// Sends it for one grant only.
    #[must_use]
    pub fn for_grant(mut self, grant: Grant) -> Self {
        self.grant = Some(grant);
        self
    }
}

/// A header of token requests whose value is a public setting of the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SettingHeader {
    /// The header's name, lower case.
    pub header: Cow<'static, str>,
    /// The setting's name.
    pub setting: Cow<'static, str>,
    /// Only for this grant.
    pub grant: Grant,
}

impl SettingHeader {
    /// A header for a grant.
    pub fn new(
        header: impl Into<Cow<'static, str>>,
        setting: impl Into<Cow<'static, str>>,
        grant: Grant,
    ) -> Self {
        Self { header: header.into(), setting: setting.into(), grant }
    }
}

/// A member of the token response, or a claim of its access token, that becomes a setting of the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Capture {
    /// Where the value comes from.
    pub source: CaptureSource,
    /// The name of a member, `api_domain`, or a JSON Pointer (RFC 6901) to a nested one, `/data/0/id`.
    pub path: Cow<'static, str>,
    /// The setting's name.
    pub setting: Cow<'static, str>,
}

impl Capture {
    /// A member of the token response.
    pub fn field(path: impl Into<Cow<'static, str>>, setting: impl Into<Cow<'static, str>>) -> Self {
        Self { source: CaptureSource::Response, path: path.into(), setting: setting.into() }
    }

    /// A claim of an access token that is a JWT.
    pub fn claim(path: impl Into<Cow<'static, str>>, setting: impl Into<Cow<'static, str>>) -> Self {
        Self { source: CaptureSource::AccessToken, path: path.into(), setting: setting.into() }
    }
}

/// Where a captured value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CaptureSource {
    /// The token response.
    Response,
    /// The claims of an access token that is a JWT. The response came from the token endpoint over TLS; the token's
    /// signature is the provider's affair and is not checked.
    AccessToken,
}

/// What a provider does with refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefreshPolicy {
    /// Whether a consent gives a refresh token. True by default; false where access tokens live until they are revoked.
    pub offered: bool,
    /// Whether a refresh token dies when it is used, so that a lost response loses the connection.
    pub one_time: bool,
    /// How long a refresh token lives without being used.
    #[serde(serialize_with = "crate::serialized::some_millis")]
    pub unused_life: Option<Duration>,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { offered: true, one_time: false, unused_life: None }
    }
}

impl RefreshPolicy {
    /// Refresh tokens that die when they are used.
    pub const fn one_time() -> Self {
        Self { offered: true, one_time: true, unused_life: None }
    }

    /// No refresh tokens: an access token lives until it is revoked, or the person consents again.
    pub const fn none() -> Self {
        Self { offered: false, one_time: false, unused_life: None }
    }

    /// Sets how long a refresh token lives without being used.
    #[must_use]
    pub const fn with_unused_life(mut self, life: Duration) -> Self {
        self.unused_life = Some(life);
        self
    }
}

/// What a refusal of a provider's token endpoint means. All that is set must fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OAuthRefusal {
    /// The value of `error`.
    pub code: Option<Cow<'static, str>>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// A part of what the response says, in lower case.
    pub words: Option<Cow<'static, str>>,
    /// What it means.
    pub meaning: RefusalMeaning,
}

impl OAuthRefusal {
    /// A refusal that fits everything; name what it fits with the other methods.
    pub const fn new(meaning: RefusalMeaning) -> Self {
        Self { code: None, status: None, words: None, meaning }
    }

    /// Fits this value of `error` only.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Fits this status only.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Fits responses that say this, in lower case, only.
    #[must_use]
    pub fn with_words(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.words = Some(words.into());
        self
    }
}

/// What a refused token request means for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalMeaning {
    /// The grant is not valid, or no longer: the customer connects again.
    Reconnect,
    /// Nothing was decided: ask again later with the same grant.
    Later,
    /// The host's app or the connector's description is wrong: a person who runs the host corrects it.
    Setup,
}
