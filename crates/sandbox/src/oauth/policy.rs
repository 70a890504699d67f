//! What differs between authorization servers, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How an authorization server behaves. The default is RFC 6749 with one-time refresh tokens, RFC 7636 and RFC 7009.
///
/// ```
/// use tieline_sandbox::oauth::{ExpiresIn, Policy, Rotation};
///
/// let policy = Policy { rotation: Rotation::Same, expires_in: ExpiresIn::Text, ..Policy::default() };
/// assert_eq!(policy.access_seconds, 3600);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Where people consent.
    pub authorize_path: String,
    /// Where tokens are asked for.
    pub token_path: String,
    /// Where tokens are taken back.
    pub revoke_path: String,
    /// How clients prove who they are.
    pub client_auth: ClientAuth,
    /// What becomes of PKCE challenges.
    pub pkce: Pkce,
    /// How long a code lives.
    pub code_seconds: u32,
    /// How long an access token lives.
    pub access_seconds: u32,
    /// How long a refresh token lives without being used; `None` for ever.
    pub refresh_seconds: Option<u32>,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
    /// Whether refresh tokens are given only to those that asked with `access_type=offline`.
    pub offline_on_request: bool,
    /// How the answer says how long the access token lives.
    pub expires_in: ExpiresIn,
    /// What stands between scopes in the answer.
    pub scope_separator: String,
    /// How access tokens look.
    pub access_token: TokenShape,
    /// What refresh tokens begin with.
    pub refresh_token_prefix: String,
    /// The error that a callback brings when the person says no.
    pub denied: String,
    /// Whether applications get tokens of their own, without a person.
    pub client_credentials: ClientCredentials,
    /// Whether service accounts get tokens for signed assertions (RFC 7523).
    pub jwt_bearer: bool,
    /// What an assertion may name as its audience besides the address of the token request.
    pub audience: Option<String>,
    /// More members of the token answer, such as `api_domain`.
    pub extras: BTreeMap<String, String>,
    /// What taking back a token does.
    pub revocation: Revocation,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            authorize_path: "/oauth/authorize".into(),
            token_path: "/oauth/token".into(),
            revoke_path: "/oauth/revoke".into(),
            client_auth: ClientAuth::Either,
            pkce: Pkce::Checked,
            code_seconds: 300,
            access_seconds: 3600,
            refresh_seconds: Some(60 * 86_400),
            rotation: Rotation::OneTime,
            offline_on_request: false,
            expires_in: ExpiresIn::Number,
            scope_separator: " ".into(),
            access_token: TokenShape::Opaque { prefix: String::new(), length: 64 },
            refresh_token_prefix: String::new(),
            denied: "access_denied".into(),
            client_credentials: ClientCredentials::Plain,
            jwt_bearer: true,
            audience: None,
            extras: BTreeMap::new(),
            revocation: Revocation::default(),
        }
    }
}

/// How clients prove who they are (RFC 6749, section 2.3.1). A client without a secret says its id in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `Authorization: Basic` only.
    Basic,
    /// `client_id` and `client_secret` in the form only.
    Body,
    /// Either, but not both in one request.
    Either,
}

/// What becomes of PKCE challenges (RFC 7636, S256).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// Nobody looks at them.
    Ignored,
    /// Checked where there is one.
    Checked,
    /// Checked, and nothing goes without one.
    Required,
}

/// What becomes of a refresh token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// It dies, and the answer has the next one. Using it again ends all tokens of the consent (RFC 9700, section
    /// 4.14.2).
    OneTime,
    /// It lives on, and the answer says it again.
    Same,
    /// It lives on, and the answer does not mention it.
    Unsaid,
}

/// How a token answer says how long the access token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    /// `3600`
    Number,
    /// `"3600"`
    Text,
    /// Not at all.
    Missing,
}

/// How access tokens look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenShape {
    /// Letters and digits behind a prefix.
    Opaque {
        /// What it begins with.
        prefix: String,
        /// How many letters and digits follow.
        length: usize,
    },
    /// A JWT whose signature nobody can check.
    Jwt {
        /// The claim that names the tenant.
        tenant_claim: String,
    },
}

/// Whether applications get tokens of their own (RFC 6749, section 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCredentials {
    /// They do not.
    Refused,
    /// They do.
    Plain,
    /// For a tenant named in a header whose administrator once consented with `account_type=service`.
    ForTenant {
        /// The header's name in lower case.
        header: String,
    },
}

/// What taking back a token does (RFC 7009).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revocation {
    /// What an access token takes with it. A refresh token takes everything of its consent.
    pub access_token: AccessRevocation,
    /// Whether it goes without client authentication.
    pub anonymous: bool,
    /// The body of the answer.
    pub body: String,
}

/// What an access token that is taken back takes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessRevocation {
    /// Itself.
    #[default]
    Itself,
    /// Everything of its consent.
    Consent,
    /// It cannot be taken back.
    Refused,
}
