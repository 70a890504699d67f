use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::TokenResponse;
use secrecy::SecretString;
use tieline_core::{Credential, OAuth2, RefreshPolicy};

use super::answer::TokenAnswer;
use crate::fixed::{Fixed, Place};
use crate::scrub::Scrubber;

/// An access token, and what renews it. `Debug` shows when it ends.
#[derive(Clone)]
pub struct Tokens {
    pub(crate) access: SecretString,
    pub(crate) refresh: Option<SecretString>,
    /// By the clock of the process that got it.
    pub(crate) expires_at: DateTime<Utc>,
    /// How long it lived from then.
    pub(crate) life: Duration,
    pub(crate) scopes: Vec<String>,
}

impl Tokens {
    /// What was answered, at `now`.
    pub(crate) fn of(answer: &TokenAnswer, oauth: &OAuth2, now: DateTime<Utc>) -> Self {
        let life = answer.expires_in().unwrap_or(oauth.access_token_life);
        let scopes = answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect());
        Self {
            access: answer.access_token().secret().as_str().into(),
            refresh: answer.refresh_token().map(|token| token.secret().as_str().into()),
            expires_at: later(now, life),
            life,
            scopes: scopes.unwrap_or_default(),
        }
    }

    /// What a renewal answered does not say stays as it was: many providers give no new refresh token.
    pub(crate) fn or(mut self, before: &Self) -> Self {
        self.refresh = self.refresh.or_else(|| before.refresh.clone());
        if self.scopes.is_empty() {
            self.scopes.clone_from(&before.scopes);
        }
        self
    }

    /// When the access token ends, by the clock of the process that got it.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// What the customer consented to, as far as the provider said.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether the access token can be renewed without the customer.
    pub fn is_renewable(&self) -> bool {
        self.refresh.is_some()
    }

    /// These tokens as they are, without renewal: for the test of a connection before it is stored.
    pub fn as_credential(&self) -> Arc<dyn Credential> {
        Arc::new(Fixed {
            place: Place::Authorization("Bearer "),
            value: self.access.clone(),
            slots: Vec::new(),
            scrubber: Scrubber::new(self.secrets()),
        })
    }

    /// When they must be renewed even if nobody uses them: well before the refresh token dies unused.
    pub(crate) fn renew_by(&self, policy: RefreshPolicy, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
        let life = policy.unused_life.filter(|_| self.is_renewable())?;
        Some(later(now, life.saturating_sub(WEEK.min(life / 3))))
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.access).chain(&self.refresh)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("expires_at", &self.expires_at)
            .field("renewable", &self.is_renewable())
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

fn later(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}
