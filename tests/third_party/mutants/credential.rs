//! Flaws in keeping the secret.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::http::HttpRequest;
use tieline_core::{Credential, Recovery, Rejection, Result, SecretGeneration};

use super::Flaw;

pub(super) struct Flawed {
    pub(super) inner: Arc<dyn Credential>,
    pub(super) secret: String,
    pub(super) flaw: Flaw,
}

impl fmt::Debug for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.flaw == Flaw::ShowsDebug { self.secret.as_str() } else { "[redacted]" };
        f.debug_struct("Credential").field("secret", &shown).finish()
    }
}

#[async_trait]
impl Credential for Flawed {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        match self.flaw {
            Flaw::InTheQuery => {
                request.url_mut().query_pairs_mut().append_pair("key", &self.secret);
            }
            Flaw::Logs => tracing::debug!(secret = self.secret, "sending"),
            _ => {}
        }
        self.inner.authorize(request).await
    }

    async fn rejected(&self, stamp: SecretGeneration, why: &Rejection) -> Result<Recovery> {
        self.inner.rejected(stamp, why).await
    }

    fn scrub(&self, text: &str) -> Option<String> {
        if self.flaw == Flaw::NoScrub { None } else { self.inner.scrub(text) }
    }
}
