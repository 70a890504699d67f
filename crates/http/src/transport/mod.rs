//! The default transport, on reqwest. Nothing of reqwest shows.

mod failure;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use tieline_core::Result;
use tieline_core::http::{BodyStream, Transport};

use crate::guard::{GuardedResolver, NetworkPolicy, Refusal, Resolver};
use crate::options::Timeouts;

/// The most connections to one host that are kept for later.
const IDLE_CONNECTIONS: usize = 32;

/// Moves requests over TCP and TLS (rustls, with the system's certificate store).
///
/// It follows no redirect, retries nothing, takes no proxy from the environment, and connects only to addresses that
/// the network policy passed at that moment. Answers in gzip are decompressed as they stream.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    tls: reqwest::Client,
    /// Its connections are judged more strictly, so it shares none with the other.
    plain: reqwest::Client,
    policy: Arc<NetworkPolicy>,
    timeouts: Timeouts,
}

impl ReqwestTransport {
    /// A transport with its own pool of connections.
    pub fn new(policy: NetworkPolicy, timeouts: Timeouts, resolver: Arc<dyn Resolver>) -> Result<Self> {
        let policy = Arc::new(policy);
        let client = |plain: bool| {
            let builder = reqwest::Client::builder()
                .no_proxy()
                .referer(false)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .https_only(!plain)
                .connect_timeout(timeouts.connect)
                .read_timeout(timeouts.read)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .dns_resolver(GuardedResolver {
                    resolver: Arc::clone(&resolver),
                    policy: Arc::clone(&policy),
                    plain,
                });
            // Loading the system's certificates takes a while, and without TLS none is trusted.
            let builder = if plain { builder.tls_certs_only([]) } else { builder };
            builder.build().map_err(|error| failure::unbuilt(error, "the HTTP client cannot be set up"))
        };
        Ok(Self { tls: client(false)?, plain: client(true)?, policy: Arc::clone(&policy), timeouts })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<BodyStream>> {
        let empty = request.body().is_empty();
        let mut request = reqwest::Request::try_from(request)
            .map_err(|error| failure::unbuilt(error, "the request cannot be sent"))?;
        if empty {
            *request.body_mut() = None;
        }
        let host = request.url().host_str().unwrap_or_default();
        self.policy.judge_url(request.url()).map_err(|reason| Refusal::new(host, reason))?;
        let client = if request.url().scheme() == "https" { &self.tls } else { &self.plain };
        let mut response =
            client.execute(request).await.map_err(|error| failure::before_answer(error, &self.timeouts))?;

        let mut answer = http::Response::new(());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        let timeouts = self.timeouts;
        let body =
            response.bytes_stream().map_err(move |error| failure::within_answer(error, &timeouts)).boxed();
        Ok(answer.map(|()| body))
    }
}
