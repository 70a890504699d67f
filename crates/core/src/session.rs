//! Logins that answer with a token for the requests after them, as data.

use std::borrow::Cow;
use std::time::Duration;

use http::Method;
use serde::Serialize;

use crate::http::Escape;
use crate::{Field, KeyPlacement};

/// How a provider logs a user in: one request with the login, and tokens in its answer that the other requests carry.
/// Logging in again is always possible, so a refused token is renewed once.
///
/// ```
/// use tieline_core::{CsrfFetch, KeyPlacement, LoginPart, SessionLogin, SessionToken, SessionValue};
/// use tieline_core::http::Escape;
///
/// // A server that sets two cookies, of which the second is there behind a load balancer only.
/// let mut login = SessionLogin::new("/login", SessionToken::cookie("SESSION"), KeyPlacement::cookie("SESSION"));
/// login.values.push(SessionValue::new(SessionToken::cookie("ROUTE"), KeyPlacement::cookie("ROUTE")).optional());
/// login.body = vec![
///     LoginPart::text(r#"{"user":""#),
///     LoginPart::field("user", Escape::Json),
///     LoginPart::text(r#""}"#),
/// ];
/// assert_eq!(login.values.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionLogin {
    /// The fields of the form that asks for the login.
    pub fields: Vec<Field>,
    /// The method of the login: POST by default.
    #[serde(serialize_with = "crate::serialized::displayed")]
    pub method: Method,
    /// The path of the login, from the connection's address: `/web/session/authenticate`.
    pub path: Cow<'static, str>,
    /// Query parameters of the login, for providers that take it nowhere else. They never reach a log.
    pub query: Vec<(Cow<'static, str>, Vec<LoginPart>)>,
    /// Headers of the login, by their names in lower case.
    pub headers: Vec<(Cow<'static, str>, Vec<LoginPart>)>,
    /// The names of the fields that the login sends as `Authorization: Basic`: user name and password.
    pub basic: Option<(Cow<'static, str>, Cow<'static, str>)>,
    /// The type of the login's body: `application/json` by default.
    pub content_type: Cow<'static, str>,
    /// The login's body.
    pub body: Vec<LoginPart>,
    /// What the answer has that the other requests carry.
    pub values: Vec<SessionValue>,
    /// How long a session lives; until it is refused when the provider does not say.
    #[serde(serialize_with = "crate::serialized::some_millis")]
    pub life: Option<Duration>,
    /// A token against request forgery, fetched before the first write of a session.
    pub csrf: Option<CsrfFetch>,
    /// How a session is ended at the provider.
    pub logout: Option<Logout>,
}

impl SessionLogin {
    /// A login by POST of JSON without parts, with one token. The fields are public and set from there.
    pub fn new(path: impl Into<Cow<'static, str>>, token: SessionToken, placement: KeyPlacement) -> Self {
        Self {
            fields: Vec::new(),
            method: Method::POST,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            basic: None,
            content_type: Cow::Borrowed("application/json"),
            body: Vec::new(),
            values: vec![SessionValue::new(token, placement)],
            life: None,
            csrf: None,
            logout: None,
        }
    }
}

/// A value of a login's answer, and its place in the requests after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionValue {
    /// Where the answer has it.
    pub token: SessionToken,
    /// Its place in requests.
    pub placement: KeyPlacement,
    /// Whether a login without it failed. True by default.
    pub required: bool,
    /// Whether only requests that change something carry it (not GET, HEAD or OPTIONS). False by default.
    pub writes_only: bool,
}

impl SessionValue {
    /// A value that every login answers with and every request carries.
    pub const fn new(token: SessionToken, placement: KeyPlacement) -> Self {
        Self { token, placement, required: true, writes_only: false }
    }

    /// Takes a login without this value too.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Sends it with requests that change something only.
    #[must_use]
    pub fn for_writes(mut self) -> Self {
        self.writes_only = true;
        self
    }
}

/// A request that asks for a token against request forgery, which writes must carry. It is sent with the session's
/// values, once a session, before the first request that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CsrfFetch {
    /// The method: GET by default.
    #[serde(serialize_with = "crate::serialized::displayed")]
    pub method: Method,
    /// The path, from the connection's address.
    pub path: Cow<'static, str>,
    /// Headers, by their names in lower case: `x-csrf-token: fetch`.
    pub headers: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    /// What the answer has that writes carry.
    pub values: Vec<SessionValue>,
}

impl CsrfFetch {
    /// A GET whose answer has one token.
    pub fn new(path: impl Into<Cow<'static, str>>, token: SessionToken, placement: KeyPlacement) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            headers: Vec::new(),
            values: vec![SessionValue::new(token, placement).for_writes()],
        }
    }

    /// Sends a header with the fetch.
    #[must_use]
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// A request that ends a session, sent with the session's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Logout {
    /// The method.
    #[serde(serialize_with = "crate::serialized::displayed")]
    pub method: Method,
    /// The path, from the connection's address.
    pub path: Cow<'static, str>,
}

impl Logout {
    /// A logout by a method at a path.
    pub fn new(method: Method, path: impl Into<Cow<'static, str>>) -> Self {
        Self { method, path: path.into() }
    }
}

/// A part of a login's body, of a query parameter or of a header.
///
/// Match its variants with `..`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LoginPart {
    /// A text as it is.
    Text(Cow<'static, str>),
    /// A field of the login.
    #[non_exhaustive]
    Field {
        /// The field's name.
        name: Cow<'static, str>,
        /// How its value is escaped in a body; query parameters are escaped in any case.
        escape: Option<Escape>,
    },
    /// A public setting of the connection; empty when there is none.
    #[non_exhaustive]
    Setting {
        /// The setting's name.
        name: Cow<'static, str>,
        /// How its value is escaped in a body.
        escape: Option<Escape>,
    },
    /// A day as `YYYY-MM-DD` in UTC, this many days after the login: an end that a provider wants to be told.
    #[non_exhaustive]
    Day {
        /// Days from today.
        days: u16,
    },
}

impl LoginPart {
    /// A text as it is.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A field of the login.
    pub fn field(name: impl Into<Cow<'static, str>>, escape: impl Into<Option<Escape>>) -> Self {
        Self::Field { name: name.into(), escape: escape.into() }
    }

    /// A public setting of the connection.
    pub fn setting(name: impl Into<Cow<'static, str>>, escape: impl Into<Option<Escape>>) -> Self {
        Self::Setting { name: name.into(), escape: escape.into() }
    }

    /// A day, so many days after the login.
    pub const fn day(days: u16) -> Self {
        Self::Day { days }
    }
}

/// The place of a token in the answer to a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SessionToken {
    /// The text at a JSON Pointer (RFC 6901) of the body: `/result/session_id`.
    Body(Cow<'static, str>),
    /// The cookie of a name.
    Cookie(Cow<'static, str>),
    /// The header of a name, lower case.
    Header(Cow<'static, str>),
}

impl SessionToken {
    /// The text at a JSON Pointer of the body.
    pub fn body(pointer: impl Into<Cow<'static, str>>) -> Self {
        Self::Body(pointer.into())
    }

    /// The cookie of a name.
    pub fn cookie(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Cookie(name.into())
    }

    /// The header of a name, lower case.
    pub fn header(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Header(name.into())
    }
}
