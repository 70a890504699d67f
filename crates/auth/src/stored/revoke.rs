//! Taking tokens back at the provider, before they are deleted here.

use std::sync::Arc;
use std::time::Duration;

use tieline_core::{Error, Result};
use tieline_store::ConnectionId;
use tokio::time::{Instant, sleep};

use super::keeper::{CredentialManager, CredentialStore};
use super::lease::HeldLease;
use crate::{OAuthClient, Secret};

/// What became of the tokens at the provider.
#[derive(Debug)]
#[non_exhaustive]
pub enum Revoked {
    /// It took them back.
    Yes,
    /// There was nothing to take back, or the provider has no way to.
    NotOffered,
    /// They may still work until they end: the customer can take the app's access back at the provider.
    Failed(Error),
}

impl CredentialManager {
    /// Takes a connection's tokens back at the provider (RFC 7009). A renewal that is under way is waited for, a little, so
    /// that it does not bring new ones afterwards. What fails is told in the answer, because it must not keep anybody
    /// from erasing.
    pub async fn revoke(
        &self,
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
        client: &OAuthClient,
    ) -> Revoked {
        let lease = wait_for_lease(store, connection).await;
        let revoked = match self.try_revoke(store, connection, client).await {
            Ok(true) => Revoked::Yes,
            Ok(false) => Revoked::NotOffered,
            Err(error) => Revoked::Failed(error.with_context("connection", connection)),
        };
        if let Ok(Some(lease)) = lease {
            lease.release().await;
        }
        revoked
    }

    async fn try_revoke(
        &self,
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
        client: &OAuthClient,
    ) -> Result<bool> {
        let Some(stored) = store.secret(connection, Secret::NAME).await? else { return Ok(false) };
        let secret = Secret::open(self.vault(), store.tenant(), connection, &stored.sealed).await?;
        let Secret::Tokens(tokens) = secret else { return Ok(false) };
        let token = tokens.refresh.as_ref().unwrap_or(&tokens.access);
        match client.revoke(token).await {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(failure)) => Err(failure.into()),
        }
    }
}

async fn wait_for_lease(
    store: &Arc<dyn CredentialStore>,
    connection: &ConnectionId,
) -> Result<Option<HeldLease>> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let until = Instant::now() + PATIENCE;
    loop {
        let lease = HeldLease::try_take(store, connection).await?;
        if lease.is_some() || Instant::now() >= until {
            return Ok(lease);
        }
        sleep(Duration::from_millis(200)).await;
    }
}
