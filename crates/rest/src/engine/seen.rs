//! Whether a list moved while it was paged: a record that comes on two pages came twice because others moved.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::{DateTime, Utc};
use tieline_core::Key;

use super::reading::PageRead;
use super::state::Position;

/// The most keys that are remembered of one walk: some megabytes.
const MAX_KEYS: usize = 100_000;

/// The keys of the pages before, as digests.
#[derive(Debug, Default)]
pub(super) struct SeenKeys {
    digests: HashSet<u64>,
    /// Whether all pages before are in it: the walk began in this run, and is not longer than is remembered.
    whole: bool,
}

impl SeenKeys {
    /// Whether the list moved before this page. `at` is the place of the page, `started` the start of the pass.
    ///
    /// Of a walk whose keys are not all known, because an earlier run read its first pages, the order decides: while
    /// the records came in the order of their time of change, one that changed during the pass was moved to the end.
    pub(super) fn moved(&mut self, at: &Position, page: &PageRead, started: Option<DateTime<Utc>>) -> bool {
        if at.pages == 0 {
            *self = Self { digests: HashSet::new(), whole: true };
        }
        let digests: Vec<u64> = page.keys.iter().map(digest).collect();
        if digests.iter().any(|digest| self.digests.contains(digest)) {
            return true;
        }
        if self.digests.len() + digests.len() > MAX_KEYS {
            self.digests = HashSet::new();
            self.whole = false;
        }
        self.digests.extend(digests);
        let changed_since = || {
            let latest = page.latest.as_ref().and_then(crate::stamp::Stamp::instant);
            latest.zip(started).is_some_and(|(latest, started)| latest >= started)
        };
        !self.whole && !at.unordered && page.is_ordered && changed_since()
    }

    /// Forgets the pages before, of which some are read again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn digest(key: &Key) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
