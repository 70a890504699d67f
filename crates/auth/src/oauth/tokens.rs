use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::TokenResponse;
use secrecy::SecretString;
use serde_json::{Map, Value};
use tieline_core::{Credential, OAuth2, RefreshPolicy};

use super::answer::TokenAnswer;
use crate::Fields;
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
    /// Scopes that were asked for and certainly not granted.
    pub(crate) missing: Vec<String>,
    /// What the authorization said about the account.
    pub(crate) captured: Captured,
    /// What a person entered beside the consent, for a scheme of several secrets.
    pub(crate) beside: Fields,
}

/// What an authorization said about the account that it is for: the settings that the connector's spec captures. It is
/// sealed with the secret, and stronger than the connection's settings, which can be edited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured(BTreeMap<String, String>);

impl Captured {
    /// Settings by name. A host says so by itself only for an account whose owner it knows otherwise.
    pub fn new<N: Into<String>, V: Into<String>>(settings: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// A setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The settings by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts them into a connection's settings, in place of what stands there.
    pub fn apply(&self, settings: &mut Value) {
        if settings.is_null() && !self.0.is_empty() {
            *settings = Value::Object(Map::new());
        }
        if let Some(members) = settings.as_object_mut() {
            members.extend(self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
        }
    }
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
            missing: Vec::new(),
            captured: Captured::default(),
            beside: Fields::default(),
        }
    }

    /// What a renewal answered does not say stays as it was: many providers give no new refresh token.
    pub(crate) fn or(mut self, before: &Self) -> Self {
        self.refresh = self.refresh.or_else(|| before.refresh.clone());
        if self.scopes.is_empty() {
            self.scopes.clone_from(&before.scopes);
        }
        self.missing.clone_from(&before.missing);
        // The account of an authorization does not change by a renewal.
        self.captured.clone_from(&before.captured);
        self.beside.clone_from(&before.beside);
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

    /// Scopes that were asked for and that the provider certainly did not grant.
    pub fn missing_scopes(&self) -> &[String] {
        &self.missing
    }

    /// What the authorization said about the account.
    pub fn captured(&self) -> &Captured {
        &self.captured
    }

    /// What a person entered beside the consent.
    pub fn entered(&self) -> &Fields {
        &self.beside
    }

    /// Sets what a person entered beside the consent, for a scheme of several secrets.
    #[must_use]
    pub fn beside(mut self, fields: Fields) -> Self {
        self.beside = fields;
        self
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
        std::iter::once(&self.access).chain(&self.refresh).chain(self.beside.iter().map(|(_, value)| value))
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
