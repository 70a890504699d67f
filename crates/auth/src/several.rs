//! Several credentials at once.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::http::HttpRequest;
use tieline_core::{Credential, Recovery, Rejection, Result, SecretGeneration};

/// Credentials that are put into each request one after the other, signatures last.
pub(crate) struct Several(Vec<Arc<dyn Credential>>);

impl Several {
    /// All of these; one alone stays itself.
    pub(crate) fn of(credentials: Vec<Arc<dyn Credential>>) -> Arc<dyn Credential> {
        match <[_; 1]>::try_from(credentials) {
            Ok([one]) => one,
            Err(several) => Arc::new(Self(several)),
        }
    }
}

#[async_trait]
impl Credential for Several {
    /// The generation of the one that can be renewed: those of fixed secrets are 0.
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        let mut newest = SecretGeneration::default();
        for credential in &self.0 {
            newest = newest.max(credential.authorize(request).await?);
        }
        Ok(newest)
    }

    /// Once more when one of them is another by now.
    async fn rejected(&self, stamp: SecretGeneration, why: &Rejection) -> Result<Recovery> {
        let mut recovery = Recovery::NeedsReconnect;
        for credential in &self.0 {
            if credential.rejected(stamp, why).await? == Recovery::RetryOnce {
                recovery = Recovery::RetryOnce;
            }
        }
        Ok(recovery)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        self.0.iter().fold(None, |clean: Option<String>, credential| {
            credential.scrub(clean.as_deref().unwrap_or(text)).or(clean)
        })
    }
}

impl fmt::Debug for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
