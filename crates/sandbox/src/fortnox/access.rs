//! Who may ask for what: the token, its scopes, and the company's licences.

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use super::refusal::Refusal;
use crate::oauth::AuthorizationServer;

/// The invented access token that the sandbox accepts until it is replaced.
pub const TOKEN: &str = "fnx-5a4db0c5-0000-4000-8000-00000000acce55";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The limit counts by this name.
    pub(crate) integration: String,
    /// `None` where every scope was granted.
    scopes: Option<BTreeSet<String>>,
}

/// The tokens that are worth something.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) token: String,
    /// What the token may, everything when `None`.
    pub(crate) scopes: Option<BTreeSet<String>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Access").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl Access {
    /// Whose token a request carries: the fixed one, or one that the authorization server gave out.
    pub(crate) fn caller(
        &self,
        request: &Request<Bytes>,
        authorization: &AuthorizationServer,
        now: DateTime<Utc>,
    ) -> Result<Caller, Refusal> {
        let token = bearer(request).ok_or_else(Refusal::unauthorized)?;
        if token == self.token {
            return Ok(Caller { integration: "fixed token".into(), scopes: self.scopes.clone() });
        }
        // A dead token and one that never lived get the same answer.
        let bearer = authorization.bearer(request, now).map_err(|_| Refusal::unauthorized())?;
        Ok(Caller { integration: bearer.client_id, scopes: Some(bearer.scopes.into_iter().collect()) })
    }
}

impl Caller {
    /// Refuses what lies outside the scopes that the customer granted.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), Refusal> {
        if self.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope)) {
            return Ok(());
        }
        Err(Refusal::new(StatusCode::FORBIDDEN, 2_000_663, format!("Har inte behörighet för scope {scope}.")))
    }
}

fn bearer(request: &Request<Bytes>) -> Option<&str> {
    let header = request.headers().get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
