use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;

use super::{NetworkPolicy, Refusal};

/// How names become addresses. A trait so that a host can bring its own, and tests can lie.
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

/// Resolves for the transport at the moment of connecting, and hands on only what the policy passed, so that an answer
/// which changes afterwards changes nothing.
#[derive(Clone, Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) policy: Arc<NetworkPolicy>,
    /// Whether the connections are without TLS, which only addresses allowed by name may be.
    pub(crate) plain: bool,
}

impl GuardedResolver {
    async fn vetted(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.resolver.resolve(host).await?;
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no address").into());
        }
        for address in &addresses {
            // One bad address among good ones is a sign of an attack, not something to filter.
            let verdict = match self.plain {
                true => self.policy.judge_plain_address(*address),
                false => self.policy.judge_address(*address),
            };
            verdict.map_err(|reason| Refusal::new(host, reason))?;
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
    }
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.vetted(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
        })
    }
}
