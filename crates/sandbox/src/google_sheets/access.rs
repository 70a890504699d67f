//! Callers: a fixed token, tokens of Google's authorization server, service accounts, and API keys.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;

use super::State;
use super::grid::{FileKind, Permission, Spreadsheet};
use super::refusal::{self, Refusal};
use crate::oauth::{
    AuthorizationServer, CLIENT_ID, CLIENT_SECRET, Client, ClientAuth, ClientCredentials, Policy,
    REDIRECT_URI, Rotation, TokenShape,
};

/// The token that is accepted from the start.
pub const TOKEN: &str = "ya29.sandbox-token-of-nobody-0000000000";

/// The scopes that tokens may have.
pub const SCOPES: &[&str] = &[
    "https://www.googleapis.com/auth/spreadsheets",
    "https://www.googleapis.com/auth/spreadsheets.readonly",
    "https://www.googleapis.com/auth/drive",
    "https://www.googleapis.com/auth/drive.readonly",
    "https://www.googleapis.com/auth/drive.metadata.readonly",
    "https://www.googleapis.com/auth/drive.file",
];

/// Refresh tokens are used again and again and not repeated in the answer; assertions name Google's address.
pub(crate) fn server() -> AuthorizationServer {
    let server = AuthorizationServer::new(Policy {
        authorize_path: "/o/oauth2/v2/auth".into(),
        token_path: "/token".into(),
        revoke_path: "/revoke".into(),
        client_auth: ClientAuth::Either,
        refresh_seconds: None,
        rotation: Rotation::Unsaid,
        offline_on_request: true,
        access_token: TokenShape::Opaque { prefix: "ya29.".into(), length: 64 },
        refresh_token_prefix: "1//".into(),
        client_credentials: ClientCredentials::Refused,
        audience: Some("https://oauth2.googleapis.com/token".into()),
        ..Policy::default()
    });
    let client = Client::new(CLIENT_ID).with_secret(CLIENT_SECRET).with_redirect(REDIRECT_URI);
    // Its callback is well formed, so it is not refused.
    let _registered = server.register(client.with_scopes(SCOPES.iter().copied()));
    server
}

/// The sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) user: String,
    /// `None` for an API key, which has no user.
    scopes: Option<Vec<String>>,
}

pub(crate) fn caller(
    state: &State,
    request: &Request<Bytes>,
    server: &AuthorizationServer,
    now: DateTime<Utc>,
) -> Result<Caller, Refusal> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    let key = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "key");
    let key = key.map(|(_, key)| key.into_owned()).or_else(|| header("x-goog-api-key").map(str::to_owned));
    if let Some(key) = key {
        if state.api_key.is_empty() || key != state.api_key {
            return Err(refusal::invalid("API key not valid. Please pass a valid API key."));
        }
        return Ok(Caller { user: "key".into(), scopes: None });
    }
    let fixed = header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    if !state.token.is_empty() && fixed == Some(&state.token) {
        let scopes = SCOPES.iter().filter(|scope| state.drive_allowed || !scope.contains("/drive"));
        return Ok(Caller {
            user: "fixed".into(),
            scopes: Some(scopes.map(|scope| (*scope).to_owned()).collect()),
        });
    }
    let bearer = server.bearer(request, now).map_err(|_| refusal::unauthenticated())?;
    Ok(Caller { user: bearer.user, scopes: Some(bearer.scopes) })
}

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Read,
    /// Reading by a method that needs the right to write.
    ReadByFilter,
    Write,
    Drive,
}

impl Caller {
    fn allows(&self, act: Act) -> bool {
        let Some(scopes) = &self.scopes else { return act == Act::Read };
        scopes.iter().filter_map(|scope| scope.rsplit('/').next()).any(|scope| match act {
            Act::Read => {
                scope.starts_with("spreadsheets")
                    || matches!(scope, "drive" | "drive.readonly" | "drive.file")
            }
            Act::ReadByFilter | Act::Write => matches!(scope, "spreadsheets" | "drive" | "drive.file"),
            Act::Drive => scope.starts_with("drive"),
        })
    }

    /// Fails unless the token is good for this at all.
    pub(crate) fn require(&self, act: Act) -> Result<(), Refusal> {
        match self.allows(act) {
            true => Ok(()),
            false if self.scopes.is_none() => Err(refusal::forbidden()),
            false => Err(refusal::scope()),
        }
    }

    /// Whether the caller sees a file at all.
    pub(crate) fn sees(&self, file: &Spreadsheet) -> bool {
        file.is_public || (self.scopes.is_some() && file.permission != Permission::None)
    }

    /// Fails unless the file may be opened for this.
    pub(crate) fn open(&self, file: &Spreadsheet, act: Act) -> Result<(), Refusal> {
        self.require(act)?;
        if !self.sees(file) {
            return Err(refusal::forbidden());
        }
        if file.kind != FileKind::Spreadsheet {
            return Err(refusal::precondition());
        }
        if act == Act::Write && file.permission != Permission::Writer {
            return Err(refusal::forbidden());
        }
        Ok(())
    }
}
