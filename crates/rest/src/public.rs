use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::http::HttpRequest;
use tieline_core::{
    AuthScheme, Credential, Error, ErrorKind, IntoCredential, Recovery, Rejection, Result, SecretGeneration,
};

/// The credential of an API that asks for none: nothing is added to a request. Taken where a description says
/// `auth: none` or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoCredential;

#[async_trait]
impl Credential for NoCredential {
    async fn authorize(&self, _: &mut HttpRequest) -> Result<SecretGeneration> {
        Ok(SecretGeneration::default())
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        Ok(Recovery::NeedsReconnect)
    }

    fn scrub(&self, _: &str) -> Option<String> {
        None
    }
}

impl IntoCredential for NoCredential {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        match schemes {
            [] => Ok(Arc::new(self)),
            _ => Err(Error::new(ErrorKind::Config, "the provider asks for a credential, and none is given")
                .with_advice("give the credential that the connector's spec describes")),
        }
    }
}
