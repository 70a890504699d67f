//! How the default transport reaches the network.

use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Error, ErrorKind, Result};
use url::Url;

/// The longest time that a proxy may take to be reached when the stack is built.
const PROXY_CHECK: Duration = Duration::from_secs(5);

/// Proxy, certificates, pool and keep-alive of the default transport. Everything is checked when the
/// [stack](crate::HttpStack) is built: a proxy that cannot be reached, a file without certificates and settings that
/// contradict each other are `Config` errors then, not failures of the first request.
///
/// ```
/// use std::time::Duration;
/// use tieline_http::{HttpStack, NetworkOptions};
///
/// let network = NetworkOptions::new()
///     .with_pool(8, Duration::from_secs(30))
///     .with_http2_keep_alive(Duration::from_secs(20), Duration::from_secs(10));
/// let stack = HttpStack::builder().network(network).build()?;
///
/// let missing = NetworkOptions::new().with_ca_file("no/such/file.pem");
/// assert!(HttpStack::builder().network(missing).build().is_err());
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct NetworkOptions {
    proxy: Option<Url>,
    proxy_login: Option<(String, SecretString)>,
    proxy_exceptions: Vec<String>,
    authorities: Vec<Source>,
    only_these: bool,
    client_certificate: Option<Source>,
    pool: Option<(usize, Duration)>,
    http2_keep_alive: Option<(Duration, Duration)>,
}

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Text(SecretString),
}

impl NetworkOptions {
    /// The defaults: no proxy, the system's certificate authorities, at most 32 idle connections to a host for 90 s.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends all https requests through this HTTP proxy (CONNECT): `http://proxy.example.com:3128`.
    ///
    /// The proxy resolves the names of providers. The network policy still judges addresses in URLs, and names as this
    /// machine resolves them, where it does. Plain http, which only networks allowed by name get, does not go through
    /// the proxy.
    pub fn with_proxy(mut self, proxy: Url) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets user and password for the proxy. They may stand in its URL as well.
    pub fn with_proxy_login(mut self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.proxy_login = Some((user.into(), password.into()));
        self
    }

    /// Adds a host, a domain with its subdomains (`.example.com`) or a network that is reached without the proxy.
    pub fn with_proxy_exception(mut self, host: impl Into<String>) -> Self {
        self.proxy_exceptions.push(host.into());
        self
    }

