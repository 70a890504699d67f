//! Step 7: what the provider gave is stored before anybody uses it.

use std::sync::Arc;
use std::time::Duration;

use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::{PutSecret, RunReport};
use tokio::time::{Instant, sleep};

use super::credential::StoredCredential;
use super::lease::{HeldLease, LIFE, Patience};
use super::observer::{Moment, Step};
use super::renew::actor;
use super::state::{Held, Unsaved};
use crate::flight::lock;
use crate::{Secret, Tokens};

impl StoredCredential {
    /// Stores a new pair, for as long as the lease can be held. A store that is away is asked again; when it stays away,
    /// a task of its own goes on.
    pub(super) async fn save(
        &self,
        lease: &mut Option<HeldLease>,
        replaces: u64,
        tokens: Tokens,
        since: Instant,
    ) -> Result<Arc<Held>> {
        // From the first moment, so that no way out of here drops it.
        lock(&self.state).unsaved = Some(Unsaved { replaces, tokens: tokens.clone(), since });
        let until = Instant::now() + LIFE;
        let mut wait = Duration::from_millis(50);
        loop {
            self.keeper.at(Step::Save, Moment::Before).await;
            let saved = self.try_save(lease, replaces, &tokens, since).await;
            self.keeper.at(Step::Save, Moment::After).await;
            let error = match saved {
                Ok(held) => {
                    lock(&self.state).unsaved = None;
                    return Ok(held);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    lock(&self.state).unsaved = None;
                    return Err(error.with_advice("the connection was removed while its token was renewed"));
                }
                Err(error) => error,
            };
            if Instant::now() + wait >= until {
                self.save_in_background();
                return Err(unsaved(&error));
            }
            tracing::warn!(kind = error.kind().as_str(), "a renewed token was not stored yet; trying again");
            sleep(wait).await;
            wait = Duration::from_secs(5).min(wait * 2);
        }
    }

    async fn try_save(
        &self,
        lease: &mut Option<HeldLease>,
        replaces: u64,
        tokens: &Tokens,
        since: Instant,
    ) -> Result<Arc<Held>> {
        let mut retaken = false;
        let fence = match lease.as_ref().filter(|lease| !lease.is_lost()) {
            Some(lease) => lease.fence,
            None => {
                retaken = true;
                lease.insert(self.retake_lease().await?).fence
            }
        };
        let (vault, tenant, now) = (self.keeper.vault(), self.store.tenant(), self.keeper.clock().now());
        let client = self.client();
        let secret = Secret::Tokens(tokens.clone());
        let sealed = secret.seal(vault, tenant, &self.connection).await?;
        let put = PutSecret::renewal(sealed, replaces, fence)
            .with_renew_by(tokens.renew_by(client.oauth().refresh, now));
        match self.store.put_secret(&self.connection, Secret::NAME, put, &actor(), now).await {
            Ok(generation) => {
                if retaken {
                    // Who had the lease meanwhile tried the old token, and may have noted that it is dead.
                    let report = RunReport::went_well(now).with_secret(Secret::NAME, generation);
                    self.note_health(report).await;
                }
                Ok(self.adopt(Held::renewed(generation, tokens.clone(), since)))
            }
            Err(error) if error.kind() == ErrorKind::Conflict => match self.read().await? {
                // A person connected anew, or this very pair was stored and the store's answer lost.
                Some(stored) if stored.generation != replaces => self.open(&stored).await,
                Some(_) => {
                    *lease = None;
                    Err(error)
                }
                None => Err(Error::new(ErrorKind::NotFound, "the connection has no credential any more")),
            },
            Err(error) => Err(error),
        }
    }

    /// Goes on trying in a task of its own, which keeps this credential, and with it the only copy of the pair, alive until
    /// the pair is stored. [`CredentialManager::idle`](super::CredentialManager::idle) waits for it.
    fn save_in_background(&self) {
        const RARELY: Duration = Duration::from_secs(30);
        let Some(me) = self.me.upgrade() else { return };
        if std::mem::replace(&mut lock(&self.state).is_saving, true) {
            return;
        }
        let busy = self.keeper.busy();
        tokio::spawn(async move {
            let mut wait = Duration::from_secs(1);
            while lock(&me.state).unsaved.is_some() {
                sleep(wait).await;
                wait = RARELY.min(wait * 2);
                match me.save_unsaved().await {
                    Ok(_) => break,
                    Err(error) if error.kind() == ErrorKind::NotFound => break,
                    Err(error) => {
                        tracing::warn!(
                            connection = %me.connection,
                            kind = error.kind().as_str(),
                            "a renewed token is not stored yet; trying on"
                        );
                    }
                }
            }
            lock(&me.state).is_saving = false;
            drop(busy);
        });
    }

    /// The lease once more, after it was lost to somebody who was faster.
    async fn retake_lease(&self) -> Result<HeldLease> {
        let mut patience = Patience::new();
        loop {
            if let Some(lease) = HeldLease::try_take(&self.store, &self.connection).await? {
                return Ok(lease);
            }
            patience.wait().await?;
        }
    }

    /// Stores what an earlier renewal could not.
    pub(super) async fn save_unsaved(&self) -> Result<Option<Arc<Held>>> {
        let kept = {
            let state = lock(&self.state);
            state.unsaved.as_ref().map(|kept| (kept.replaces, kept.tokens.clone(), kept.since))
        };
        let Some((replaces, tokens, since)) = kept else { return Ok(None) };
        let mut lease = None;
        let saved = self.try_save(&mut lease, replaces, &tokens, since).await;
        if let Some(lease) = lease {
            lease.release().await;
        }
        match saved {
            Ok(held) => {
                lock(&self.state).unsaved = None;
                Ok(Some(held).filter(|held| held.is_alive()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                lock(&self.state).unsaved = None;
                Err(error)
            }
            Err(error) => Err(unsaved(&error)),
        }
    }
}

fn unsaved(error: &Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the provider gave new tokens, and they could not be stored: {}", error.message()),
    )
    .with_advice(
        "bring the store back while this process runs, and it stores them by itself; if it ends before, the customer must \
         connect again",
    )
}
