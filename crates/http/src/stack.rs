use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use tieline_core::http::{HttpClient, Transport};
use tieline_core::{Clock, Credential, Limit, LimitScope, Result};
use url::Url;

use crate::auth::Auth;
use crate::backoff::RetryPolicy;
use crate::builder::HttpStackBuilder;
use crate::exchange::Exchange;
use crate::guard::NetworkPolicy;
use crate::options::{ClientOptions, Timeouts};
use crate::ratelimit::{LimitPause, Names, RateLimit, Registry};
use crate::retry::Retry;
use crate::trace::Trace;

/// The part of HTTP that all connections of a process share: the transport with its connections, the limits, the
/// network policy, the retry policy and the clock. An application builds one and keeps it; it is cheap to clone.
///
/// Two stacks share nothing, so an application with two of them may exceed a provider's limits.
#[derive(Clone, Debug)]
pub struct HttpStack(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) limits: Arc<Registry>,
    pub(crate) policy: Arc<NetworkPolicy>,
    pub(crate) retry: RetryPolicy,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Settings of single providers, by id.
    pub(crate) providers: HashMap<String, Settings>,
    pub(crate) anonymous: AtomicU64,
}

/// What may differ between providers.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) timeouts: Timeouts,
    pub(crate) user_agent: HeaderValue,
    pub(crate) body_limit: usize,
    pub(crate) max_in_flight: Option<u32>,
}

impl HttpStack {
    pub(crate) fn of(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// A stack with the defaults: public addresses only, by https.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// For anything but the defaults.
    pub fn builder() -> HttpStackBuilder {
        HttpStackBuilder::default()
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// Returns the limits that send nothing for now, because a provider refused or said that nothing is left.
    pub fn limit_pauses(&self) -> Vec<LimitPause> {
        self.0.limits.pauses()
    }

    /// Ends a pause at once: after the customer has bought a larger plan, or the provider's support has lifted a block.
    /// Returns whether it still stood.
    pub fn lift_pause(&self, pause: &LimitPause) -> bool {
        self.0.limits.lift(pause)
    }

    /// A client for one connection: authenticated, limited, retried and traced. Sends nothing.
    ///
    /// Fails with `Config` for an address that the network policy refuses, and for limits that allow nothing.
    pub fn client(&self, options: ClientOptions) -> Result<HttpClient> {
        let ClientOptions { factory, base_url, credential, account: connection, tenant, limits } = options;
        let shared = &*self.0;
        shared.policy.check_url(&base_url)?;
        let spec = factory.spec();
        let account = match (&tenant, &connection) {
            (Some(tenant), Some(connection)) => format!("{tenant}/{connection}"),
            (None, Some(connection)) => connection.clone(),
            (_, None) => shared.identity(&base_url, credential.as_ref()),
        };
        let provider: Arc<str> = spec.id.to_string().into();
        let names = Names { provider: Arc::clone(&provider), title: spec.title.to_string(), account };
        let mut limits = limits.unwrap_or_else(|| spec.limits.clone());
        let settings = shared.providers.get(&*provider).unwrap_or(&shared.settings);
        if let Some(requests) = settings.max_in_flight {
            limits.push(Limit::in_flight("in flight here", LimitScope::App, requests));
        }
        let origins = spec.origins.clone();

        let exchange = Exchange {
            transport: Arc::clone(&shared.transport),
            factory,
            policy: Arc::clone(&shared.policy),
            clock: Arc::clone(&shared.clock),
            user_agent: settings.user_agent.clone(),
            body_limit: settings.body_limit,
            timeout: settings.timeouts.total,
            idle: settings.timeouts.read,
        };
        let auth = Auth { credential: credential.clone(), base_url, origins, inner: exchange };
        let limited = RateLimit::new(names, limits, &shared.limits, shared.retry.max_wait, auth)?;
        let retry = Retry::new(shared.retry, credential.clone(), limited);
        Ok(HttpClient::new(Arc::new(Trace { credential, provider, connection, tenant, inner: retry })))
    }
}

impl Shared {
    /// The holder of limits where the host names none: handles of one secret at one address are one account. The mark
    /// keeps it apart from any name that a host gives.
    fn identity(&self, base_url: &Url, credential: Option<&Arc<dyn Credential>>) -> String {
        let Some(credential) = credential else {
            return format!("\u{0}client {}", self.anonymous.fetch_add(1, Ordering::Relaxed));
        };
        let origin = base_url.origin().ascii_serialization();
        match credential.identity() {
            Some(identity) => format!("\u{0}secret {identity:x} {origin}"),
            None => format!("\u{0}handle {:p} {origin}", Arc::as_ptr(credential)),
        }
    }
}
