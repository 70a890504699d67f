//! The ways to authenticate and the addresses that a credential may be sent to, as data. Cryptography and requests are
//! the host's side.

use std::borrow::Cow;

use serde::Serialize;
use url::Url;

use crate::{Field, OAuth2, SessionLogin, Signing};

/// A way to authenticate, as data.
///
/// Match its variants with `..`: fields are added as providers need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "a connector has a handful of them, made once")]
pub enum AuthScheme {
    /// One key, in a header, in the query, in a cookie or as a part of a `Basic` login.
    #[non_exhaustive]
    ApiKey {
        /// Where the key goes.
        placement: KeyPlacement,
        /// The field of the form that asks for the key.
        field: Field,
    },
    /// `Authorization: Bearer` (RFC 6750).
    #[non_exhaustive]
    Bearer {
        /// The field of the form that asks for the token.
        field: Field,
    },
    /// `Authorization: Basic` (RFC 7617).
    #[non_exhaustive]
    Basic {
        /// The field of the form that asks for the user name.
        user: Field,
        /// The field of the form that asks for the password.
        password: Field,
    },
    /// One secret that fills the slot of the field's name in a [`Body`](crate::http::Body), and is sent nowhere else
    /// unless a request asks for [`RequestAuth::Bearer`](crate::http::RequestAuth::Bearer).
    #[non_exhaustive]
    Secret {
        /// The field of the form that asks for the secret.
        field: Field,
    },
    /// OAuth 2: tokens that a person's consent, the application itself or a service account gives.
    OAuth2(OAuth2),
    /// A login whose answer has a token for the requests after it.
    Session(SessionLogin),
    /// A signature over each request.
    Signed(Signing),
    /// Several schemes at once: an application's key beside a user's token, a `Basic` login beside a CSRF token. Every
    /// request carries all of them, signatures last. Fields of one name are asked for once. At most one of the schemes
    /// may be [`OAuth2`](Self::OAuth2) or [`Session`](Self::Session).
    All(Vec<AuthScheme>),
}

impl AuthScheme {
    /// One key at a place.
    pub const fn api_key(placement: KeyPlacement, field: Field) -> Self {
        Self::ApiKey { placement, field }
    }

    /// A token that is sent as `Authorization: Bearer`.
    pub const fn bearer(field: Field) -> Self {
        Self::Bearer { field }
    }

    /// A user name and a password that are sent as `Authorization: Basic`.
    pub const fn basic(user: Field, password: Field) -> Self {
        Self::Basic { user, password }
    }

    /// One secret for the slots of request bodies.
    pub const fn secret(field: Field) -> Self {
        Self::Secret { field }
    }

    /// The fields of the form that asks for this credential, each name once. OAuth has none: the person consents at the
    /// provider.
    pub fn fields(&self) -> Vec<&Field> {
        match self {
            Self::ApiKey { field, .. } | Self::Bearer { field } | Self::Secret { field } => vec![field],
            Self::Basic { user, password } => vec![user, password],
            Self::Session(login) => login.fields.iter().collect(),
            Self::Signed(signing) => signing.fields(),
            Self::OAuth2(_) => Vec::new(),
            Self::All(schemes) => {
                let mut fields: Vec<&Field> = Vec::new();
                for field in schemes.iter().flat_map(Self::fields) {
                    if fields.iter().all(|known| known.name != field.name) {
                        fields.push(field);
                    }
                }
                fields
            }
        }
    }

    /// The OAuth 2 of this scheme, also as one of several.
    pub fn oauth2(&self) -> Option<&OAuth2> {
        match self {
            Self::OAuth2(oauth) => Some(oauth),
            Self::All(schemes) => schemes.iter().find_map(Self::oauth2),
            _ => None,
        }
    }

    /// The login of this scheme, also as one of several.
    pub fn session(&self) -> Option<&SessionLogin> {
        match self {
            Self::Session(login) => Some(login),
            Self::All(schemes) => schemes.iter().find_map(Self::session),
            _ => None,
        }
    }
}

