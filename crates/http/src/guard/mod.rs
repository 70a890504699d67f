//! Where requests may go at all: no private, local or otherwise special address, unless the host allows it by name.

mod ranges;
mod resolver;

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use tieline_core::{Error, ErrorKind, Result};
use url::{Host, Url};

pub(crate) use resolver::ForReqwest;
pub use resolver::{GuardedResolver, Resolver, SystemResolver};

const ADVICE: &str =
    "use the provider's public https address, or let the host application allow this network";

/// Which addresses may be reached. By default only public ones, and those only by https.
///
/// A name is judged by the addresses that it resolves to when the connection is made, and by all of them. Redirects
/// are never followed, so nothing goes around this.
///
/// ```
/// use tieline_http::NetworkPolicy;
///
/// let policy = NetworkPolicy::public_only();
/// assert!(policy.check_url(&"https://api.pipedrive.com".parse()?).is_ok());
/// assert!(policy.check_url(&"https://169.254.169.254/latest/meta-data".parse()?).is_err());
///
/// let policy = policy.allow("127.0.0.1/32")?;
/// assert!(policy.check_url(&"http://127.0.0.1:8080".parse()?).is_ok());
/// assert!(policy.check_url(&"http://127.0.0.2:8080".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct NetworkPolicy {
    allowed: Vec<IpNet>,
}

impl NetworkPolicy {
    /// Public addresses by https, nothing else.
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Also allows this network (`10.1.0.0/16`) or address (`127.0.0.1`), and plain http to it.
    pub fn allow(mut self, network: &str) -> Result<Self> {
        let net = network
            .trim()
            .parse::<IpNet>()
            .or_else(|_| network.trim().parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| {
                Error::new(ErrorKind::Config, format!("{network:?} is not a network"))
                    .with_advice("write it as an address with a prefix length, such as 127.0.0.1/32")
            })?;
        self.allowed.push(net);
        Ok(self)
    }

    /// Whether a request to `url` may be tried. Names pass here and are judged when they are resolved.
    pub fn check_url(&self, url: &Url) -> Result<()> {
        self.judge_url(url).map_err(|reason| Refusal::new(url.host_str().unwrap_or_default(), reason).into())
    }

    /// Whether a connection to `address` may be made.
    pub fn check_address(&self, address: IpAddr) -> Result<()> {
        self.judge_address(address).map_err(|reason| Refusal::new(&address.to_string(), reason).into())
    }

    pub(crate) fn judge_url(&self, url: &Url) -> Result<(), &'static str> {
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err("only http and https are spoken"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL must not hold a user name or password");
        }
        if url.port() == Some(0) {
            return Err("port 0 cannot be reached");
        }
        let address = match url.host() {
            None => return Err("the URL names no host"),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(name)) => {
                // With an allowed network the addresses decide, because a local name may mean that network.
                return match self.allowed.is_empty() {
                    true if is_local_name(name) => Err("the name is a local one"),
                    true if plain => Err(PLAIN),
                    _ => Ok(()),
                };
            }
        };
        self.judge_address(address)?;
        if plain && !self.is_allowed_by_name(address) {
            return Err(PLAIN);
        }
        Ok(())
    }

    pub(crate) fn judge_address(&self, address: IpAddr) -> Result<(), &'static str> {
        if self.is_allowed_by_name(address) {
            return Ok(());
        }
        ranges::special(carried(address)).map_or(Ok(()), Err)
    }

    /// Judges a connection without TLS.
    pub(crate) fn judge_plain_address(&self, address: IpAddr) -> Result<(), &'static str> {
        self.judge_address(address)?;
        if self.is_allowed_by_name(address) { Ok(()) } else { Err(PLAIN) }
    }

    fn is_allowed_by_name(&self, address: IpAddr) -> bool {
        let carried = carried(address);
        self.allowed.iter().any(|net| net.contains(&address) || net.contains(&carried))
    }
}

const PLAIN: &str = "plain http is not encrypted";

/// The address that a packet ends up at: the IPv4 one inside an IPv4-mapped or NAT64 address.
fn carried(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if ranges::NAT64.contains(&v6) => IpAddr::V4(last_v4(v6)),
        other => other,
    }
}

fn last_v4(address: Ipv6Addr) -> std::net::Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    std::net::Ipv4Addr::new(a, b, c, d)
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    matches!(last, "localhost" | "localdomain" | "local" | "internal" | "localhost6")
        || matches!(name.as_str(), "" | "ip6-localhost" | "ip6-loopback" | "metadata" | "instance-data")
}

/// Why a host is out of bounds. Travels through the transport's error chain.
#[derive(Clone, Debug, thiserror::Error)]
#[error("requests to {host:?} are refused because {reason}")]
pub(crate) struct Refusal {
    host: String,
    reason: &'static str,
}

impl Refusal {
    pub(crate) fn new(host: &str, reason: &'static str) -> Self {
        Self { host: host.to_owned(), reason }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::new(ErrorKind::Config, refusal.to_string()).with_advice(ADVICE)
    }
}
