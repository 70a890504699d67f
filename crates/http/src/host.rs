use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use tieline_core::http::{HttpClient, Transport};
use tieline_core::{Clock, Error, ErrorKind, Result, SystemClock};

use crate::auth::Auth;
use crate::backoff::RetryPolicy;
use crate::exchange::Exchange;
use crate::guard::{NetworkPolicy, Resolver, SystemResolver};
use crate::headers::LONGEST_WAIT;
use crate::options::{ClientOptions, Timeouts};
use crate::ratelimit::{RateLimit, Registry};
use crate::retry::Retry;
use crate::trace::Trace;
use crate::transport::ReqwestTransport;

/// What all connections of a process share: the transport with its connections, the limits, the network policy, the
/// retry policy and the clock. A host builds one and keeps it; it is cheap to clone.
///
/// Two hosts share nothing, so an application with two of them may exceed a provider's limits.
#[derive(Clone, Debug)]
pub struct HttpStack(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    transport: Arc<dyn Transport>,
    limits: Registry,
    policy: Arc<NetworkPolicy>,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
    body_limit: usize,
    user_agent: HeaderValue,
    anonymous: AtomicU64,
}

impl HttpStack {
    /// A host with the defaults: public addresses only, by https.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// For anything but the defaults.
    pub fn builder() -> HttpHostBuilder {
        HttpHostBuilder::default()
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// A client for one connection: authenticated, limited, retried and traced. Sends nothing.
    ///
    /// Fails with `Config` for an address that the network policy refuses, and for limits that allow nothing.
    pub fn client(&self, options: ClientOptions) -> Result<HttpClient> {
        let ClientOptions { factory, base_url, credential, account, limits } = options;
        let shared = &*self.0;
        shared.policy.check_url(&base_url)?;
        let spec = factory.spec();
        let names = (spec.id.clone(), spec.title.clone());
        let limits = limits.unwrap_or_else(|| spec.limits.clone());
        // The mark keeps a made-up name apart from any that a host gives.
        let account = account
            .unwrap_or_else(|| format!("\u{0}client {}", shared.anonymous.fetch_add(1, Ordering::Relaxed)));
        let origins = spec.origins.clone();

        let exchange = Exchange {
            transport: Arc::clone(&shared.transport),
            factory,
            policy: Arc::clone(&shared.policy),
            clock: Arc::clone(&shared.clock),
            user_agent: shared.user_agent.clone(),
            body_limit: shared.body_limit,
            timeout: shared.timeouts.total,
        };
        let auth = Auth { credential: credential.clone(), base_url, origins, inner: exchange };
        let limited = RateLimit::new(names, limits, &account, &shared.limits, shared.retry.max_wait, auth)?;
        let retry = Retry::new(shared.retry, credential.clone(), limited);
        Ok(HttpClient::new(Arc::new(Trace { credential, inner: retry })))
    }
}

/// Builds an [`HttpStack`].
///
/// ```
/// use std::time::Duration;
/// use tieline_http::{HttpStack, RetryPolicy};
///
/// let host = HttpStack::builder()
///     .allow_network("10.20.0.0/16")
///     .retry(RetryPolicy::default().with_max_wait(Duration::from_secs(10)))
///     .user_agent("acme-crm/1.4")
///     .build()?;
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HttpHostBuilder {
    networks: Vec<String>,
    transport: Option<Arc<dyn Transport>>,
    resolver: Option<Arc<dyn Resolver>>,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    body_limit: Option<usize>,
    user_agent: Option<String>,
}

impl HttpHostBuilder {
    /// Allows a network or an address that is not public, and plain http to it: `10.20.0.0/16`, `127.0.0.1/32`.
    #[must_use]
    pub fn allow_network(mut self, network: impl Into<String>) -> Self {
        self.networks.push(network.into());
        self
    }

    /// Replaces the transport: with [`MemoryTransport`](crate::memory::MemoryTransport), or a provider in process.
    /// URLs are still checked; what names resolve to is then the transport's affair.
    #[must_use]
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Replaces the system's resolver in the default transport.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Replaces the machine's clock. Providers' own `Date` headers come first in any case.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets how failures are retried.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets how long things may take.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the most bytes that an answer's body may have, decompressed; 64 MiB by default. A request may set its own.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Names the application to providers.
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// The host. Fails with `Config` for what makes no sense, and where there are no certificates to trust.
    pub fn build(self) -> Result<HttpStack> {
        const DEFAULT_BODY: usize = 64 << 20;
        const DEFAULT_AGENT: &str = concat!("tieline/", env!("CARGO_PKG_VERSION"));
        let policy =
            self.networks.iter().try_fold(NetworkPolicy::public_only(), |policy, net| policy.allow(net))?;
        let user_agent = self.user_agent.as_deref().unwrap_or(DEFAULT_AGENT).parse().map_err(|_| {
            Error::new(ErrorKind::Config, "the user agent holds a character that a header cannot carry")
        })?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let resolver = self.resolver.unwrap_or_else(|| Arc::new(SystemResolver));
                Arc::new(ReqwestTransport::new(policy.clone(), self.timeouts, resolver)?)
            }
        };
        Ok(HttpStack(Arc::new(Shared {
            transport,
            limits: Registry::default(),
            policy: Arc::new(policy),
            retry: RetryPolicy { max_wait: self.retry.max_wait.min(LONGEST_WAIT), ..self.retry },
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            timeouts: self.timeouts,
            body_limit: self.body_limit.unwrap_or(DEFAULT_BODY),
            user_agent,
            anonymous: AtomicU64::new(0),
        })))
    }
}