    /// Also trusts the certificate authorities in this PEM file: those of a company's proxy, or of a server on its
    /// premises.
    pub fn with_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities.push(Source::File(path.into()));
        self
    }

    /// Also trusts the certificate authorities in this PEM text.
    pub fn with_ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.authorities.push(Source::Text(SecretString::from(pem.into())));
        self
    }

    /// Trusts only the certificate authorities that were added, and not the system's.
    pub fn with_only_these_authorities(mut self) -> Self {
        self.only_these = true;
        self
    }

    /// Presents this certificate to servers (mutual TLS): a PEM file with the certificate chain and its private key.
    pub fn with_client_certificate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_certificate = Some(Source::File(path.into()));
        self
    }

    /// Presents this certificate to servers: PEM text of the certificate chain and its private key.
    pub fn with_client_certificate_pem(mut self, pem: impl Into<SecretString>) -> Self {
        self.client_certificate = Some(Source::Text(pem.into()));
        self
    }

    /// Sets how many idle connections to one host are kept, and for how long. 0 keeps none.
    pub fn with_pool(mut self, idle_per_host: usize, idle_timeout: Duration) -> Self {
        self.pool = Some((idle_per_host, idle_timeout));
        self
    }

    /// Pings HTTP/2 connections at this interval, also idle ones, and closes one whose ping stays unanswered for
    /// `timeout`. Without it a connection that a firewall dropped is noticed only by the read timeout.
    pub fn with_http2_keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.http2_keep_alive = Some((interval, timeout));
        self
    }

    /// The name of the proxy's host, which may have any address.
    pub(crate) fn proxy_host(&self) -> Option<&str> {
        self.proxy.as_ref().and_then(Url::host_str)
    }

    pub(crate) fn has_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// Applies the options to the client for https.
    pub(crate) fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        if let Some(proxy) = self.checked_proxy()? {
            builder = builder.proxy(proxy);
        }
        let mut authorities = Vec::new();
        for source in &self.authorities {
            authorities.extend(source.certificates()?);
        }
        builder = match (self.only_these, authorities.is_empty()) {
            (true, true) => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "no certificate authority is trusted: only those added are, and none was added",
                )
                .with_advice("add one, or trust the system's"));
            }
            (true, false) => builder.tls_certs_only(authorities),
            (false, true) => builder,
            (false, false) => builder.tls_certs_merge(authorities),
        };
        if let Some(source) = &self.client_certificate {
            builder = builder.identity(source.identity()?);
        }
        if let Some((idle, timeout)) = self.pool {
            builder = builder.pool_max_idle_per_host(idle).pool_idle_timeout(timeout);
        }
        if let Some((interval, timeout)) = self.http2_keep_alive {
            if interval.is_zero() || timeout.is_zero() {
                return Err(Error::new(
                    ErrorKind::Config,
                    "interval and timeout of the HTTP/2 keep-alive must be above zero",
                ));
            }
            builder = builder
                .http2_keep_alive_interval(interval)
                .http2_keep_alive_timeout(timeout)
                .http2_keep_alive_while_idle(true);
        }
        Ok(builder)
    }

    fn checked_proxy(&self) -> Result<Option<Proxy>> {
        let Some(url) = &self.proxy else {
            if self.proxy_login.is_some() || !self.proxy_exceptions.is_empty() {
                return Err(Error::new(
                    ErrorKind::Config,
                    "a login or an exception for a proxy is set, and no proxy",
                )
                .with_advice("set the proxy's address, or leave them out"));
            }
            return Ok(None);
        };
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
        let fail = |why: String, advice: &'static str| {
            Error::new(ErrorKind::Config, why).with_advice(advice).with_context("proxy", host)
        };
        if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
            let why = format!("proxies of the kind {:?} are not supported", url.scheme());
            return Err(fail(why, "use an HTTP proxy, such as http://proxy.example.com:3128"));
        }
        let in_url = !url.username().is_empty() || url.password().is_some();
        if in_url && self.proxy_login.is_some() {
            let why = "the proxy's login is set twice, in its address and by itself".to_owned();
            return Err(fail(why, "leave one of them out"));
        }
        reach(host.trim_matches(['[', ']']), port).map_err(|kind| {
            fail(
                format!("the proxy cannot be reached on port {port}, {kind}"),
                "check its address, and that it runs before this application starts",
            )
        })?;
        let mut proxy = Proxy::all(url.as_str())
            .map_err(|_| fail("the proxy's address cannot be used".to_owned(), "write it as a URL"))?;
        if let Some((user, password)) = &self.proxy_login {
            proxy = proxy.basic_auth(user, password.expose_secret());
        }
        if !self.proxy_exceptions.is_empty() {
            proxy = proxy.no_proxy(NoProxy::from_string(&self.proxy_exceptions.join(",")));
        }
        Ok(Some(proxy))
    }
}

/// Connects once, and closes.
fn reach(host: &str, port: u16) -> Result<(), std::io::ErrorKind> {
    let addresses = (host, port).to_socket_addrs().map_err(|_| std::io::ErrorKind::NotFound)?;
    let mut failure = std::io::ErrorKind::NotFound;
    for address in addresses {
        match TcpStream::connect_timeout(&address, PROXY_CHECK) {
            Ok(_) => return Ok(()),
            Err(error) => failure = error.kind(),
        }
    }
    Err(failure)
}

impl Source {
    fn read(&self, what: &str) -> Result<SecretString> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => std::fs::read_to_string(path).map(SecretString::from).map_err(|error| {
                let what = format!("the file of {what} cannot be read, {}", error.kind());
                Error::new(ErrorKind::Config, what)
                    .with_advice("check the path, and that this process may read it as text (PEM)")
                    .with_context("file", path.display())
            }),
        }
    }

    fn certificates(&self) -> Result<Vec<Certificate>> {
        let text = self.read("certificate authorities")?;
        let found = Certificate::from_pem_bundle(text.expose_secret().as_bytes()).unwrap_or_default();
        if found.is_empty() {
            return Err(self.is_none("certificate authorities", "certificate"));
        }
        Ok(found)
    }

    fn identity(&self) -> Result<Identity> {
        let text = self.read("the client certificate")?;
        Identity::from_pem(text.expose_secret().as_bytes())
            .map_err(|_| self.is_none("the client certificate", "certificate with its private key"))
    }

    fn is_none(&self, what: &str, wanted: &str) -> Error {
        let error =
            Error::new(ErrorKind::Config, format!("what is given for {what} holds no {wanted} in PEM"))
                .with_advice(
                    "PEM is text with lines such as -----BEGIN CERTIFICATE-----; convert other forms to it",
                );
        match self {
            Self::File(path) => error.with_context("file", path.display()),
            Self::Text(_) => error,
        }
    }
}

impl fmt::Debug for NetworkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkOptions")
            .field("proxy", &self.proxy_host())
            .field("authorities", &self.authorities.len())
            .field("client_certificate", &self.client_certificate.is_some())
            .field("pool", &self.pool)
            .field("http2_keep_alive", &self.http2_keep_alive)
            .finish_non_exhaustive()
    }
}
