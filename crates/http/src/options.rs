use std::sync::Arc;
use std::time::Duration;

use tieline_core::{ConnectorFactory, Credential, Error, ErrorKind, Limit, Result};
use url::Url;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Making a connection, with its TLS handshake; 10 s by default.
    pub connect: Duration,
    /// Silence of the provider: until the head of the response, and between pieces of a body in either direction; 60 s
    /// by default.
    pub read: Duration,
    /// One attempt, from sending to the last byte of the response; 120 s by default. Uploads and downloads that are
    /// streamed have no such bound, only that of silence.
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
    /// Refuses times that nothing can keep.
    pub(crate) fn check(&self) -> Result<()> {
        let zero = [("connect", self.connect), ("read", self.read), ("total", self.total)];
        if let Some((name, _)) = zero.iter().find(|(_, timeout)| timeout.is_zero()) {
            return Err(Error::new(ErrorKind::Config, format!("the timeout {name:?} is zero"))
                .with_advice("set a time above zero"));
        }
        Ok(())
    }

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

/// Options for all connections to one provider, in place of the stack's.
///
/// ```
/// use std::time::Duration;
/// use tieline_http::{HttpStack, ProviderOptions, Timeouts};
///
/// // A server on a customer's premises with slow reports and few workers.
/// let odoo = ProviderOptions::new()
///     .with_timeouts(Timeouts::default().with_total(Duration::from_secs(600)))
///     .with_max_in_flight(2);
/// let stack = HttpStack::builder().provider("odoo-xmlrpc", odoo).build()?;
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProviderOptions {
    /// How long things may take. The time for a connection is the stack's, whose connections all providers share.
    pub timeouts: Option<Timeouts>,
    /// The name of the application.
    pub user_agent: Option<String>,
    /// The most requests of this process to the provider that are under way at the same time.
    pub max_in_flight: Option<u32>,
    /// The most bytes that the body of a response may have, decompressed.
    pub body_limit: Option<usize>,
}

impl ProviderOptions {
    /// The stack's options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Names the application to this provider.
    #[must_use]
    pub fn with_user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Sets the most requests that are under way at the same time.
    #[must_use]
    pub fn with_max_in_flight(mut self, requests: u32) -> Self {
        self.max_in_flight = Some(requests);
        self
    }

    /// Sets the most bytes that the body of a response may have.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
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
    /// The holder of the limits of one account or one credential: the connection's id. Clients of the same account
    /// share them. By default clients with the same secret at the same address do.
    pub account: Option<String>,
    /// The tenant that the connection belongs to; ids of connections are a tenant's own.
    pub tenant: Option<String>,
    /// Limits in place of the spec's: for a customer on another plan.
    pub limits: Option<Vec<Limit>>,
}

impl ClientOptions {
    /// Options without a credential.
    pub fn new(factory: Arc<dyn ConnectorFactory>, base_url: Url) -> Self {
        Self { factory, base_url, credential: None, account: None, tenant: None, limits: None }
    }

    /// Sets the credential.
    #[must_use]
    pub fn with_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Sets the tenant that the connection belongs to.
    #[must_use]
    pub fn with_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the holder of the limits.
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
