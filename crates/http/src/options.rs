use std::sync::Arc;
use std::time::Duration;

use tieline_core::{ConnectorFactory, Credential, Limit};
use url::Url;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Making a connection, with its TLS handshake.
    pub connect: Duration,
    /// Silence: until the head of the answer, and between pieces of its body.
    pub read: Duration,
    /// One attempt, from sending to the last byte of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(60),
            total: Duration::from_secs(120),
        }
    }
}

impl Timeouts {
    /// Sets the time for a connection.
    #[must_use]
    pub fn with_connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    /// Sets the longest silence.
    #[must_use]
    pub fn with_read(mut self, timeout: Duration) -> Self {
        self.read = timeout;
        self
    }

    /// Sets the time for an attempt.
    #[must_use]
    pub fn with_total(mut self, timeout: Duration) -> Self {
        self.total = timeout;
        self
    }
}

/// What one connection's client is built from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// Whose limits and origins count, and who judges answers.
    pub factory: Arc<dyn ConnectorFactory>,
    /// Where requests go. The credential may leave for this origin, and for those in the spec.
    pub base_url: Url,
    /// The secret; `None` for a provider that needs none.
    pub credential: Option<Arc<dyn Credential>>,
    /// Who holds the limits of one account or one credential: the connection's id. Clients of the same account share
    /// them. Each client is an account of its own by default.
    pub account: Option<String>,
    /// Limits in place of the spec's: for a customer on another plan.
    pub limits: Option<Vec<Limit>>,
}

impl ClientOptions {
    /// Options without a credential.
    pub fn new(factory: Arc<dyn ConnectorFactory>, base_url: Url) -> Self {
        Self { factory, base_url, credential: None, account: None, limits: None }
    }

    /// Sets the credential.
    #[must_use]
    pub fn with_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Sets who holds the limits.
    #[must_use]
    pub fn with_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Replaces the spec's limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Vec<Limit>) -> Self {
        self.limits = Some(limits);
        self
    }
}
