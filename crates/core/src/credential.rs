//! The only way of a secret into a request.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::http::HttpRequest;
use crate::{AuthScheme, Result};

/// Which generation of a secret a request was sent with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretGeneration(pub u64);

/// How the provider refused a credential.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rejection {
    /// The status of the answer.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body.
    pub excerpt: String,
}

impl Rejection {
    /// What the provider answered.
    pub fn new(status: StatusCode, headers: HeaderMap, excerpt: String) -> Self {
        Self { status, headers, excerpt }
    }
}

/// What to do after a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recovery {
    /// The secret is a new one by now: send once more.
    RetryOnce,
    /// Only the customer can help.
    NeedsReconnect,
}

/// Puts a secret into requests. The secret never leaves in another way.
#[async_trait]
pub trait Credential: Debug + Send + Sync {
    /// Adds the secret, fresh for each attempt. Headers that carry it are marked sensitive.
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration>;

    /// Sees the headers of every response to a request that carried the secret of that generation: for a session whose
    /// cookies the provider changes as it goes (`Set-Cookie`). Does nothing by default.
    fn observe(&self, generation: SecretGeneration, headers: &HeaderMap) {
        let _ = (generation, headers);
    }

    /// A number that is the same for handles of the same secret within this process, and says nothing about the
    /// secret: connections with the same secret share the provider's limits. By default each handle is by itself.
    fn identity(&self) -> Option<u64> {
        None
    }

    /// Told when the provider refused the secret of that generation. Many tasks may see the same refusal; one renewal
    /// serves them all.
    async fn rejected(&self, stamp: SecretGeneration, why: &Rejection) -> Result<Recovery>;

    /// The text without the secret, or `None` when it does not hold it. The stack passes every error text through
    /// this, because providers echo keys.
    fn scrub(&self, text: &str) -> Option<String>;
}

/// A secret as a user holds it, bound to the way in which the connector's spec wants it sent.
pub trait IntoCredential {
    /// Chooses the scheme that fits. Fails with `Config` when the connector takes no such credential.
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>>;

    /// Chooses the scheme that fits a connection of these public settings, which some signatures carry. By default the
    /// same as [`into_credential`](Self::into_credential).
    ///
    /// # Errors
    ///
    /// As for `into_credential`, and `Config` for a setting that the scheme needs and the settings do not have.
    fn into_credential_for(self, schemes: &[AuthScheme], settings: &Value) -> Result<Arc<dyn Credential>>
    where
        Self: Sized,
    {
        let _ = settings;
        self.into_credential(schemes)
    }
}

impl IntoCredential for Arc<dyn Credential> {
    fn into_credential(self, _: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        Ok(self)
    }
}
