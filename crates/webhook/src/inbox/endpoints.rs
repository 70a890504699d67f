//! Endpoints of a tenant's connections, kept in the store.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tieline_core::{EntityName, Error, ErrorKind, Result, Text};
use tieline_store::ConnectionId;
use tieline_store::webhooks::{NewEndpoint, SecretPurpose, WebhookEndpoint, WebhookStore};
use tieline_vault::Vault;
use url::Url;

use crate::sealing::{check, new_id, open, path_hash, random, seal};

/// The endpoints of one tenant: made, rotated, paused, removed.
#[derive(Clone, Debug)]
pub struct Endpoints {
    store: Arc<dyn WebhookStore>,
    vault: Vault,
}

/// An endpoint that was just made. Its secret is shown this once.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedEndpoint {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// The unguessable last segment of its path.
    pub path: SecretString,
    /// What deliveries are verified by, for the person who enters it at the provider.
    pub secret: Option<SecretString>,
}

/// The options of a new endpoint.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EndpointOptions {
    /// The entities whose changes are taken; all when empty.
    pub entities: Vec<EntityName>,
    /// The secret that the provider shows or that somebody chose; one is made when absent.
    pub secret: Option<SecretString>,
}

impl EndpointOptions {
    /// Sets the entities whose changes are taken.
    #[must_use]
    pub fn with_entities(mut self, entities: impl IntoIterator<Item = impl Into<EntityName>>) -> Self {
        self.entities = entities.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the secret.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secret = Some(secret);
        self
    }
}

impl Endpoints {
    /// The endpoints that a store keeps, whose secrets a vault seals.
    pub fn new(store: Arc<dyn WebhookStore>, vault: Vault) -> Self {
        Self { store, vault }
    }

    /// Makes an endpoint for a connection of a provider. The path is random; so is the secret, unless one is given.
    ///
    /// # Errors
    ///
    /// `Config` for an empty secret; otherwise as the vault and the store fail.
    pub async fn create(
        &self,
        connection: &ConnectionId,
        provider: impl Into<Text>,
        options: EndpointOptions,
    ) -> Result<CreatedEndpoint> {
        let (id, path) = (new_id("we")?, random()?);
        let secret = options.secret.map_or_else(random, Ok)?;
        check(&secret)?;
        let tenant = self.store.tenant();
        let sealed = seal(&self.vault, tenant, &id, &path).await?;
        let sealed_secret = seal(&self.vault, tenant, &id, &secret).await?;
        let at = (path_hash(path.expose_secret()), sealed);
        let new = NewEndpoint::new(id, connection.clone(), provider, at)
            .with_secret(Some(sealed_secret))
            .with_entities(options.entities);
        let endpoint = self.store.create_endpoint(new).await?;
        Ok(CreatedEndpoint { endpoint, path, secret: Some(secret) })
    }

    /// Puts a secret in force, the one that is given or a new one, and lets the others end after the overlap: enter it at
    /// the provider meanwhile. Returns it.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Config` for an empty secret; otherwise as the vault and the store fail.
    pub async fn rotate(
        &self,
        id: &str,
        secret: Option<SecretString>,
        overlap: Duration,
    ) -> Result<SecretString> {
        let secret = secret.map_or_else(random, Ok)?;
        check(&secret)?;
        let sealed = seal(&self.vault, self.store.tenant(), id, &secret).await?;
        self.store.add_endpoint_secret(id, sealed, overlap).await?;
        Ok(secret)
    }

    /// Pauses an endpoint: it answers 503, and the provider sends again for as long as it does so.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn pause(&self, id: &str) -> Result<()> {
        found(self.store.set_endpoint_active(id, false).await?)
    }

    /// Resumes an endpoint. After a long pause, read what changed.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn resume(&self, id: &str) -> Result<()> {
        found(self.store.set_endpoint_active(id, true).await?)
    }

    /// Returns endpoints by id, after one; those of a connection, or all of the tenant.
    ///
    /// # Errors
    ///
    /// As the store fails.
    pub async fn list(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<WebhookEndpoint>> {
        self.store.endpoints(connection, after, limit).await
    }

    /// Removes an endpoint: deliveries to it get 404 from then on.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the store fails.
    pub async fn remove(&self, id: &str) -> Result<()> {
        found(self.store.remove_endpoint(id).await?)
    }

    /// Returns the address of an endpoint below a base such as `https://app.example.com/hooks/pipedrive`: what the
    /// provider is to call. It holds the unguessable path, so show it to its owner only.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Config` for a base that takes no path; otherwise as the vault and the store fail.
    pub async fn address(&self, id: &str, base: &Url) -> Result<Url> {
        let endpoint = self.store.endpoint(id).await?.ok_or_else(missing)?;
        let secrets = (endpoint.secrets.as_slice(), SecretPurpose::Path);
        let paths = open(&self.vault, self.store.tenant(), id, secrets).await?;
        let path = paths.first().ok_or_else(missing)?;
        address(base, path)
    }

    /// Returns the secrets in force of an endpoint, the newest first.
    ///
    /// # Errors
    ///
    /// `NotFound`; otherwise as the vault and the store fail.
    pub async fn secrets(&self, id: &str) -> Result<Vec<SecretString>> {
        let endpoint = self.store.endpoint(id).await?.ok_or_else(missing)?;
        let secrets = (endpoint.secrets.as_slice(), SecretPurpose::Signing);
        open(&self.vault, self.store.tenant(), id, secrets).await
    }
}

/// Returns an address with one more segment.
pub(crate) fn address(base: &Url, path: &SecretString) -> Result<Url> {
    let mut address = base.clone();
    let wrong = || {
        Error::new(ErrorKind::Config, "the base of the addresses of webhooks takes no path")
            .with_advice("give an address such as https://app.example.com/hooks/pipedrive")
    };
    address.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push(path.expose_secret());
    Ok(address)
}

fn found(there: bool) -> Result<()> {
    if there { Ok(()) } else { Err(missing()) }
}

fn missing() -> Error {
    Error::new(ErrorKind::NotFound, "there is no endpoint with this id")
}
