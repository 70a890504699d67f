//! Steps 3 to 6 of a renewal. All of it runs in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::{Actor, Fence, RunReport, StoredSecret};
use tokio::time::Instant;

use super::credential::StoredCredential;
use super::lease::{HeldLease, Patience};
use super::observer::{Moment, Step};
use super::state::{Held, PAUSE};
use crate::flight::{again, lock};
use crate::oauth::{Effect, Failure};
use crate::scrub::Scrubber;
use crate::{Secret, Tokens};

/// While others renew, what is still alive is used, and the store is left alone.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What came of step 3.
enum Taken {
    Lease(HeldLease),
    /// Somebody else renews, and these can be used meanwhile, or did.
    Other(Arc<Held>),
}

impl StoredCredential {
    /// Tokens that can be sent, of a generation after this one, renewed when those of the store do not do.
    pub(super) async fn load_or_renew(self: Arc<Self>, after: Option<u64>) -> Result<Arc<Held>> {
        let _busy = self.keeper.busy();
        let result = self.try_load_or_renew(after).await;
        result.map_err(|error| {
            let named = error.context().any(|(name, _)| name == "connection");
            let error = if named { error } else { error.with_context("connection", &self.connection) };
            error.scrubbed(&|text| tieline_core::Credential::scrub(&*self, text))
        })
    }

    async fn try_load_or_renew(&self, after: Option<u64>) -> Result<Arc<Held>> {
        if let Some(held) = self.save_unsaved().await? {
            return Ok(held);
        }
        // Another process may replace what was read before it is renewed here.
        const ROUNDS: usize = 3;
        let mut held = self.load().await?;
        for _ in 0..ROUNDS {
            let will_do = after.is_none_or(|after| held.generation > after) && !self.is_refused(&held);
            if will_do && held.is_fresh() {
                return Ok(held);
            }
            let lease = match self.take_lease(Arc::clone(&held), will_do).await? {
                Taken::Other(other) if other.generation == held.generation => {
                    lock(&self.state).look_again_at = Some(Instant::now() + LOOK_AGAIN);
                    return Ok(other);
                }
                Taken::Other(other) => {
                    held = other;
                    continue;
                }
                Taken::Lease(lease) => lease,
            };
            let mut lease = Some(lease);
            let result = self.renew_under(&mut lease, Arc::clone(&held)).await;
            if let Some(lease) = lease {
                lease.release().await;
            }
            let before = held.generation;
            held = result?;
            if held.generation != before && held.renewed_at.is_some() {
                return Ok(held);
            }
        }
        Ok(held)
    }

    fn is_refused(&self, held: &Arc<Held>) -> bool {
        held.generation <= lock(&self.state).refused
    }

    /// What the store has. Opens it only when it is new.
    async fn load(&self) -> Result<Arc<Held>> {
        match self.read().await? {
            Some(stored) => {
                if let Some(at) = stored.refused_at {
                    // Another process was told; asking once more would bring the same.
                    let error = refused_before(&self.client().inner().title, at);
                    let mut state = lock(&self.state);
                    if state.dead.as_ref().is_none_or(|(generation, _)| *generation < stored.generation) {
                        state.dead = Some((stored.generation, Arc::new(error)));
                    }
                }
                self.open(&stored).await
            }
            None => Err(Error::new(ErrorKind::Unauthenticated, "the connection has no credential any more")
                .with_advice("let the customer connect again")),
        }
    }

    pub(super) async fn read(&self) -> Result<Option<StoredSecret>> {
        self.store.secret(&self.connection, Secret::NAME).await
    }

