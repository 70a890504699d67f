//! Step four: the credential, fresh for each attempt, and only to where it belongs.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::http::{HttpRequest, RequestAuth};
use tieline_core::{Credential, Error, ErrorKind, Origins, Result};
use url::Url;

use crate::exchange::{Attempt, Exchange, Failed, Mode};

/// Sends with the credential.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) credential: Option<Arc<dyn Credential>>,
    pub(crate) base_url: Url,
    pub(crate) origins: Origins,
    pub(crate) inner: Exchange,
}

impl Auth {
    pub(crate) async fn send(&self, mut request: HttpRequest, mode: Mode) -> Attempt {
        if request.auth() == RequestAuth::None {
            return self.inner.send(request, mode).await;
        }
        self.check_origin(request.url()).map_err(Failed::unsent)?;
        let Some(credential) = &self.credential else { return self.inner.send(request, mode).await };
        let origin = request.url().origin();
        let generation = credential.authorize(&mut request).await.map_err(Failed::unsent)?;
        if request.url().origin() != origin {
            return Err(Failed::unsent(Error::new(
                ErrorKind::Internal,
                "a credential changed where the request goes",
            )));
        }
        match self.inner.send(request, mode).await {
            Ok(received) => {
                if !received.redirected {
                    credential.observe(generation, &received.response.headers);
                }
                Ok(received)
            }
            Err(mut failed) => {
                if let Some(response) = &failed.response {
                    credential.observe(generation, &response.headers);
                }
                failed.generation = Some(generation);
                Err(failed)
            }
        }
    }

    pub(crate) fn idle(&self) -> Duration {
        self.inner.idle
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now()
    }

    fn check_origin(&self, url: &Url) -> Result<()> {
        let at_base = url.origin() == self.base_url.origin();
        if at_base || self.origins.allows(url) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Forbidden,
            "the credential is not sent to an address outside the connector's own",
        )
        .with_advice("only the provider's declared origins and the connection's own address get it"))
    }
}
