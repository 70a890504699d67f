use tieline_auth::{Revoked, Secret};
use tieline_core::Result;
use tieline_store::connections::{Actor, ConnectionChange};

use super::ConnectionHandle;

/// How much of a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// Its secret. Settings and what sync keeps of it stay, switched off, for connecting again.
    Secret,
    /// Everything: settings, and all that sync keeps of it. The audit log stays.
    Everything,
}

/// What became of a connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct Disconnected {
    /// What became of its tokens at the provider. When that failed, tell the customer where to take the app's access
    /// back there.
    pub revoked: Revoked,
    /// Whether there was something to erase.
    pub erased: bool,
}

impl ConnectionHandle {
    /// Removes the provider's subscriptions to it and takes its tokens back there, then erases it here, also when the
    /// provider does not respond.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Config` without a vault; whatever the store fails with.
    pub async fn disconnect(&self, erase: Erase, by: &Actor) -> Result<Disconnected> {
        let (tenant, id) = (&self.tenant, &self.id);
        let credentials = tenant.credentials()?;
        let connection = tenant.stored(id).await?;
        let mut settings = connection.config.clone();
        // A secret that cannot be opened is erased all the same.
        if let Ok(Some(kept)) = self.secret().await {
            kept.secret.captured().apply(&mut settings);
        }
        // While it still works; a provider that fails keeps calling an address that is gone.
        #[cfg(feature = "webhooks")]
        let _ = Box::pin(self.unsubscribe()).await;
        let factory = tenant.tieline().registry().factory(&connection.provider);
        let client = factory.and_then(|factory| tenant.oauth(factory, &settings));
        credentials.log_out(tenant.id(), id).await;
        let (store, now) = (tenant.sealed(), tenant.now());
        let revoked = match &client {
            Ok(client) => credentials.revoke(store, id, client).await,
            // No OAuth, nothing to take back.
            Err(_) => Revoked::NotOffered,
        };
        let erased = match erase {
            Erase::Everything => store.remove(id, by, now).await?,
            Erase::Secret => {
                let erased = store.delete_secret(id, Secret::NAME, by, now).await?;
                let mut change = ConnectionChange::default();
                change.active = Some(false);
                store.change(id, change, by, now).await?;
                erased
            }
        };
        if let Ok(client) = &client {
            credentials.credential(store, id, client).forget();
        }
        Ok(Disconnected { revoked, erased })
    }
}