    pub(super) async fn open(&self, stored: &StoredSecret) -> Result<Arc<Held>> {
        let known = lock(&self.state).held.clone();
        if let Some(held) = known.filter(|held| held.generation == stored.generation) {
            return Ok(held);
        }
        let (vault, tenant) = (self.keeper.vault(), self.store.tenant());
        let Secret::Tokens(tokens) = Secret::open(vault, tenant, &self.connection, &stored.sealed).await?
        else {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the connection has another kind of credential by now",
            )
            .with_advice("connect to it anew"));
        };
        let held = Held::loaded(stored.generation, tokens, self.keeper.clock().now());
        Ok(self.adopt(held))
    }

    pub(super) fn adopt(&self, held: Held) -> Arc<Held> {
        let app = self.client().app_secrets();
        let scrubber = Scrubber::new(held.tokens.secrets().chain(&app));
        lock(&self.state).adopt(held, scrubber)
    }

    /// Step 3, and what others do meanwhile.
    async fn take_lease(&self, held: Arc<Held>, may_use: bool) -> Result<Taken> {
        if held.tokens.refresh.is_none() {
            return Err(self.give_up(held.generation, no_refresh_token(&self.client().inner().title)).await);
        }
        if let Some((generation, error)) = &lock(&self.state).dead
            && *generation == held.generation
        {
            return Err(again(error));
        }
        let mut patience = Patience::new();
        loop {
            self.keeper.at(Step::Lease, Moment::Before).await;
            let lease = HeldLease::try_take(&self.store, &self.connection).await?;
            self.keeper.at(Step::Lease, Moment::After).await;
            if let Some(lease) = lease {
                return Ok(Taken::Lease(lease));
            }
            let current = self.load().await?;
            if current.generation != held.generation || (may_use && current.is_alive()) {
                return Ok(Taken::Other(current));
            }
            patience.wait().await?;
        }
    }

    /// Steps 4 to 7. The lease is taken out of its place when it is lost.
    async fn renew_under(&self, lease: &mut Option<HeldLease>, held: Arc<Held>) -> Result<Arc<Held>> {
        let Some(fence) = lease.as_ref().map(|lease| lease.fence) else { return self.load().await };
        self.keeper.at(Step::ReadAgain, Moment::Before).await;
        let stored = self.read().await?;
        self.keeper.at(Step::ReadAgain, Moment::After).await;
        let Some(stored) = stored else { return self.load().await };
        if stored.generation != held.generation {
            return self.open(&stored).await;
        }
        let Some(refresh) = &held.tokens.refresh else { return self.load().await };

        self.keeper.at(Step::Intent, Moment::Before).await;
        let now = self.keeper.clock().now();
        let begun =
            self.store.begin_renewal(&self.connection, Secret::NAME, held.generation, fence, now).await;
        self.keeper.at(Step::Intent, Moment::After).await;
        match begun {
            // The lease is lost, or the secret another one.
            Err(error) if error.kind() == ErrorKind::Conflict => return self.load().await,
            other => other?,
        }

        self.keeper.at(Step::Request, Moment::Before).await;
        let client = self.client();
        // From before the request: the provider counts from somewhere in between.
        let (asked_at, asked) = (Instant::now(), self.keeper.clock().now());
        let answer = client.refresh(refresh).await;
        self.keeper.at(Step::Request, Moment::After).await;
        match answer {
            Ok(answer) => {
                let tokens = Tokens::of(&answer, client.oauth(), asked).or(&held.tokens);
                drop(answer);
                self.save(lease, held.generation, tokens, asked_at).await
            }
            Err(failure) => self.not_renewed(Arc::clone(&held), stored, fence, failure).await,
        }
    }

    /// Step 9, and what else may become of a request.
    async fn not_renewed(
        &self,
        held: Arc<Held>,
        stored: StoredSecret,
        fence: Fence,
        failure: Failure,
    ) -> Result<Arc<Held>> {
        let client = self.client();
        let title = &client.inner().title;
        match failure.effect {
            Effect::None => {
                let cancel =
                    self.store.cancel_renewal(&self.connection, Secret::NAME, held.generation, fence);
                if let Err(error) = cancel.await {
                    tracing::debug!(kind = error.kind().as_str(), "an intent was not taken back");
                }
                Err(self.pause(failure.error))
            }
            Effect::Open => Err(self.pause(failure.error.with_context(
                "renewal",
                "its outcome is not known; the next one tries the refresh token once more",
            ))),
            Effect::Dead => {
                // Another process may have renewed it in spite of the lease: after a long pause of this one.
                let current = self.load().await?;
                if current.generation != held.generation {
                    return Ok(current);
                }
                let mut error = match stored.intent {
                    Some(intent) => Error::new(
                        ErrorKind::Unauthenticated,
                        format!(
                            "{title} does not accept the refresh token; a renewal that began at {} was cut off \
                             before its answer was stored, and may have used it up",
                            intent.at.format("%Y-%m-%d %H:%M:%S UTC")
                        ),
                    ),
                    None => Error::new(
                        ErrorKind::Unauthenticated,
                        format!("{title} does not accept the refresh token any more: it was revoked, or has ended"),
                    ),
                }
                .with_advice("let the customer connect again");
                if let Some(code) = failure.error.code() {
                    error = error.with_code(code);
                }
                for (name, value) in failure.error.context().filter(|(name, _)| *name == "provider") {
                    error = error.with_context(name, value);
                }
                Err(self.give_up(held.generation, error).await)
            }
        }
    }

    /// Leaves the provider alone for a moment.
    fn pause(&self, error: Error) -> Error {
        let error = error.scrubbed(&|text| tieline_core::Credential::scrub(self, text));
        let copy = again(&error).with_context("connection", &self.connection);
        lock(&self.state).pause = Some((Instant::now() + PAUSE, Arc::new(copy)));
        error
    }

    /// Only the customer can help: noted here and in the connection's health.
    async fn give_up(&self, generation: u64, error: Error) -> Error {
        let scrubbed = error.scrubbed(&|text| tieline_core::Credential::scrub(self, text));
        let now = self.keeper.clock().now();
        // With it the intent goes: what became of a renewal does not matter any more.
        if let Err(error) = self.store.refuse_secret(&self.connection, Secret::NAME, generation, now).await {
            tracing::warn!(kind = error.kind().as_str(), "that a refresh token is refused was not noted");
        }
        self.note_health(RunReport::failed(now, &scrubbed).with_secret(Secret::NAME, generation)).await;
        lock(&self.state).dead = Some((generation, Arc::new(again(&scrubbed))));
        scrubbed
    }
}

impl StoredCredential {
    pub(super) async fn note_health(&self, report: RunReport) {
        if let Err(error) = self.store.report(&self.connection, report, &actor()).await {
            tracing::warn!(kind = error.kind().as_str(), "a connection's health was not noted");
        }
    }
}

/// Who renews, in the audit log.
pub(super) fn actor() -> Actor {
    Actor::new("tieline")
}

/// What another process was told about this refresh token.
fn refused_before(title: &str, at: DateTime<Utc>) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!(
            "{title} does not accept the refresh token any more, as it said at {}",
            at.format("%Y-%m-%d %H:%M:%S UTC")
        ),
    )
    .with_advice("let the customer connect again")
}

fn no_refresh_token(title: &str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!("the access token for {title} has ended, and there is no refresh token"),
    )
    .with_advice(
        "let the customer connect again, and ask for offline access where the provider wants that said",
    )
}
