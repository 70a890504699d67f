//! Callbacks that come twice, or whose browser goes away: the code is exchanged once, in a task of its own, and whoever
//! brings the same callback from the same browser session gets what came of it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tieline_core::{Error, Result};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use super::keeper::{CredentialManager, CredentialStore};
use crate::flight::{again, lock};
use crate::{Authorized, Callback, OAuthClient, VerifiedCallback};

/// How long the outcome of a callback is remembered.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// The most outcomes that are remembered; each holds tokens.
const MOST: usize = 1024;

/// What came of a callback.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinishedConsent {
    /// The connector's id.
    pub provider: String,
    /// What the person consented to.
    pub authorized: Authorized,
    /// Lets one of those who brought the callback store it.
    pub once: StoreOnce,
}

/// Work that is done once by all who hold a clone: the second who brings a callback must not put the tokens of the consent
/// over those that were renewed since.
#[derive(Clone, Debug, Default)]
pub struct StoreOnce(Arc<Mutex<bool>>);

impl StoreOnce {
    /// Does the work unless it was done. Whoever comes meanwhile waits; after a failure the next one does it.
    ///
    /// # Errors
    ///
    /// Whatever the work fails with.
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        let mut done = self.0.lock().await;
        if *done {
            return Ok(None);
        }
        let value = work.await?;
        *done = true;
        Ok(Some(value))
    }
}

type Outcome = Result<FinishedConsent, Failed>;

#[derive(Clone)]
struct Failed {
    error: Arc<Error>,
    /// Whether the consent is used up, so that it cannot be tried again.
    used: bool,
}

/// Outcomes by the fingerprint of the callback.
#[derive(Default)]
pub(super) struct Callbacks(HashMap<[u8; 32], (Instant, Arc<OnceCell<Outcome>>)>);

impl Callbacks {
    fn cell(&mut self, key: [u8; 32]) -> Arc<OnceCell<Outcome>> {
        self.0.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            let oldest = self.0.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        let (_, cell) = self.0.entry(key).or_insert_with(|| (Instant::now(), Arc::default()));
        Arc::clone(cell)
    }

    fn forget(&mut self, key: &[u8; 32]) {
        self.0.remove(key);
    }
}

impl CredentialManager {
    /// Checks a callback and exchanges its code, in a task of its own: a browser that goes away loses nothing. The same
    /// callback from the same browser session gets the same outcome for ten minutes, in this process. `client` makes the
    /// client of a verified callback's provider.
    ///
    /// # Errors
    ///
    /// As for [`VerifiedCallback::take`] and [`OAuthClient::finish`], and whatever `client` fails with.
    pub async fn finish<F>(
        &self,
        store: &Arc<dyn CredentialStore>,
        callback: &Callback,
        client: F,
    ) -> Result<FinishedConsent>
    where
        F: FnOnce(&VerifiedCallback) -> Result<OAuthClient> + Send + 'static,
    {
        let key = callback.fingerprint(store.tenant());
        let cell = lock(self.callbacks()).cell(key);
        let (me, store, callback) = (self.clone(), Arc::clone(store), callback.clone());
        let task = tokio::spawn(async move {
            let _busy = me.busy();
            let outcome = cell.get_or_init(|| me.verify_and_exchange(&*store, &callback, client)).await;
            if outcome.as_ref().is_err_and(|failed| !failed.used) {
                lock(me.callbacks()).forget(&key);
            }
            outcome.clone()
        });
        match task.await {
            Ok(outcome) => outcome.map_err(|failed| again(&failed.error)),
            Err(_) => Err(Error::new(
                tieline_core::ErrorKind::Internal,
                "the task that exchanges the code of a callback ended early",
            )),
        }
    }

    async fn verify_and_exchange<F>(
        &self,
        store: &dyn CredentialStore,
        callback: &Callback,
        client: F,
    ) -> Outcome
    where
        F: FnOnce(&VerifiedCallback) -> Result<OAuthClient>,
    {
        let failed = |used| move |error| Failed { error: Arc::new(error), used };
        let taken = VerifiedCallback::take(store, callback, self.clock().now()).await;
        let verified = taken.map_err(failed(false))?;
        let provider = verified.provider().to_owned();
        let client = client(&verified).map_err(failed(true))?;
        let authorized = client.finish(self.vault(), verified, self.clock().now()).await;
        let authorized = authorized.map_err(failed(true))?;
        Ok(FinishedConsent { provider, authorized, once: StoreOnce::default() })
    }
}
