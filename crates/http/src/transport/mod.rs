//! The default transport, on reqwest. Nothing of reqwest shows.

mod failure;
mod gzip;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use http::header::CONTENT_LENGTH;
use tieline_core::http::{BodyStream, RequestBody, Transport};
use tieline_core::{ErrorKind, Result};
use url::Url;

use crate::guard::{ForReqwest, GuardedResolver, NetworkPolicy, Refusal, Resolver};
use crate::network::NetworkOptions;
use crate::options::Timeouts;

/// The most connections to one host that are kept for later.
const IDLE_CONNECTIONS: usize = 32;

/// Moves requests over TCP and TLS (rustls, with the system's certificate store).
///
/// It follows no redirect, retries nothing, takes no proxy from the environment, and connects only to addresses that
/// the network policy passed at that moment. Responses in gzip are decompressed as they stream. It bounds the time for
/// a connection; the stack bounds silence and the time of an attempt.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    tls: reqwest::Client,
    /// Its connections are judged more strictly, so it shares none with the other.
    plain: reqwest::Client,
    guard: GuardedResolver,
    policy: Arc<NetworkPolicy>,
    proxied: bool,
    timeouts: Timeouts,
}

impl ReqwestTransport {
    /// A transport with its own pool of connections.
    ///
    /// # Errors
    ///
    /// `Config` where there are no certificates to trust.
    pub fn new(policy: NetworkPolicy, timeouts: Timeouts, resolver: Arc<dyn Resolver>) -> Result<Self> {
        Self::with_network(policy, timeouts, resolver, &NetworkOptions::new())
    }

    /// A transport with its own pool of connections and these options. Connects to a proxy once, to see that it is
    /// there, which blocks for at most five seconds an address.
    ///
    /// # Errors
    ///
    /// `Config` for options that cannot be used.
    pub fn with_network(
        policy: NetworkPolicy,
        timeouts: Timeouts,
        resolver: Arc<dyn Resolver>,
        network: &NetworkOptions,
    ) -> Result<Self> {
        let guard = GuardedResolver::new(policy.clone(), resolver);
        let client = |plain: bool| {
            let builder = reqwest::Client::builder()
                .no_proxy()
                .referer(false)
                .no_gzip()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .https_only(!plain)
                .connect_timeout(timeouts.connect)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .dns_resolver(ForReqwest {
                    guard: guard.clone(),
                    plain,
                    proxy: network.proxy_host().filter(|_| !plain).map(str::to_owned),
                });
            // Loading the system's certificates takes a while, and without TLS none is trusted.
            let builder = if plain { builder.tls_certs_only([]) } else { network.apply(builder)? };
            builder.build().map_err(|error| failure::unbuilt(error, "the HTTP client cannot be set up"))
        };
        let (tls, plain) = (client(false)?, client(true)?);
        Ok(Self { tls, plain, guard, policy: Arc::new(policy), proxied: network.has_proxy(), timeouts })
    }

    /// A proxy resolves names itself. What this machine knows about them is judged nevertheless.
    async fn judge_behind_proxy(&self, url: &Url) -> Result<()> {
        match self.guard.resolve(url).await {
            Err(error) if error.kind() == ErrorKind::Config => Err(error),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<RequestBody>) -> Result<http::Response<BodyStream>> {
        let (mut head, body) = request.into_parts();
        let length = body.length();
        let body = match body.into_parts() {
            Ok(bytes) => (!bytes.is_empty()).then(|| reqwest::Body::from(bytes)),
            Err(stream) => {
                if let Some(length) = length {
                    head.headers.insert(CONTENT_LENGTH, length.into());
                }
                Some(reqwest::Body::wrap_stream(stream))
            }
        };
        gzip::accept(&mut head.headers);
        let mut request =
            reqwest::Request::try_from(http::Request::from_parts(head, reqwest::Body::default()))
                .map_err(|error| failure::unbuilt(error, "the request cannot be sent"))?;
        *request.body_mut() = body;
        let host = request.url().host_str().unwrap_or_default();
        self.policy.judge_url(request.url()).map_err(|reason| Refusal::new(host, reason))?;
        if self.proxied && request.url().scheme() == "https" {
            self.judge_behind_proxy(request.url()).await?;
        }
        let client = if request.url().scheme() == "https" { &self.tls } else { &self.plain };
        let mut response =
            client.execute(request).await.map_err(|error| failure::before_answer(error, &self.timeouts))?;

        let mut answer = http::Response::new(());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        let body = response.bytes_stream().map_err(failure::within_answer).boxed();
        let body = gzip::decompressed(answer.headers_mut(), body);
        Ok(answer.map(|()| body))
    }
}
