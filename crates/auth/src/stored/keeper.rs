use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use tieline_core::Clock;
use tieline_store::{ConnectionId, ConnectionStore, ConsentStore, LeaseStore, SecretStore, TenantId};
use tieline_vault::Vault;
use tokio::sync::watch;

use super::credential::StoredCredential;
use super::observer::{Moment, Step, StepObserver};
use crate::OAuthClient;
use crate::flight::lock;

/// All that credentials need of a store.
pub trait CredentialStore: ConnectionStore + SecretStore + LeaseStore + ConsentStore {}

impl<T: ConnectionStore + SecretStore + LeaseStore + ConsentStore + ?Sized> CredentialStore for T {}

/// Hands out the credentials whose tokens a database keeps, so that all users of a connection in this process share one:
/// one renewal serves them all. A host has one for each database, and it is cheap to clone.
#[derive(Clone)]
pub struct CredentialManager(Arc<Shared>);

struct Shared {
    vault: Vault,
    clock: Arc<dyn Clock>,
    credentials: Mutex<Credentials>,
    busy: watch::Sender<usize>,
    observer: Option<Arc<dyn StepObserver>>,
}

#[derive(Default)]
struct Credentials {
    by_connection: HashMap<(TenantId, ConnectionId), Weak<StoredCredential>>,
    /// How many there may be before those that nobody holds are forgotten.
    room: usize,
}

impl CredentialManager {
    /// A keeper of a database.
    pub fn new(vault: Vault, clock: Arc<dyn Clock>) -> Self {
        Self::with(vault, clock, None)
    }

    /// With somebody who is told of each step of a renewal. For tests.
    #[doc(hidden)]
    pub fn observed(vault: Vault, clock: Arc<dyn Clock>, observer: Arc<dyn StepObserver>) -> Self {
        Self::with(vault, clock, Some(observer))
    }

    fn with(vault: Vault, clock: Arc<dyn Clock>, observer: Option<Arc<dyn StepObserver>>) -> Self {
        Self(Arc::new(Shared {
            vault,
            clock,
            credentials: Mutex::default(),
            busy: watch::Sender::new(0),
            observer,
        }))
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The credential of a connection whose secret is [tokens](crate::Secret::Tokens). Reads nothing yet. From now on
    /// tokens are renewed through `client`, also for those who hold the credential already.
    pub fn credential(
        &self,
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
        client: &OAuthClient,
    ) -> Arc<StoredCredential> {
        const FEW: usize = 64;
        let mut credentials = lock(&self.0.credentials);
        let key = (store.tenant().clone(), connection.clone());
        if let Some(credential) = credentials.by_connection.get(&key).and_then(Weak::upgrade) {
            credential.renew_through(client);
            return credential;
        }
        if credentials.by_connection.len() >= credentials.room.max(FEW) {
            credentials.by_connection.retain(|_, credential| credential.strong_count() > 0);
            credentials.room = credentials.by_connection.len().saturating_mul(2);
        }
        let credential = StoredCredential::new(self.clone(), Arc::clone(store), connection.clone(), client);
        credentials.by_connection.insert(key, Arc::downgrade(&credential));
        credential
    }

    /// Waits until no renewal is under way. Await it before the process ends on purpose: a renewal that is cut off
    /// between the provider's answer and the save can cost the connection.
    pub async fn idle(&self) {
        let mut busy = self.0.busy.subscribe();
        // The sender lives as long as this handle.
        let _ = busy.wait_for(|busy| *busy == 0).await;
    }

    /// Counts as a renewal under way until it is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.0.busy.send_modify(|busy| *busy = busy.saturating_add(1));
        Busy(self.clone())
    }

    pub(super) async fn at(&self, step: Step, moment: Moment) {
        if let Some(observer) = &self.0.observer {
            observer.at(step, moment).await;
        }
    }
}

impl fmt::Debug for CredentialManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("busy", &*self.0.busy.borrow()).finish_non_exhaustive()
    }
}

pub(super) struct Busy(CredentialManager);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
    }
}
