//! The server as the sandbox's owner sees it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use super::ledger::{Ledger, OAuthCounters, TokenKind};
use super::parties::{Client, Consent, Decision, Ended, How, Person};
use super::policy::Policy;
use super::{answers, authorize, commands, form, service_account, token};
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Refused, Sandbox};
use crate::{Json, Object};

/// An authorization server. Providers mount it; what it holds is shared by all their requests.
pub struct AuthorizationServer(Mutex<Ledger>);

/// A provider that mounts an authorization server.
pub trait Authorizes {
    /// Its server.
    fn authorization(&self) -> &AuthorizationServer;
}

/// Whose token a request carries, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bearer {
    /// The application.
    pub client_id: String,
    /// Who consented.
    pub user: String,
    /// For which account.
    pub tenant: String,
    /// To what.
    pub scopes: Vec<String>,
}

/// Why a request's token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAccepted {
    /// There is no `Authorization: Bearer`.
    Missing,
    /// Nobody gave it out, or not as an access token.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was taken back, by itself or with its consent.
    Revoked,
}

/// A connection that exists already.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tokens {
    /// The consent that it stems from.
    pub consent: u64,
    /// Good for requests.
    pub access_token: String,
    /// Good for the next tokens.
    pub refresh_token: String,
    /// When the access token ends, on the sandbox's clock.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tokens").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AuthorizationServer").field("counters", &self.counters()).finish_non_exhaustive()
    }
}

impl AuthorizationServer {
    /// A server that knows the application [`CLIENT_ID`](super::CLIENT_ID) and a person who consents.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self(Mutex::new(Ledger::new(policy)))
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every change is complete before anything can panic, so a poisoned lock is still sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers requests to its own paths. `None` for all others.
    pub fn answer(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Option<Reply> {
        let ledger = &mut *self.ledger();
        Some(match request.uri().path() {
            path if path == ledger.policy.authorize_path => authorize::answer(ledger, request, now),
            path if path == ledger.policy.token_path => token::answer(ledger, request, now),
            path if path == ledger.policy.revoke_path => token::revoke(ledger, request),
            _ => return None,
        })
    }

    /// What it says for a status that a fault asks for, on its own paths.
    pub fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Option<Reply> {
        let ledger = self.ledger();
        let Policy { authorize_path, token_path, revoke_path, .. } = &ledger.policy;
        let path = request.uri().path();
        let own = [authorize_path, token_path, revoke_path].into_iter().any(|known| known == path);
        own.then(|| answers::refusal(status))
    }

    /// Every secret that it knows: those of applications and service accounts, all codes and tokens, and what callers
    /// proved themselves with.
    pub fn secrets(&self) -> Vec<String> {
        self.ledger().secrets()
    }

    /// Commands below `/_sandbox/oauth`.
    pub fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        commands::obey(self, command, now)
    }

