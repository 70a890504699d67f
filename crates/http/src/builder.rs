//! Builds an [`HttpStack`] and checks what it is built from.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::HeaderValue;
use tieline_core::http::Transport;
use tieline_core::{Clock, Error, ErrorKind, Result, SystemClock};

use crate::backoff::RetryPolicy;
use crate::guard::{NetworkPolicy, Resolver, SystemResolver};
use crate::headers::LONGEST_WAIT;
use crate::network::NetworkOptions;
use crate::options::{ProviderOptions, Timeouts};
use crate::ratelimit::Registry;
use crate::stack::{HttpStack, Settings, Shared};
use crate::transport::ReqwestTransport;

/// Builds an [`HttpStack`].
///
/// ```
/// use std::time::Duration;
/// use tieline_http::{HttpStack, RetryPolicy};
///
/// let stack = HttpStack::builder()
///     .allow_network("10.20.0.0/16")
///     .retry(RetryPolicy::default().with_max_wait(Duration::from_secs(10)))
///     .user_agent("acme-crm/1.4")
///     .build()?;
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct HttpStackBuilder {
    networks: Vec<String>,
    transport: Option<Arc<dyn Transport>>,
    resolver: Option<Arc<dyn Resolver>>,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryPolicy,
    timeouts: Timeouts,
    network: Option<NetworkOptions>,
    body_limit: Option<usize>,
    user_agent: Option<String>,
    max_in_flight: Option<u32>,
    providers: HashMap<String, ProviderOptions>,
}

impl HttpStackBuilder {
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

    /// Sets proxy, certificates, pool and keep-alive of the default transport.
    #[must_use]
    pub fn network(mut self, options: NetworkOptions) -> Self {
        self.network = Some(options);
        self
    }

    /// Sets options for all connections to the provider of this id, in place of the stack's.
    #[must_use]
    pub fn provider(mut self, id: impl Into<String>, options: ProviderOptions) -> Self {
        self.providers.insert(id.into(), options);
        self
    }

    /// Sets the most requests to each provider that are under way at the same time; no bound by default, beside the
    /// provider's own limits.
    #[must_use]
    pub fn max_in_flight(mut self, requests: u32) -> Self {
        self.max_in_flight = Some(requests);
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

    /// Builds the stack. Sends no request; connects once to a proxy that is set.
    ///
    /// # Errors
    ///
    /// `Config` for options that contradict each other or cannot be used: a network that is none, a proxy that cannot
    /// be reached, a file without certificates, timeouts that nothing can keep, options of the default transport
    /// beside another one.
    pub fn build(self) -> Result<HttpStack> {
        const DEFAULT_BODY: usize = 64 << 20;
        const DEFAULT_AGENT: &str = concat!("tieline/", env!("CARGO_PKG_VERSION"));
        let policy =
            self.networks.iter().try_fold(NetworkPolicy::public_only(), |policy, net| policy.allow(net))?;
        let settings = settings(
            &Settings {
                timeouts: self.timeouts,
                user_agent: HeaderValue::from_static(DEFAULT_AGENT),
                body_limit: DEFAULT_BODY,
                max_in_flight: None,
            },
            ProviderOptions {
                timeouts: None,
                user_agent: self.user_agent,
                max_in_flight: self.max_in_flight,
                body_limit: self.body_limit,
            },
        )?;
        let providers = self.providers.into_iter().map(|(id, options)| {
            let of_provider = settings_of(&settings, options, &id)?;
            Ok((id, of_provider))
        });
        let providers = providers.collect::<Result<_>>()?;
        let transport = match self.transport {
            Some(_) if self.network.is_some() || self.resolver.is_some() => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "network options and a resolver are for the default transport, and another one is set",
                )
                .with_advice("leave out one of the two"));
            }
            Some(transport) => transport,
            None => {
                let resolver = self.resolver.unwrap_or_else(|| Arc::new(SystemResolver));
                let network = self.network.unwrap_or_default();
                Arc::new(ReqwestTransport::with_network(policy.clone(), self.timeouts, resolver, &network)?)
            }
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        Ok(HttpStack::of(Shared {
            transport,
            limits: Arc::new(Registry::new(Arc::clone(&clock))),
            policy: Arc::new(policy),
            retry: RetryPolicy { max_wait: self.retry.max_wait.min(LONGEST_WAIT), ..self.retry },
            clock,
            settings,
            providers,
            anonymous: AtomicU64::new(0),
        }))
    }
}

fn settings_of(base: &Settings, options: ProviderOptions, provider: &str) -> Result<Settings> {
    settings(base, options).map_err(|error| error.with_context("provider", provider))
}

fn settings(base: &Settings, options: ProviderOptions) -> Result<Settings> {
    let timeouts = options.timeouts.unwrap_or(base.timeouts);
    timeouts.check()?;
    if options.max_in_flight == Some(0) {
        return Err(Error::new(
            ErrorKind::Config,
            "the cap on requests under way is zero, which allows none",
        ));
    }
    let user_agent = match options.user_agent {
        None => base.user_agent.clone(),
        Some(name) => HeaderValue::from_str(&name).map_err(|_| {
            Error::new(ErrorKind::Config, "the user agent holds a character that a header cannot carry")
        })?,
    };
    Ok(Settings {
        timeouts,
        user_agent,
        body_limit: options.body_limit.unwrap_or(base.body_limit),
        max_in_flight: options.max_in_flight.or(base.max_in_flight),
    })
}
