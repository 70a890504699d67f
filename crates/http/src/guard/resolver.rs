use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;

use tieline_core::{Error, ErrorKind, Result};
use url::{Host, Url};

use super::{NetworkPolicy, Refusal};

/// A source of addresses for names. A trait so that a host can bring its own, and tests can lie.
#[async_trait]
pub trait Resolver: Debug + Send + Sync {
    /// All addresses of a name.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A resolver that hands on only addresses which the network policy allows: for a host that brings its own
/// [`Transport`](tieline_core::http::Transport) and wants to keep the guard.
///
/// Resolve when the connection is made, and connect to what was returned; a name resolved a second time may lead
/// elsewhere.
///
/// ```
/// use std::sync::Arc;
/// use tieline_http::{GuardedResolver, NetworkPolicy, SystemResolver};
///
/// # async fn example() -> tieline_core::Result<()> {
/// let guard = GuardedResolver::new(NetworkPolicy::public_only(), Arc::new(SystemResolver));
/// let url = "https://169.254.169.254/latest/meta-data".parse().expect("a URL");
/// assert!(guard.resolve(&url).await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GuardedResolver {
    resolver: Arc<dyn Resolver>,
    policy: Arc<NetworkPolicy>,
}

impl GuardedResolver {
    /// A resolver under a policy.
    pub fn new(policy: NetworkPolicy, resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, policy: Arc::new(policy) }
    }

    /// Returns the addresses that a connection for `url` may be made to.
    ///
    /// # Errors
    ///
    /// `Config` when the policy refuses the URL or one of its addresses; `Transport` when the name has no address.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>> {
        self.policy.check_url(url)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let host = match url.host() {
            Some(Host::Ipv4(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Domain(host)) => host,
            None => "",
        };
        let addresses = self.vetted(host, url.scheme() == "http").await.map_err(|error| {
            match error.downcast::<Refusal>() {
                Ok(refusal) => Error::from(*refusal),
                Err(_) => Error::new(ErrorKind::Transport, "the connection failed, name not found")
                    .with_resend(tieline_core::Resend::Safe)
                    .with_context("host", host),
            }
        })?;
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address.ip(), port)).collect())
    }

    /// The addresses of a name. Connections without TLS are only for addresses allowed by name.
    async fn vetted(
        &self,
        host: &str,
        plain: bool,
    ) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.resolver.resolve(host).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no address").into());
        }
        for address in &addresses {
            // One bad address among good ones is a sign of an attack, not something to filter.
            let verdict = match plain {
                true => self.policy.judge_plain_address(*address),
                false => self.policy.judge_address(*address),
            };
            verdict.map_err(|reason| Refusal::new(host, reason))?;
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
    }
}

/// Resolves for the default transport at the moment of connecting.
#[derive(Clone, Debug)]
pub(crate) struct ForReqwest {
    pub(crate) guard: GuardedResolver,
    pub(crate) plain: bool,
    /// The proxy's host, whose address is the host application's choice.
    pub(crate) proxy: Option<String>,
}

impl reqwest::dns::Resolve for ForReqwest {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = if this.proxy.as_deref() == Some(name.as_str()) {
                let addresses = this.guard.resolver.resolve(name.as_str()).await?;
                addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect()
            } else {
                this.guard.vetted(name.as_str(), this.plain).await?
            };
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}
