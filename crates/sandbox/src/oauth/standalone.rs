//! The authorization server alone, with one small resource behind it.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, StatusCode};

use super::answers;
use super::parties::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use super::policy::Policy;
use super::server::{AuthorizationServer, Authorizes, NotAccepted};
use crate::clock::Clock;
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};
use crate::{Json, Object};

/// Where the clock of [`Sandbox::oauth`] starts.
pub const EPOCH: &str = "2026-11-02T08:00:00Z";

/// An authorization server and the resource `GET /me`, which says whose token it was asked with.
#[derive(Debug)]
pub struct OAuth {
    authorization: AuthorizationServer,
}

impl Sandbox<OAuth> {
    /// A server whose clock starts at [`EPOCH`] and runs, with the default [`Policy`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::oauth::CLIENT_ID;
    ///
    /// let sandbox = Sandbox::oauth();
    /// let tokens = sandbox.connected(CLIENT_ID).unwrap();
    /// let request = http::Request::get("/me").header("authorization", format!("Bearer {}", tokens.access_token));
    /// assert_eq!(sandbox.handle(request.body(Bytes::new()).unwrap()).status, 200);
    /// ```
    #[must_use]
    pub fn oauth() -> Arc<Self> {
        let start = DateTime::parse_from_rfc3339(EPOCH).map_or(DateTime::UNIX_EPOCH, |time| time.to_utc());
        Self::oauth_with(Policy::default(), Clock::starting_at(start))
    }

    /// A server with another policy, on another clock.
    #[must_use]
    pub fn oauth_with(policy: Policy, clock: Clock) -> Arc<Self> {
        Self::new(OAuth { authorization: AuthorizationServer::new(policy) }, clock)
    }
}

impl Authorizes for OAuth {
    fn authorization(&self) -> &AuthorizationServer {
        &self.authorization
    }
}

impl Model for OAuth {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        if let Some(reply) = self.authorization.answer(request, moment.now) {
            return reply;
        }
        if (request.method(), request.uri().path()) != (&Method::GET, "/me") {
            return self.refusal(StatusCode::NOT_FOUND, request);
        }
        match self.authorization.bearer(request, moment.now) {
            Ok(bearer) => {
                let body = Object::default()
                    .with("user", bearer.user)
                    .with("tenant", bearer.tenant)
                    .with("client_id", bearer.client_id)
                    .with("scopes", answers::texts(&bearer.scopes));
                Reply::json(StatusCode::OK, &body.into())
            }
            Err(why) => unauthorized(why),
        }
    }

    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply {
        if let Some(reply) = self.authorization.refusal(status, request) {
            return reply;
        }
        if status == StatusCode::UNAUTHORIZED {
            return unauthorized(NotAccepted::Unknown);
        }
        let reason = status.canonical_reason().unwrap_or("refused");
        Reply::json(status, &Object::default().with("error", reason).into())
    }

    fn secrets(&self) -> Vec<String> {
        self.authorization.secrets()
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        if let ("GET", []) = (command.method, command.path) {
            let about = Object::default()
                .with("provider", "oauth")
                .with("client_id", CLIENT_ID)
                .with("client_secret", CLIENT_SECRET)
                .with("redirect_uri", REDIRECT_URI);
            return Some(Ok(about.into()));
        }
        self.authorization.control(command, now)
    }
}

/// RFC 6750, section 3.1.
fn unauthorized(why: NotAccepted) -> Reply {
    let (challenge, error) = match why {
        NotAccepted::Missing => ("Bearer", "a token is missing"),
        NotAccepted::Expired => ("Bearer error=\"invalid_token\"", "the token has expired"),
        NotAccepted::Revoked => ("Bearer error=\"invalid_token\"", "the token was revoked"),
        NotAccepted::Unknown => ("Bearer error=\"invalid_token\"", "the token is invalid"),
    };
    let reply = Reply::json(StatusCode::UNAUTHORIZED, &Object::default().with("error", error).into());
    reply.with_header("www-authenticate", challenge)
}
