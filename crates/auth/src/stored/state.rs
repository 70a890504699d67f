//! What a process knows of a connection's tokens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::Error;
use tokio::time::Instant;

use crate::Tokens;
use crate::refusals::Refusals;
use crate::scrub::Scrubber;

/// Renewing begins this long before the end, or at a quarter of a short life.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// A request takes a moment to arrive: this close to its end a token is taken for dead, or at a twentieth of its life.
const TRAVEL: Duration = Duration::from_secs(5);
/// Who sees an error so soon after a failure gets the same, so that a provider that is down is left alone.
pub(super) const PAUSE: Duration = Duration::from_secs(5);
/// What was renewed so recently is not renewed once more.
pub(super) const FRESH: Duration = Duration::from_secs(10);

/// Tokens in use. Their ends are kept by this process's monotonic clock: the machine's may be off, or be set.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) generation: u64,
    pub(super) tokens: Tokens,
    /// When this process got them from the provider.
    pub(super) renewed_at: Option<Instant>,
    renew_at: Instant,
    ends_at: Instant,
}

impl Held {
    /// Tokens that this process has just got from the provider.
    pub(super) fn renewed(generation: u64, tokens: Tokens, at: Instant) -> Self {
        Self { renewed_at: Some(at), ..Self::with(generation, tokens.life, tokens, at) }
    }

    /// Tokens that the store had. Whoever got them may have had another clock, so they are never trusted for longer
    /// than they live in all.
    pub(super) fn loaded(generation: u64, tokens: Tokens, now: DateTime<Utc>) -> Self {
        let left = (tokens.expires_at - now).to_std().unwrap_or_default().min(tokens.life);
        Self::with(generation, left, tokens, Instant::now())
    }

    fn with(generation: u64, left: Duration, tokens: Tokens, at: Instant) -> Self {
        let before = |margin: Duration| at + left.saturating_sub(margin);
        Self {
            generation,
            renewed_at: None,
            renew_at: before(MARGIN.min(tokens.life / 4)),
            ends_at: before(TRAVEL.min(tokens.life / 20)),
            tokens,
        }
    }

    /// Whether this process got them not long ago, by their life.
    pub(super) fn is_young(&self) -> bool {
        self.renewed_at.is_some_and(|at| at.elapsed() < self.tokens.life / 2)
    }

    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.renew_at
    }

    pub(super) fn is_alive(&self) -> bool {
        Instant::now() < self.ends_at
    }
}

/// A pair that the provider gave and the store did not take yet.
pub(super) struct Unsaved {
    /// The generation that it replaces.
    pub(super) replaces: u64,
    pub(super) tokens: Tokens,
    pub(super) since: Instant,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) held: Option<Arc<Held>>,
    /// The newest generation that the provider refused.
    pub(super) refused: u64,
    pub(super) refusals: Refusals,
    /// The generation whose refresh token is no longer accepted, and how that was said.
    pub(super) dead: Option<(u64, Arc<Error>)>,
    /// Somebody else is renewing; no look at it before then.
    pub(super) look_again_at: Option<Instant>,
    /// The provider is not asked before then, because of this.
    pub(super) pause: Option<(Instant, Arc<Error>)>,
    pub(super) unsaved: Option<Unsaved>,
    /// Whether a task of its own tries to store it.
    pub(super) is_saving: bool,
    /// Errors may come late and name the tokens before.
    scrubbers: VecDeque<Arc<Scrubber>>,
}

impl State {
    /// Uses these from now on, unless newer ones are in use.
    pub(super) fn adopt(&mut self, held: Held, scrubber: Scrubber) -> Arc<Held> {
        const REMEMBERED: usize = 3;
        match &self.held {
            Some(newer) if newer.generation >= held.generation => return Arc::clone(newer),
            _ => {}
        }
        if self.scrubbers.len() == REMEMBERED {
            self.scrubbers.pop_front();
        }
        self.scrubbers.push_back(Arc::new(scrubber));
        let held = Arc::new(held);
        self.held = Some(Arc::clone(&held));
        self.pause = None;
        held
    }

    pub(super) fn scrubbers(&self) -> Vec<Arc<Scrubber>> {
        self.scrubbers.iter().cloned().collect()
    }

    /// Tokens that can be sent.
    pub(super) fn alive(&self) -> Option<&Arc<Held>> {
        self.held.as_ref().filter(|held| held.is_alive() && held.generation > self.refused)
    }
}
