//! What the sandbox has seen: a log of requests without their secrets, and counters.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// The log forgets its oldest lines beyond this many.
const LINES: usize = 20_000;

/// One request as the sandbox saw it. Headers and bodies are not kept, so no secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Seen {
    /// When, on the sandbox's clock.
    pub at: DateTime<Utc>,
    /// The method.
    pub method: String,
    /// Path and query, with the token struck out should it stand there.
    pub path: String,
    /// What the body asks for, with providers whose path does not say it, such as `res.partner.search_read`.
    pub call: Option<String>,
    /// The status of the answer, or 0 when the connection was reset before one.
    pub status: u16,
    /// The fault that hit it.
    pub fault: Option<&'static str>,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// All requests, without those to the control interface.
    pub requests: u64,
    /// Those answered with 2xx.
    pub succeeded: u64,
    /// Those answered with 429.
    pub too_many: u64,
    /// Those answered with 401.
    pub unauthorized: u64,
    /// Those that a fault hit.
    pub faults: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<(VecDeque<Seen>, Counters)>);

impl Journal {
    pub(crate) fn note(&self, seen: Seen) {
        let mut guard = self.guard();
        let (lines, counters) = &mut *guard;
        counters.requests += 1;
        counters.succeeded += u64::from((200..300).contains(&seen.status));
        counters.too_many += u64::from(seen.status == 429);
        counters.unauthorized += u64::from(seen.status == 401);
        counters.faults += u64::from(seen.fault.is_some());
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(seen);
    }

    pub(crate) fn lines(&self) -> Vec<Seen> {
        self.guard().0.iter().cloned().collect()
    }

    pub(crate) fn counters(&self) -> Counters {
        self.guard().1
    }

    pub(crate) fn forget(&self) {
        *self.guard() = <(VecDeque<Seen>, Counters)>::default();
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, (VecDeque<Seen>, Counters)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
