//! What a connector crate says about itself before there is an account: enough to draw the "Connect" form of a
//! settings page, to build the HTTP stack, and to know when an API version ends.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{Field, Limit, OAuth2, SessionLogin};

/// What kind of system a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// Customer relations.
    Crm,
    /// Accounting and invoicing.
    Accounting,
    /// Spreadsheets.
    Spreadsheet,
    /// Enterprise resource planning.
    Erp,
    /// Support desks and chat.
    Support,
    /// Mail, messages, documents.
    Communication,
    /// Anything else.
    Other,
}

/// A connector's description.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectorSpec {
    /// The id in a registry: `pipedrive`.
    pub id: Cow<'static, str>,
    /// The name that people know: `Pipedrive`.
    pub title: Cow<'static, str>,
    /// What kind of system it is.
    pub category: Category,
    /// The provider's API version that the connector speaks.
    pub api_version: Cow<'static, str>,
    /// When the provider ends that version, if announced.
    pub api_ends: Option<NaiveDate>,
    /// The public settings of a connection, in the order of the form.
    pub config: Vec<Field>,
    /// The ways to authenticate, the preferred one first.
    pub auth: Vec<AuthScheme>,
    /// Where requests may go with a credential.
    pub origins: Origins,
    /// The published limits.
    pub limits: Vec<Limit>,
    /// A guide for the person who connects the account.
    pub guide: Cow<'static, str>,
}

impl ConnectorSpec {
    /// A spec with nothing but its names; the fields are public and set from there.
    pub fn new(
        id: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        category: Category,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            category,
            api_version: Cow::Borrowed(""),
            api_ends: None,
            config: Vec::new(),
            auth: Vec::new(),
            origins: Origins::Patterns(Vec::new()),
            limits: Vec::new(),
            guide: Cow::Borrowed(""),
        }
    }

    /// The JSON Schema (2020-12) of the public settings.
    pub fn config_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.config.iter().map(|field| (field.name.clone().into_owned(), field.schema())).collect();
        let required: Vec<&str> =
            self.config.iter().filter(|field| field.required).map(|field| field.name.as_ref()).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}

/// A way to authenticate, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthScheme {
    /// One key, in a header or in the query.
    ApiKey {
        /// Where the key goes.
        placement: KeyPlacement,
        /// How to ask for it.
        field: Field,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer {
        /// How to ask for the token.
        field: Field,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// How to ask for the user name.
        user: Field,
        /// How to ask for the password.
        password: Field,
    },
    /// One secret that fills the slot of the field's name in a [`Body`](crate::http::Body), and is sent nowhere else
    /// unless a request asks for [`RequestAuth::Bearer`](crate::http::RequestAuth::Bearer).
    Secret {
        /// How to ask for it.
        field: Field,
    },
    /// OAuth 2: tokens that a person's consent, the application itself or a service account gives.
    OAuth2(OAuth2),
    /// A login whose answer has a token for what follows.
    Session(SessionLogin),
}

impl AuthScheme {
    /// What a form asks for. Nothing for OAuth, where the person consents at the provider.
    pub fn fields(&self) -> Vec<&Field> {
        match self {
            Self::ApiKey { field, .. } | Self::Bearer { field } | Self::Secret { field } => vec![field],
            Self::Basic { user, password } => vec![user, password],
            Self::Session(login) => login.fields.iter().collect(),
            // What a person does is consent.
            Self::OAuth2(_) => Vec::new(),
        }
    }
}

/// Where an API key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyPlacement {
    /// A header, with an optional prefix such as `Token `.
    Header {
        /// The header's name, lower case.
        name: &'static str,
        /// What stands before the key.
        prefix: &'static str,
    },
    /// A query parameter, for providers that take it nowhere else. It is added below the tracing layer.
    Query {
        /// The parameter's name.
        name: &'static str,
    },
}

/// Where requests may go with a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Hosts of the provider, reached by https on the default port: `api.example.com`, or `*.example.com` for
    /// exactly one label before it.
    Patterns(Vec<Cow<'static, str>>),
    /// The address in this field of the settings: a self-hosted provider.
    ConfigField(&'static str),
}

impl Origins {
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
