//! Logins that answer with a token for what follows, as data.

use std::time::Duration;

use crate::http::Escape;
use crate::{Field, KeyPlacement};

/// How a provider logs a user in: one request with the login, and a token in its answer that the other requests carry.
/// Logging in again is always possible, so a refused token is renewed once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLogin {
    /// How to ask for the login.
    pub fields: Vec<Field>,
    /// Where the login is sent by POST, from the connection's address: `/web/session/authenticate`.
    pub path: &'static str,
    /// The type of its body.
    pub content_type: &'static str,
    /// Its body.
    pub body: Vec<LoginPart>,
    /// Where the answer has the token.
    pub token: SessionToken,
    /// How requests carry it. A cookie is the header `cookie` with the prefix `name=`.
    pub placement: KeyPlacement,
    /// How long it lives; until it is refused when the provider does not say.
    pub life: Option<Duration>,
}

impl SessionLogin {
    /// A login by JSON without parts. The fields are public and set from there.
    pub fn new(path: &'static str, token: SessionToken, placement: KeyPlacement) -> Self {
        Self {
            fields: Vec::new(),
            path,
            content_type: "application/json",
            body: Vec::new(),
            token,
            placement,
            life: None,
        }
    }
}

/// A part of a login's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginPart {
    /// As it stands.
    Text(&'static str),
    /// The field of this name, escaped.
    Field(&'static str, Escape),
    /// The public setting of this name, escaped; empty when there is none.
    Setting(&'static str, Escape),
}

/// Where a login's answer has the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionToken {
    /// At this JSON Pointer (RFC 6901) of the body: `/result/session_id`.
    Body(&'static str),
    /// In the cookie of this name.
    Cookie(&'static str),
    /// In the header of this name, lower case.
    Header(&'static str),
}
