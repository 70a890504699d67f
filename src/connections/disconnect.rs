use tieline_auth::{Revoked, Secret};
use tieline_core::Result;
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, ConnectionChange};

use super::Connections;

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

impl Connections {
    /// Takes a connection's tokens back at the provider, then erases it here, also when the provider does not answer.
    ///
    /// # Errors
    ///
    /// `NotFound`; whatever the store answers.
    pub async fn disconnect(&self, id: &ConnectionId, erase: Erase, by: &Actor) -> Result<Disconnected> {
        let connection = self.connection(id).await?;
        let mut settings = connection.config.clone();
        // What cannot be opened is erased all the same.
        if let Ok(Some(kept)) = self.secret(id).await {
            kept.secret.captured().apply(&mut settings);
        }
        let factory = self.registry().factory(&connection.provider);
        let client = factory.and_then(|factory| self.oauth(factory, &settings));
        self.shared.keeper.log_out(self.store.tenant(), id).await;
        let revoked = match &client {
            Ok(client) => self.shared.keeper.revoke(&self.store, id, client).await,
            // No OAuth, nothing to take back.
            Err(_) => Revoked::NotOffered,
        };
        let now = self.now();
        let erased = match erase {
            Erase::Everything => self.store.remove(id, by, now).await?,
            Erase::Secret => {
                let erased = self.store.delete_secret(id, Secret::NAME, by, now).await?;
                let mut change = ConnectionChange::default();
                change.active = Some(false);
                self.store.change(id, change, by, now).await?;
                erased
            }
        };
        if let Ok(client) = &client {
            self.shared.keeper.credential(&self.store, id, client).forget();
        }
        Ok(Disconnected { revoked, erased })
    }
}
