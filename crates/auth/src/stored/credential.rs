//! The credential: which tokens a request is sent with.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use async_trait::async_trait;
use tieline_core::http::HttpRequest;
use tieline_core::{Credential, Error, ErrorKind, Recovery, Rejection, Result, SecretGeneration};
use tieline_store::ConnectionId;
use tokio::time::Instant;

use super::keeper::{CredentialManager, CredentialStore};
use super::state::{FRESH, Held, State};
use crate::OAuthClient;
use crate::flight::{Flight, again, lock};
use crate::placement::put_bearer;

/// The tokens of a connection, renewed under way. A [`CredentialManager`] hands it out.
///
/// Its requests need a tokio runtime. An error of a renewal is an error of the request that waited for it:
/// `Unauthenticated` when only the customer can help, which is noted in the connection's health too.
pub struct StoredCredential {
    pub(super) me: Weak<Self>,
    pub(super) keeper: CredentialManager,
    pub(super) store: Arc<dyn CredentialStore>,
    pub(super) connection: ConnectionId,
    client: RwLock<OAuthClient>,
    pub(super) state: Mutex<State>,
    flight: Flight<Arc<Held>>,
}

impl StoredCredential {
    pub(super) fn new(
        keeper: CredentialManager,
        store: Arc<dyn CredentialStore>,
        connection: ConnectionId,
        client: &OAuthClient,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            keeper,
            store,
            connection,
            client: RwLock::new(client.clone()),
            state: Mutex::default(),
            flight: Flight::default(),
        })
    }

    pub(super) fn client(&self) -> OAuthClient {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn renew_through(&self, client: &OAuthClient) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client.clone();
    }

    /// Renews now, whatever the tokens' age, unless somebody else just did. For tokens that would die unused.
    ///
    /// # Errors
    ///
    /// As for a request.
    pub async fn renew(&self) -> Result<()> {
        let held = self.obtain(None).await?;
        if held.renewed_at.is_some_and(|at| at.elapsed() < FRESH) {
            return Ok(());
        }
        self.obtain(Some(held.generation)).await.map(drop)
    }

    /// Forgets what this process knows, so that the next request reads the store: somebody stored another secret.
    pub fn forget(&self) {
        let mut state = lock(&self.state);
        state.held = None;
        state.dead = None;
        state.pause = None;
    }

    /// Step 1.
    async fn current(&self) -> Result<Arc<Held>> {
        let (alive, others_renew) = {
            let state = lock(&self.state);
            (state.alive().cloned(), state.look_again_at.is_some_and(|at| Instant::now() < at))
        };
        if let Some(held) = alive
            && (held.is_fresh() || others_renew || self.flight.is_running() || self.paused().is_some())
        {
            return Ok(held);
        }
        match self.obtain(None).await {
            Ok(held) => Ok(held),
            Err(error) => {
                let alive = lock(&self.state).alive().cloned();
                let held = alive.ok_or(error)?;
                tracing::warn!(connection = %self.connection, "a token near its end was not renewed yet");
                Ok(held)
            }
        }
    }

    /// Tokens that can be sent, of a generation after this one.
    async fn obtain(&self, after: Option<u64>) -> Result<Arc<Held>> {
        // A renewal that was under way already may bring what was refused meanwhile.
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            if let Some(error) = self.paused() {
                return Err(error);
            }
            let me = self.me.upgrade().ok_or_else(ended)?;
            let held = self.flight.join(move || async move { me.load_or_renew(after).await }).await?;
            if after.is_none_or(|after| held.generation > after) {
                return Ok(held);
            }
        }
        Err(Error::new(ErrorKind::Internal, "the renewed token is older than the one that was refused"))
    }

    fn paused(&self) -> Option<Error> {
        let state = lock(&self.state);
        let (until, error) = state.pause.as_ref()?;
        (Instant::now() < *until).then(|| again(error))
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Internal, "a credential was used after its end")
}

#[async_trait]
impl Credential for StoredCredential {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        let held = self.current().await?;
        put_bearer(request, &held.tokens.access)?;
        Ok(SecretGeneration(held.generation))
    }

    async fn rejected(&self, stamp: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        {
            let mut state = lock(&self.state);
            let held = state.held.clone();
            let held = held.filter(|held| held.generation >= stamp.0);
            if held.as_ref().is_some_and(|held| held.generation > stamp.0) {
                return Ok(Recovery::RetryOnce);
            }
            let is_young = held.is_some_and(|held| held.is_young());
            if !state.refusals.may_renew(stamp.0, is_young) {
                return Ok(Recovery::NeedsReconnect);
            }
            state.refused = state.refused.max(stamp.0);
        }
        self.obtain(Some(stamp.0)).await.map(|_| Recovery::RetryOnce)
    }

    fn scrub(&self, text: &str) -> Option<String> {
        let scrubbers = lock(&self.state).scrubbers();
        scrubbers.iter().fold(None, |clean: Option<String>, scrubber| {
            scrubber.scrub(clean.as_deref().unwrap_or(text)).or(clean)
        })
    }
}

impl fmt::Debug for StoredCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = lock(&self.state).held.as_ref().map(|held| held.generation);
        f.debug_struct("StoredCredential")
            .field("connection", &self.connection)
            .field("generation", &generation)
            .finish_non_exhaustive()
    }
}