/// The place of a key in a request.
///
/// Match its variants with `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyPlacement {
    /// A header.
    #[non_exhaustive]
    Header {
        /// The header's name, lower case.
        name: Cow<'static, str>,
        /// A text before the key, such as `Token `.
        prefix: Cow<'static, str>,
    },
    /// A query parameter, for providers that take the key nowhere else. It is added below the tracing layer.
    #[non_exhaustive]
    Query {
        /// The parameter's name.
        name: Cow<'static, str>,
    },
    /// A cookie, beside those that the request has already.
    #[non_exhaustive]
    Cookie {
        /// The cookie's name.
        name: Cow<'static, str>,
    },
    /// The user name of `Authorization: Basic`.
    #[non_exhaustive]
    BasicUser {
        /// The password beside it: mostly empty, or a letter.
        password: Cow<'static, str>,
    },
    /// The password of `Authorization: Basic`.
    #[non_exhaustive]
    BasicPassword {
        /// The user name before it.
        user: Cow<'static, str>,
    },
}

impl KeyPlacement {
    /// A header whose value is the key alone.
    pub fn header(name: impl Into<Cow<'static, str>>) -> Self {
        Self::prefixed(name, "")
    }

    /// A header whose value is a prefix, then the key.
    pub fn prefixed(name: impl Into<Cow<'static, str>>, prefix: impl Into<Cow<'static, str>>) -> Self {
        Self::Header { name: name.into(), prefix: prefix.into() }
    }

    /// A query parameter.
    pub fn query(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Query { name: name.into() }
    }

    /// A cookie.
    pub fn cookie(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Cookie { name: name.into() }
    }

    /// The user name of `Authorization: Basic`, before this password.
    pub fn basic_user(password: impl Into<Cow<'static, str>>) -> Self {
        Self::BasicUser { password: password.into() }
    }

    /// The password of `Authorization: Basic`, after this user name.
    pub fn basic_password(user: impl Into<Cow<'static, str>>) -> Self {
        Self::BasicPassword { user: user.into() }
    }
}

/// The addresses that a credential may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origins {
    /// Hosts of the provider, reached by https on the default port: `api.example.com`, or `*.example.com` for
    /// exactly one label before it.
    Patterns(Vec<Cow<'static, str>>),
    /// The address in this field of the settings: a self-hosted provider.
    ConfigField(Cow<'static, str>),
}

impl Origins {
    /// The host patterns of a provider.
    pub fn patterns<P: Into<Cow<'static, str>>>(patterns: impl IntoIterator<Item = P>) -> Self {
        Self::Patterns(patterns.into_iter().map(Into::into).collect())
    }

    /// The address in a field of the settings.
    pub fn config_field(name: impl Into<Cow<'static, str>>) -> Self {
        Self::ConfigField(name.into())
    }

    /// Whether `url` is one of the patterns.
    ///
    /// ```
    /// use tieline_core::Origins;
    ///
    /// let origins = Origins::Patterns(vec!["*.pipedrive.com".into()]);
    /// assert!(origins.allows(&"https://acme.pipedrive.com/api".parse()?));
    /// for other in ["http://acme.pipedrive.com", "https://pipedrive.com", "https://a.b.pipedrive.com",
    ///     "https://acme.pipedrive.com:8443", "https://acme.pipedrive.com.evil.test", "https://evilpipedrive.com"] {
    ///     assert!(!origins.allows(&other.parse()?), "{other}");
    /// }
    /// # Ok::<(), url::ParseError>(())
    /// ```
    pub fn allows(&self, url: &Url) -> bool {
        let Self::Patterns(patterns) = self else { return false };
        let Some(host) = url.host_str() else { return false };
        url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && patterns.iter().any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .strip_suffix(parent)
                    .and_then(|rest| rest.strip_suffix('.'))
                    .is_some_and(|label| !label.is_empty() && !label.contains('.')),
                None => host == pattern.as_ref(),
            })
    }
}
