use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Weak};

use tieline_core::{Clock, Result};
use tieline_store::{ConnectionId, ConnectionStore, ConsentStore, LeaseStore, SecretStore, TenantId};
use tieline_vault::Vault;
use tokio::sync::watch;

use super::callbacks::Callbacks;
use super::credential::StoredCredential;
use super::observer::{Moment, Step, StepObserver};
use crate::flight::lock;
use crate::issuing::{Issued, RefusalNote, fingerprint};
use crate::{IssuedCredential, OAuthClient};

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
    issued: Mutex<Issued>,
    callbacks: Mutex<Callbacks>,
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
            issued: Mutex::default(),
            callbacks: Mutex::default(),
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

    /// The credential of a connection whose tokens the process asks for by itself. All who connect share it for as long as
    /// the secret is of this generation and what else the login depends on is the same: `depends_on`, such as the settings
    /// and the address. A refusal for good is noted in the store, for the processes after this one.
    ///
    /// # Errors
    ///
    /// Whatever `make` fails with.
    pub fn issued(
        &self,
        store: &Arc<dyn CredentialStore>,
        connection: &ConnectionId,
        generation: u64,
        depends_on: &[&str],
        make: impl FnOnce() -> Result<Arc<IssuedCredential>>,
    ) -> Result<Arc<IssuedCredential>> {
        let key = (store.tenant().clone(), connection.clone());
        let fingerprint = fingerprint(depends_on);
        let mut issued = lock(&self.0.issued);
        if let Some(credential) = issued.get(&key, generation, &fingerprint) {
            return Ok(credential);
        }
        let credential = make()?;
        let (store, connection) = (Arc::clone(store), connection.clone());
        credential.note_refusals(RefusalNote { store, connection, generation });
        issued.put(key, generation, fingerprint, &credential);
        Ok(credential)
    }

    /// Ends the session of a connection at the provider, when there is one and the provider has a way to, and forgets it.
    pub async fn log_out(&self, tenant: &TenantId, connection: &ConnectionId) {
        let taken = lock(&self.0.issued).take(&(tenant.clone(), connection.clone()));
        if let Some(credential) = taken {
            credential.log_out().await;
        }
    }

    /// Ends all sessions, before the process ends on purpose.
    pub async fn log_out_all(&self) {
        let all = lock(&self.0.issued).take_all();
        for credential in all {
            credential.log_out().await;
        }
    }

    pub(super) fn callbacks(&self) -> &Mutex<Callbacks> {
        &self.0.callbacks
    }

    /// Waits until no renewal is under way, no code of a callback is exchanged, and every pair of tokens that a provider gave
    /// is stored, for as long as the store takes. Await it before the process ends on purpose: a renewal that is cut off
    /// between the provider's response and the save can cost the connection. Bound it with a timeout where a process must
    /// end in spite of a store that stays away.
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
        f.debug_struct("CredentialManager").field("busy", &*self.0.busy.borrow()).finish_non_exhaustive()
    }
}

pub(super) struct Busy(CredentialManager);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.send_modify(|busy| *busy = busy.saturating_sub(1));
    }
}