    /// Whose access token a request carries as `Authorization: Bearer`.
    ///
    /// # Errors
    ///
    /// [`NotAccepted`] when there is none or it is worth nothing.
    pub fn bearer(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Bearer, NotAccepted> {
        let text = form::bearer(request).ok_or(NotAccepted::Missing)?;
        let ledger = self.ledger();
        let token = ledger.tokens.get(text).ok_or(NotAccepted::Unknown)?;
        let TokenKind::Access { revoked } = token.kind else { return Err(NotAccepted::Unknown) };
        let consent = ledger.consents.get(&token.consent).ok_or(NotAccepted::Revoked)?;
        if revoked || consent.ended.is_some() {
            return Err(NotAccepted::Revoked);
        }
        if token.expired(now) {
            return Err(NotAccepted::Expired);
        }
        let Consent { client_id, user, tenant, scopes, .. } = consent.clone();
        Ok(Bearer { client_id, user, tenant, scopes })
    }

    pub(crate) fn client(&self, id: &str) -> Option<Client> {
        self.ledger().clients.get(id).cloned()
    }

    /// Registers an application, in the place of one with the same id.
    ///
    /// # Errors
    ///
    /// [`Refused`] without an id, or with a callback that is no URL.
    pub fn register(&self, client: Client) -> Result<(), Refused> {
        client.check()?;
        self.ledger().clients.insert(client.id.clone(), client);
        Ok(())
    }

    /// Makes a service account with a key of its own and returns its key file, a JSON object. `token_uri` is what the
    /// file shall name as the address to ask for tokens.
    ///
    /// # Errors
    ///
    /// [`Refused`] when no key can be made.
    pub fn create_service_account<S: Into<String>>(
        &self,
        email: &str,
        scopes: impl IntoIterator<Item = S>,
        token_uri: &str,
    ) -> Result<Object, Refused> {
        let scopes = scopes.into_iter().map(Into::into).collect();
        let (account, file) = service_account::create(email, scopes, token_uri)?;
        self.ledger().accounts.insert(email.to_owned(), account);
        Ok(file)
    }

    /// What the person does when asked for consent from now on.
    pub fn set_decision(&self, decision: Decision) {
        self.ledger().person.decision = decision;
    }

    /// Sets who is at the browser.
    pub fn set_person(&self, person: Person) {
        self.ledger().person = person;
    }

    /// How it behaves.
    pub fn policy(&self) -> Policy {
        self.ledger().policy.clone()
    }

    /// Changes how it behaves from now on. Tokens that exist keep their end.
    pub fn change_policy(&self, change: impl FnOnce(&mut Policy)) {
        change(&mut self.ledger().policy);
    }

    /// What happened so far.
    pub fn counters(&self) -> OAuthCounters {
        self.ledger().counters
    }

    /// The consents, the oldest first, each with what was done with it.
    pub fn consents(&self) -> Vec<Consent> {
        self.ledger().consents.values().cloned().collect()
    }

    /// The person takes a consent back in the provider's own windows: all its tokens are worth nothing.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such consent.
    pub fn withdraw(&self, consent: u64) -> Result<(), Refused> {
        let mut ledger = self.ledger();
        if !ledger.consents.contains_key(&consent) {
            return Err(Refused(format!("there is no consent {consent}")));
        }
        ledger.end(consent, Ended::Withdrawn);
        Ok(())
    }

    /// All access tokens end now; refresh tokens live on.
    pub fn expire_access_tokens(&self, now: DateTime<Utc>) {
        for token in self.ledger().tokens.values_mut() {
            if matches!(token.kind, TokenKind::Access { .. }) {
                token.expires = Some(now);
            }
        }
    }

    /// A connection as it is after a person's consent, without walking there.
    pub(crate) fn connect(&self, client: &str, now: DateTime<Utc>) -> Result<Tokens, Refused> {
        let mut ledger = self.ledger();
        let client =
            ledger.clients.get(client).ok_or_else(|| Refused(format!("there is no client {client}")))?;
        let (id, scopes) = (client.id.clone(), client.scopes.clone());
        let consent = ledger.consent(How::Code, &id, scopes);
        consent.offline = true;
        let consent = consent.clone();
        let access_token = ledger.access(&consent, now);
        let refresh_token = ledger.refresh(consent.id, now);
        let expires_at = super::ledger::later(now, ledger.policy.access_seconds);
        Ok(Tokens { consent: consent.id, access_token, refresh_token, expires_at })
    }
}

impl<M: Model + Authorizes> Sandbox<M> {
    /// The provider's authorization server.
    pub fn authorization(&self) -> &AuthorizationServer {
        self.model().authorization()
    }

    /// A connection of an application as it is after a person's consent, without walking there.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such application.
    pub fn connected(&self, client_id: &str) -> Result<Tokens, Refused> {
        self.authorization().connect(client_id, self.now())
    }

    /// All access tokens end now; refresh tokens live on.
    pub fn expire_access_tokens(&self) {
        self.authorization().expire_access_tokens(self.now());
    }
}
