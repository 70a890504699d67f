//! Proxy, certificates and options, against a TLS server and a proxy on loopback.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tieline_core::http::{HttpClient, HttpRequest};
use tieline_core::{ErrorKind, Resend};
use tieline_http::{
    ClientOptions, GuardedResolver, HttpStack, HttpStackBuilder, NetworkOptions, NetworkPolicy,
    ProviderOptions, Resolver, RetryPolicy, Timeouts,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use url::Url;

use crate::{Demo, provider, seconds};

const AUTHORITY: &str = include_str!("../tls/ca.pem");
const SERVER: (&str, &str) = (include_str!("../tls/server.pem"), include_str!("../tls/server.key"));
const CLIENT: &str = include_str!("../tls/client-identity.pem");
/// The name in the server's certificate.
const NAME: &str = "books.demo.example";

fn file(name: &str) -> String {
    format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A server over TLS that says hello; to clients with a certificate only, when it asks for one.
async fn tls_server(asks: bool) -> SocketAddr {
    let certificates = CertificateDer::pem_slice_iter(SERVER.0.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(SERVER.1.as_bytes()).unwrap();
    let crypto = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&crypto)).with_safe_default_protocol_versions();
    let builder = if asks {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto).build().unwrap();
        builder.unwrap().with_client_cert_verifier(verifier)
    } else {
        builder.unwrap().with_no_client_auth()
    };
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(certificates, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let response = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
                let _ = stream.write_all(response.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    address
}

/// A proxy that connects to `target` whatever it is asked for, and the heads of the requests that it saw.
async fn proxy(target: SocketAddr, password: Option<&'static str>) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let allowed = password.is_none_or(|password| head.contains(password));
                log.lock().unwrap().push(head);
                if !allowed {
                    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(refusal.as_bytes()).await;
                    return;
                }
                let mut there = TcpStream::connect(target).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    (url, seen)
}

/// Knows one name.
#[derive(Debug)]
struct Knows(&'static str, IpAddr);

#[async_trait]
impl Resolver for Knows {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if host == self.0 { Ok(vec![self.1]) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

fn stack(network: NetworkOptions) -> HttpStackBuilder {
    HttpStack::builder().allow_network("127.0.0.1/32").retry(RetryPolicy::never()).network(network)
}

fn client(stack: HttpStackBuilder, base: &str) -> HttpClient {
    let options = ClientOptions::new(Arc::new(Demo::new(Vec::new())), base.parse().unwrap());
    stack.build().unwrap().client(options).unwrap()
}

async fn hello(stack: HttpStackBuilder, base: &str) -> tieline_core::Result<()> {
    let response = client(stack, base).send(HttpRequest::get(base.parse().unwrap())).await?;
    assert_eq!(response.text().unwrap(), "hello");
    Ok(())
}

#[tokio::test]
async fn an_authority_is_trusted_when_it_is_added() {
    let address = tls_server(false).await;
    let base = format!("https://{address}/");
    let error = hello(stack(NetworkOptions::new()), &base).await.unwrap_err();
    assert!(error.message().contains("certificate not trusted"), "{error}");
    assert_eq!(error.resend(), Resend::Never);
    hello(stack(NetworkOptions::new().with_ca_file(file("ca.pem"))), &base).await.unwrap();
    hello(stack(NetworkOptions::new().with_ca_pem(AUTHORITY)), &base).await.unwrap();
    hello(stack(NetworkOptions::new().with_ca_pem(AUTHORITY).with_only_these_authorities()), &base)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_presented() {
    let base = format!("https://{}/", tls_server(true).await);
    let network = NetworkOptions::new().with_ca_pem(AUTHORITY);
    assert!(hello(stack(network.clone()), &base).await.is_err());
    let from_file = network.clone().with_client_certificate_file(file("client-identity.pem"));
    hello(stack(from_file), &base).await.unwrap();
    hello(stack(network.with_client_certificate_pem(CLIENT)), &base).await.unwrap();
}

#[tokio::test]
async fn a_proxy_carries_https_and_the_guard_stays() {
    let target = tls_server(false).await;
    let (proxy_url, seen) = proxy(target, Some("Basic c3Zlbjp0b3BzM2NyZXQ=")).await;
    let network = || NetworkOptions::new().with_ca_pem(AUTHORITY).with_proxy(proxy_url.clone());
    let base = format!("https://{NAME}/");
    let nobody = || Arc::new(Knows("nobody", target.ip()));

    let with_login = network().with_proxy_login("sven", "tops3cret");
    assert!(!format!("{with_login:?}").contains("tops3cret"));
    hello(stack(with_login).resolver(nobody()), &base).await.unwrap();
    let head = seen.lock().unwrap().pop().unwrap();
    assert!(head.starts_with(&format!("CONNECT {NAME}:443 HTTP/1.1")), "{head}");

    let mut with_userinfo = proxy_url.clone();
    with_userinfo.set_username("sven").unwrap();
    with_userinfo.set_password(Some("tops3cret")).unwrap();
    let in_url = NetworkOptions::new().with_ca_pem(AUTHORITY).with_proxy(with_userinfo.clone());
    assert!(!format!("{in_url:?}").contains("tops3cret"));
    hello(stack(in_url).resolver(nobody()), &base).await.unwrap();
    let twice = NetworkOptions::new().with_proxy(with_userinfo).with_proxy_login("sven", "tops3cret");
    let error = stack(twice).build().unwrap_err();
    assert!(error.message().contains("set twice") && !format!("{error:?}").contains("tops3cret"), "{error}");

    let error = hello(stack(network()).resolver(nobody()), &base).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.message().contains("proxy") && error.message().contains("log"), "{error}");

    // What this machine knows about a name is judged, and so is every address in a URL.
    seen.lock().unwrap().clear();
    let inside = Arc::new(Knows(NAME, "10.0.0.7".parse().unwrap()));
    let error = hello(stack(network()).resolver(inside), &base).await.unwrap_err();
    assert!(error.message().contains("the address is private"), "{error}");
    let metadata = HttpStack::builder().network(network()).build().unwrap();
    let options =
        ClientOptions::new(Arc::new(Demo::new(Vec::new())), "https://169.254.169.254/".parse().unwrap());
    assert_eq!(metadata.client(options).unwrap_err().kind(), ErrorKind::Config);
    assert!(seen.lock().unwrap().is_empty(), "the proxy saw nothing of it");

    // Exceptions go straight.
    let straight = network().with_proxy_exception("127.0.0.1");
    hello(stack(straight), &format!("https://{target}/")).await.unwrap();
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_at_the_start() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let url = |text: &str| text.parse::<Url>().unwrap();
    let new = NetworkOptions::new;
    for (network, part) in [
        (new().with_proxy(url(&format!("http://{closed}"))), "the proxy cannot be reached"),
        (new().with_proxy(url("http://no-such-host.invalid:3128")), "the proxy cannot be reached"),
        (new().with_proxy(url("socks5://127.0.0.1:1080")), "not supported"),
        (new().with_proxy_login("sven", "tops3cret"), "no proxy"),
        (new().with_proxy_exception("localhost"), "no proxy"),
        (new().with_ca_file("no/such/file.pem"), "cannot be read"),
        (new().with_ca_file(file("README.md")), "holds no certificate"),
        (new().with_ca_file(file("server.key")), "holds no certificate"),
        (new().with_ca_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ""),
        (new().with_only_these_authorities(), "no certificate authority is trusted"),
        (new().with_client_certificate_file(file("ca.pem")), "private key"),
        (new().with_client_certificate_pem("nothing"), "private key"),
        (new().with_http2_keep_alive(Duration::ZERO, seconds(1.0)), "above zero"),
    ] {
        let error = stack(network).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{part}: {error}");
        assert!(error.message().contains(part), "{part}: {error}");
        assert!(!format!("{error:?}").contains("tops3cret"), "{error:?}");
    }
    let custom = || HttpStack::builder().transport(Arc::new(provider(200, &[])));
    for (builder, part) in [
        (custom().network(new()), "another one is set"),
        (custom().resolver(Arc::new(tieline_http::SystemResolver)), "another one is set"),
        (HttpStack::builder().timeouts(Timeouts::default().with_read(Duration::ZERO)), "\"read\" is zero"),
        (HttpStack::builder().max_in_flight(0), "allows none"),
        (HttpStack::builder().provider("demo", ProviderOptions::new().with_user_agent("a\nb")), "user agent"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.message().contains(part), "{part}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_has_timeouts_and_a_name_of_its_own() {
    let slow = provider(200, &[]).with_latency(seconds(90.0));
    let own = ProviderOptions::new()
        .with_timeouts(Timeouts::default().with_read(seconds(100.0)))
        .with_user_agent("acme-books/2");
    for (id, fine) in [("demo", true), ("other", false)] {
        let stack = crate::host(&slow).retry(RetryPolicy::never()).provider(id, own.clone()).build().unwrap();
        let result = stack.client(crate::options(Vec::new())).unwrap().send(crate::get("/")).await;
        assert_eq!(result.is_ok(), fine, "{id}");
    }
    assert_eq!(slow.requests()[0].headers()["user-agent"], "acme-books/2");
}

#[tokio::test]
async fn a_transport_of_the_hosts_own_keeps_the_guard() {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let guard = |policy, ip: &str| GuardedResolver::new(policy, Arc::new(Knows(NAME, address(ip))));
    let url = |text: &str| text.parse::<Url>().unwrap();
    let public = NetworkPolicy::public_only;
    let found =
        guard(public(), "93.184.216.34").resolve(&url(&format!("https://{NAME}:8443/"))).await.unwrap();
    assert_eq!(found, ["93.184.216.34:8443".parse().unwrap()]);
    for (ip, text) in [
        ("10.0.0.1", format!("https://{NAME}/")),
        ("93.184.216.34", format!("http://{NAME}/")),
        ("93.184.216.34", "https://127.0.0.1/".to_owned()),
        ("93.184.216.34", "https://localhost/".to_owned()),
    ] {
        let error = guard(public(), ip).resolve(&url(&text)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}: {error}");
    }
    let error = guard(public(), "10.0.0.1").resolve(&url("https://unknown.example/")).await.unwrap_err();
    assert_eq!((error.kind(), error.resend()), (ErrorKind::Transport, Resend::Safe));
    let local = public().allow("127.0.0.1/32").unwrap();
    let found = guard(local, "127.0.0.1").resolve(&url(&format!("http://{NAME}/"))).await.unwrap();
    assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
}
